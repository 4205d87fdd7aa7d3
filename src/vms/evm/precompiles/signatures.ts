/**
 * Signatures: recovery of the signer on secp256k1 (Yellow Paper, appendix E.1) and verification on
 * P-256 (EIP-7951).
 *
 * Neither ever fails: what is no signature gives an empty output.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { padStart } from '../../../base/bytes.ts';
import type { CurveSource } from './curves.ts';
import { recoverPublicKey } from './secp256k1.ts';
import type { PrecompileRow } from './types.ts';
import { readBytes, readNumber, wordOfBool } from './words.ts';

const EMPTY = new Uint8Array(0);

/** Input: hash, v (27 or 28), r, s. Output: the address, in 32 bytes. */
export function createEcrecover(): PrecompileRow {
  return {
    address: 0x01,
    name: 'ecrecover',
    since: 'frontier',
    gas: (_input, costs) => costs.ecrecoverGas,
    run(input) {
      const v = readNumber(input, 32, 32);
      if (v !== 27n && v !== 28n) return EMPTY;
      const hash = readBytes(input, 0, 32);
      const key = recoverPublicKey(hash, readBytes(input, 64, 64), v === 27n ? 0 : 1);
      return key === undefined ? EMPTY : padStart(keccak_256(key).subarray(12), 32);
    },
  };
}

/** Input: hash, r, s, x and y of the key. Output: 1 in 32 bytes if the signature holds. */
export function createP256Verify(curves: CurveSource): PrecompileRow {
  return {
    address: 0x100,
    name: 'p256verify',
    since: 'eip7951',
    gas: (_input, costs) => costs.p256VerifyGas,
    run(input) {
      if (input.length !== 160) return EMPTY;
      return curves('p256').verify(input) ? wordOfBool(true) : EMPTY;
    },
  };
}
