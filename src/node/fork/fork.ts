/**
 * A fork: what goes on from a block of another chain. State that is missing is fetched when
 * something needs it; blocks, transactions and logs up to the block are those of the remote node.
 */

import { bytesToHex, type Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import type { Block } from '../../chain/blocks/block.ts';
import type { OlderHash } from '../../chain/blocks/chain.ts';
import type { ChainBase } from '../../chain/dev/options.ts';
import { PendingError } from '../../dmir/host.ts';
import { toQuantity } from '../rpc/types.ts';
import { createForkBackend, RemoteCells, throwPending } from './cells.ts';
import { Client, type ForkCache } from './client.ts';
import { readBlock } from './header.ts';
import { type Call, createRemote, type RemoteOptions } from './transport.ts';

/** What a cache is of. */
export interface ForkId {
  readonly chainId: bigint;
  readonly number: bigint;
  /** Of the block, 32 bytes. */
  readonly hash: Uint8Array;
}

/** Where from and how another chain is forked; numbers of time are milliseconds. */
export interface ForkOptions extends RemoteOptions {
  /** The latest unless told, or that of the cache; below zero so many before the latest. */
  readonly blockNumber?: bigint;
  /** 32 bytes: fork from the block before this transaction's, and run that block up to it. */
  readonly transactionHash?: Uint8Array;
  /** Id of the forked chain, where it is not to be asked for. */
  readonly chainId?: bigint;
  /** Answers that are known, and where new ones are kept: one for all blocks, or by the block. */
  readonly cache?: ForkCache | ((id: ForkId) => ForkCache | undefined);
  /** Nothing is asked for: what the cache does not have is an error. */
  readonly isOffline?: boolean;
}

/** Runs something once; undefined where it was not kept and undone. */
export type Attempt<T> = (isKept: () => boolean) => { readonly result: T } | undefined;

/** Runs that end because something is missing, one after the other for one request. */
const ROUNDS_MAX = 10_000;

export class Fork {
  options: ForkOptions;
  readonly client: Client;
  readonly chainId: bigint;
  readonly block: Block;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly cells: RemoteCells;
  /** Requests for hashes of older blocks that the run needed. */
  readonly #wanted: Call[] = [];

  constructor(
    options: ForkOptions,
    { client, chainId, block, hash }: Pick<Fork, 'client' | 'chainId' | 'block' | 'hash'>,
    keccak256: Keccak256,
  ) {
    this.options = options;
    this.client = client;
    this.chainId = chainId;
    this.block = block;
    this.hash = hash;
    this.cells = new RemoteCells({ client, number: this.number, keccak256 });
  }

  get number(): bigint {
    return this.block.header.number;
  }

  /**
   * Asks another node of the same chain from now on.
   *
   * @throws LockstepError L2106 for an address of another kind
   */
  moveTo(url: string): void {
    const { request: _provider, ...rest } = this.options;
    const options = { ...rest, url };
    this.client.moveTo(createRemote(options));
    this.options = options;
  }

  /** What a chain goes on from. */
  base(): ChainBase {
    return {
      block: this.block,
      hash: this.hash,
      backend: throwPending(createForkBackend(this.cells)),
      olderHash: this.#olderHash,
    };
  }

  readonly #olderHash: OlderHash = (number) => {
    const call = blockCall(number);
    const known = this.client.peek(call);
    if (known !== undefined) return readBlock(known).hash;
    this.#wanted.push(call);
    throw new PendingError(Promise.resolve());
  };

  /**
   * Runs something over this fork until nothing is missing. Each run is as a whole or not at all,
   * so that others may run while one waits.
   *
   * @param tryOnce - Runs once, and undoes what it did unless that is to be kept.
   * @throws LockstepError L2101 to L2105 where what is missing cannot be fetched
   */
  async attempt<T>(tryOnce: Attempt<T>): Promise<T> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      this.cells.guess();
      const done = tryOnce(() => !this.cells.endGuess().hasWanted && this.#wanted.length === 0);
      const older = this.#wanted.splice(0);
      // Before anything is waited for: another run begins with nothing wanted.
      const work = this.cells.fetchWanted();
      if (done !== undefined) return done.result;
      await Promise.all([work, ...older.map((call) => this.client.get(call))]);
    }
    throw new LockstepError('L2106', { problem: `a request needs state in ${ROUNDS_MAX} rounds` });
  }
}

/** The request for a block without its transactions. */
function blockCall(number: bigint): Call {
  return { method: 'eth_getBlockByNumber', params: [toQuantity(number), false] };
}

/**
 * Finds the block to fork from.
 *
 * @throws LockstepError L2101 to L2106
 */
export async function openFork(options: ForkOptions, keccak256: Keccak256): Promise<Fork> {
  const { cache, isOffline = false } = options;
  const client = new Client({ remote: isOffline ? undefined : createRemote(options) });
  if (typeof cache === 'object') client.open(cache);
  const chainId = options.chainId ?? readNumber(await client.get(CHAIN_ID), client, CHAIN_ID);
  const number = await findNumber(options, client);
  const json = await client.get(blockCall(number));
  if (json === null) {
    throw new LockstepError('L2106', { problem: `${client.host} has no block ${number}` });
  }
  const { block, hash } = readBlock(json);
  client.note(HEAD, toQuantity(number));
  if (typeof cache === 'function') {
    const own = cache({ chainId, number, hash });
    if (own !== undefined) client.open(own);
  }
  return new Fork(options, { client, chainId, block, hash }, keccak256);
}

const CHAIN_ID: Call = { method: 'eth_chainId', params: [] };
/** In a cache the number of the block that was forked from. */
const HEAD: Call = { method: 'eth_blockNumber', params: [] };

function readNumber(value: unknown, client: Client, call: Call): bigint {
  if (typeof value === 'string' && /^0x[0-9a-fA-F]+$/.test(value)) return BigInt(value);
  throw client.misfit(call, value, 'a number');
}

async function findNumber(
  { blockNumber, transactionHash }: ForkOptions,
  client: Client,
): Promise<bigint> {
  if (transactionHash !== undefined) return (await blockOf(transactionHash, client)) - 1n;
  if (blockNumber !== undefined && blockNumber >= 0n) return blockNumber;
  const known = blockNumber === undefined ? client.peek(HEAD) : undefined;
  const head = readNumber(known ?? (await client.ask(HEAD)), client, HEAD);
  return head + (blockNumber ?? 0n);
}

async function blockOf(hash: Uint8Array, client: Client): Promise<bigint> {
  const text = bytesToHex(hash);
  const call = { method: 'eth_getTransactionByHash', params: [text] };
  const found = (await client.get(call)) as { readonly blockNumber?: unknown } | null;
  if (found === null || typeof found.blockNumber !== 'string') {
    throw new LockstepError('L2106', {
      problem: `${client.host} has no mined transaction ${text}`,
    });
  }
  return readNumber(found.blockNumber, client, call);
}
