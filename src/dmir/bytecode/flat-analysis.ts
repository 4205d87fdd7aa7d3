/**
 * What the encoder of a function must know before it writes: the order of blocks, which values are
 * the same value, which comparisons a branch takes in, what is dead, and from where to where each
 * register lives.
 *
 * Positions count by two: an instruction reads at an even position and writes at the odd one behind
 * it, so a result may take the register of an operand that ends there. A block has a position of
 * its own before its first instruction, at which its parameters are written.
 *
 * All of it stands in columns, by register or by operation, which the next function overwrites.
 */
import { OP_NUMBER, TYPE_NUMBER } from '../flat.ts';
import { BlockOrder, type FlatFunc, IS_REMOVABLE, roomFor } from '../flat-func.ts';
import type { Operand, RegId } from '../ir.ts';
import { OP_NAMES, type OpName } from '../ops.ts';
import { TYPE_BITS, TYPES } from '../types.ts';
import { IS_WIDE } from './site.ts';

const { add: ADD, br_if: BR_IF, iszero: ISZERO, not: NOT, zext: ZEXT } = OP_NUMBER;
const { i1: I1, i64: I64 } = TYPE_NUMBER;
const NONE = -1;
/** In the place of a base: the access has an address of its own, or its offset is all of it. */
export const NO_PLACE = 0x7fff_ffff;
export const NO_BASE = NONE;
const OFFSET_MAX = 0xffff_ffffn;

const BITS = Uint16Array.from(TYPES, (type) => TYPE_BITS[type]);

function flags(...names: readonly OpName[]): Uint8Array {
  return Uint8Array.from(OP_NAMES, (op) => (names.includes(op) ? 1 : 0));
}

/** Casts that leave the bits of a register as they are, and copies. */
const IS_SAME = flags('copy', 'f32_bits', 'f64_bits', 'bits_f32', 'bits_f64');
const IS_BYTE = flags('load8_u', 'store8');
const IS_ACCESS = flags('load', 'store', 'load8_u', 'store8');
/** Comparisons that branches take in; the signed ones only where a form compares their width. */
const IS_COMPARISON = flags('eq', 'ne', 'ult', 'ule', 'ugt', 'uge', 'iszero');
const IS_SIGNED_COMPARISON = flags('slt', 'sle', 'sgt', 'sge');

export class FlatAnalysis {
  readonly order = new BlockOrder();
  /** Operand that a register stands for: itself, another register or a constant. */
  alias = new Int32Array(0);
  /** 1 for operations that give nothing that is used. */
  dead = new Int32Array(0);
  /** The comparison that a `br_if` takes in, or -1. */
  fused = new Int32Array(0);
  /** 1 where such a branch goes to its first target if the comparison does not hold. */
  negated = new Int32Array(0);
  /** Register to which an access adds its offset, `NO_BASE` without one, or `NO_PLACE`. */
  bases = new Int32Array(0);
  /** What it adds. */
  offsets = new Float64Array(0);
  /** Position at which each register is written; -1 where it never is. */
  starts = new Int32Array(0);
  /** Position at which each register is read last. */
  ends = new Int32Array(0);
  /** Position before the first operation of each block of the order. */
  positions = new Int32Array(0);
  /** Position behind the last block. */
  positionEnd = 0;

  #func!: FlatFunc;
  #definitions = new Int32Array(0);
  #uses = new Int32Array(0);
  /** Registers that an operation reads, with what it took in and hands over: from, to. */
  #readsAt = new Int32Array(0);
  #readsEnd = new Int32Array(0);
  #reads = new Int32Array(64);
  #readCount = 0;
  readonly #work: number[] = [];

  // By place in the order
  #indices = new Int32Array(0);
  #writers = new Int32Array(0);
  #shared = new Int32Array(0);
  #sharedCount = 0;
  /** Place of a register among the shared ones. */
  #bits = new Int32Array(0);
  #live = new Int32Array(0);
  #written = new Int32Array(0);

  run(func: FlatFunc): void {
    this.#func = func;
    this.#begin(func.registerCount, func.opCount);
    this.#findAliases();
    this.#findFusions();
    this.#findPlaces();
    this.#collectReads();
    this.#findDead();
    this.#findShared();
    this.#findLiveIns();
    this.#findLives();
  }

  #begin(registers: number, ops: number): void {
    const func = this.#func;
    const { order } = this;
    order.find(func);
    if (func.open) {
      // A dispatch reaches every block.
      order.count = func.blockCount;
      for (let b = 0; b < func.blockCount; b++) order.blocks[b] = b;
    }
    this.alias = roomFor(this.alias, registers);
    for (let r = 0; r < registers; r++) this.alias[r] = r;
    this.starts = roomFor(this.starts, registers).fill(NONE, 0, registers);
    this.ends = roomFor(this.ends, registers).fill(NONE, 0, registers);
    this.#definitions = roomFor(this.#definitions, registers).fill(NONE, 0, registers);
    this.#uses = roomFor(this.#uses, registers).fill(0, 0, registers);
    this.#writers = roomFor(this.#writers, registers).fill(NONE, 0, registers);
    this.#bits = roomFor(this.#bits, registers).fill(NONE, 0, registers);
    this.#shared = roomFor(this.#shared, registers);
    this.dead = roomFor(this.dead, ops).fill(0, 0, ops);
    this.fused = roomFor(this.fused, ops).fill(NONE, 0, ops);
    this.negated = roomFor(this.negated, ops).fill(0, 0, ops);
    this.bases = roomFor(this.bases, ops).fill(NO_PLACE, 0, ops);
    if (this.offsets.length < ops) this.offsets = new Float64Array(2 * ops);
    this.#readsAt = roomFor(this.#readsAt, ops);
    this.#readsEnd = roomFor(this.#readsEnd, ops);
    this.#readCount = 0;
    this.#indices = roomFor(this.#indices, func.blockCount).fill(NONE, 0, func.blockCount);
    for (let i = 0; i < order.count; i++) this.#indices[order.blocks[i] as number] = i;
    this.positions = roomFor(this.positions, order.count);
  }

  resolve(operand: Operand): Operand {
    return operand < 0 ? operand : (this.alias[operand] as Operand);
  }

  #first(op: number): Operand {
    const { pool, argsAt } = this.#func;
    return pool[argsAt[op] as number] as Operand;
  }

  /** A definition comes before its uses in the order, because it dominates them. */
  #findAliases(): void {
    const { pool, resultsAt, resultCounts, firsts, registerTypes } = this.#func;
    const { ops, types } = this.#func;
    const { blocks, count } = this.order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const last = this.#func.last(block);
      for (let at = firsts[block] as number; at <= last; at++) {
        const end = (resultsAt[at] as number) + (resultCounts[at] as number);
        for (let r = resultsAt[at] as number; r < end; r++) {
          this.#definitions[pool[r] as RegId] = at;
        }
        const op = ops[at] as number;
        if (op !== ZEXT && IS_SAME[op] !== 1) continue;
        const source = this.#first(at);
        if (op === ZEXT) {
          if (source < 0) continue;
          const from = registerTypes[source] as number;
          if (IS_WIDE[from] !== IS_WIDE[types[at] as number]) continue;
        }
        this.alias[pool[resultsAt[at] as number] as RegId] = this.resolve(source);
      }
    }
  }

  #countUses(at: number, count: number): void {
    const { pool } = this.#func;
    for (let i = at; i < at + count; i++) {
      const value = this.resolve(pool[i] as Operand);
      if (value >= 0) this.#uses[value] = (this.#uses[value] as number) + 1;
    }
  }

  #findFusions(): void {
    const { ops, argsAt, argCounts, firsts, edgesAt, edgeCounts } = this.#func;
    const { edgeArgsAt, edgeArgCounts } = this.#func;
    const { blocks, count } = this.order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const last = this.#func.last(block);
      for (let at = firsts[block] as number; at <= last; at++) {
        this.#countUses(argsAt[at] as number, argCounts[at] as number);
      }
      const end = (edgesAt[block] as number) + (edgeCounts[block] as number);
      for (let edge = edgesAt[block] as number; edge < end; edge++) {
        this.#countUses(edgeArgsAt[edge] as number, edgeArgCounts[edge] as number);
      }
    }
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const last = this.#func.last(block);
      if (ops[last] === BR_IF) this.#fuse(firsts[block] as number, last);
    }
  }

  /** Finds the comparison of a block that its branch can take in, through negations. */
  #fuse(first: number, branch: number): void {
    const { ops, types, resultCounts } = this.#func;
    let condition = this.resolve(this.#first(branch));
    let isNegated = 0;
    while (condition >= 0 && this.#uses[condition] === 1) {
      const at = this.#definitions[condition] as number;
      if (at < first || at >= branch || resultCounts[at] !== 1) return;
      const op = ops[at] as number;
      const isNegation = types[at] === I1 && (op === ISZERO || op === NOT);
      if (!isNegation && !this.#isFusible(at)) return;
      this.fused[branch] = at;
      this.negated[branch] = isNegated;
      if (!isNegation) return;
      isNegated = 1 - isNegated;
      condition = this.resolve(this.#first(at));
    }
  }

  #isFusible(at: number): boolean {
    const { ops, types, open } = this.#func;
    const op = ops[at] as number;
    const type = types[at] as number;
    // What compares narrow values does not check the window, of which an open block may ask more.
    if (open && IS_WIDE[type] !== 1) return false;
    if (IS_COMPARISON[op] === 1) return true;
    const bits = BITS[type];
    return IS_SIGNED_COMPARISON[op] === 1 && (bits === 32 || bits === 64 || bits === 256);
  }

  /** A constant that an access can add by itself, or -1. */
  #offsetOf(operand: Operand): number {
    if (operand >= 0) return NONE;
    const value = this.#func.constOf(operand);
    return value <= OFFSET_MAX ? Number(value) : NONE;
  }

  /** Accesses of at most 8 bytes at a sum with a constant, or of 4 or 8 bytes at a constant. */
  #findPlaces(): void {
    const { ops, types, firsts } = this.#func;
    const { blocks, count } = this.order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const first = firsts[block] as number;
      const last = this.#func.last(block);
      for (let at = first; at <= last; at++) {
        const op = ops[at] as number;
        if (IS_ACCESS[op] !== 1) continue;
        const bits = BITS[types[at] as number] as number;
        if (bits > 64) continue;
        const address = this.resolve(this.#first(at));
        const constant = bits >= 32 && IS_BYTE[op] !== 1 ? this.#offsetOf(address) : NONE;
        if (constant !== NONE) {
          this.bases[at] = NO_BASE;
          this.offsets[at] = constant;
        } else if (address >= 0) {
          this.#addTo(at, this.#definitions[address] as number, first);
        }
      }
    }
  }

  /** Has the access do the addition of its block that gives its address. */
  #addTo(access: number, sum: number, first: number): void {
    const { ops, types, argsAt, pool } = this.#func;
    if (sum < first || sum >= access || ops[sum] !== ADD || types[sum] !== I64) return;
    const args = argsAt[sum] as number;
    const base = this.resolve(pool[args] as Operand);
    const offset = this.#offsetOf(this.resolve(pool[args + 1] as Operand));
    if (base < 0 || offset === NONE) return;
    this.bases[access] = base;
    this.offsets[access] = offset;
  }

  // ---- reads

  #read(operand: Operand): void {
    const value = this.resolve(operand);
    if (value < 0) return;
    const at = this.#readCount++;
    if (at === this.#reads.length) {
      const reads = this.#reads;
      this.#reads = new Int32Array(2 * at);
      this.#reads.set(reads);
    }
    this.#reads[at] = value;
  }

  #readAll(at: number, count: number): void {
    const { pool } = this.#func;
    for (let i = at; i < at + count; i++) this.#read(pool[i] as Operand);
  }

  #collectReads(): void {
    const { argsAt, argCounts, firsts, edgesAt, edgeCounts } = this.#func;
    const { edgeArgsAt, edgeArgCounts } = this.#func;
    const { blocks, count } = this.order;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const last = this.#func.last(block);
      for (let at = firsts[block] as number; at <= last; at++) {
        this.#readsAt[at] = this.#readCount;
        const base = this.bases[at] as number;
        if (base === NO_PLACE) {
          const fused = this.fused[at] as number;
          const from = fused === NONE ? at : fused;
          this.#readAll(argsAt[from] as number, argCounts[from] as number);
        } else {
          if (base !== NO_BASE) this.#read(base);
          this.#readAll((argsAt[at] as number) + 1, (argCounts[at] as number) - 1);
        }
        this.#readsEnd[at] = this.#readCount;
      }
      const end = (edgesAt[block] as number) + (edgeCounts[block] as number);
      for (let edge = edgesAt[block] as number; edge < end; edge++) {
        this.#readAll(edgeArgsAt[edge] as number, edgeArgCounts[edge] as number);
      }
      this.#readsEnd[last] = this.#readCount;
    }
  }

  #findDead(): void {
    const { ops, firsts } = this.#func;
    const { blocks, count } = this.order;
    const [work, reads, dead] = [this.#work, this.#reads, this.dead];
    work.length = 0;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const last = this.#func.last(block);
      for (let at = firsts[block] as number; at <= last; at++) {
        if (IS_REMOVABLE[ops[at] as number] === 1) dead[at] = 1;
        else work.push(at);
      }
    }
    for (let at = work.pop(); at !== undefined; at = work.pop()) {
      const end = this.#readsEnd[at] as number;
      for (let r = this.#readsAt[at] as number; r < end; r++) {
        const definition = this.#definitions[reads[r] as RegId] as number;
        if (definition === NONE || dead[definition] !== 1) continue;
        dead[definition] = 0;
        work.push(definition);
      }
    }
  }

  // ---- lives

  /** Notes registers that are read outside of the block that writes them. */
  #findShared(): void {
    const { firsts, pool, paramsAt, paramCounts, resultsAt, resultCounts } = this.#func;
    const { blocks, count } = this.order;
    const [writers, reads, bits, shared] = [this.#writers, this.#reads, this.#bits, this.#shared];
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const paramsEnd = (paramsAt[block] as number) + (paramCounts[block] as number);
      for (let p = paramsAt[block] as number; p < paramsEnd; p++) writers[pool[p] as RegId] = i;
      const last = this.#func.last(block);
      for (let at = firsts[block] as number; at <= last; at++) {
        const end = (resultsAt[at] as number) + (resultCounts[at] as number);
        for (let r = resultsAt[at] as number; r < end; r++) writers[pool[r] as RegId] = i;
      }
    }
    let found = 0;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      const last = this.#func.last(block);
      for (let at = firsts[block] as number; at <= last; at++) {
        if (this.dead[at] === 1) continue;
        const end = this.#readsEnd[at] as number;
        for (let r = this.#readsAt[at] as number; r < end; r++) {
          const register = reads[r] as RegId;
          if (writers[register] === i || bits[register] !== NONE) continue;
          bits[register] = found;
          shared[found++] = register;
        }
      }
    }
    this.#sharedCount = found;
  }

  /** Which shared registers live at the entry of each block: bits in rows by its place. */
  #findLiveIns(): void {
    const { count } = this.order;
    const words = (this.#sharedCount + 31) >> 5;
    this.#live = roomFor(this.#live, words * count).fill(0, 0, words * count);
    this.#written = roomFor(this.#written, words * count).fill(0, 0, words * count);
    if (words === 0) return;
    for (let i = 0; i < count; i++) this.#findReadFirst(i, i * words);
    let isChanged = !this.#func.open;
    while (isChanged) {
      isChanged = false;
      for (let i = count - 1; i >= 0; i--) if (this.#flowBack(i, words)) isChanged = true;
    }
  }

  /** What the block reads before it writes it, and what it writes. */
  #findReadFirst(place: number, row: number): void {
    const { firsts, pool, paramsAt, paramCounts, resultsAt, resultCounts } = this.#func;
    const [bits, reads, live, written] = [this.#bits, this.#reads, this.#live, this.#written];
    const block = this.order.blocks[place] as number;
    const paramsEnd = (paramsAt[block] as number) + (paramCounts[block] as number);
    for (let p = paramsAt[block] as number; p < paramsEnd; p++) {
      const bit = bits[pool[p] as RegId] as number;
      if (bit !== NONE) setBit(written, row, bit);
    }
    const last = this.#func.last(block);
    for (let at = firsts[block] as number; at <= last; at++) {
      if (this.dead[at] === 1) continue;
      const readsEnd = this.#readsEnd[at] as number;
      for (let r = this.#readsAt[at] as number; r < readsEnd; r++) {
        const bit = bits[reads[r] as RegId] as number;
        if (bit !== NONE && !hasBit(written, row, bit)) setBit(live, row, bit);
      }
      const end = (resultsAt[at] as number) + (resultCounts[at] as number);
      for (let r = resultsAt[at] as number; r < end; r++) {
        const bit = bits[pool[r] as RegId] as number;
        if (bit !== NONE) setBit(written, row, bit);
      }
    }
  }

  /** Adds what lives behind the block; whether that was more than was known. */
  #flowBack(place: number, words: number): boolean {
    const { edgesAt, edgeCounts, edgeBlocks } = this.#func;
    const [live, written] = [this.#live, this.#written];
    const block = this.order.blocks[place] as number;
    const row = place * words;
    const end = (edgesAt[block] as number) + (edgeCounts[block] as number);
    let isChanged = false;
    for (let edge = edgesAt[block] as number; edge < end; edge++) {
      const next = (this.#indices[edgeBlocks[edge] as number] as number) * words;
      for (let w = 0; w < words; w++) {
        const before = live[row + w] as number;
        const grown = before | ((live[next + w] as number) & ~(written[row + w] as number));
        if (grown === before) continue;
        live[row + w] = grown;
        isChanged = true;
      }
    }
    return isChanged;
  }

  #touch(register: RegId, position: number): void {
    const { starts, ends } = this;
    const start = starts[register] as number;
    if (start === NONE || position < start) starts[register] = position;
    if (position > (ends[register] as number)) ends[register] = position;
  }

  /** Notes that what lives at the entry of a block does so at a position. */
  #touchLive(place: number, position: number): void {
    const words = (this.#sharedCount + 31) >> 5;
    const row = place * words;
    for (let w = 0; w < words; w++) {
      for (let rest = this.#live[row + w] as number; rest !== 0; rest &= rest - 1) {
        const bit = w * 32 + 31 - Math.clz32(rest & -rest);
        this.#touch(this.#shared[bit] as RegId, position);
      }
    }
  }

  #findLives(): void {
    const { firsts, pool, paramsAt, paramCounts, edgesAt, edgeCounts, edgeBlocks } = this.#func;
    const { blocks, count } = this.order;
    let position = 0;
    for (let i = 0; i < count; i++) {
      const block = blocks[i] as number;
      this.positions[i] = position;
      this.#touchLive(i, position);
      const paramsEnd = (paramsAt[block] as number) + (paramCounts[block] as number);
      for (let p = paramsAt[block] as number; p < paramsEnd; p++) {
        this.#touch(pool[p] as RegId, position);
      }
      position += 2;
      const last = this.#func.last(block);
      for (let at = firsts[block] as number; at <= last; at++) {
        if (this.dead[at] !== 1) this.#touchOp(at, position);
        position += 2;
      }
      if (this.#func.open) continue;
      const end = (edgesAt[block] as number) + (edgeCounts[block] as number);
      for (let edge = edgesAt[block] as number; edge < end; edge++) {
        this.#touchLive(this.#indices[edgeBlocks[edge] as number] as number, position - 1);
      }
    }
    this.positionEnd = position;
  }

  #touchOp(at: number, position: number): void {
    const { pool, resultsAt, resultCounts } = this.#func;
    const readsEnd = this.#readsEnd[at] as number;
    for (let r = this.#readsAt[at] as number; r < readsEnd; r++) {
      this.#touch(this.#reads[r] as RegId, position);
    }
    const end = (resultsAt[at] as number) + (resultCounts[at] as number);
    for (let r = resultsAt[at] as number; r < end; r++) {
      const result = pool[r] as RegId;
      if (this.alias[result] === result) this.#touch(result, position + 1);
    }
  }
}

function hasBit(bits: Int32Array, row: number, bit: number): boolean {
  return (((bits[row + (bit >> 5)] as number) >>> (bit & 31)) & 1) === 1;
}

function setBit(bits: Int32Array, row: number, bit: number): void {
  const word = row + (bit >> 5);
  bits[word] = (bits[word] as number) | (1 << (bit & 31));
}
