/**
 * Point evaluation of a blob's polynomial (EIP-4844): checks that a KZG commitment opens to y at z.
 *
 * Input, 192 bytes: versioned hash, z, y, commitment, proof. Output: the field elements of a blob
 * and the modulus of the scalar field, each in 32 bytes; every wrong input fails.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from '../../../base/bytes.ts';
import type { CurveSource } from './curves.ts';
import type { PrecompileRow } from './types.ts';
import { writeNumber } from './words.ts';

const INPUT_BYTES = 192;
/** First byte of a versioned hash of a KZG commitment (EIP-4844). */
const VERSION_KZG = 0x01;
const FIELD_ELEMENTS_PER_BLOB = 4096n;
/** Order of the groups, and modulus of a blob's values. */
export const BLS_MODULUS = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

export function createPointEvaluation(curves: CurveSource): PrecompileRow {
  return {
    address: 0x0a,
    name: 'kzg_point_evaluation',
    since: 'eip4844',
    gas: (_input, costs) => costs.kzgPointEvaluationGas,
    run(input) {
      if (input.length !== INPUT_BYTES) return null;
      const commitment = input.subarray(96, 144);
      if (!equalBytes(input.subarray(0, 32), toVersionedHash(commitment))) return null;
      if (!curves('bls12_381').verifyProof(input.subarray(32))) return null;
      const out = new Uint8Array(64);
      writeNumber(out, 0, 32, FIELD_ELEMENTS_PER_BLOB);
      writeNumber(out, 32, 32, BLS_MODULUS);
      return out;
    },
  };
}

/** SHA-256 of a commitment with a version in front (EIP-4844). */
export function toVersionedHash(commitment: Uint8Array): Uint8Array {
  const hash = sha256(commitment);
  hash[0] = VERSION_KZG;
  return hash;
}
