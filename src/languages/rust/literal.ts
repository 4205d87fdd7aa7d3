/** Values of constants, as expressions of Rust. */
import type { AbiValue } from '../abi-values.ts';
import { findType } from '../types.ts';

const bytesOf = (hex: string): string =>
  (hex.slice(2).match(/../g) ?? []).map((byte) => `0x${byte}`).join(', ');

const quote = (text: string): string =>
  `"${text.replace(/[^ !#-[\]-~]/gu, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`)}"`;

/** @param type - A type of the ABI, of which the value is one. */
export function literalOf(type: string, value: AbiValue): string {
  const own = findType(type)?.rust ?? '';
  if (type === 'string') return quote(String(value));
  if (type === 'bytes') return `&[${bytesOf(String(value))}]`;
  if (typeof value === 'string') return `lockstep::${own}([${bytesOf(value)}])`;
  if (type !== 'uint256') return String(value);
  const limb = (at: number): bigint =>
    BigInt.asUintN(64, BigInt(value as bigint) >> BigInt(64 * at));
  return `lockstep::U256([${[0, 1, 2, 3].map(limb).join(', ')}])`;
}
