/**
 * `npm run reduce -- FILE | --seed N [--mode MODE] [--name NAME]`
 *
 * Makes a case that differs from the oracle small and writes it to `tests/regressions/NAME.json`,
 * which `tests/regressions.test.ts` replays for ever. FILE is such a file. Exit codes: 0 written,
 * 1 the case does not differ, 2 bad usage.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { disassemble } from '../tests/oracle/assembly.ts';
import { bytesToHexText, type Case, caseToJson, jsonToCase } from '../tests/oracle/case.ts';
import { findStart, listCases } from '../tests/oracle/fuzz-evm.ts';
import { MODE_NAMES, type ModeName } from '../tests/oracle/generate.ts';
import { createMachineSide } from '../tests/oracle/machine.ts';
import { caseSize, reduceSequence } from '../tests/oracle/reduce.ts';
import { compareSides, createOracleSide, type OracleSide } from '../tests/oracle/side.ts';
import { loadSpecimens } from '../tests/oracle/specimens.ts';
import { OracleLimitError } from '../tests/support/ethereumjs.ts';

const USAGE = 'usage: npm run reduce -- FILE | --seed N [--mode MODE] [--name NAME]';

function usageError(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

/** Cases of which the last differs once the others ran on the same machine. */
interface Input {
  values: readonly Case[];
  name: string;
}

function readFile(file: string): Input {
  if (!existsSync(file)) usageError(`${file} does not exist`);
  try {
    const { values } = JSON.parse(readFileSync(file, 'utf8')) as { values: unknown[] };
    return { values: values.map(jsonToCase), name: basename(file, '.json') };
  } catch (error) {
    return usageError(`${file} holds no cases: ${(error as Error).message}`);
  }
}

/** The cases of a seed, and of as many seeds before it as the difference needs. */
async function findCases(
  theirs: OracleSide,
  seed: number,
  mode: ModeName | undefined,
): Promise<Input> {
  const specimens = await loadSpecimens();
  const back = (await findStart({ seed, mode, specimens })) ?? 0;
  const values: Case[] = [];
  for (let at = Math.max(0, seed - back); at <= seed; at++) {
    values.push(...(await listCases(theirs, { seed: at, mode, specimens })));
  }
  return { values, name: mode === undefined ? `seed-${seed}` : `${mode}-${seed}` };
}

/** What differs in the last of the cases on a new machine, or in an earlier one; nothing: equal. */
async function differences(theirs: OracleSide, values: readonly Case[]): Promise<string[]> {
  const ours = createMachineSide();
  for (const value of values) {
    try {
      const { difference } = await compareSides(ours, theirs, value);
      if (difference !== undefined) return difference.lines;
    } catch (error) {
      if (error instanceof OracleLimitError) return [];
      return [`threw: ${error instanceof Error ? error.stack : String(error)}`];
    }
  }
  return [];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seed: { type: 'string' }, mode: { type: 'string' }, name: { type: 'string' } },
  });
  const { mode } = values;
  if (mode !== undefined && !MODE_NAMES.includes(mode as ModeName)) {
    usageError(`unknown mode ${mode}; modes are ${MODE_NAMES.join(', ')}`);
  }
  const [file] = positionals;
  if ((file === undefined) === (values.seed === undefined))
    usageError('a FILE or a --seed is needed');
  const theirs = await createOracleSide();
  const input =
    file === undefined
      ? await findCases(theirs, Number(values.seed), mode as ModeName | undefined)
      : readFile(file);
  const differ = async (cases: readonly Case[]) => (await differences(theirs, cases)).length > 0;
  if (!(await differ(input.values))) {
    console.error('the case does not differ from the oracle');
    return 1;
  }
  const reduced = await reduceSequence(input.values, differ);
  const name = values.name ?? input.name;
  const path = fileURLToPath(new URL(`../tests/regressions/${name}.json`, import.meta.url));
  writeFileSync(path, `${JSON.stringify({ values: reduced.map(caseToJson) }, null, 2)}\n`);
  const size = (cases: readonly Case[]) => cases.reduce((sum, one) => sum + caseSize(one), 0);
  console.log(`${size(input.values)} to ${size(reduced)} bytes, ${reduced.length} cases: ${path}`);
  for (const { accounts, message } of reduced) {
    console.log(`${message.kind} with gas ${message.gas}, data ${bytesToHexText(message.data)}`);
    for (const { address, code } of accounts) {
      if (code.length > 0) console.log(`${address}:\n  ${disassemble(code).join('\n  ')}`);
    }
  }
  for (const line of await differences(theirs, reduced)) console.log(line.slice(0, 2000));
  return 0;
}

process.exitCode = await main();
