/**
 * Pairing curves in WebAssembly (`assembly/pairing`), one instance for each curve, made at the
 * first use. They take the bytes of a call and check all of it.
 */
import { instantiate } from './wasm.ts';

/** G1, over the prime field, or G2, over its quadratic extension. */
export type Group = 1 | 2;

/** `null` stands for an input that makes a call fail: a point that is none, or not in its group. */
export interface PairingCurve {
  /** The sum of two points of the curve, in the subgroup or not. */
  add(group: Group, input: Uint8Array): Uint8Array | null;
  /** The sum of multiples of points of the subgroup; the input has whole pairs: point, scalar. */
  multiply(group: Group, input: Uint8Array): Uint8Array | null;
  /** Whether the product of pairings is one; the input has whole pairs: G1, then G2. */
  pair(input: Uint8Array): boolean | null;
}

/** BLS12-381, which has more. */
export interface BlsCurve extends PairingCurve {
  /** The point that an element of the group's field maps to (RFC 9380). */
  map(group: Group, input: Uint8Array): Uint8Array | null;
  /**
   * Whether a KZG proof holds (EIP-4844).
   *
   * @param input z and y, 32 bytes each, commitment and proof, 48 bytes each
   */
  verifyProof(input: Uint8Array): boolean;
}

interface CurveExports {
  readonly memory: WebAssembly.Memory;
  readonly OUTPUT: WebAssembly.Global<'i32'>;
  reserve(size: number): number;
  addPoints(input: number, isTwist: number): number;
  multiply(input: number, count: number, isTwist: number): number;
  pairing(input: number, size: number, count: number): number;
  mapToPoint(input: number, isTwist: number): number;
  verifyProof(input: number): number;
}

const SCALAR_BYTES = 32;
const FAILED = -1;

/**
 * A curve from its binary in base64.
 *
 * @param fieldBytes bytes of a coordinate of G1 in inputs
 */
export function createPairingCurve(base64: string, fieldBytes: number): BlsCurve {
  const curve = instantiate(base64) as unknown as CurveExports;

  const pointBytes = (group: Group) => 2 * fieldBytes * group;
  const place = (input: Uint8Array): number => {
    const address = curve.reserve(input.length);
    new Uint8Array(curve.memory.buffer).set(input, address);
    return address;
  };
  const outputOf = (status: number, group: Group): Uint8Array | null => {
    if (status === FAILED) return null;
    const { value } = curve.OUTPUT;
    return new Uint8Array(curve.memory.buffer).slice(value, value + pointBytes(group));
  };
  const isTwist = (group: Group) => (group === 2 ? 1 : 0);

  return {
    add: (group, input) => outputOf(curve.addPoints(place(input), isTwist(group)), group),
    multiply(group, input) {
      const count = input.length / (pointBytes(group) + SCALAR_BYTES);
      return outputOf(curve.multiply(place(input), count, isTwist(group)), group);
    },
    pair(input) {
      const count = input.length / (pointBytes(1) + pointBytes(2));
      const status = curve.pairing(place(input), input.length, count);
      return status === FAILED ? null : status === 1;
    },
    map: (group, input) => outputOf(curve.mapToPoint(place(input), isTwist(group)), group),
    verifyProof: (input) => curve.verifyProof(place(input)) === 1,
  };
}
