/** What a development chain is made with, and who hears of it. */
import type { SnapshotBackend } from '../../state/backends/backend.ts';
import type { Block } from '../blocks/block.ts';
import type { HeadChange } from '../blocks/canon.ts';
import type { OlderHash } from '../blocks/chain.ts';
import type { Genesis } from '../blocks/genesis-file.ts';
import type { ChainStateOptions } from '../blocks/state.ts';
import type { Rejection } from '../transactions/rejections.ts';
import type { ChainDatabase } from './database.ts';
import type { PooledTransaction, PoolOrder } from './pool.ts';

export interface DevChainOptions {
  readonly genesis: Genesis;
  readonly engine?: ChainStateOptions['engine'];
  /** Whether a transaction is mined as soon as it is there; true unless told. */
  readonly isAutomining?: boolean;
  readonly order?: PoolOrder;
  /** Transactions that wait at most. */
  readonly poolCountMax?: number;
  /** Transactions of a block at most. */
  readonly blockCountMax?: number;
  /** 20 bytes. */
  readonly coinbase?: Uint8Array;
  /** Seconds of a clock outside, in place of the chain's own time. */
  readonly hostClock?: () => bigint;
  /** What keeps the chain beyond the process; nothing unless told. */
  readonly database?: ChainDatabase;
  /** States of so many blocks below the head can be read, of 256 at least; of all unless told. */
  readonly statesKept?: bigint;
  /** As in `ExecutorOptions`. */
  readonly ownPrecompiles?: ChainStateOptions['ownPrecompiles'];
  /** The block of another chain that this one goes on from, in place of the genesis. */
  readonly base?: ChainBase;
  /** Who hears of the chain: those of another one that this one takes the place of. */
  readonly listeners?: Set<DevChainListener>;
}

/** A block of another chain, whose state the backend has. */
export interface ChainBase {
  readonly block: Block;
  /** 32 bytes. */
  readonly hash: Uint8Array;
  readonly backend: SnapshotBackend;
  readonly olderHash: OlderHash;
}

/** What hears of the chain. */
export interface DevChainListener {
  /** The head is another one; blocks of a rollback are only removed. */
  head?(change: HeadChange): void;
  pending?(transaction: PooledTransaction): void;
  /** A transaction of a new block calls an account that has no code, and what it says to it. */
  codelessCall?(address: bigint, input: Uint8Array): void;
  /** A module prints by WASI in a transaction of a new block: the stream, 1 or 2, and bytes. */
  printed?(stream: number, bytes: Uint8Array): void;
  /** A transaction left the pool that no block will take. */
  dropped?(transaction: PooledTransaction, rejection: Rejection): void;
}
