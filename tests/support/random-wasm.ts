/**
 * Random valid WebAssembly modules. Expressions are drawn from the opcode table by the type they
 * give, statements around them; a global counts fuel, so that every call ends. Where the bits of a
 * NaN would become visible as a number, the code makes the NaN canonical.
 */
import { CODE, OPCODES, type Opcode, type OpcodeName } from '../../src/vms/wasm/opcodes.ts';
import { fixed, signed, unsigned as u32, vector } from '../../src/vms/wasm/text/bytes.ts';
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  type FuncType,
  I32,
  I64,
  V128,
  type ValType,
} from '../../src/vms/wasm/types.ts';
import type { Prng } from './prng.ts';
import { type WrittenFunc, writeModule } from './wasm-writer.ts';

const NUMBERS: readonly ValType[] = [I32, I64, F32, F64];
const VOID = 0x40;
const PAGES_MAX = 4;
const TABLE_MIN = 8;
const TABLE_MAX = 16;
const FUEL = 0;
/** Name of the global that counts the fuel. */
export const FUEL_GLOBAL = 'g0';
const SEGMENT_COUNT = 2;

/** Numbers at which operations change what they do. */
const EDGES: readonly bigint[] = [0n, 1n, 2n, 7n, 31n, 32n, 63n, 64n, 255n, 65_535n, 65_536n]
  .concat([0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x7fff_ffff_ffff_ffffn])
  .concat([0x8000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn]);

const FLOATS: Readonly<Record<number, readonly bigint[]>> = {
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

const NANS: Readonly<Record<number, bigint>> = { [F32]: 0x7fc0_0000n, [F64]: 0x7ff8n << 48n };

/** Instructions with a signature that give the type and have no immediate, or name lanes. */
const PLAIN: ReadonlyMap<ValType, readonly Opcode[]> = new Map(
  [...NUMBERS, V128].map((type) => [
    type,
    OPCODES.filter(({ imm, operands, results }) => {
      const isPlain = imm === '' || imm === 'lane' || imm === 'lanes';
      return isPlain && operands !== undefined && operands.length > 0 && results[0] === type;
    }),
  ]),
);

const LOADS = OPCODES.filter(({ name, imm }) => name.includes('load') && imm === 'memarg');
const STORES = OPCODES.filter(({ name, imm }) => name.includes('store') && imm === 'memarg');

/** Instructions that show bits of a float, by operand. */
function showsBits({ name }: Opcode, operand: number): boolean {
  if (/^f\d+x\d+\.splat$/.test(name)) return true;
  if (/^f\d+x\d+\.replace_lane$/.test(name) || name.endsWith('copysign')) return operand === 1;
  return name.includes('reinterpret_f');
}

/** Instructions that make NaNs in lanes, whose bits the next instruction may show. */
const MAKES_NANS =
  /^f(32x4|64x2)\.(add|sub|mul|div|sqrt|min|max|ceil|floor|trunc|nearest|demote|promote)/;

export interface RandomWasm {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Types of the exported functions `f0`, `f1`, … */
  readonly funcs: readonly FuncType[];
}

export function randomWasm(random: Prng): RandomWasm {
  const types: FuncType[] = Array.from({ length: 5 }, () => ({
    params: Array.from({ length: random.below(4) }, () => random.pick(NUMBERS)),
    results: Array.from({ length: random.below(3) }, () => random.pick(NUMBERS)),
  }));
  const count = 2 + random.below(4);
  const signatures = Array.from({ length: count }, () => random.below(types.length));
  const globals: ValType[] = [I32, ...NUMBERS];
  const funcs = signatures.map((type, index): WrittenFunc => {
    const locals = Array.from({ length: 1 + random.below(5) }, () => random.pick(NUMBERS));
    const writer = new FunctionWriter(random, { types, signatures, globals, index, locals });
    return { type, locals: [...locals, F32, F64, V128], code: writer.write() };
  });
  const references = signatures.map((_, i) => u32(i));
  const zero = [0x41, 0, 0x0b];
  const bytes = writeModule({
    types,
    funcs,
    tables: [
      [FUNCREF, 1, ...u32(TABLE_MIN), ...u32(TABLE_MAX)],
      [EXTERNREF, 1, ...u32(TABLE_MIN), ...u32(TABLE_MAX)],
    ],
    memories: [[1, ...u32(1), ...u32(PAGES_MAX)]],
    globals: globals.map((type) => {
      return [type, 1, ...constant(type, 1n), 0x0b];
    }),
    exports: [
      ...signatures.map((_, i) => [`f${i}`, 0, i] as const),
      ['memory', 2, 0],
      ...globals.map((_, i) => [`g${i}`, 3, i] as const),
    ],
    elems: [
      [0, ...zero, ...vector(references)],
      [1, 0, ...vector(references)],
    ],
    datas: [
      [0, ...zero, ...vector([...random.bytes(200)].map((byte) => [byte]))],
      [1, ...vector([...random.bytes(40)].map((byte) => [byte]))],
    ],
  });
  return { bytes, funcs: signatures.map((type) => types[type] as FuncType) };
}

function constant(type: ValType, bits: bigint): number[] {
  if (type === I32) return [0x41, ...signed(BigInt.asIntN(32, bits))];
  if (type === I64) return [0x42, ...signed(BigInt.asIntN(64, bits))];
  return type === F32 ? [0x43, ...fixed(bits, 4)] : [0x44, ...fixed(bits, 8)];
}

interface Context {
  readonly types: readonly FuncType[];
  /** Type index of each function. */
  readonly signatures: readonly number[];
  readonly globals: readonly ValType[];
  readonly index: number;
  readonly locals: readonly ValType[];
}

class FunctionWriter {
  readonly #random: Prng;
  readonly #context: Context;
  readonly #type: FuncType;
  readonly #locals: readonly ValType[];
  readonly #code: number[] = [];
  /** Types that a branch to each open block takes along, innermost last. */
  readonly #labels: (readonly ValType[])[] = [];
  /** Nodes that may still be written. */
  #budget: number;

  constructor(random: Prng, context: Context) {
    this.#random = random;
    this.#context = context;
    const { types, signatures, index, locals } = context;
    this.#type = types[signatures[index] as number] as FuncType;
    this.#locals = [...this.#type.params, ...locals];
    this.#budget = 40 + random.below(160);
  }

  write(): number[] {
    this.#burn();
    this.#labels.push(this.#type.results);
    this.#statements(2 + this.#random.below(6));
    for (const type of this.#type.results) this.#expression(type);
    this.#op('end');
    return this.#code;
  }

  #op(name: OpcodeName, ...immediates: readonly number[]): void {
    const code = CODE[name];
    this.#code.push(...(code > 255 ? [code >> 8, ...u32(code & 255)] : [code]), ...immediates);
  }

  /** Takes one of the fuel; traps where there is none. */
  #burn(): void {
    this.#op('global.get', FUEL);
    this.#op('i32.eqz');
    this.#op('if', VOID);
    this.#op('unreachable');
    this.#op('end');
    this.#op('global.get', FUEL);
    this.#code.push(...constant(I32, 1n));
    this.#op('i32.sub');
    this.#op('global.set', FUEL);
  }

  #oneIn(count: number): boolean {
    return this.#random.below(count) === 0;
  }

  #constant(type: ValType): void {
    const floats = FLOATS[type];
    const bits = this.#oneIn(3) ? this.#random.bigint(64) : this.#random.pick(floats ?? EDGES);
    const isNan = floats !== undefined && this.#oneIn(12);
    // Bits of random floats are mostly far from 1: take small numbers in half of the cases.
    this.#code.push(...constant(type, isNan ? (NANS[type] as bigint) | 5n : bits));
  }

  #localOf(type: ValType): number | undefined {
    const found = this.#locals.flatMap((each, index) => (each === type ? [index] : []));
    return found.length === 0 ? undefined : this.#random.pick(found);
  }

  /** A constant vector, with edges in its lanes in half of the cases. */
  #vector(): void {
    const bytes = this.#oneIn(2)
      ? [...this.#random.bytes(16)]
      : Array.from({ length: 4 }, () => fixed(this.#random.pick(EDGES), 4)).flat();
    this.#op('v128.const', ...bytes);
  }

  // ---- expressions

  #leaf(type: ValType): void {
    if (type === V128) {
      this.#vector();
      return;
    }
    const local = this.#localOf(type);
    if (local !== undefined && !this.#oneIn(3)) this.#op('local.get', ...u32(local));
    else if (this.#oneIn(4)) this.#op('global.get', 1 + NUMBERS.indexOf(type));
    else this.#constant(type);
  }

  /** Code that leaves one value of the type. */
  #expression(type: ValType): void {
    if (this.#budget-- <= 0 || this.#oneIn(4)) {
      this.#leaf(type);
      return;
    }
    if (type === V128) {
      if (this.#oneIn(5)) this.#load(type);
      else this.#plain(type);
      return;
    }
    const kinds: readonly (() => void)[] = [
      () => this.#plain(type),
      () => this.#plain(type),
      () => this.#plain(type),
      () => this.#load(type),
      () => this.#block(type),
      () => this.#if(type),
      () => this.#loop(type),
      () => this.#select(type),
      () => this.#callFor(type),
      () => this.#tee(type),
      () => this.#size(type),
    ];
    this.#random.pick(kinds)();
  }

  #plain(type: ValType): void {
    const op = this.#random.pick(PLAIN.get(type) as readonly Opcode[]);
    op.operands?.forEach((operand, i) => {
      this.#expression(operand);
      if (showsBits(op, i)) this.#canonical(operand);
    });
    const [, count = '32'] = op.imm === 'lane' ? (/x(\d+)/.exec(op.name) ?? []) : [];
    const lanes = op.imm === '' ? 0 : op.imm === 'lane' ? 1 : 16;
    const picked = Array.from({ length: lanes }, () => this.#random.below(Number(count)));
    this.#op(op.name, ...picked);
    const [, shape] = MAKES_NANS.exec(op.name) ?? [];
    if (shape !== undefined) this.#canonicalLanes(shape === '32x4' ? F32 : F64);
  }

  /** Makes the NaNs in the lanes of a vector on the stack canonical. */
  #canonicalLanes(type: typeof F32 | typeof F64): void {
    const temporary = u32(this.#locals.length + 2);
    this.#op('local.tee', ...temporary);
    const size = type === F32 ? 4 : 8;
    const nan = fixed(NANS[type] as bigint, size);
    this.#op('v128.const', ...new Array<number[]>(16 / size).fill(nan).flat());
    this.#op('local.get', ...temporary);
    this.#op('local.get', ...temporary);
    this.#op(type === F32 ? 'f32x4.eq' : 'f64x2.eq');
    this.#op('v128.bitselect');
  }

  /** Makes a NaN on the stack the canonical one. */
  #canonical(type: ValType): void {
    if (type !== F32 && type !== F64) return;
    const temporary = u32(this.#locals.length + (type === F32 ? 0 : 1));
    this.#op('local.tee', ...temporary);
    this.#code.push(...constant(type, NANS[type] as bigint));
    this.#op('local.get', ...temporary);
    this.#op('local.get', ...temporary);
    this.#op(type === F32 ? 'f32.eq' : 'f64.eq');
    this.#op('select');
  }

  /** Mostly an address inside of the first page. */
  #address(): void {
    this.#expression(I32);
    if (this.#oneIn(12)) return;
    this.#code.push(...constant(I32, this.#oneIn(3) ? 0xffffn : 0x3fn));
    this.#op('i32.and');
  }

  #memarg({ accessBytes }: Opcode): number[] {
    const align = this.#random.below(Math.log2(accessBytes) + 1);
    return [align, ...u32(this.#oneIn(10) ? this.#random.u32() : this.#random.below(40))];
  }

  #load(type: ValType): void {
    const op = this.#random.pick(LOADS.filter(({ results }) => results[0] === type));
    this.#address();
    this.#op(op.name, ...this.#memarg(op));
  }

  /** Code inside of a block, with the label of the block. */
  #inside(label: readonly ValType[], statements: number, result?: ValType): void {
    this.#labels.push(label);
    this.#statements(this.#random.below(statements));
    if (result !== undefined) this.#expression(result);
    this.#labels.pop();
  }

  #block(type: ValType): void {
    this.#op('block', type);
    this.#inside([type], 3, type);
    this.#op('end');
  }

  #if(type: ValType): void {
    this.#expression(I32);
    this.#op('if', type);
    this.#inside([type], 2, type);
    this.#op('else');
    this.#inside([type], 2, type);
    this.#op('end');
  }

  #loop(type?: ValType): void {
    this.#op('loop', type ?? VOID);
    this.#burn();
    this.#labels.push([]);
    this.#statements(this.#random.below(4));
    this.#expression(I32);
    this.#op('br_if', 0);
    if (type !== undefined) this.#expression(type);
    this.#labels.pop();
    this.#op('end');
  }

  #select(type: ValType): void {
    this.#expression(type);
    this.#expression(type);
    this.#expression(I32);
    if (this.#oneIn(2)) this.#op('select');
    else this.#op('select_t', 1, type);
  }

  #tee(type: ValType): void {
    const local = this.#localOf(type);
    this.#expression(type);
    if (local !== undefined) this.#op('local.tee', ...u32(local));
  }

  #size(type: ValType): void {
    if (type !== I32) {
      this.#leaf(type);
      return;
    }
    const kinds: readonly (() => void)[] = [
      () => this.#op('memory.size', 0),
      () => {
        this.#code.push(...constant(I32, BigInt(this.#random.below(3))));
        this.#op('memory.grow', 0);
      },
      () => this.#op('table.size', this.#random.below(2)),
      () => {
        this.#index();
        const table = this.#random.below(2);
        this.#op('table.get', table);
        this.#op('ref.is_null');
      },
      () => {
        this.#op('ref.null', EXTERNREF);
        this.#code.push(...constant(I32, BigInt(this.#random.below(4))));
        this.#op('table.grow', 1);
      },
      () => {
        this.#op('ref.func', this.#random.below(this.#context.signatures.length));
        this.#code.push(...constant(I32, BigInt(this.#random.below(4))));
        this.#op('table.grow', 0);
      },
    ];
    this.#random.pick(kinds)();
  }

  /** An index of a table, mostly of an entry. */
  #index(): void {
    this.#expression(I32);
    if (this.#oneIn(10)) return;
    this.#code.push(...constant(I32, 7n));
    this.#op('i32.and');
  }

  /** Calls a function whose only result has the type. */
  #callFor(type: ValType): void {
    const { types } = this.#context;
    const fits = types.flatMap(({ results }, i) => {
      return results.length === 1 && results[0] === type ? [i] : [];
    });
    if (fits.length === 0) this.#leaf(type);
    else this.#callOf(this.#random.pick(fits));
  }

  /** Calls a function of the type, directly where there is one. */
  #callOf(type: number): void {
    const { types, signatures } = this.#context;
    for (const param of (types[type] as FuncType).params) this.#expression(param);
    const callees = signatures.flatMap((each, i) => (each === type ? [i] : []));
    if (callees.length > 0 && !this.#oneIn(3)) {
      this.#op('call', this.#random.pick(callees));
      return;
    }
    this.#index();
    this.#op('call_indirect', type, 0);
  }

  // ---- statements

  #statements(count: number): void {
    for (let i = 0; i < count && this.#budget > 0; i++) this.#statement();
  }

  #statement(): void {
    this.#budget--;
    const kinds: readonly (() => void)[] = [
      () => this.#set(),
      () => this.#set(),
      () => this.#set(),
      () => this.#store(),
      () => this.#store(),
      () => this.#globalSet(),
      () => this.#voidBlock(),
      () => this.#voidIf(),
      () => this.#loop(),
      () => this.#branchIf(),
      () => this.#branchTable(),
      () => this.#callAndDrop(),
      () => this.#bulk(),
      () => this.#leave(),
    ];
    this.#random.pick(kinds)();
  }

  #set(): void {
    const type = this.#random.pick(NUMBERS);
    const local = this.#localOf(type);
    this.#expression(type);
    if (local === undefined) this.#op('drop');
    else this.#op('local.set', ...u32(local));
  }

  #store(): void {
    const op = this.#random.pick(STORES);
    const type = op.operands?.[1] as ValType;
    this.#address();
    this.#expression(type);
    this.#canonical(type);
    this.#op(op.name, ...this.#memarg(op));
  }

  #globalSet(): void {
    const type = this.#random.pick(NUMBERS);
    this.#expression(type);
    this.#op('global.set', 1 + NUMBERS.indexOf(type));
  }

  #voidBlock(): void {
    this.#op('block', VOID);
    this.#inside([], 4);
    this.#op('end');
  }

  #voidIf(): void {
    this.#expression(I32);
    this.#op('if', VOID);
    this.#inside([], 3);
    if (this.#oneIn(2)) {
      this.#op('else');
      this.#inside([], 3);
    }
    this.#op('end');
  }

  #label(depth: number): readonly ValType[] {
    return this.#labels[this.#labels.length - 1 - depth] as readonly ValType[];
  }

  #branchIf(): void {
    const depth = this.#random.below(this.#labels.length);
    const types = this.#label(depth);
    for (const type of types) this.#expression(type);
    this.#expression(I32);
    this.#op('br_if', ...u32(depth));
    for (const _ of types) this.#op('drop');
  }

  /** A table of branches in a block of its own, to labels that take nothing. */
  #branchTable(): void {
    this.#op('block', VOID);
    this.#labels.push([]);
    const fits = this.#labels.flatMap((_, i) => (this.#label(i).length === 0 ? [i] : []));
    const depths = Array.from({ length: 1 + this.#random.below(5) }, () => this.#random.pick(fits));
    this.#expression(I32);
    this.#code.push(...constant(I32, 7n));
    this.#op('i32.and');
    const [fallback, ...others] = depths as [number, ...number[]];
    this.#op('br_table', ...vector(others.map(u32)), ...u32(fallback));
    this.#labels.pop();
    this.#op('end');
  }

  #callAndDrop(): void {
    const type = this.#random.below(this.#context.types.length);
    this.#callOf(type);
    for (const _ of (this.#context.types[type] as FuncType).results) this.#op('drop');
  }

  #small(bound: number): void {
    const isWild = this.#oneIn(15);
    const value = isWild ? this.#random.u32() : this.#random.below(bound);
    this.#code.push(...constant(I32, BigInt(value)));
  }

  #bulk(): void {
    const three = (bound: number, name: OpcodeName, ...immediates: number[]): void => {
      for (let i = 0; i < 3; i++) this.#small(bound);
      this.#op(name, ...immediates);
    };
    const segment = this.#random.below(SEGMENT_COUNT);
    const kinds: readonly (() => void)[] = [
      () => three(100, 'memory.copy', 0, 0),
      () => three(100, 'memory.fill', 0),
      () => three(25, 'memory.init', segment, 0),
      () => this.#op('data.drop', segment),
      () => three(5, 'table.copy', 0, 0),
      () => three(4, 'table.init', segment, 0),
      () => this.#op('elem.drop', segment),
      () => {
        this.#small(TABLE_MIN);
        this.#op('ref.func', this.#random.below(this.#context.signatures.length));
        if (this.#oneIn(2)) this.#op('table.set', 0);
        else {
          this.#small(5);
          this.#op('table.fill', 0);
        }
      },
    ];
    this.#random.pick(kinds)();
  }

  /** Leaves the function or a block, where a condition holds. */
  #leave(): void {
    this.#expression(I32);
    this.#op('if', VOID);
    this.#labels.push([]);
    const way = this.#random.below(5);
    const { types, signatures } = this.#context;
    const same = types.findIndex((type) => {
      return type.results.join() === this.#type.results.join();
    });
    const callee = signatures.indexOf(same);
    if (way === 0) this.#op('unreachable');
    else if (way === 1) {
      for (const type of this.#type.results) this.#expression(type);
      this.#op('return');
    } else if (way === 2 && callee >= 0) {
      for (const type of (types[same] as FuncType).params) this.#expression(type);
      this.#op('return_call', callee);
    } else if (way === 3) {
      for (const type of (types[same] as FuncType).params) this.#expression(type);
      this.#index();
      this.#op('return_call_indirect', same, 0);
    } else {
      const depth = this.#random.below(this.#labels.length);
      for (const type of this.#label(depth)) this.#expression(type);
      this.#op('br', ...u32(depth));
    }
    this.#labels.pop();
    this.#op('end');
  }
}
