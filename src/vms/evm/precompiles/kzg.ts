/**
 * Point evaluation of a blob's polynomial (EIP-4844): checks that a KZG commitment opens to y at z.
 *
 * Input, 192 bytes: versioned hash, z, y, commitment, proof. Output: the field elements of a blob
 * and the modulus of the scalar field, each in 32 bytes; every wrong input fails.
 *
 * The proof holds if e(C - [y]G1, -G2) * e(proof, [tau]G2 - [z]G2) is one. That takes one value of
 * the trusted setup, [tau]G2, so no setup file is needed.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { equalBytes } from '../../../base/bytes.ts';
import type { CurveLibs, CurveSource } from './curves.ts';
import type { G1, G2 } from './points.ts';
import type { Precompile } from './types.ts';
import { readNumber, writeNumber } from './words.ts';

const INPUT_BYTES = 192;
/** First byte of a versioned hash of a KZG commitment (EIP-4844). */
const VERSION_KZG = 0x01;
const FIELD_ELEMENTS_PER_BLOB = 4096n;

/** [tau]G2 of the Ethereum KZG ceremony, the second of its monomial points, compressed. */
const TAU_G2 =
  'b5bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d' +
  '2914e5870cb452d2afaaab24f3499f72185cbfee53492714734429b7b38608e2' +
  '3926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def2';

export function createPointEvaluation(curves: CurveSource): Precompile {
  return {
    address: 0x0a,
    name: 'kzg_point_evaluation',
    since: 'eip4844',
    gas: () => 50000n,
    run(input) {
      if (input.length !== INPUT_BYTES) return null;
      const commitment = input.subarray(96, 144);
      if (!equalBytes(input.subarray(0, 32), toVersionedHash(commitment))) return null;
      const curve = curves('bls12_381');
      const z = readNumber(input, 32, 32);
      const y = readNumber(input, 64, 32);
      if (!verifyKzgProof(curve, commitment, z, y, input.subarray(144, 192))) return null;
      const out = new Uint8Array(64);
      writeNumber(out, 0, 32, FIELD_ELEMENTS_PER_BLOB);
      writeNumber(out, 32, 32, curve.fields.Fr.ORDER);
      return out;
    },
  };
}

function toVersionedHash(commitment: Uint8Array): Uint8Array {
  const hash = sha256(commitment);
  hash[0] = VERSION_KZG;
  return hash;
}

/**
 * Whether the polynomial behind the commitment has the value y at z, by the proof.
 *
 * Commitment and proof are compressed points of G1, 48 bytes each. What is no point of the subgroup
 * or no field element makes it false.
 */
export function verifyKzgProof(
  curve: CurveLibs['bls12_381'],
  commitment: Uint8Array,
  z: bigint,
  y: bigint,
  proof: Uint8Array,
): boolean {
  const { Fr, Fp12 } = curve.fields;
  if (z >= Fr.ORDER || y >= Fr.ORDER) return false;
  const c = readCompressed(curve, commitment);
  const p = readCompressed(curve, proof);
  if (c === null || p === null) return false;
  const { G1, G2 } = curve;
  const left: G1 = c.subtract(G1.Point.BASE.multiplyUnsafe(y));
  const right: G2 = G2.Point.fromHex(TAU_G2).subtract(G2.Point.BASE.multiplyUnsafe(z));
  // A pairing with infinity is one, and the library does not take it.
  const pairs = [
    { g1: left, g2: G2.Point.BASE.negate() },
    { g1: p, g2: right },
  ].filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  return pairs.length === 0 || Fp12.eql(curve.pairingBatch(pairs), Fp12.ONE);
}

/** A point of G1 from its compressed form; `null` if there is none in the subgroup. */
function readCompressed(curve: CurveLibs['bls12_381'], bytes: Uint8Array): G1 | null {
  try {
    return curve.G1.Point.fromBytes(bytes);
  } catch {
    return null;
  }
}
