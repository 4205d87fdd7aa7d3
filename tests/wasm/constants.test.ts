/**
 * Instructions on constants, which a frontend may fold: each with pairs of edges as operands, here
 * and on the platform's own WebAssembly.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WasmStore } from '../../src/chain/wasm/store.ts';
import type { TrapKind } from '../../src/dmir/ops.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import type { FuncEntity } from '../../src/vms/wasm/entities.ts';
import { readWasmModule } from '../../src/vms/wasm/index.ts';
import { OPCODES, type Opcode } from '../../src/vms/wasm/opcodes.ts';
import { fixed, signed, unsigned } from '../../src/vms/wasm/text/bytes.ts';
import { F32, F64, I32, I64, type ValType } from '../../src/vms/wasm/types.ts';
import { writeModule } from '../support/wasm-writer.ts';

const kernel = new Kernel();

/** Numbers at which results change, as bits; no NaN. */
const EDGES: Readonly<Record<number, readonly bigint[]>> = {
  [I32]: [0n, 1n, 31n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x80n, 0x8000n],
  [I64]: [0n, 1n, 63n, 0x8000_0000n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n, 0x80n],
  [F32]: [0n, 0x8000_0000n, 0x3fc0_0000n, 0xbf80_0000n, 0x4f00_0000n, 0x7f80_0000n, 1n],
  [F64]: [0n, 1n << 63n, 0x3ff8n << 48n, 0xbff0n << 48n, 0x41e0n << 48n, 0x7ff0n << 48n, 1n],
};

function constant(type: ValType, bits: bigint): number[] {
  if (type === I32) return [0x41, ...signed(BigInt.asIntN(32, bits))];
  if (type === I64) return [0x42, ...signed(BigInt.asIntN(64, bits))];
  return type === F32 ? [0x43, ...fixed(bits, 4)] : [0x44, ...fixed(bits, 8)];
}

/** Operands in all combinations. */
function combinations(types: readonly ValType[]): bigint[][] {
  return types.reduce<bigint[][]>(
    (rows, type) => rows.flatMap((row) => (EDGES[type] ?? []).map((bits) => [...row, bits])),
    [[]],
  );
}

/** One exported function for each combination; floats leave as their bits. */
function moduleOf({ code, results }: Opcode, types: readonly ValType[], rows: bigint[][]) {
  const [result] = results;
  const isFloat = result === F32 || result === F64;
  const op = code > 255 ? [code >> 8, ...unsigned(code & 255)] : [code];
  const cast = result === F32 ? [0xbc] : result === F64 ? [0xbd] : [];
  const given = isFloat ? (result === F32 ? I32 : I64) : (result as ValType);
  return writeModule({
    types: [{ params: [], results: [given] }],
    funcs: rows.map((row) => {
      const operands = row.flatMap((bits, i) => constant(types[i] as ValType, bits));
      return { type: 0, locals: [], code: [...operands, ...op, ...cast, 0x0b] };
    }),
    tables: [],
    memories: [],
    globals: [],
    exports: rows.map((_, i) => [`f${i}`, 0, i] as const),
    elems: [],
    datas: [],
  });
}

const isNan = (bits: bigint, width: number): boolean => {
  const [magnitude, infinite] =
    width === 32 ? [0x7fff_ffffn, 0x7f80_0000n] : [(1n << 63n) - 1n, 0x7ff0n << 48n];
  return (bits & magnitude) > infinite;
};

function theirs(exported: unknown, width: number, makesFloat: boolean): string {
  try {
    const value = (exported as () => number | bigint)();
    const bits = BigInt.asUintN(width, BigInt(value));
    return makesFloat && isNan(bits, width) ? 'nan' : String(bits);
  } catch {
    return 'trap';
  }
}

for (const opcode of OPCODES) {
  const { name, imm, operands = [], results } = opcode;
  const isNumeric = operands.length > 0 && [...operands, ...results].every((type) => type in EDGES);
  if (imm !== '' || !isNumeric) continue;
  test(`${name} on constants`, () => {
    const rows = combinations(operands);
    const bytes = moduleOf(opcode, operands, rows);
    const store = new WasmStore({ kernel });
    const made = store.instantiate(readWasmModule(bytes), () => undefined);
    if (made.kind !== 'instance') throw new Error(made.kind);
    const own = made.instance.exports;
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const [result] = results;
    const makesFloat = result === F32 || result === F64;
    const width = result === I32 || result === F32 ? 32 : 64;
    rows.forEach((row, i) => {
      const outcome = store.call(own.get(`f${i}`) as FuncEntity, []);
      const [bits = 0n] = outcome.results;
      const trap: TrapKind | null = outcome.trap;
      const ours = trap !== null ? 'trap' : makesFloat && isNan(bits, width) ? 'nan' : `${bits}`;
      assert.equal(ours, theirs(exports[`f${i}`], width, makesFloat), `operands ${row.join()}`);
    });
  });
}
