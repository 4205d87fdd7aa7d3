/**
 * The contracts that a block calls by itself, from the system address and at nobody's cost: at its
 * start the beacon roots (EIP-4788) and the history of block hashes (EIP-2935), at its end the
 * queues of withdrawal and consolidation requests (EIP-7002, EIP-7251).
 *
 * A row says what the code that its EIP gives does, so that where an account has that very code
 * nothing need run.
 */
import { assert } from '../../base/assert.ts';
import { hexToBytes } from '../../base/bytes.ts';
import { bytesToBigint } from '../../base/u256.ts';
import type { Eip } from '../../vms/evm/forks.ts';
import type { Header } from './header.ts';
import { REQUEST_TYPES } from './requests.ts';

/** What a call at the start tells. */
type StartInput = Pick<Header, 'parentHash' | 'parentBeaconBlockRoot' | 'number' | 'timestamp'>;

/** A slot and its new value. */
export type SlotWrite = readonly [slot: bigint, value: bigint];

/** A call at the start; a contract without code is passed over, and a failure changes nothing. */
export interface StartCall {
  readonly eip: Eip;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly input: (header: StartInput) => Uint8Array;
  /** Of the code that its EIP gives. */
  readonly codeHash: bigint;
  /** All that a call by the system does to the state where the contract has that code. */
  readonly writes: (header: StartInput) => readonly SlotWrite[];
}

/** Places of each ring of slots. */
const RING_SIZE = 8191n;

/** In the order of the calls. */
export const START_CALLS: readonly StartCall[] = [
  {
    eip: 'eip4788',
    address: hexToBytes('0x000f3df6d732807ef1319fb7b8bb8522d0beac02'),
    input: beaconRoot,
    codeHash: 0xf57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02cn,
    writes: (header) => [
      [header.timestamp % RING_SIZE, header.timestamp],
      [(header.timestamp % RING_SIZE) + RING_SIZE, bytesToBigint(beaconRoot(header))],
    ],
  },
  {
    eip: 'eip2935',
    address: hexToBytes('0x0000f90827f1c53a10cb7a02335b175320002935'),
    input: ({ parentHash }) => parentHash,
    codeHash: 0x6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5dn,
    writes: ({ number, parentHash }) => [
      [BigInt.asUintN(256, number - 1n) % RING_SIZE, bytesToBigint(parentHash)],
    ],
  },
];

function beaconRoot({ parentBeaconBlockRoot: root }: StartInput): Uint8Array {
  assert(root !== undefined, 'a header of EIP-4788 has no root of its parent beacon block');
  return root;
}

/** A call at the end whose output is the requests of a type; code and success are required. */
export interface EndCall {
  readonly eip: Eip;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly type: number;
  /** Of the code that its EIP gives; a call does nothing while `QUEUE_SLOTS` are all zero. */
  readonly codeHash: bigint;
}

/** Excess, count, head and tail of a queue of requests. */
export const QUEUE_SLOTS: readonly bigint[] = [0n, 1n, 2n, 3n];

/** In the order of the types of requests. */
export const END_CALLS: readonly EndCall[] = [
  {
    eip: 'eip7002',
    address: hexToBytes('0x00000961ef480eb55e80d19ad83579a64c007002'),
    type: REQUEST_TYPES.withdrawal,
    codeHash: 0x0345a365d2f4c5975b9f1599abe0a2ee76b7a3a731bc68781bd04c84e4858f50n,
  },
  {
    eip: 'eip7251',
    address: hexToBytes('0x0000bbddc7ce488642fb579f8b00f3a590007251'),
    type: REQUEST_TYPES.consolidation,
    codeHash: 0x78c6cb5202685228bbcbfb992b1c4e116c7ec5ef11e25b8e92716cfc628ddd60n,
  },
];
