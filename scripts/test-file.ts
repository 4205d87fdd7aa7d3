/**
 * `npm run test:file -- PATH… [--bless]`: runs filetests by file or folder, prints what fails, and
 * with `--bless` rewrites the expectations to what was found. Exit codes: 0 ok, 1 failed, 2 usage.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { blessFileTest, runFileTest } from '../tests/support/filetest.ts';

const USAGE = 'usage: npm run test:file -- PATH… [--bless]';

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

function readArguments(): { paths: string[]; isBless: boolean } {
  try {
    const { values, positionals } = parseArgs({
      options: { bless: { type: 'boolean', default: false } },
      allowPositionals: true,
    });
    return { paths: positionals, isBless: values.bless };
  } catch (error) {
    fail(`${(error as Error).message}\n${USAGE}`);
  }
}

/** The dMIR files that a path names: itself, or those in it. */
function filesOf(name: string): string[] {
  const stat = statSync(name, { throwIfNoEntry: false });
  if (stat === undefined) fail(`no file or folder ${name}\n${USAGE}`);
  if (!stat.isDirectory()) return [name];
  return readdirSync(name, { recursive: true, encoding: 'utf8' })
    .filter((each) => each.endsWith('.dmir'))
    .sort()
    .map((each) => path.join(name, each));
}

const { paths, isBless } = readArguments();
if (paths.length === 0) fail(USAGE);
if (isBless && process.env.CI) fail('--bless is refused where CI is set: commit what you bless');
let failureCount = 0;
const files = paths.flatMap(filesOf);
for (const file of files) {
  const text = readFileSync(file, 'utf8');
  const blessed = isBless ? blessFileTest(text) : text;
  if (blessed !== text) {
    writeFileSync(file, blessed);
    console.log(`${file}: blessed`);
  }
  for (const { line, message } of runFileTest(blessed)) {
    failureCount += 1;
    console.log(`${file}:${line}: ${message}`);
  }
}
console.log(`${files.length} files, ${failureCount} failures`);
process.exitCode = failureCount === 0 ? 0 : 1;
