/** Writes the code of one function: instructions by their names, locals, and open constructs. */
import { ByteSink } from '../wasm/byte-sink.ts';
import { type ValueType, VOID } from '../wasm/encoder.ts';
import { opcodeBytes } from '../wasm/opcodes.ts';

export class Code {
  readonly sink = new ByteSink();
  /** Types of the locals behind the parameters. */
  readonly locals: ValueType[] = [];
  readonly #paramCount: number;

  constructor(paramCount: number) {
    this.#paramCount = paramCount;
  }

  /** Index of a new local. */
  local(type: ValueType): number {
    this.locals.push(type);
    return this.#paramCount + this.locals.length - 1;
  }

  op(name: string): this {
    const [first, behind] = opcodeBytes(name);
    this.sink.byte(first as number);
    if (behind !== undefined) this.sink.u32(behind);
    return this;
  }

  /** An instruction with an index behind it: of a local, a label, a function. */
  index(name: string, index: number): this {
    this.op(name).sink.u32(index);
    return this;
  }

  get(local: number): this {
    return this.index('local.get', local);
  }

  set(local: number): this {
    return this.index('local.set', local);
  }

  i32(value: number): this {
    this.op('i32.const').sink.s32(value);
    return this;
  }

  i64(value: bigint | number): this {
    this.op('i64.const').sink.s64(BigInt(value));
    return this;
  }

  /** A float by its bits. */
  float(bits: bigint, bytes: 4 | 8): this {
    this.op(bytes === 4 ? 'f32.const' : 'f64.const');
    for (let i = 0; i < bytes; i++) this.sink.byte(Number((bits >> BigInt(8 * i)) & 0xffn));
    return this;
  }

  /** A load or store that promises nothing of its alignment. */
  access(name: string, offset: number): this {
    this.op(name).sink.u32(0).u32(offset);
    return this;
  }

  /** Begins a construct that leaves nothing on the stack. */
  open(name: 'block' | 'loop' | 'if'): this {
    this.op(name).sink.byte(VOID);
    return this;
  }

  end(): this {
    return this.op('end');
  }
}
