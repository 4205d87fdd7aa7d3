/**
 * `node scripts/check-package.ts`: packs the package, unpacks it into an empty folder as an
 * installer does, and uses it there: the command, every public import, a call, a bench, and
 * a new contract.
 *
 * Dependencies are taken from the repository's `node_modules`, so that nothing is downloaded. Exit
 * codes: 0 the package works, 1 it does not.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
/** The oldest Node that is supported, where the development dependencies hold it. */
const OLDEST_NODE = join(ROOT, 'node_modules/node22/bin/node');

interface Description {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return stdout;
  const shown = [command, ...args].join(' ').slice(0, 200);
  throw new Error(`${shown} failed with ${status}: ${error?.message ?? stdout + stderr}`);
}

/** Packs the package and unpacks it where an installer would put it. */
function install(folder: string, description: Description): void {
  // `prepare` builds the kernel, which is there; `prepack` builds what is packed.
  run(process.execPath, [join(ROOT, 'scripts/build.ts')], ROOT);
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
  const archive = join(folder, `${description.name}-${description.version}.tgz`);
  run('tar', ['-xzf', archive, '-C', folder], folder);
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  cpSync(join(folder, 'package'), join(modules, description.name), { recursive: true });
  for (const name of [...Object.keys(description.dependencies), 'assemblyscript']) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'dir');
  }
}

/** A program that adds 1 and 2 and returns the sum, run through the library. */
const PROGRAM = `
import { createMachine } from 'lockstep';
const machine = createMachine();
const to = '0x00000000000000000000000000000000000000c0';
machine.state.setCode(to, '0x600160020160005260206000f3');
const { status, output } = machine.call({ to });
console.log(status, output[31], output.length);
`;

/** A new contract compiles: libraries of languages and templates are in the package. */
function checkContract(node: string, launcher: string, folder: string): void {
  const project = `project-${process.pid}`;
  rmSync(join(folder, project), { recursive: true, force: true });
  run(node, [launcher, 'new', project, '--language', 'assemblyscript'], folder);
  const file = join(project, 'contracts/counter.ts');
  const { abi } = JSON.parse(run(node, [launcher, 'compile', file, '--json'], folder)) as {
    abi: readonly unknown[];
  };
  if (abi.length !== 4) throw new Error(`the new contract has ${abi.length} items`);
}

function check(node: string, folder: string, { name, version, exports }: Description): void {
  const launcher = join(folder, 'node_modules', name, 'bin/lockstep.js');
  const told = run(node, [launcher, '--version'], folder).trim();
  if (told !== `${name} ${version}`) throw new Error(`the command says that it is ${told}`);
  const imports = Object.entries(exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([each]) => `await import('${each.replace('.', name)}');`);
  const script = ['--input-type=module', '--eval'];
  run(node, [...script, imports.join('\n')], folder);
  const result = run(node, [...script, PROGRAM], folder).trim();
  if (result !== 'success 3 32') throw new Error(`1 + 2 gives: ${result}`);
  // The suite starts a process from the package's own files.
  const bench = run(node, [launcher, 'bench', 'memory', '--rounds', '2', '--json'], folder);
  const { rows } = JSON.parse(bench) as { rows: readonly { copies: number }[] };
  if (rows.length === 0 || rows.some(({ copies }) => copies !== 2)) {
    throw new Error(`lockstep bench says: ${bench}`);
  }
  checkContract(node, launcher, folder);
  const engine = run(node, ['--version'], folder).trim();
  console.log(`package: ${name} ${version}, ${imports.length} public imports, Node ${engine}`);
}

const description = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Description;
const folder = mkdtempSync(join(tmpdir(), 'lockstep-package-'));
try {
  install(folder, description);
  check(process.execPath, folder, description);
  if (existsSync(OLDEST_NODE)) check(OLDEST_NODE, folder, description);
} catch (error) {
  console.error(`package: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
