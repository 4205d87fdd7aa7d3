/**
 * The instructions of a transaction as the struct logger of go-ethereum has them, kept as numbers
 * and as the words of the stack that each has other than the one before it: a trace of 250,000
 * instructions is some tens of megabytes of text, and more as objects.
 */
import { opNameOf } from '../../chain/trace.ts';
import type { Hex } from '../../chain/types.ts';
import type { JsonBytes } from '../rpc/json-bytes.ts';
import { LimbReader, Limbs } from './limbs.ts';

/** What an instruction has from the beginning. */
export interface StructStep {
  readonly pc: number;
  readonly op: number;
  /** Gas by its halves. */
  readonly gasLow: number;
  readonly gasHigh: number;
  readonly depth: number;
  readonly refund: number;
}

/** The words of an instruction's stack, as 32-bit limbs, eight of them each, the lowest first. */
export interface StructStack {
  readonly height: number;
  /** Words, from the bottom on, that are those of the instruction before. */
  readonly kept: number;
  readonly limbs: Uint32Array;
  /** Where those of a word are, counted from the bottom. */
  limbsAt(item: number): number;
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
/** Numbers of names at most: each byte has one, and so has each function of a host. */
const NAMES_MAX = 1 << 10;
const BYTES = 1 << 8;
/** Texts that are kept for the instructions which have the same. */
const TEXTS_MAX = 1 << 14;
/** Depths, and then costs, of which such a text is found by one number. */
const DEPTHS_MAX = 1 << 11;
const COSTS_MAX = 2 ** 32;
const HIGH = 2 ** 32;

export class StructRecord {
  /** How many instructions there are. */
  count = 0;
  readonly #blocks: Float64Array[] = [];
  /** The latest block, and the place of the latest row in it. */
  #block: Float64Array = new Float64Array(0);
  #at = 0;
  /** Names that are not those of their bytes. */
  readonly #names: string[] = [];
  /** What the stacks have other than the ones before them, in order. */
  readonly #words = new Limbs();
  readonly #extras = new Map<number, StructExtra>();

  /** @param stack - Undefined where it is not wanted. */
  add(
    { pc, op, gasLow, gasHigh, depth, refund }: StructStep,
    stack: StructStack | undefined,
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
    block[at + NAME] = op;
    block[at + GAS] = gasHigh * HIGH + gasLow;
    block[at + DEPTH] = depth;
    block[at + REFUND] = refund;
    block[at + HEIGHT] = -1;
    if (stack === undefined) return;
    const { height, kept, limbs } = stack;
    block[at + HEIGHT] = height;
    block[at + KEPT] = kept;
    for (let item = kept; item < height; item++) this.#words.add(limbs, stack.limbsAt(item));
  }

  /** A name of the latest instruction other than that of its byte. */
  set opName(name: string) {
    const known = this.#names.indexOf(name);
    const number = known >= 0 ? known : this.#names.push(name) - 1;
    this.#block[this.#at + NAME] = BYTES + number;
  }

  #nameOf(number: number): string {
    return number < BYTES ? opNameOf(number) : (this.#names[number - BYTES] as string);
  }

  /** The cost of the latest instruction. */
  set cost(cost: number) {
    this.#block[this.#at + COST] = cost;
  }

  /** What the latest instruction has beside its numbers, added to what it has. */
  extend(extra: StructExtra): void {
    this.#extras.set(this.count - 1, { ...this.#extras.get(this.count - 1), ...extra });
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
    const words = new LimbReader(this.#words);
    // Where each word of the stack is: one that is the same in the same place has its text.
    const blocks: Uint32Array[] = [];
    const places: number[] = [];
    return Array.from({ length: this.count }, (_, index) => {
      const block = this.#blocks[Math.trunc(index / BLOCK_ROWS)] as Float64Array;
      const at = (index % BLOCK_ROWS) * ROW;
      const height = block[at + HEIGHT] as number;
      for (let item = block[at + KEPT] as number; item < height; item++) {
        words.next();
        if (words.isSame(blocks[item], places[item] as number)) continue;
        blocks[item] = words.limbs;
        places[item] = words.at;
        texts[item] = words.toText();
      }
      const log: Record<string, unknown> = {
        pc: block[at + PC],
        op: this.#nameOf(block[at + NAME] as number),
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
    const stack = new StackText(out, new LimbReader(this.#words));
    const heads: Texts = new Map();
    const tails: Texts = new Map();
    out.text('[');
    for (let index = 0; index < this.count; index++) {
      if (index > 0) out.text(',');
      this.#writeRow(out, index, heads, tails, stack);
      if (out.isFull) yield;
    }
    out.text(']');
  }

  #writeRow(out: JsonBytes, index: number, heads: Texts, tails: Texts, stack: StackText): void {
    const block = this.#blocks[Math.trunc(index / BLOCK_ROWS)] as Float64Array;
    const at = (index % BLOCK_ROWS) * ROW;
    const pc = block[at + PC] as number;
    const name = block[at + NAME] as number;
    const cost = block[at + COST] as number;
    const depth = block[at + DEPTH] as number;
    const height = block[at + HEIGHT] as number;
    // What the steps of a loop have in common is there already.
    const op = pc * NAMES_MAX + name;
    const head = heads.get(op);
    out.copy(head ?? keep(heads, op, `{"pc":${pc},"op":"${this.#nameOf(name)}","gas":`));
    out.number(block[at + GAS] as number);
    // Beyond these limits one number does not tell them apart.
    const paid = depth < DEPTHS_MAX && cost < COSTS_MAX ? cost * DEPTHS_MAX + depth : -1;
    const tail = tails.get(paid);
    out.copy(tail ?? keep(tails, paid, `,"gasCost":${cost},"depth":${depth}`));
    if (height >= 0) stack.write(block[at + KEPT] as number, height);
    const rest = this.#rest(index, block[at + REFUND] as number);
    if (rest !== undefined) out.text(`,${JSON.stringify(rest).slice(1, -1)}`);
    out.text('}');
  }
}

type Texts = Map<number, Uint8Array>;

/** Keeps a text for who asks for its number again, unless that is below 0 or there are many. */
function keep(texts: Texts, key: number, text: string): Uint8Array {
  const bytes = bytesOf(text);
  if (key >= 0 && texts.size < TEXTS_MAX) texts.set(key, bytes);
  return bytes;
}

const encoder = new TextEncoder();
const bytesOf = (text: string): Uint8Array => encoder.encode(text);
const STACK = bytesOf(',"stack":[');

/** The words of stacks as JSON, of which those that stay are copied from where they were last. */
class StackText {
  readonly #out: JsonBytes;
  readonly #words: LimbReader;
  /** Where the words of the stack before are, and where each of them ends from there on. */
  #bytes: Uint8Array = new Uint8Array(0);
  #from = 0;
  readonly #ends: number[] = [];

  constructor(out: JsonBytes, words: LimbReader) {
    this.#out = out;
    this.#words = words;
  }

  /** @param kept - Words of the stack before that stay. */
  write(kept: number, height: number): void {
    const out = this.#out;
    const words = this.#words;
    const ends = this.#ends;
    out.copy(STACK);
    const from = out.length;
    if (kept > 0) out.copy(this.#bytes, this.#from, this.#from + (ends[kept - 1] as number));
    for (let item = kept; item < height; item++) {
      if (item > 0) out.text(',');
      words.next();
      out.limbs(words.limbs, words.at, words.count);
      ends[item] = out.length - from;
    }
    this.#bytes = out.bytes;
    this.#from = from;
    out.text(']');
  }
}
