/**
 * Signatures: recovery of the signer on secp256k1 (Yellow Paper, appendix E.1) and verification on
 * P-256 (EIP-7951).
 *
 * Neither ever fails: what is no signature gives an empty output.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, padStart } from '../../../base/bytes.ts';
import type { CurveSource } from './curves.ts';
import type { Precompile } from './types.ts';
import { readBytes, readNumber, wordOfBool } from './words.ts';

const EMPTY = new Uint8Array(0);
const SEC1_UNCOMPRESSED = Uint8Array.of(0x04);

/** Input: hash, v (27 or 28), r, s. Output: the address, in 32 bytes. */
export function createEcrecover(curves: CurveSource): Precompile {
  return {
    address: 0x01,
    name: 'ecrecover',
    since: 'frontier',
    gas: () => 3000n,
    run(input) {
      const v = readNumber(input, 32, 32);
      if (v !== 27n && v !== 28n) return EMPTY;
      const { Signature } = curves('secp256k1');
      const r = readNumber(input, 64, 32);
      const s = readNumber(input, 96, 32);
      try {
        const signature = new Signature(r, s, v === 27n ? 0 : 1);
        const key = signature.recoverPublicKey(readBytes(input, 0, 32)).toBytes(false);
        return padStart(keccak_256(key.subarray(1)).subarray(12), 32);
      } catch {
        // The library throws for numbers out of range and for points that are not on the curve.
        return EMPTY;
      }
    },
  };
}

/** Input: hash, r, s, x and y of the key. Output: 1 in 32 bytes if the signature holds. */
export function createP256Verify(curves: CurveSource): Precompile {
  return {
    address: 0x100,
    name: 'p256verify',
    since: 'eip7951',
    gas: () => 6900n,
    run(input) {
      if (input.length !== 160) return EMPTY;
      const hash = input.subarray(0, 32);
      const key = concatBytes(SEC1_UNCOMPRESSED, input.subarray(96));
      // High s is allowed, and the input holds the hash, not the message.
      const options = { lowS: false, prehash: false, format: 'compact' } as const;
      const isGood = curves('p256').verify(input.subarray(32, 96), hash, key, options);
      return isGood ? wordOfBool(true) : EMPTY;
    },
  };
}
