/** The block that a fork goes on from, as a remote node tells it, and the rules that hold there. */
import { hexToBytes } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { type Block, encodeBlock } from '../../chain/blocks/block.ts';
import { HEADER_FIELDS, type Header } from '../../chain/blocks/header.ts';
import type { BlockFork } from '../../chain/blocks/rules.ts';
import { type ForkSchedule, type ForkStep, MAIN_NET } from '../../chain/blocks/schedule.ts';
import { LATEST_FORK, type Overrides } from '../../vms/evm/forks.ts';

type Json = Readonly<Record<string, unknown>>;

/** Fields that JSON-RPC has other names for. */
const JSON_NAMES: Readonly<Record<string, string>> = {
  ommersHash: 'sha3Uncles',
  coinbase: 'miner',
};
/** Fields that some chains leave out. */
const DEFAULTS: Readonly<Record<string, string>> = {
  difficulty: '0x0',
  mixHash: `0x${'00'.repeat(32)}`,
  nonce: `0x${'00'.repeat(8)}`,
};

function malformed(problem: string): LockstepError {
  return new LockstepError('L2106', {
    problem: `the block of the remote node is no block: ${problem}`,
  });
}

/**
 * The block of an answer to `eth_getBlockByNumber`, without its transactions.
 *
 * @throws LockstepError L2106 for what is no block
 */
export function readBlock(value: unknown): { readonly block: Block; readonly hash: Uint8Array } {
  if (typeof value !== 'object' || value === null) throw malformed('it is no object');
  const json = value as Json;
  const header: Record<string, Uint8Array | bigint> = {};
  let isOver = false;
  for (const [name, kind, since] of HEADER_FIELDS as readonly (readonly [
    string,
    object,
    string?,
  ])[]) {
    const key = JSON_NAMES[name] ?? name;
    const text = json[key] ?? DEFAULTS[name];
    // Fields of forks follow each other: one that is missing ends the header.
    if (since !== undefined && (isOver || typeof text !== 'string')) {
      isOver = true;
      continue;
    }
    header[name] = readField(text, key, kind);
  }
  const content = {
    header: header as unknown as Header,
    transactions: [],
    ommers: [],
    withdrawals: header.withdrawalsRoot === undefined ? undefined : [],
  };
  const hash = readField(json.hash, 'hash', { size: 32 }) as Uint8Array;
  return { block: { ...content, size: encodeBlock(content).length }, hash };
}

function readField(text: unknown, key: string, kind: object): Uint8Array | bigint {
  if (typeof text !== 'string' || !/^0x[0-9a-fA-F]*$/.test(text))
    throw malformed(`${key} is missing`);
  if ('bits' in kind) return BigInt(text);
  const bytes = hexToBytes(text.length % 2 === 0 ? text : `0x0${text.slice(2)}`);
  const { size } = kind as { readonly size: number | undefined };
  if (size === undefined || bytes.length === size) return bytes;
  throw malformed(`${key} has ${bytes.length} bytes where ${size} are expected`);
}

/** Forks by the field of the header that each began with, the latest first. */
const BY_FIELD: readonly (readonly [field: keyof Header, fork: BlockFork])[] = [
  ['requestsHash', LATEST_FORK],
  ['parentBeaconBlockRoot', 'cancun'],
  ['withdrawalsRoot', 'shanghai'],
];

/** The fork that a header tells of itself: the latest that it can be of. */
function forkOfHeader(header: Header): BlockFork {
  const row = BY_FIELD.find(([field]) => header[field] !== undefined);
  if (row !== undefined) return row[1];
  if (header.difficulty === 0n) return 'paris';
  return header.baseFeePerGas === undefined ? 'berlin' : 'london';
}

export interface ForkRulesOptions {
  readonly chainId: bigint;
  /** Id of the chain that is forked. */
  readonly remoteChainId: bigint;
  readonly header: Header;
  /** In place of what the block says. */
  readonly fork: BlockFork | undefined;
  /** What is different from any fork. */
  readonly overrides: Overrides;
}

/** Forks of the blocks to come: those of the main net, else the one that the block is of. */
export function scheduleOf(options: ForkRulesOptions): ForkSchedule {
  const { chainId, remoteChainId, header, fork, overrides } = options;
  const isMainNet = remoteChainId === MAIN_NET.chainId && fork === undefined;
  const steps: readonly ForkStep[] = isMainNet
    ? MAIN_NET.steps
    : [{ fork: fork ?? forkOfHeader(header) }];
  return { chainId, steps: steps.map((step) => ({ ...step, overrides })) };
}
