/** Reads the options of a command that goes on from another chain. */
import { join } from 'node:path';
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { userCacheFolder } from '../languages/cache-folder.ts';
import type { ForkId, ForkOptions } from '../node/fork/fork.ts';
import { openForkCache } from '../node/server/fork-cache.ts';
import { type Args, usageError } from './args.ts';
import { FORK_OPTIONS } from './fork-table.ts';

const MS_MAX = 3_600_000;
const RETRIES_MAX = 100;

function readCount(args: Args, name: string, max: number): number | undefined {
  const text = args.value(name);
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
  throw usageError(`--${name} ${text}: write a number from 0 to ${max}`);
}

function readBlock(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d{1,18}$|^0x[\da-fA-F]{1,15}$/.test(text)) return BigInt(text);
  throw usageError(`--fork-block-number ${text}: write a whole number`);
}

function readHash(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (/^0x[\da-fA-F]{64}$/.test(text)) return hexToBytes(text);
  throw usageError(`--fork-transaction-hash ${text}: write 0x and 64 hexadecimal digits`);
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const match = /^([\w-]+):\s*(.*)$/.exec(line);
      // The text may be a key: it is not repeated.
      if (match === null) throw usageError("--fork-header: write 'Name: value'");
      return [match[1] as string, match[2] as string];
    }),
  );
}

/** Where the answers of a block's fork are kept unless told. */
function defaultCache({ chainId, number, hash }: ForkId) {
  const name = `${number}-${bytesToHex(hash).slice(2, 18)}.jsonl`;
  return openForkCache(join(userCacheFolder(), 'fork', String(chainId), name));
}

/**
 * The fork that the options ask for; undefined where they name none.
 *
 * @param command - Whose options they are, for messages.
 */
export function readForkOptions(args: Args, command: string): ForkOptions | undefined {
  const given = args.value('fork-url') ?? args.value('rpc-url');
  const file = args.value('fork-cache');
  const isOffline = args.flag('offline');
  if (given === undefined && !isOffline) {
    const stray = FORK_OPTIONS.find(({ name }) => args.list(name) !== undefined);
    if (stray === undefined) return undefined;
    throw usageError(`--${stray.name} needs --fork-url`, command);
  }
  if (isOffline && file === undefined) throw usageError('--offline needs --fork-cache', command);
  const [, url, atBlock] = /^(.*?)(?:@(\d+))?$/s.exec(given ?? '') ?? [];
  const fields = {
    url: given === undefined ? undefined : url,
    blockNumber: readBlock(args.value('fork-block-number') ?? atBlock),
    transactionHash: readHash(args.value('fork-transaction-hash')),
    chainId: readBlock(args.value('fork-chain-id')),
    headers: readHeaders(args.list('fork-header') ?? []),
    timeoutMs: readCount(args, 'timeout', MS_MAX),
    retries: readCount(args, 'retries', RETRIES_MAX),
    backoffMs: readCount(args, 'fork-retry-backoff', MS_MAX),
    unitsPerSecond: args.flag('no-rate-limit')
      ? undefined
      : readCount(args, 'compute-units-per-second', MS_MAX) || undefined,
    cache: cacheOf(file, args.flag('no-storage-caching')),
    isOffline,
  };
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as ForkOptions;
}

function cacheOf(file: string | undefined, hasNone: boolean): ForkOptions['cache'] {
  if (file !== undefined) return openForkCache(file);
  return hasNone ? undefined : defaultCache;
}
