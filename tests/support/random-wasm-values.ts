/** What random WebAssembly is drawn from: numbers at edges, and instructions by what they give. */
import { OPCODES, type Opcode } from '../../src/vms/wasm/opcodes.ts';
import { fixed, signed } from '../../src/vms/wasm/text/bytes.ts';
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  V128,
  type ValType,
} from '../../src/vms/wasm/types.ts';

export const NUMBERS: readonly ValType[] = [I32, I64, F32, F64];
export const VALUES: readonly ValType[] = [...NUMBERS, V128, FUNCREF, EXTERNREF];

/** Numbers at which operations change what they do. */
export const EDGES: readonly bigint[] = [0n, 1n, 2n, 7n, 31n, 32n, 63n, 64n, 255n, 65_535n, 65_536n]
  .concat([0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn])
  .concat([0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn]);

export const FLOATS: Readonly<Record<number, readonly bigint[]>> = {
  [F32]: [0n, 0x8000_0000n, 0x3f80_0000n, 0xbf80_0000n, 0x7f80_0000n, 0xff80_0000n, 0x7fc0_0000n]
    .concat([
      1n,
      0x007f_ffffn,
      0x4f00_0000n,
      0x4f80_0000n,
      0x5f00_0000n,
      0xcf00_0000n,
      0x4b00_0001n,
    ])
    .concat([0x3f00_0000n, 0x3fc0_0000n, 0x4020_0000n, 0x7f7f_ffffn]),
  [F64]: [0n, 1n << 63n, 0x3ff0_0000_0000_0000n, 0x7ff0_0000_0000_0000n, 0xfff0_0000_0000_0000n]
    .concat([1n, 0x7ff8_0000_0000_0000n, 0x41e0_0000_0000_0000n, 0x41ef_ffff_ffe0_0000n])
    .concat([0x43e0_0000_0000_0000n, 0xc3e0_0000_0000_0000n, 0x3fe0_0000_0000_0000n])
    .concat([0x4004_0000_0000_0000n, 0x7fef_ffff_ffff_ffffn, 0x3810_0000_0000_0000n]),
};

export const NANS: Readonly<Record<number, bigint>> = {
  [F32]: 0x7fc0_0000n,
  [F64]: 0x7ff8n << 48n,
};

/** Instructions with a signature that give the type and have no immediate, or name lanes. */
export const PLAIN: ReadonlyMap<ValType, readonly Opcode[]> = new Map(
  [...NUMBERS, V128].map((type) => [
    type,
    OPCODES.filter(({ imm, operands, results }) => {
      const isPlain = imm === '' || imm === 'lane' || imm === 'lanes';
      return isPlain && operands !== undefined && operands.length > 0 && results[0] === type;
    }),
  ]),
);

export const LOADS = OPCODES.filter(
  ({ name, imm }) => name.includes('load') && imm.startsWith('memarg'),
);
export const STORES = OPCODES.filter(
  ({ name, imm }) => name.includes('store') && imm.startsWith('memarg'),
);

/** Instructions that show bits of a float, by operand. */
export function showsBits({ name }: Opcode, operand: number): boolean {
  if (/^f\d+x\d+\.splat$/.test(name)) return true;
  if (/^f\d+x\d+\.replace_lane$/.test(name) || name.endsWith('copysign')) return operand === 1;
  return name.includes('reinterpret_f');
}

/** Instructions that make NaNs in lanes, whose bits the next instruction may show. */
export const MAKES_NANS =
  /^f(32x4|64x2)\.(add|sub|mul|div|sqrt|min|max|ceil|floor|trunc|nearest|demote|promote)/;

/** The instruction that gives a number. */
export function constant(type: ValType, bits: bigint): number[] {
  if (type === I32) return [0x41, ...signed(BigInt.asIntN(32, bits))];
  if (type === I64) return [0x42, ...signed(BigInt.asIntN(64, bits))];
  return type === F32 ? [0x43, ...fixed(bits, 4)] : [0x44, ...fixed(bits, 8)];
}
