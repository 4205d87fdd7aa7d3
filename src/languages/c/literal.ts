/** Values of constants, as initializers that C and C++ read alike. */
import type { AbiValue } from '../abi-values.ts';
import { findType } from '../types.ts';

const bytesOf = (hex: string): string[] => hex.slice(2).match(/../g) ?? [];
const list = (parts: readonly string[]): string => `{{${parts.join(', ')}}}`;
/** In octal, whose three digits end where they end. */
const quote = (bytes: Uint8Array): string =>
  `"${Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('')}"`;

/** @param type - A type of the ABI, of which the value is one. */
export function literalOf(type: string, value: AbiValue): string {
  if (typeof value === 'boolean') return String(value);
  if (type === 'string') {
    const bytes = new TextEncoder().encode(String(value));
    return `{${quote(bytes)}, ${bytes.length}}`;
  }
  if (typeof value === 'string') {
    const bytes = bytesOf(value);
    if (type !== 'bytes') return list(bytes.map((byte) => `0x${byte}`));
    return `{(const uint8_t *)${quote(Buffer.from(bytes.join(''), 'hex'))}, ${bytes.length}}`;
  }
  const limb = (at: number): string =>
    `0x${BigInt.asUintN(64, BigInt(value as bigint) >> BigInt(64 * at)).toString(16)}u`;
  if (type === 'uint256') {
    return `LOCKSTEP_U256(${[0, 1, 2, 3].map((at) => `${limb(at)}ll`).join(', ')})`;
  }
  return `(${findType(type)?.c})${limb(0)}ll`;
}
