/**
 * The curve bn254 (alt_bn128): addition and multiplication on G1 (EIP-196) and the pairing check
 * (EIP-197).
 *
 * Numbers have 32 bytes; parts of the extension field come imaginary first.
 */
import type { CurveSource } from './curves.ts';
import type { PrecompileRow } from './types.ts';
import { readBytes, wordOfBool } from './words.ts';

const POINT_BYTES = 64;
const SCALAR_BYTES = 32;
const PAIR_BYTES = 192;

/** Addition, multiplication, pairing. */
export function createBn254(curves: CurveSource): readonly PrecompileRow[] {
  return [
    {
      address: 0x06,
      name: 'bn254_add',
      since: 'eip196',
      gas: (_input, costs) => costs.bn254AddGas,
      run: (input) => curves('bn254').add(1, readBytes(input, 0, 2 * POINT_BYTES)),
    },
    {
      address: 0x07,
      name: 'bn254_mul',
      since: 'eip196',
      gas: (_input, costs) => costs.bn254MulGas,
      // All points of the curve are in the group.
      run: (input) => curves('bn254').multiply(1, readBytes(input, 0, POINT_BYTES + SCALAR_BYTES)),
    },
    {
      address: 0x08,
      name: 'bn254_pairing',
      since: 'eip197',
      gas(input, costs) {
        const pairs = BigInt(Math.floor(input.length / PAIR_BYTES));
        return costs.bn254PairingBase + costs.bn254PairingPair * pairs;
      },
      run(input) {
        if (input.length % PAIR_BYTES !== 0) return null;
        const isOne = curves('bn254').pair(input);
        return isOne === null ? null : wordOfBool(isOne);
      },
    },
  ];
}
