/**
 * The instructions of a transaction as the struct logger of go-ethereum has them, kept as numbers
 * and as the words of the stack that each has other than the one before it: a trace of 250,000
 * instructions is some tens of megabytes of text, and more as objects.
 */
import type { Hex } from '../../chain/types.ts';
import { JsonBytes } from '../rpc/json-bytes.ts';
import { toQuantity } from '../rpc/types.ts';

/** What an instruction has from the beginning. */
export interface StructStep {
  readonly pc: number;
  readonly opName: string;
  readonly gas: bigint;
  readonly depth: number;
  readonly refund: bigint;
}

/** What few instructions have. */
export interface StructExtra {
  readonly memory?: readonly Hex[];
  readonly storage?: Readonly<Record<string, Hex>>;
  readonly returnData?: Hex;
  readonly error?: string;
}

/** Numbers of an instruction. */
const PC = 0;
const NAME = 1;
const GAS = 2;
const COST = 3;
const DEPTH = 4;
const REFUND = 5;
/** Words of the stack; below 0 where it is not wanted. */
const HEIGHT = 6;
/** How many of them, from the bottom on, are those of the instruction before. */
const KEPT = 7;
const ROW = 8;
const BLOCK_ROWS = 1 << 12;
/** Names of instructions, one for each byte, at most. */
const NAMES_MAX = 256;
/** Texts that are kept for the instructions which have the same. */
const TEXTS_MAX = 1 << 14;

export class StructRecord {
  /** How many instructions there are. */
  count = 0;
  readonly #blocks: Float64Array[] = [];
  /** The latest block, and the place of the latest row in it. */
  #block: Float64Array = new Float64Array(0);
  #at = 0;
  readonly #names: string[] = [];
  readonly #numberOfName = new Map<string, number>();
  /** What the stacks have other than the ones before them, in order. */
  readonly #words: bigint[] = [];
  #stack: readonly bigint[] = [];
  readonly #extras = new Map<number, StructExtra>();

  /**
   * @param stack - Undefined where it is not wanted.
   * @param same - Words, from the bottom on, that are known to be those of the instruction before.
   */
  add(
    { pc, opName, gas, depth, refund }: StructStep,
    stack: readonly bigint[] | undefined,
    same: number,
  ): void {
    const row = this.count++ % BLOCK_ROWS;
    if (row === 0) {
      this.#block = new Float64Array(BLOCK_ROWS * ROW);
      this.#blocks.push(this.#block);
    }
    const block = this.#block;
    const at = row * ROW;
    this.#at = at;
    block[at + PC] = pc;
    block[at + NAME] = this.#nameOf(opName);
    block[at + GAS] = Number(gas);
    block[at + DEPTH] = depth;
    block[at + REFUND] = Number(refund);
    block[at + HEIGHT] = stack === undefined ? -1 : stack.length;
    if (stack !== undefined) block[at + KEPT] = this.#keep(stack, same);
  }

  /** The cost of the latest instruction. */
  set cost(cost: number) {
    this.#block[this.#at + COST] = cost;
  }

  /** What the latest instruction has beside its numbers, added to what it has. */
  extend(extra: StructExtra): void {
    this.#extras.set(this.count - 1, { ...this.#extras.get(this.count - 1), ...extra });
  }

  #nameOf(name: string): number {
    const known = this.#numberOfName.get(name);
    if (known !== undefined) return known;
    this.#numberOfName.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  #keep(stack: readonly bigint[], same: number): number {
    const before = this.#stack;
    const { length } = stack;
    let kept = same;
    while (kept < length && before[kept] === stack[kept]) kept++;
    for (let item = kept; item < length; item++) this.#words.push(stack[item] as bigint);
    this.#stack = stack;
    return kept;
  }

  /** What an instruction has after its stack, in order; undefined for nothing. */
  #rest(index: number, refund: number): Readonly<Record<string, unknown>> | undefined {
    const extra = this.#extras.size === 0 ? undefined : this.#extras.get(index);
    if (extra === undefined) return refund === 0 ? undefined : { refund };
    const { error, ...others } = extra;
    return {
      ...others,
      ...(refund === 0 ? {} : { refund }),
      ...(error === undefined ? {} : { error }),
    };
  }

  /** The instructions as objects. */
  toValue(): Readonly<Record<string, unknown>>[] {
    const texts: Hex[] = [];
    const latest: bigint[] = [];
    let next = 0;
    return Array.from({ length: this.count }, (_, index) => {
      const block = this.#blocks[Math.trunc(index / BLOCK_ROWS)] as Float64Array;
      const at = (index % BLOCK_ROWS) * ROW;
      const height = block[at + HEIGHT] as number;
      for (let item = block[at + KEPT] as number; item < height; item++) {
        const word = this.#words[next++] as bigint;
        if (latest[item] === word) continue;
        latest[item] = word;
        texts[item] = toQuantity(word);
      }
      const log: Record<string, unknown> = {
        pc: block[at + PC],
        op: this.#names[block[at + NAME] as number],
        gas: block[at + GAS],
        gasCost: block[at + COST],
        depth: block[at + DEPTH],
      };
      if (height >= 0) log.stack = texts.slice(0, height);
      const rest = this.#rest(index, block[at + REFUND] as number);
      return rest === undefined ? log : Object.assign(log, rest);
    });
  }

  /** Writes the same as a list of JSON. */
  *write(out: JsonBytes): Generator<void> {
    const stack = new StackText(this.#words);
    const heads = new Map<number, Uint8Array>();
    const costs = new Map<number, Uint8Array>();
    out.text('[');
    for (let index = 0; index < this.count; index++) {
      const block = this.#blocks[Math.trunc(index / BLOCK_ROWS)] as Float64Array;
      const at = (index % BLOCK_ROWS) * ROW;
      const pc = block[at + PC] as number;
      const name = block[at + NAME] as number;
      const cost = block[at + COST] as number;
      const depth = block[at + DEPTH] as number;
      if (index > 0) out.text(',');
      // What the steps of a loop have in common is there already.
      const op = pc * NAMES_MAX + name;
      out.copy(heads.get(op) ?? keep(heads, op, `{"pc":${pc},"op":"${this.#names[name]}","gas":`));
      out.number(block[at + GAS] as number);
      out.copy(costs.get(cost) ?? keep(costs, cost, `,"gasCost":${cost},"depth":`));
      out.number(depth);
      const height = block[at + HEIGHT] as number;
      if (height >= 0) {
        out.text(',"stack":[');
        out.copy(stack.next(block[at + KEPT] as number, height));
        out.text(']');
      }
      const rest = this.#rest(index, block[at + REFUND] as number);
      if (rest !== undefined) out.text(`,${JSON.stringify(rest).slice(1, -1)}`);
      out.text('}');
      yield;
    }
    out.text(']');
  }
}

const encoder = new TextEncoder();

function keep(texts: Map<number, Uint8Array>, key: number, text: string): Uint8Array {
  const bytes = encoder.encode(text);
  if (texts.size < TEXTS_MAX) texts.set(key, bytes);
  return bytes;
}

/** The words of a stack as JSON, of which those that stay are not written again. */
class StackText {
  readonly #words: readonly bigint[];
  #next = 0;
  readonly #text = new JsonBytes();
  /** Where each word ends in the text. */
  readonly #ends: number[] = [];

  constructor(words: readonly bigint[]) {
    this.#words = words;
  }

  /** @param kept - Words of the stack before that stay. */
  next(kept: number, height: number): Uint8Array {
    const text = this.#text;
    const ends = this.#ends;
    text.cut(ends[kept - 1] ?? 0);
    for (let item = kept; item < height; item++) {
      if (item > 0) text.text(',');
      text.quantity(this.#words[this.#next++] as bigint);
      ends[item] = text.length;
    }
    return text.written;
  }
}
