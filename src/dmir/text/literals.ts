/**
 * Constants as text. Integers are written in decimal below 2^32 and in hexadecimal from there;
 * floats as the shortest decimal that reads back to the same bits, or as their bits.
 */
import { isFloat, TYPE_BITS, type Type } from '../types.ts';

const DECIMAL_LIMIT = 1n << 32n;

/** Bits of the NaN that operations make, by type (WebAssembly's canonical NaN, sign clear). */
const CANONICAL_NAN = { f32: 0x7fc00000n, f64: 0x7ff8000000000000n } as const;

const scratch = new DataView(new ArrayBuffer(8));

/** IEEE bits of a number rounded to the type. */
export function floatToBits(value: number, type: 'f32' | 'f64'): bigint {
  if (Number.isNaN(value)) return CANONICAL_NAN[type];
  if (type === 'f32') {
    scratch.setFloat32(0, value);
    return BigInt(scratch.getUint32(0));
  }
  scratch.setFloat64(0, value);
  return scratch.getBigUint64(0);
}

/** The number that IEEE bits stand for. */
export function bitsToFloat(bits: bigint, type: 'f32' | 'f64'): number {
  if (type === 'f32') {
    scratch.setUint32(0, Number(bits));
    return scratch.getFloat32(0);
  }
  scratch.setBigUint64(0, bits);
  return scratch.getFloat64(0);
}

export function printInteger(value: bigint): string {
  return value < DECIMAL_LIMIT ? value.toString() : `0x${value.toString(16)}`;
}

function printFloat(bits: bigint, type: 'f32' | 'f64'): string {
  const value = bitsToFloat(bits, type);
  if (Number.isNaN(value)) return bits === CANONICAL_NAN[type] ? 'nan' : `0x${bits.toString(16)}`;
  if (value === Number.POSITIVE_INFINITY) return 'inf';
  if (value === Number.NEGATIVE_INFINITY) return '-inf';
  const text = Object.is(value, -0) ? '-0' : String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Canonical text of a constant of the type. */
export function printConstant(value: bigint, type: Type): string {
  if (!isFloat(type) || value >> BigInt(TYPE_BITS[type]) !== 0n) return printInteger(value);
  return printFloat(value, type as 'f32' | 'f64');
}

/** A constant in the text, before its type is known. */
export type Literal =
  | { readonly kind: 'integer'; readonly value: bigint; readonly hex: boolean }
  | { readonly kind: 'float'; readonly value: number };

/** The bit pattern of a literal in the type, or what is wrong with it. */
export function literalBits(literal: Literal, type: Type): bigint | string {
  if (isFloat(type)) {
    const float = type as 'f32' | 'f64';
    if (literal.kind === 'float') return floatToBits(literal.value, float);
    if (literal.hex) return literal.value;
    const value = literal.value.toString();
    return `${value} is an integer where ${type} is expected; write ${value}.0 or the bits as 0x…`;
  }
  if (literal.kind === 'float') {
    return `a float stands where ${type} is expected; write an integer, or the bits as 0x…`;
  }
  if (literal.value >= 0n) return literal.value;
  const bits = BigInt(TYPE_BITS[type]);
  const least = -(1n << (bits - 1n));
  if (literal.value < least) {
    return `constant ${literal.value} does not fit ${type}; the least is ${least}`;
  }
  return literal.value + (1n << bits);
}
