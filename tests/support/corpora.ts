/**
 * Finds the conformance corpora and reads their bundles.
 *
 * The corpora are data of others and no part of the project: `LOCKSTEP_CORPORA` names their folder,
 * else `../shared/corpora` beside the repository is tried, and where neither exists every reader
 * answers undefined and its test says `skipped: no corpora`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** What a test that needs the corpora says where there are none. */
export const NO_CORPORA = 'no corpora';

/** One original file of a bundle; which of the three contents it has depends on the file. */
export interface BundleEntry {
  path: string;
  json?: unknown;
  text?: string;
  base64?: string;
}

/** The folder of the corpora, or undefined. Throws if `LOCKSTEP_CORPORA` names a missing folder. */
export function findCorpora(): string | undefined {
  const named = process.env.LOCKSTEP_CORPORA;
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`LOCKSTEP_CORPORA names a missing folder: ${named}`);
    return named;
  }
  const beside = join(REPOSITORY, '../shared/corpora');
  return existsSync(beside) ? beside : undefined;
}

/** Entries of a `.jsonl.gz` bundle, or undefined where there are no corpora. */
export function readBundle(path: string): BundleEntry[] | undefined {
  const folder = findCorpora();
  if (folder === undefined) return undefined;
  const file = join(folder, path);
  if (!existsSync(file)) return undefined;
  const text = gunzipSync(readFileSync(file)).toString('utf8');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as BundleEntry);
}

/** One speed program: a state test with a single transaction. */
export interface SpeedProgram {
  /** File name, and the label of the data set where there is more than one. */
  name: string;
  pre: Record<
    string,
    { balance: string; nonce: string; code: string; storage: Record<string, string> }
  >;
  env: Record<string, string>;
  from: string;
  to: string;
  data: string;
  value: bigint;
  gas: bigint;
}

interface StateTest {
  env: Record<string, string>;
  pre: SpeedProgram['pre'];
  transaction: {
    data: string[];
    gasLimit: string[];
    value: string[];
    sender: string;
    to: string;
  };
  _info?: { labels?: Record<string, string> };
}

const SPEED_PROGRAMS = 'evm-vectors/evm-benchmarks.jsonl.gz';

/** The speed programs, one for every data set; undefined where there are no corpora. */
export function readSpeedPrograms(): SpeedProgram[] | undefined {
  return readBundle(SPEED_PROGRAMS)?.flatMap((entry) => {
    const tests = Object.entries(entry.json as Record<string, StateTest>);
    return tests.flatMap(([name, test]) => stateTestToPrograms(name, test));
  });
}

function stateTestToPrograms(name: string, test: StateTest): SpeedProgram[] {
  const { data, gasLimit, value, sender, to } = test.transaction;
  return data.map((bytes, index) => {
    const label = test._info?.labels?.[index] ?? String(index);
    return {
      name: data.length > 1 ? `${name}/${label}` : name,
      pre: test.pre,
      env: test.env,
      from: sender,
      to,
      data: bytes,
      value: BigInt(value[0] ?? '0x0'),
      gas: BigInt(gasLimit[0] ?? '0x0'),
    };
  });
}

export interface ArithmeticVector {
  opcode: string;
  x: bigint;
  y: bigint;
  expected: bigint;
}

/** Vectors of the two-operand instructions; undefined where there are no corpora. */
export function readArithmeticVectors(): ArithmeticVector[] | undefined {
  return readBundle('evm-vectors/geth-opcode-arith.jsonl.gz')?.flatMap((entry) => {
    const opcode = /testcases_(\w+)\.json$/.exec(entry.path)?.[1] ?? '';
    const rows = entry.json as { X: string; Y: string; Expected: string }[];
    return rows.map(({ X, Y, Expected }) => ({
      opcode: opcode.toUpperCase(),
      x: BigInt(`0x${X}`),
      y: BigInt(`0x${Y}`),
      expected: BigInt(`0x${Expected}`),
    }));
  });
}
