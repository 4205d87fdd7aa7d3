/** The command as a person starts it: process, exit codes, signals. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { userCacheFolder } from '../../src/languages/cache-folder.ts';

const LAUNCHER = 'bin/lockstep.js';

interface StartOptions {
  /** Of Node. */
  readonly flags?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

function start(words: readonly string[], launcher = LAUNCHER, options: StartOptions = {}) {
  const { flags = [], ...others } = options;
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, launcher, ...words], {
    encoding: 'utf8',
    ...others,
  });
  return { code: status, out: stdout, err: stderr };
}

/** A copy of the launcher in an installation with some of its parts. */
function installation(context: TestContext, files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-launcher-'));
  context.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'bin'));
  writeFileSync(join(root, 'package.json'), '{"type": "module", "version": "9.9.9"}');
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  copyFileSync(LAUNCHER, join(root, 'bin', 'lockstep.js'));
  return join(root, 'bin', 'lockstep.js');
}

test('a token transfer from source to decoded result', () => {
  const receiver = '0x00000000000000000000000000000000000000b0';
  const call = ['--call', 'transfer(address,uint256)', receiver, '1000', '--json'];
  const { code, out, err } = start(['run', 'examples/erc20/Token.sol', ...call]);
  assert.equal(err, '');
  assert.equal(code, 0);
  const report = JSON.parse(out);
  assert.deepEqual(report.call.result, [{ name: '', type: 'bool', value: true }]);
  assert.deepEqual(
    report.call.events.map((event: { name: string }) => event.name),
    ['Transfer'],
  );
  const supply = 1_000_000n * 10n ** 18n;
  const words = report.call.writes.map((write: { after: string }) => BigInt(write.after));
  assert.deepEqual(new Set(words), new Set([1000n, supply - 1000n]));
  const names = report.call.writes.map((write: { variable: string }) => write.variable);
  assert.ok(names.includes('balanceOf[0x00000000000000000000000000000000000000B0]'));
});

test('a revert of the real machine is decoded', () => {
  const call = ['--call', 'transfer', `0x${'0'.repeat(40)}`, '1'];
  const { code, out } = start(['run', 'examples/erc20/Token.sol', ...call]);
  assert.equal(code, 1);
  assert.match(out, /revert: InvalidReceiver\(receiver: 0x0{40}\)/);
});

test('a constructor with arguments and imports from packages', () => {
  const owner = `0x${'0'.repeat(38)}aa`;
  const words = ['examples/vault/Vault.sol', '--deploy-args', `0x${'0'.repeat(38)}bb`, owner];
  const { code, out } = start(['run', ...words, '--call', 'owner', '--json']);
  assert.equal(code, 0);
  assert.equal(JSON.parse(out).call.result[0].value.toLowerCase(), owner);
  const total = ['--call', 'total', '[[1, 2, "a"], {amount: 3, until: 4, note: "b"}]', '--json'];
  const sum = start(['run', ...words, ...total]);
  assert.equal(JSON.parse(sum.out).call.result[0].value, '4');
});

test('a trace begins with the first instruction and agrees with the gas', (context) => {
  const folder = join(installation(context, {}), '..');
  writeFileSync(join(folder, 'add.hex'), '0x600160020160005260206000f3\n');
  const { out } = start(['run', join(folder, 'add.hex'), '--trace', '--json']);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual(
    lines.slice(0, -2).map((line) => line.opName),
    ['PUSH1', 'PUSH1', 'ADD', 'PUSH1', 'MSTORE', 'PUSH1', 'PUSH1', 'RETURN'],
  );
  assert.equal(lines.at(-2).gasUsed, '0x18');
  assert.equal(lines.at(-1).call.gas.execution, 24);
});

test('an installed package runs its build', (context) => {
  const build = 'process.stdout.write(process.argv.slice(2).join());process.exitCode = 3;';
  const launcher = installation(context, { 'dist/command/main.js': build });
  const { code, out } = start(['a', 'b'], launcher);
  assert.equal(out, 'a,b');
  assert.equal(code, 3);
});

test('a clone runs its bundle as long as that is of its sources', (context) => {
  const launcher = installation(context, {
    'src/cli/main.ts': "process.stdout.write('sources');",
    'src/base/bytes.ts': '',
    'build/command/main.js': "process.stdout.write('bundle');",
  });
  const root = join(launcher, '../..');
  const touch = (name: string, second: number) => utimesSync(join(root, name), second, second);
  for (const name of ['src', 'src/cli', 'src/base', 'src/cli/main.ts', 'src/base/bytes.ts']) {
    touch(name, 1);
  }
  const run = () => start(['a'], launcher).out;
  assert.equal(run(), 'bundle');
  const changed = {
    'src/base/bytes.ts': 'a file',
    'src/base': 'a folder, whose files were others',
  };
  for (const [name, what] of Object.entries(changed)) {
    touch('build/command/main.js', 2);
    touch(name, 3);
    assert.equal(run(), 'sources', what);
    touch(name, 2);
    assert.equal(run(), 'bundle', what);
  }
});

test('a Node that is too old is told which one to install', (context) => {
  const launcher = installation(context, { 'dist/command/main.js': '' });
  const old = "{ value: { ...process.versions, node: '20.19.0' } }";
  const script = `data:text/javascript,Object.defineProperty(process, 'versions', ${old})`;
  const { code, err } = start(['a'], launcher, { flags: ['--import', script] });
  assert.equal(code, 2);
  assert.equal(err, 'lockstep: Node 20.19.0 is too old; install Node 22 or later\n');
});

const REPORT = `
  const { pid, execArgv, argv, env } = process;
  const { MALLOC_ARENA_MAX, MALLOC_TRIM_THRESHOLD_ } = env;
  const malloc = [MALLOC_ARENA_MAX, MALLOC_TRIM_THRESHOLD_];
  process.stdout.write(JSON.stringify({ pid, execArgv, words: argv.slice(2), malloc }));
  process.exitCode = 5;`;
const isAnew = process.platform !== 'win32' && process.execve !== undefined;

test('a node begins anew with a small heap, as the same process', { skip: !isAnew }, (context) => {
  const launcher = installation(context, { 'dist/command/main.js': REPORT });
  const run = (words: readonly string[], flags: readonly string[], env = {}) => {
    const args = [...flags, launcher, ...words];
    const result = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    assert.deepEqual([result.stderr, result.status], ['', 5]);
    return { ...JSON.parse(result.stdout), child: result.pid };
  };
  const node = run(['node', '--port', '1'], ['--no-deprecation'], { MALLOC_ARENA_MAX: '3' });
  assert.equal(node.pid, node.child);
  assert.deepEqual(node.words, ['node', '--port', '1']);
  assert.ok(node.execArgv.some((flag: string) => flag.startsWith('--max-semi-space-size=')));
  assert.equal(node.execArgv.at(-1), '--no-deprecation');
  assert.deepEqual(node.malloc, ['3', '1048576'], 'what a user has set stays');
  const other = run(['run'], []);
  assert.deepEqual([other.execArgv, other.malloc], [[], [null, null]]);
  const kept = run(['node'], ['--no-warnings', '--permission', '--allow-fs-read=*']);
  assert.deepEqual(kept.malloc, [null, null], 'who may not begin anew goes on');
});

test('the code cache is where a user keeps caches, wherever the command is started', (context) => {
  const build =
    "import { getCompileCacheDir } from 'node:module'; console.log(getCompileCacheDir());";
  const launcher = installation(context, { 'dist/command/main.js': build });
  const cwd = join(launcher, '..');
  const home = join(cwd, 'home');
  const run = (own: { readonly HOME: string; readonly XDG_CACHE_HOME?: string }) => {
    const { XDG_CACHE_HOME: _, LOCALAPPDATA: __, ...env } = process.env;
    return start(['a'], launcher, { env: { ...env, USERPROFILE: own.HOME, ...own }, cwd }).out;
  };
  const kept = cacheFolderOf(home);
  assert.ok(run({ HOME: home }).startsWith(kept));
  if (process.platform === 'linux') {
    assert.ok(run({ HOME: home, XDG_CACHE_HOME: cwd }).startsWith(join(cwd, 'lockstep', 'v8')));
    assert.ok(run({ HOME: home, XDG_CACHE_HOME: 'near' }).startsWith(kept));
    // Every folder there is refused, as one that is missing.
    assert.equal(run({ HOME: '/proc/none' }), 'undefined\n');
  }
});

/** Of a home, by the rule of the library. */
function cacheFolderOf(home: string): string {
  const before = { ...process.env };
  for (const name of ['XDG_CACHE_HOME', 'LOCALAPPDATA']) delete process.env[name];
  Object.assign(process.env, { HOME: home, USERPROFILE: home });
  try {
    return join(userCacheFolder(), 'v8');
  } finally {
    Object.assign(process.env, before);
  }
}

test('an installation without build and sources says so', (context) => {
  const { code, err } = start([], installation(context, {}));
  assert.equal(code, 2);
  assert.match(err, /installation is incomplete/);
});

test('a signal to the command reaches what it runs', async () => {
  const child = spawn(process.execPath, [LAUNCHER, 'repl'], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.write('help\n');
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGTERM');
  const signal = await new Promise((resolve) => child.once('exit', (_, name) => resolve(name)));
  assert.equal(signal, 'SIGTERM');
});
