/**
 * `npm run test:determinism [-- --bless | --draw]`
 *
 * Runs the same programs on every platform there is and compares what they did, to the last traced
 * instruction: the platforms with each other, and all of them with the kept digests. A platform
 * that is missing is named and left out. `--bless` keeps the present digests, `--draw` first draws
 * the programs anew; both are refused in CI. Exit codes: 0 all equal, 1 a difference, 2 bad usage.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findFirstLine, findPartings, type Parting } from '../tests/determinism/compare.ts';
import { goldenRecords, readGolden, shorten, writeGolden } from '../tests/determinism/golden.ts';
import {
  compileWorkload,
  PLATFORMS,
  type Platform,
  type PlatformRun,
  PROGRAMS,
} from '../tests/determinism/platforms.ts';
import { AGREED_FIELDS, type ProgramText } from '../tests/determinism/record.ts';

const ROOT = join(import.meta.dirname, '..');
const SHOWN_MAX = 5;
const VALUE_CHARS_MAX = 400;
/** Characters that are shown before the first that differs. */
const CONTEXT_CHARS = 60;
const DIGEST_DIGITS = 16;

const USAGE = 'usage: npm run test:determinism [-- --bless | --draw]';

interface Finished extends PlatformRun {
  readonly platform: Platform;
}

function usageError(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

function parseArguments(): { bless: boolean; draw: boolean } {
  try {
    const { values } = parseArgs({
      options: { bless: { type: 'boolean' }, draw: { type: 'boolean' } },
    });
    const { bless = false, draw = false } = values;
    if ((bless || draw) && process.env.CI !== undefined) {
      usageError('the kept digests are not changed in CI: run it on your machine and commit');
    }
    return { bless: bless || draw, draw };
  } catch (error) {
    return usageError((error as Error).message);
  }
}

async function runPlatforms(): Promise<Finished[]> {
  const finished: Finished[] = [];
  for (const platform of PLATFORMS) {
    const run = await platform.run();
    if (typeof run === 'string') console.log(`skipped: ${run}`);
    else finished.push({ platform, ...run });
  }
  return finished;
}

function printTable(runs: readonly Finished[]): void {
  const line = (...cells: readonly string[]): void => {
    const widths = [10, 16, 8, DIGEST_DIGITS, DIGEST_DIGITS];
    console.log(cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  '));
  };
  line('platform', 'version', 'programs', 'digest', 'with engine', 'seconds');
  for (const { platform, version, report, seconds } of runs) {
    const { programs, digest, engineDigest } = report;
    const digests = [digest, engineDigest].map((each) => each.slice(0, DIGEST_DIGITS));
    line(platform.name, version, String(programs.length), ...digests, seconds.toFixed(1));
  }
}

function cut(value: string): string {
  return value.length <= VALUE_CHARS_MAX ? value : `${value.slice(0, VALUE_CHARS_MAX)} …`;
}

function commonLength(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length++;
  return length;
}

/** The text of one program on a platform that ran before. */
async function readText({ platform }: Finished, program: string): Promise<ProgramText> {
  const run = await platform.run(program);
  const text = typeof run === 'string' ? undefined : run.report.text;
  if (text === undefined) throw new Error(`BUG: ${platform.name} has no program ${program}`);
  return text;
}

async function printParting(first: Finished, other: Finished, parting: Parting): Promise<void> {
  const { program, field } = parting;
  console.log(`difference in program ${program}, field ${field}`);
  const found = findFirstLine(
    await readText(first, program),
    await readText(other, program),
    field,
  );
  if (found === undefined) {
    console.log(`  it did not come again: a run on ${other.platform.name} is not repeatable`);
    return;
  }
  const width = Math.max(first.platform.name.length, other.platform.name.length);
  const start = Math.max(0, commonLength(found.left, found.right) - CONTEXT_CHARS);
  console.log(`  line ${found.line}${start === 0 ? '' : `, from character ${start}`}`);
  console.log(`  ${first.platform.name.padEnd(width)}  ${cut(found.left.slice(start))}`);
  console.log(`  ${other.platform.name.padEnd(width)}  ${cut(found.right.slice(start))}`);
}

/** Whether all platforms agree with the first. */
async function comparePlatforms(runs: readonly Finished[]): Promise<boolean> {
  const [first, ...others] = runs;
  let isEqual = true;
  for (const other of others) {
    if (first === undefined || first.report.engineDigest === other.report.engineDigest) continue;
    isEqual = false;
    const partings = findPartings(first.report, other.report);
    for (const parting of partings.slice(0, SHOWN_MAX)) await printParting(first, other, parting);
    console.log(
      `${first.platform.name} and ${other.platform.name}: ${partings.length} differences`,
    );
  }
  return isEqual;
}

/** Whether a run agrees with the kept digests. */
async function compareGolden(run: Finished): Promise<boolean> {
  const golden = readGolden();
  if (golden.digest === run.report.digest) return true;
  const kept = { programs: goldenRecords(golden) };
  const partings = findPartings(kept, { programs: shorten(run.report) }, AGREED_FIELDS);
  for (const { program, field, left, right } of partings.slice(0, SHOWN_MAX)) {
    console.log(`program ${program}, field ${field} differs from the kept digest`);
    console.log(`  kept  ${left ?? '(no such program)'}`);
    console.log(`  now   ${right ?? '(no such program)'}`);
    if (right === undefined) continue;
    const lines = (await readText(run, program))[field];
    for (const line of lines.slice(0, SHOWN_MAX)) console.log(`        ${cut(line)}`);
  }
  console.log(`${partings.length} differences from tests/determinism/golden.json`);
  console.log('if the change is meant: npm run test:determinism -- --bless');
  return false;
}

async function main(): Promise<number> {
  const { bless, draw } = parseArguments();
  if (draw) {
    // Brings the Solidity compiler, which no other run needs.
    const { drawPrograms } = await import('../tests/determinism/draw.ts');
    writeFileSync(join(ROOT, PROGRAMS), await drawPrograms());
  }
  await compileWorkload();
  const runs = await runPlatforms();
  const [first] = runs;
  if (first === undefined) throw new Error('no platform is installed: run npm ci');
  printTable(runs);
  const areEqual = await comparePlatforms(runs);
  if (bless && areEqual) {
    writeGolden(first.report);
    console.log('kept the digests in tests/determinism/golden.json');
  }
  const isKept = await compareGolden(first);
  if (areEqual && isKept) console.log(`${runs.length} platforms agree: ${first.report.digest}`);
  return areEqual && isKept ? 0 : 1;
}

process.exitCode = await main();
