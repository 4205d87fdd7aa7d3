#!/usr/bin/env node
/**
 * Starts the `lockstep` command. Plain JavaScript, because it must start on a Node that cannot run
 * TypeScript: an installed package has `dist/`, a clone of the repository has `src/`, a bundle of
 * it, and the pinned Node of its development dependencies.
 */
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import v8 from 'node:v8';

const root = fileURLToPath(new URL('..', import.meta.url));
const sources = join(root, 'src');
const source = join(sources, 'cli', 'main.ts');
const compiled = join(root, 'dist', 'command', 'main.js');
const bundled = join(root, 'build', 'command', 'main.js');

/** Of `engines` in package.json. */
const NODE_MAJOR_MIN = 22;

/**
 * V8's code cache makes the second start quicker. Code is taken from it: it is the user's alone,
 * and where the user has no folder nothing is kept.
 */
function cacheFolder() {
  const modules = join(root, 'node_modules');
  if (existsSync(modules)) return join(modules, '.cache', 'lockstep', 'v8');
  const home = userCacheFolder();
  return isAbsolute(home) ? join(home, 'v8') : undefined;
}

/** As in `src/languages/cache-folder.ts`, which is not loaded yet. */
function userCacheFolder() {
  const { env, platform } = process;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'lockstep');
  const isWindows = platform === 'win32';
  const { LOCALAPPDATA = '', XDG_CACHE_HOME = '' } = env;
  const asked = isWindows ? LOCALAPPDATA : XDG_CACHE_HOME;
  // A path that depends on where the program was started is none.
  const home = isAbsolute(asked) ? asked : join(homedir(), isWindows ? 'AppData/Local' : '.cache');
  return join(home, 'lockstep');
}

/**
 * Whether a folder is there or can be made: Node itself asks for ever to make one that is above all
 * refused, such as below a home that is in `/proc`.
 */
function hasFolder(folder) {
  if (existsSync(folder)) return true;
  if (dirname(folder) === folder || !hasFolder(dirname(folder))) return false;
  try {
    mkdirSync(folder);
    return true;
  } catch {
    // Another process may have been quicker.
    return existsSync(folder);
  }
}

/**
 * Whether to start from the bundle: it is of these sources, none was changed, added or taken away
 * since. To look at them all takes longer than what `--help` and `--version` load.
 */
function takesBundle() {
  if (!/^[^-]/.test(process.argv[2] ?? '') || !existsSync(bundled)) return false;
  const { mtimeMs } = statSync(bundled);
  const names = ['.', ...readdirSync(sources, { recursive: true })];
  return names.every((name) => statSync(`${sources}/${name}`).mtimeMs <= mtimeMs);
}

/** Whether this Node runs TypeScript without a flag (22.18, 23.6 and later). */
function stripsTypes() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/**
 * How the memory of a node is kept small. V8 lets the space for new objects grow to 32 MiB and
 * more, a small heap to four times what is alive in it, and holds on to pages that it has freed;
 * that is what a node under load would mostly consist of.
 */
const SEMI_SPACE = '--max-semi-space-size=8';
const HEAP_FLAGS = [SEMI_SPACE, '--min-semi-space-size=8', '--heap-growing-percent=50'];
// A Node that does not know a flag does not start.
if (nodeMajor() === 26) HEAP_FLAGS.push('--memory-pool-timeout=1', '--no-large-page-pool');

/**
 * The same for the C library of Linux, which reads it when a process begins: each thread that
 * compiles would keep what it once used, and so would large pieces that are free again.
 */
const ALLOCATOR = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '131072',
  MALLOC_TRIM_THRESHOLD_: '1048576',
};

/**
 * A node begins anew, as the same process, with its flags and settings: sizes of spaces and of
 * the allocator cannot be changed later. That takes 15 ms. Where a platform cannot do it, or the
 * process speaks with its parent over a channel, the heap is told what it still takes.
 */
function keepSmall() {
  if (process.argv[2] !== 'node' || process.execArgv.includes(SEMI_SPACE)) return;
  const { execve, execPath, execArgv, argv, env, channel } = process;
  if (execve !== undefined && channel === undefined && process.platform !== 'win32') {
    const words = [execPath, ...HEAP_FLAGS, ...execArgv, ...argv.slice(1)];
    try {
      execve.call(process, execPath, words, { ...ALLOCATOR, ...env });
    } catch {
      // With `--permission` a process may not begin another one.
    }
  }
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  for (const flag of HEAP_FLAGS) v8.setFlagsFromString(flag);
}

function nodeMajor() {
  return Number.parseInt(process.versions.node, 10);
}

async function runHere(entry) {
  const folder = cacheFolder();
  const isOpen = process.env.NODE_COMPILE_CACHE === undefined && folder && hasFolder(folder);
  if (isOpen) nodeModule.enableCompileCache?.(folder);
  await import(pathToFileURL(entry).href);
}

/** Runs this file under another Node, as if it were this process. */
async function runUnder(node) {
  const { spawn } = await import('node:child_process');
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // A terminal sends SIGINT to both processes already; the child alone decides what it means.
    process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
  }
  child.on('error', (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function fail(message) {
  process.stderr.write(`lockstep: ${message}\n`);
  process.exitCode = 2;
}

const pinned = join(
  root,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);
keepSmall();
if (!existsSync(source)) {
  if (nodeMajor() < NODE_MAJOR_MIN) {
    fail(`Node ${process.versions.node} is too old; install Node ${NODE_MAJOR_MIN} or later`);
  } else if (existsSync(compiled)) await runHere(compiled);
  else fail(`this installation is incomplete: neither ${compiled} nor ${source} exists`);
} else if (stripsTypes()) {
  await runHere(takesBundle() ? bundled : source);
} else if (existsSync(pinned)) {
  await runUnder(pinned);
} else {
  fail(
    `Node ${process.versions.node} cannot run the sources of the repository, ` +
      'and the Node that it pins is missing; run: npm ci',
  );
}
