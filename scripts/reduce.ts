/**
 * `npm run reduce -- FILE | --seed N [--tx] [--mode MODE] [--fork F] [--name NAME]`
 *
 * Makes a case that differs from the oracle small and writes it to `tests/regressions/NAME.json`,
 * which `tests/regressions.test.ts` replays for ever. FILE is such a file; `--tx` says that the
 * seed is one of transactions. Exit codes: 0 written, 1 the case does not differ, 2 bad usage.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Fork, parseFork } from '../src/vms/evm/forks.ts';
import { disassemble } from '../tests/oracle/assembly.ts';
import { bytesToHexText, type Case } from '../tests/oracle/case.ts';
import { createSides, findStart, listCases } from '../tests/oracle/fuzz-evm.ts';
import { describeCase, findTransactionCase } from '../tests/oracle/fuzz-tx.ts';
import { MODE_NAMES, type ModeName } from '../tests/oracle/generate.ts';
import {
  differencesOf,
  type KeptCase,
  keptCaseToJson,
  parseKeptCase,
} from '../tests/oracle/kept-case.ts';
import { caseSize, reduceSequence } from '../tests/oracle/reduce.ts';
import { reduceTransactionCase } from '../tests/oracle/reduce-tx.ts';
import { loadSpecimens } from '../tests/oracle/specimens.ts';
import { transactionCaseSize } from '../tests/oracle/transaction-case.ts';

const USAGE =
  'usage: npm run reduce -- FILE | --seed N [--tx] [--mode MODE] [--fork F] [--name NAME]';

function usageError(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

interface Input {
  kept: KeptCase;
  name: string;
}

interface Seed {
  seed: number;
  mode: ModeName | undefined;
  fork: Fork | undefined;
}

function readFile(file: string): Input {
  if (!existsSync(file)) usageError(`${file} does not exist`);
  try {
    return { kept: parseKeptCase(readFileSync(file, 'utf8')), name: basename(file, '.json') };
  } catch (error) {
    return usageError(`${file} holds no cases: ${(error as Error).message}`);
  }
}

/** The cases of a seed, and of as many seeds before it as the difference needs. */
async function findCases({ seed, mode, fork }: Seed): Promise<Input> {
  const specimens = await loadSpecimens();
  const { theirs } = await createSides(fork);
  const back = (await findStart({ seed, mode, fork, specimens })) ?? 0;
  const values: Case[] = [];
  for (let at = Math.max(0, seed - back); at <= seed; at++) {
    values.push(...(await listCases(theirs, { seed: at, mode, fork, specimens })));
  }
  const name = mode === undefined ? `seed-${seed}` : `${mode}-${seed}`;
  return { kept: { kind: 'frames', fork, values }, name };
}

async function findInput(isTransactions: boolean, seed: Seed): Promise<Input> {
  if (!isTransactions) return findCases(seed);
  const value = await findTransactionCase(seed);
  return { kept: { kind: 'transactions', value }, name: `tx-${seed.seed}` };
}

async function reduce(kept: KeptCase): Promise<KeptCase> {
  const fails = async (candidate: KeptCase) => (await differencesOf(candidate)).length > 0;
  if (kept.kind === 'transactions') {
    const { value } = kept;
    const isFailing = (candidate: typeof value) =>
      fails({ kind: 'transactions', value: candidate });
    return { kind: 'transactions', value: await reduceTransactionCase(value, isFailing) };
  }
  const values = await reduceSequence(kept.values, (cases) => fails({ ...kept, values: cases }));
  return { ...kept, values };
}

function sizeOf(kept: KeptCase): number {
  if (kept.kind === 'transactions') return transactionCaseSize(kept.value);
  return kept.values.reduce((sum, one) => sum + caseSize(one), 0);
}

function describe(kept: KeptCase): string[] {
  if (kept.kind === 'transactions') {
    return describeCase(kept.value, kept.value.transactions.length - 1);
  }
  return kept.values.flatMap(({ accounts, message }) => [
    `${message.kind} with gas ${message.gas}, data ${bytesToHexText(message.data)}`,
    ...accounts
      .filter(({ code }) => code.length > 0)
      .map(({ address, code }) => `${address}:\n  ${disassemble(code).join('\n  ')}`),
  ]);
}

function parseForkOption(text: string | undefined): Fork | undefined {
  return text === undefined ? undefined : (parseFork(text) ?? usageError(`unknown fork ${text}`));
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      tx: { type: 'boolean', default: false },
      mode: { type: 'string' },
      fork: { type: 'string' },
      name: { type: 'string' },
    },
  });
  const mode = values.mode as ModeName | undefined;
  if (mode !== undefined && !MODE_NAMES.includes(mode)) {
    usageError(`unknown mode ${mode}; modes are ${MODE_NAMES.join(', ')}`);
  }
  const [file] = positionals;
  if ((file === undefined) === (values.seed === undefined))
    usageError('a FILE or a --seed is needed');
  const seed = { seed: Number(values.seed), mode, fork: parseForkOption(values.fork) };
  const input = file === undefined ? await findInput(values.tx, seed) : readFile(file);
  if ((await differencesOf(input.kept)).length === 0) {
    console.error('the case does not differ from the oracle');
    return 1;
  }
  const reduced = await reduce(input.kept);
  const name = values.name ?? input.name;
  const path = fileURLToPath(new URL(`../tests/regressions/${name}.json`, import.meta.url));
  writeFileSync(path, `${JSON.stringify(keptCaseToJson(reduced), null, 2)}\n`);
  console.log(`${sizeOf(input.kept)} to ${sizeOf(reduced)} bytes: ${path}`);
  for (const line of describe(reduced)) console.log(line);
  for (const line of await differencesOf(reduced)) console.log(line.slice(0, 2000));
  return 0;
}

process.exitCode = await main();
