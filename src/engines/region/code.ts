/** Writes the code of one function: operations, locals, and the blocks that are open. */
import { ByteSink } from '../wasm/byte-sink.ts';
import { I32, I64, V128, type ValueType, VOID } from '../wasm/encoder.ts';

/** Locals of every region: its parameters, and what it keeps at hand. */
export const LOCAL = {
  frame: 0,
  /** The window pointer at entry. */
  pointer: 1,
  gas: 2,
  steps: 3,
  /** Address of the lowest slot that the region reaches. */
  window: 4,
  /** Address of the frame's memory, and of a word of it. */
  memory: 5,
  address: 6,
  /** Half a word of the memory. */
  vector: 7,
  /** Lanes of a vector in reverse, where words of the memory are used. */
  lanes: 8,
  /** Stays as it is: a vector of zeros. */
  zero: 9,
  /** Offsets below it are those of whole words inside the memory. */
  words: 10,
} as const;

/** Those behind the parameters; most locals that follow are limbs, as the last one is. */
const FIXED: readonly ValueType[] = [I32, I32, I32, V128, V128, V128, I64];
export const PARAM_COUNT = 4;

export const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  return: 0x0f,
  call: 0x10,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  drop: 0x1a,
  select: 0x1b,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  globalGet: 0x23,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load16U: 0x2f,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtU: 0x49,
  i32GtU: 0x4b,
  i32LeU: 0x4d,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GeS: 0x59,
  i64GeU: 0x5a,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Shl: 0x74,
  i64Ctz: 0x7a,
  i64Popcnt: 0x7b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivS: 0x7f,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  wrap: 0xa7,
  extend: 0xad,
} as const;

/** Opcodes behind the prefix of vectors. */
export const SIMD = {
  load: 0,
  store: 11,
  const: 12,
  swizzle: 14,
  splat: 18,
  extract: 29,
  replace: 30,
} as const;

const SIMD_PREFIX = 0xfd;

/** Places of the bytes of a vector in reverse. */
const REVERSED: readonly number[] = Array.from({ length: 16 }, (_, i) => 15 - i);

export class CodeWriter {
  readonly sink = new ByteSink();
  readonly locals: ValueType[] = [];
  readonly #indexOf: (name: string) => number;
  #depth = 0;

  /** @param indexOf function of the kernel, the machine or the module, by name */
  constructor(indexOf: (name: string) => number) {
    this.#indexOf = indexOf;
  }

  /** Begins the next function. */
  begin(locals: readonly ValueType[] = FIXED): void {
    this.sink.clear();
    this.locals.length = 0;
    this.locals.push(...locals);
    this.#depth = 0;
  }

  op(opcode: number): this {
    this.sink.byte(opcode);
    return this;
  }

  get(local: number): this {
    this.sink.byte(OP.get).u32(local);
    return this;
  }

  set(local: number): this {
    this.sink.byte(OP.set).u32(local);
    return this;
  }

  tee(local: number): this {
    this.sink.byte(OP.tee).u32(local);
    return this;
  }

  i32(value: number): this {
    this.sink.byte(OP.i32Const).s32(value);
    return this;
  }

  /** A limb that is a safe integer. */
  number(value: number): this {
    this.sink.byte(OP.i64Const);
    if (value === (value | 0)) this.sink.s32(value);
    else this.sink.s64(BigInt(value));
    return this;
  }

  i64(value: bigint): this {
    this.sink.byte(OP.i64Const).s64(value);
    return this;
  }

  access(opcode: number, align: number, offset: number): this {
    this.sink.byte(opcode).u32(align).u32(offset);
    return this;
  }

  simd(opcode: number): ByteSink {
    return this.sink.byte(SIMD_PREFIX).u32(opcode);
  }

  /** Makes ready for `reverse`, which is short then. */
  prepareReverse(): this {
    this.simd(SIMD.const).raw(REVERSED);
    return this.set(LOCAL.lanes);
  }

  /** Reverses the bytes of the vector on the stack. */
  reverse(): this {
    this.get(LOCAL.lanes).simd(SIMD.swizzle);
    return this;
  }

  call(name: string): this {
    this.sink.byte(OP.call).u32(this.#indexOf(name));
    return this;
  }

  /** A tail call. */
  leaveTo(name: string): this {
    this.sink.byte(OP.returnCall).u32(this.#indexOf(name));
    return this;
  }

  /** A tail call to the function at a place of the table, which is on the stack. */
  leaveByTable(type: string): this {
    this.sink.byte(OP.returnCallIndirect).u32(this.#indexOf(type)).u32(0);
    return this;
  }

  /** A new local. */
  local(type: ValueType): number {
    return this.locals.push(type) - 1 + PARAM_COUNT;
  }

  /** Opens a block without values. */
  open(kind: number): this {
    this.op(kind).sink.byte(VOID);
    this.#depth++;
    return this;
  }

  if(): this {
    return this.open(OP.if);
  }

  end(): this {
    this.#depth--;
    return this.op(OP.end);
  }

  /** Branches to a block that is open, by its place from outside. */
  branch(opcode: number, label: number): this {
    this.op(opcode).sink.u32(this.#depth - 1 - label);
    return this;
  }
}
