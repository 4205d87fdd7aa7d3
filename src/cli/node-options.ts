/** Options of `lockstep node`, and the banner that tells what came of them. */
import { bytesToHex } from '../base/bytes.ts';
import type { ChainDatabase } from '../chain/dev/database.ts';
import type { EngineName } from '../engines/tiering.ts';
import { readInput } from '../languages/load.ts';
import type { Node } from '../node/node.ts';
import { DEFAULT_MNEMONIC, DEFAULT_PATH, type NodeOptions } from '../node/options.ts';
import { CLIENT_VERSION } from '../node/version.ts';
import { checksumAddress } from '../node/wallets.ts';
import { type Args, usageError } from './args.ts';
import { readForkOptions } from './fork-options.ts';

const ETHER = 10n ** 18n;
const COUNT_MAX = 10_000;

function readNumber(args: Args, name: string): bigint | undefined {
  const text = args.value(name);
  if (text === undefined) return undefined;
  if (/^(\d+|0x[\da-fA-F]+)$/.test(text)) return BigInt(text);
  throw usageError(`--${name} ${text}: write a whole number`, 'node');
}

function readCount(args: Args, name: string): number | undefined {
  const value = readNumber(args, name);
  if (value === undefined) return undefined;
  if (value <= BigInt(COUNT_MAX)) return Number(value);
  throw usageError(`--${name} ${value}: at most ${COUNT_MAX}`, 'node');
}

/** The value of the first of several names that was given. */
function firstOf<T>(...values: readonly (T | undefined)[]): T | undefined {
  return values.find((each) => each !== undefined);
}

function readGenesisFile(path: string | undefined): unknown {
  if (path === undefined) return undefined;
  const text = readInput(path).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageError(`${path} is not JSON: ${(error as Error).message}`, 'node');
  }
}

/** Only fields that have a value, as exact optional fields want it. */
function compact<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Seconds of the system's clock. */
const wallClock = (): bigint =>
  BigInt(Math.floor((performance.timeOrigin + performance.now()) / 1000));

/** @param database - That of `--db`: a chain in it began when it began, and not now. */
export function readNodeOptions(args: Args, database?: ChainDatabase): NodeOptions {
  const genesis = readGenesisFile(args.value('init'));
  // A chain that is imported has the accounts of its genesis, and no others.
  const isImported = args.value('import') !== undefined;
  const balance = readNumber(args, 'balance');
  const blockTime = readBlockTime(args);
  const isByHand = args.flag('no-mining') || args.flag('no-mine');
  const hasTimer = blockTime !== undefined && !args.flag('mixed-mining');
  return compact({
    compat: args.value('compat') as NodeOptions['compat'],
    genesis,
    chainId: readNumber(args, 'chain-id'),
    hardfork: args.value('hardfork'),
    accounts: firstOf(readCount(args, 'accounts'), isImported ? 0 : undefined),
    mnemonic: args.value('mnemonic'),
    derivationPath: args.value('derivation-path'),
    balance: balance === undefined ? undefined : balance * ETHER,
    gasLimit: readNumber(args, 'gas-limit'),
    baseFee: firstOf(readNumber(args, 'block-base-fee-per-gas'), readNumber(args, 'base-fee')),
    gasPrice: readNumber(args, 'gas-price'),
    priorityFee: args.flag('disable-min-priority-fee') ? 0n : undefined,
    hasCreate2Deployer: args.flag('disable-default-create2-deployer') ? false : undefined,
    timestamp: firstOf(
      readNumber(args, 'timestamp'),
      args.flag('wall-clock') ? BigInt(database?.identity?.genesisTime ?? wallClock()) : undefined,
    ),
    number: readNumber(args, 'number'),
    isAutomining: isByHand || hasTimer ? false : undefined,
    blockTime,
    order: args.value('order') as NodeOptions['order'],
    blockCountMax: readCount(args, 'max-transactions'),
    slotsInEpoch: readNumber(args, 'slots-in-an-epoch'),
    hasTxGasLimit: args.flag('enable-tx-gas-limit') || undefined,
    codeSizeMax: args.flag('disable-code-size-limit')
      ? CODE_UNLIMITED
      : readNumber(args, 'code-size-limit'),
    engine: args.value('engine') as EngineName | undefined,
    codeCache: args.value('code-cache'),
    database,
    hostClock: args.flag('wall-clock') ? wallClock : undefined,
    statesKept: firstOf(
      args.flag('prune-history') ? (readNumber(args, 'prune-history') ?? 0n) : undefined,
      readNumber(args, 'max-persisted-states'),
    ),
    isImpersonatingAll: args.flag('auto-impersonate') || undefined,
    fork: readForkOptions(args, 'node'),
  });
}

const CODE_UNLIMITED = 1n << 30n;

function readBlockTime(args: Args): number | undefined {
  const text = args.value('block-time');
  if (text === undefined) return undefined;
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (seconds > 0 && seconds <= 1_000_000) return seconds;
  throw usageError(`--block-time ${text}: write a number of seconds`, 'node');
}

const RULE = '==================';

function section(title: string, ...lines: readonly string[]): string {
  return `${title}\n${RULE}\n\n${lines.join('\n')}\n\n`;
}

/** What a person sees at the start: accounts, keys, and what the chain is. */
export function formatBanner(node: Node, args: Args): string {
  const wallets = node.wallets.list();
  const { header } = node.chain.genesis.block;
  const balances = wallets.map(({ address }) =>
    node.dev.readHead((view) => view.getBalance(address) as bigint),
  );
  const accounts = wallets.map(({ address }, index) => {
    return `(${index}) ${checksumAddress(address)} (${formatEther(balances[index] ?? 0n)} ETH)`;
  });
  const keys = wallets.map(({ privateKey }, index) => `(${index}) ${bytesToHex(privateKey)}`);
  const path = args.value('derivation-path') ?? DEFAULT_PATH;
  const phrase = args.value('mnemonic') ?? DEFAULT_MNEMONIC;
  const wallet = [`Mnemonic:          ${phrase}`, `Derivation path:   ${path}`];
  return [
    `\n  ${CLIENT_VERSION}\n\n`,
    ...(wallets.length === 0
      ? []
      : [
          section('Available Accounts', ...accounts),
          section('Private Keys', ...keys),
          section('Wallet', ...wallet),
        ]),
    ...(node.fork === undefined ? [] : [section('Fork', ...forkLines(node.fork))]),
    section('Chain ID', node.chainId.toString()),
    section('Base Fee', (header.baseFeePerGas ?? 0n).toString()),
    section('Gas Limit', header.gasLimit.toString()),
    section('Genesis Timestamp', header.timestamp.toString()),
    section('Genesis Number', header.number.toString()),
  ].join('');
}

function forkLines({ client, number, hash, chainId }: NonNullable<Node['fork']>): string[] {
  return [
    `Endpoint:       ${client.host}`,
    `Block number:   ${number}`,
    `Block hash:     ${bytesToHex(hash)}`,
    `Chain ID:       ${chainId}`,
  ];
}

function formatEther(wei: bigint): string {
  return `${wei / ETHER}.${(wei % ETHER).toString().padStart(18, '0')}`;
}
