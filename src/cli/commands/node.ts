/** `lockstep node`: a development node, with the options of anvil. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bytesToHex } from '../../base/bytes.ts';
import type { ChainDatabase } from '../../chain/dev/database.ts';
import { readInput } from '../../languages/load.ts';
import type { Plugin } from '../../node/plugins.ts';
import type { Provider } from '../../node/provider.ts';
import type { StackTraces } from '../../node/stack/index.ts';
import type { Args } from '../args.ts';
import { usageError } from '../args.ts';
import type { Io } from '../io.ts';
import { createNodeLog } from '../node-log.ts';
import { formatBanner, readNodeOptions } from '../node-options.ts';
import { writeOutput } from '../output-file.ts';

const DEFAULT_PORT = 8545;
const PORT_MAX = 65_535;

export async function run(args: Args, io: Io): Promise<number> {
  const [extra] = args.positionals;
  if (extra !== undefined) throw usageError(`node takes options alone, not ${extra}`, 'node');
  const { createProvider } = await import('../../node/index.ts');
  const { serve } = await import('../../node/server/index.ts');
  const { dumpState, loadState } = await import('../../node/dump.ts');
  const isForked = args.flag('fork-url') || args.flag('rpc-url') || args.flag('offline');
  const other = ['init', 'import', 'db'].find((each) => args.flag(each));
  if (isForked && other !== undefined) {
    throw usageError(`--${other} is for a chain with a genesis of its own, not for a fork`, 'node');
  }
  const database = await openDatabaseOf(args);
  const plugin = await loadPlugin(args.value('plugin'));
  const stackTraces = await readStackTraces(args.value('artifacts'));
  const provider = createProvider({
    ...readNodeOptions(args, database),
    ...plugin,
    ...(stackTraces ? { stackTraces } : {}),
  });
  const { node } = provider;
  await node.ready;
  provider.onError = ({ message }) => io.err(`lockstep: ${message}\n`);
  const importPath = args.value('import');
  if (importPath !== undefined && !node.dev.isTakenUp) node.importBlocks(readInput(importPath));
  const { load, dump } = stateFiles(args);
  if (load !== undefined && !node.dev.isTakenUp) loadState(node, readInput(load).toString('utf8'));
  const isQuiet = args.flag('quiet') || args.flag('silent');
  const log = createNodeLog(node, io, {
    isJson: args.flag('json'),
    isQuiet,
    hasConsole: !args.flag('disable-console-log'),
  });
  const host = args.value('host') ?? io.env.ANVIL_IP_ADDR ?? '127.0.0.1';
  const port = readPort(args);
  const allowOrigin = args.flag('no-cors') ? '' : (args.value('allow-origin') ?? '*');
  const limits = args.flag('no-request-size-limit') ? { bodyBytesMax: 1 << 29 } : {};
  const server = await serve({ provider, host, port, allowOrigin, limits }).catch(cannotListen);
  let ipc: Closable | undefined;
  // What listens keeps the process alive: it is closed also where a file cannot be written.
  try {
    ipc = await listenOnPath(args, provider);
    if (!isQuiet && !args.flag('json')) io.out(formatBanner(node, args));
    const configPath = args.value('config-out');
    if (configPath !== undefined) writeOutput(configPath, configText(node), '--config-out');
    const stopped = untilStopped(io);
    // Exactly this line tells who started the node that it is ready.
    io.out(`Listening on ${server.host}:${server.port}\n`);
    const { collectWhenIdle } = await import('../idle-memory.ts');
    const stopCollecting = collectWhenIdle();
    await stopped;
    stopCollecting();
    log.stop();
    if (dump !== undefined) {
      writeOutput(dump, `${await node.attempt(() => dumpState(node))}\n`, '--dump-state');
    }
  } finally {
    log.stop();
    // What is answered until then is kept.
    await ipc?.close();
    await server.close();
    provider.close();
  }
  return 0;
}

/** The database of `--db`; that of an empty chain is made. */
async function openDatabaseOf(args: Args): Promise<ChainDatabase | undefined> {
  const path = args.value('db');
  if (path === undefined) return undefined;
  const { openDatabase } = await import('../../node/database/index.ts');
  return await openDatabase(path);
}

/** What a module of a user adds to the node. */
async function loadPlugin(path: string | undefined): Promise<Plugin> {
  if (path === undefined) return {};
  if (!existsSync(path)) throw usageError(`${path} does not exist`, 'node');
  const { readPlugin } = await import('../../node/index.ts');
  const load = () => import(pathToFileURL(resolve(path)).href) as Promise<{ default?: unknown }>;
  const { default: exported } = await load().catch((error: unknown) => {
    throw usageError(`${path} cannot be loaded: ${String(error)}`, 'node');
  });
  return readPlugin(exported);
}

async function readStackTraces(folder: string | undefined): Promise<StackTraces | undefined> {
  if (folder === undefined) return undefined;
  const { createStackTraces, readArtifacts } = await import('../../node/stack/index.ts');
  return createStackTraces(readArtifacts(folder));
}

function readPort(args: Args): number {
  const text = args.value('port') ?? String(DEFAULT_PORT);
  if (/^\d{1,5}$/.test(text) && Number(text) <= PORT_MAX) return Number(text);
  throw usageError(`--port ${text}: write a number from 0 to ${PORT_MAX}`, 'node');
}

function cannotListen(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  const remedy = code === 'EADDRINUSE' ? '; take another port' : '';
  throw usageError(`the node cannot listen: ${message}${remedy}`, 'node');
}

interface Closable {
  close(): Promise<void>;
}

/** `--ipc`, with a path or without. */
async function listenOnPath(args: Args, provider: Provider): Promise<Closable | undefined> {
  if (!args.flag('ipc')) return undefined;
  const { DEFAULT_IPC_PATH, serveIpc } = await import('../../node/server/index.ts');
  return serveIpc({ provider, path: args.value('ipc') ?? DEFAULT_IPC_PATH }).catch(cannotListen);
}

/** `--state` is loaded where it is there, and written at the end. */
function stateFiles(args: Args): { load: string | undefined; dump: string | undefined } {
  const state = args.value('state');
  const isThere = state !== undefined && existsSync(state);
  return {
    load: args.value('load-state') ?? (isThere ? state : undefined),
    dump: args.value('dump-state') ?? state,
  };
}

type AnyNode = Parameters<typeof formatBanner>[0];

/** What `--config-out` writes. */
function configText(node: AnyNode): string {
  const wallets = node.wallets.list();
  const config = {
    available_accounts: wallets.map(({ address }) => bytesToHex(address)),
    private_keys: wallets.map(({ privateKey }) => bytesToHex(privateKey)),
    chain_id: node.chainId.toString(),
    gas_limit: node.dev.gasLimit.toString(),
    genesis_timestamp: node.chain.genesis.block.header.timestamp.toString(),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Resolves when the process is asked to end, or the test that runs the command. */
function untilStopped(io: Io): Promise<void> {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  return new Promise((resolve) => {
    const stop = (): void => {
      for (const signal of signals) process.removeListener(signal, stop);
      resolve();
    };
    for (const signal of signals) process.once(signal, stop);
    io.stopped?.addEventListener('abort', stop);
  });
}
