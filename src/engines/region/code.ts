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
  /** Address of the frame's memory. */
  memory: 5,
  /** Offsets below it are those of whole words inside the memory. */
  words: 6,
  result: 7,
  vector: 8,
  address: 9,
} as const;

/** Those behind the parameters. */
const FIXED: readonly ValueType[] = [I32, I32, I64, I64, V128, I32];
const PARAM_COUNT = 4;

/** Opcodes that are no kinds of nodes. */
export const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  drop: 0x1a,
  call: 0x10,
  returnCall: 0x12,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  i32Load: 0x28,
  i64Load: 0x29,
  i64Store: 0x37,
  i32Const: 0x41,
  i64Const: 0x42,
  i64GeU: 0x5a,
  i64LtS: 0x53,
  i32Add: 0x6a,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  wrap: 0xa7,
  unreachable: 0x00,
} as const;

/** Opcodes behind the prefix of vectors. */
export const SIMD = {
  load: 0,
  store: 11,
  const: 12,
  shuffle: 13,
  splat: 18,
  extract: 29,
  replace: 30,
} as const;

/** The lanes of a shuffle that reverses bytes. */
export const REVERSED: readonly number[] = Array.from({ length: 16 }, (_, i) => 15 - i);

export class CodeWriter {
  readonly sink = new ByteSink();
  readonly locals: ValueType[] = [...FIXED];
  readonly #indexOf: (name: string) => number;
  #depth = 0;

  /** @param indexOf function of the kernel, the machine or the module, by name */
  constructor(indexOf: (name: string) => number) {
    this.#indexOf = indexOf;
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

  i64(value: bigint): this {
    this.sink.byte(OP.i64Const).s64(value);
    return this;
  }

  access(opcode: number, align: number, offset: number): this {
    this.sink.byte(opcode).u32(align).u32(offset);
    return this;
  }

  simd(opcode: number): ByteSink {
    return this.sink.byte(0xfd).u32(opcode);
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

  /** A new local. */
  local(type: ValueType): number {
    return this.locals.push(type) - 1 + PARAM_COUNT;
  }

  /** Opens a block without values. */
  open(kind: number): void {
    this.op(kind).sink.byte(VOID);
    this.#depth++;
  }

  if(): void {
    this.open(OP.if);
  }

  end(): void {
    this.op(OP.end);
    this.#depth--;
  }

  /** Branches to a block that is open, by its place from outside. */
  branch(opcode: number, label: number): void {
    this.op(opcode).sink.u32(this.#depth - 1 - label);
  }
}
