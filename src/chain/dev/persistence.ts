/** How a development chain comes out of its database, and what goes in besides blocks. */
import { bytesToHex, hexToBytes } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import type { Snapshot } from '../../state/backends/backend.ts';
import { cellOfPath } from '../../state/cells.ts';
import type { Block } from '../blocks/block.ts';
import { headerHash } from '../blocks/header.ts';
import type { ForkSchedule } from '../blocks/schedule.ts';
import type { ChainState } from '../blocks/state.ts';
import { decodeTransaction } from '../transactions/codec.ts';
import type { ClockState } from './clock.ts';
import type { ChainDatabase, ChainIdentity } from './database.ts';
import type { TransactionPool } from './pool.ts';

/** What is asked of the next block alone. */
export interface NextBlock {
  readonly baseFeePerGas?: bigint;
  readonly mixHash?: Uint8Array;
}

/** Settings that outlive the process. Modes of mining come from who starts it. */
export interface SavedSettings {
  readonly chainId: bigint;
  readonly clock: ClockState;
  readonly coinbase: Uint8Array;
  readonly gasLimit: bigint | undefined;
  readonly next: NextBlock;
}

export interface TakeUp {
  readonly database: ChainDatabase;
  readonly schedule: ForkSchedule;
  readonly genesis: Block;
  /** It has the state of the genesis, and then that of the head. */
  readonly state: ChainState;
  /** The state without anything. */
  readonly empty: Snapshot;
}

/**
 * Makes a new database one of this chain, or brings the state to the head of what it holds.
 *
 * @throws LockstepError L1408 where it holds another chain
 */
export function takeUp({ database, schedule, genesis, state, empty }: TakeUp): void {
  const identity: ChainIdentity = {
    chainId: schedule.chainId.toString(),
    genesisTime: genesis.header.timestamp.toString(),
    genesisHash: bytesToHex(headerHash(genesis.header, state.keccak256)),
  };
  const known = database.identity;
  if (known === undefined) {
    database.create(identity, state.changes(empty, state.snapshot()));
    return;
  }
  for (const [name, what] of IDENTITY_NAMES) {
    const found = known[name];
    const expected = identity[name];
    if (found !== expected) throw new LockstepError('L1408', { what, found, expected });
  }
  state.restore(empty);
  for (const { path, value } of database.cells()) state.backend.put(cellOfPath(path), value);
}

const IDENTITY_NAMES: readonly (readonly [keyof ChainIdentity, string])[] = [
  ['chainId', 'chain id'],
  ['genesisTime', 'time of the genesis'],
  ['genesisHash', 'hash of the genesis'],
];

export function settingsToText({ clock, coinbase, next, ...rest }: SavedSettings): string {
  const { mixHash } = next;
  return JSON.stringify(
    {
      ...rest,
      clock,
      coinbase: bytesToHex(coinbase),
      baseFeePerGas: next.baseFeePerGas,
      mixHash: mixHash && bytesToHex(mixHash),
    },
    (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value),
  );
}

export function settingsOfText(text: string): SavedSettings {
  const saved = JSON.parse(text) as {
    readonly chainId: string;
    readonly coinbase: string;
    readonly gasLimit?: string;
    readonly baseFeePerGas?: string;
    readonly mixHash?: string;
    readonly clock: { readonly offset: string; readonly next?: string; readonly interval?: string };
  };
  const number = (value: string | undefined) => (value === undefined ? undefined : BigInt(value));
  const { clock, baseFeePerGas, mixHash } = saved;
  return {
    chainId: BigInt(saved.chainId),
    coinbase: hexToBytes(saved.coinbase),
    gasLimit: number(saved.gasLimit),
    clock: {
      offset: BigInt(clock.offset),
      next: number(clock.next),
      interval: number(clock.interval),
    },
    next: {
      ...(baseFeePerGas === undefined ? {} : { baseFeePerGas: BigInt(baseFeePerGas) }),
      ...(mixHash === undefined ? {} : { mixHash: hexToBytes(mixHash) }),
    },
  };
}

/** Puts the transactions of the database into a pool, which tells of its changes from then on. */
export function fillPool(pool: TransactionPool, database: ChainDatabase): void {
  for (const { encoded, sender, hash } of database.pool()) {
    pool.add({ transaction: decodeTransaction(encoded), encoded, sender, hash });
  }
  pool.watch();
}

/** Writes what changed in a pool since the last time. */
export function savePool(pool: TransactionPool, database: ChainDatabase): void {
  for (const [id, waiting] of pool.takeChanges()) {
    if (waiting === undefined) database.removePooled(hexToBytes(id));
    else database.addPooled(waiting);
  }
}
