/**
 * `npm run test:spec`: the tests that read the conformance corpora, which fail where the corpora
 * are missing instead of being skipped.
 *
 * `LOCKSTEP_CORPORA` names the folder of the corpora. Exit codes: those of the tests, 2 no corpora.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findCorpora } from '../tests/support/corpora.ts';

const ROOT = join(import.meta.dirname, '..');

/** Tests over the speed programs, the arithmetic vectors and the precompile vectors. */
const SPEC_TESTS = ['tests/bench-programs.test.ts', 'tests/evm/precompiles.test.ts'];

if (findCorpora() === undefined) {
  console.error('there are no corpora: let LOCKSTEP_CORPORA name their folder');
  process.exitCode = 2;
} else {
  const args = ['--test', ...SPEC_TESTS, ...process.argv.slice(2)];
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
