/**
 * The contracts that a block calls by itself, from the system address and at nobody's cost: at its
 * start the beacon roots (EIP-4788) and the history of block hashes (EIP-2935), at its end the
 * queues of withdrawal and consolidation requests (EIP-7002, EIP-7251).
 */
import { assert } from '../../base/assert.ts';
import { hexToBytes } from '../../base/bytes.ts';
import type { Eip } from '../../vms/evm/forks.ts';
import type { Header } from './header.ts';
import { REQUEST_TYPES } from './requests.ts';

/** A call at the start; a contract without code is passed over, and a failure changes nothing. */
export interface StartCall {
  readonly eip: Eip;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly input: (header: Pick<Header, 'parentHash' | 'parentBeaconBlockRoot'>) => Uint8Array;
}

/** In the order of the calls. */
export const START_CALLS: readonly StartCall[] = [
  {
    eip: 'eip4788',
    address: hexToBytes('0x000f3df6d732807ef1319fb7b8bb8522d0beac02'),
    input: ({ parentBeaconBlockRoot: root }) => {
      assert(root !== undefined, 'a header of EIP-4788 has no root of its parent beacon block');
      return root;
    },
  },
  {
    eip: 'eip2935',
    address: hexToBytes('0x0000f90827f1c53a10cb7a02335b175320002935'),
    input: ({ parentHash }) => parentHash,
  },
];

/** A call at the end whose output is the requests of a type; code and success are required. */
export interface EndCall {
  readonly eip: Eip;
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly type: number;
}

/** In the order of the types of requests. */
export const END_CALLS: readonly EndCall[] = [
  {
    eip: 'eip7002',
    address: hexToBytes('0x00000961ef480eb55e80d19ad83579a64c007002'),
    type: REQUEST_TYPES.withdrawal,
  },
  {
    eip: 'eip7251',
    address: hexToBytes('0x0000bbddc7ce488642fb579f8b00f3a590007251'),
    type: REQUEST_TYPES.consolidation,
  },
];
