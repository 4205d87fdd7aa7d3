/**
 * `node scripts/check-package.ts`: packs the package, unpacks it into an empty folder as an
 * installer does, and uses it there on every supported Node: the command, every public import, a
 * call, a bench, and a new contract. Nothing may ask for a script at installation.
 *
 * Dependencies are taken from the repository's `node_modules`, so that nothing is downloaded. Exit
 * codes: 0 the package works, 1 it does not.
 */
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Description, installPacked, ROOT, readDescription, run } from './packed.ts';

/** Other versions of Node that are supported, where the development dependencies hold them. */
const OTHER_NODES = ['node22', 'node24'].map((each) =>
  join(ROOT, 'node_modules', each, 'bin/node'),
);

/** Scripts that npm would run where the package or a dependency of it is installed. */
function checkScripts(folder: string, { name, dependencies }: Description): void {
  const own = join(folder, 'node_modules', name);
  const others = Object.keys(dependencies).map((each) => join(own, 'node_modules', each));
  for (const each of [own, ...others]) {
    const { name: told, scripts = {} } = readDescription(each);
    const found = ['preinstall', 'install', 'postinstall'].find((script) => script in scripts);
    if (found !== undefined)
      throw new Error(`${told} runs a script when it is installed: ${found}`);
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

const folder = mkdtempSync(join(tmpdir(), 'lockstep-package-'));
try {
  const description = installPacked(folder);
  // What a user installs besides for contracts in AssemblyScript.
  const peer = 'node_modules/assemblyscript';
  symlinkSync(join(ROOT, peer), join(folder, peer), 'dir');
  checkScripts(folder, description);
  check(process.execPath, folder, description);
  for (const node of OTHER_NODES) if (existsSync(node)) check(node, folder, description);
} catch (error) {
  console.error(`package: ${(error as Error).message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
