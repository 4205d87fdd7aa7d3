/**
 * What the encoder of a function must know before it writes: the order of blocks, which values are
 * the same value, which comparisons a branch takes in, what is dead, and from where to where each
 * register lives.
 *
 * Positions count by two: an instruction reads at an even position and writes at the odd one behind
 * it, so a result may take the register of an operand that ends there. A block has a position of
 * its own before its first instruction, at which its parameters are written.
 */
import { reversePostorder } from '../dominators.ts';
import type { Block, BlockId, Func, Inst, Operand, RegId } from '../ir.ts';
import { OPS, type OpName } from '../ops.ts';
import { TYPE_BITS } from '../types.ts';
import { isWide } from './site.ts';

/** A comparison that a branch decides by itself. */
export interface Fusion {
  readonly inst: Inst;
  /** The branch goes to its first target where the comparison does not hold. */
  readonly isNegated: boolean;
}

/** Where an access reaches: a register, if any, and an offset that is added to it. */
export interface Place {
  readonly base: Operand | null;
  readonly offset: number;
}

export interface Analysis {
  readonly order: readonly Block[];
  /** Operand that a register stands for: itself, another register or a constant. */
  readonly alias: readonly Operand[];
  /** Instructions that give nothing that is used. */
  readonly dead: ReadonlySet<Inst>;
  /** By the `br_if` that takes it in. */
  readonly fusions: ReadonlyMap<Inst, Fusion>;
  /** By the access that adds the offset itself. */
  readonly places: ReadonlyMap<Inst, Place>;
  /** Position at which each register is written; -1 where it never is. */
  readonly starts: Int32Array;
  /** Position at which each register is read last. */
  readonly ends: Int32Array;
}

/** Casts that leave the bits of a register as they are. */
const BIT_CASTS: ReadonlySet<OpName> = new Set<OpName>([
  'f32_bits',
  'f64_bits',
  'bits_f32',
  'bits_f64',
]);

function isSameValue(func: Func, inst: Inst): boolean {
  if (inst.op === 'copy' || BIT_CASTS.has(inst.op)) return true;
  if (inst.op !== 'zext') return false;
  const from = func.types[inst.args[0] as RegId];
  return from !== undefined && isWide(from) === isWide(inst.type);
}

/** Operations without a trap and without an effect. */
function isRemovable(inst: Inst): boolean {
  const row = OPS[inst.op];
  return row.effect === 'pure' && row.traps.length === 0;
}

/** Comparisons that branches take in; the signed ones only where a form compares their width. */
const COMPARISONS: ReadonlySet<OpName> = new Set<OpName>([
  'eq',
  'ne',
  'ult',
  'ule',
  'ugt',
  'uge',
  'slt',
  'sle',
  'sgt',
  'sge',
  'iszero',
]);

function isFusible(inst: Inst): boolean {
  if (!COMPARISONS.has(inst.op)) return false;
  if (!inst.op.startsWith('s')) return true;
  const bits = TYPE_BITS[inst.type];
  return bits === 32 || bits === 64 || bits === 256;
}

export function analyse(func: Func): Analysis {
  const order = blockOrder(func);
  const alias = findAliases(func, order);
  const resolve = (operand: Operand): Operand =>
    operand < 0 ? operand : (alias[operand] as Operand);
  const fusions = findFusions(order, resolve);
  const places = findPlaces(func, order, resolve);
  const dead = findDead(func, order, resolve, { fusions, places });
  const { starts, ends } = findLives(func, order, resolve, { fusions, places, dead });
  return { order, alias, dead, fusions, places, starts, ends };
}

const OFFSET_MAX = 0xffff_ffffn;

/** Accesses of at most 8 bytes at a sum with a constant, or of 4 or 8 bytes at a constant. */
function findPlaces(func: Func, order: readonly Block[], resolve: Resolve): Map<Inst, Place> {
  const places = new Map<Inst, Place>();
  const offsetOf = (operand: Operand): number | undefined => {
    if (operand >= 0) return undefined;
    const value = func.consts[~operand] as bigint;
    return value <= OFFSET_MAX ? Number(value) : undefined;
  };
  for (const block of order) {
    const sums = new Map<RegId, Place>();
    for (const inst of block.insts) {
      if (inst.op === 'add' && inst.type === 'i64') {
        const [base, other] = inst.args.map(resolve) as [Operand, Operand];
        const offset = base < 0 ? undefined : offsetOf(other);
        if (offset !== undefined) sums.set(inst.results[0] as RegId, { base, offset });
        continue;
      }
      const bits = TYPE_BITS[inst.type];
      if (!ACCESSES.has(inst.op) || bits > 64) continue;
      const address = resolve(inst.args[0] as Operand);
      const constant = bits >= 32 && !BYTES.has(inst.op) ? offsetOf(address) : undefined;
      const place = constant === undefined ? sums.get(address) : { base: null, offset: constant };
      if (place !== undefined) places.set(inst, place);
    }
  }
  return places;
}

const BYTES: ReadonlySet<OpName> = new Set<OpName>(['load8_u', 'store8']);
const ACCESSES: ReadonlySet<OpName> = new Set<OpName>(['load', 'store', 'load8_u', 'store8']);

/** Blocks that a run can reach; in an open function a dispatch reaches every block. */
function blockOrder(func: Func): Block[] {
  if (func.open) return [...func.blocks.values()];
  return reversePostorder(func).map((id) => func.blocks.get(id) as Block);
}

function findAliases(func: Func, order: readonly Block[]): Operand[] {
  const alias: Operand[] = func.types.map((_, register) => register);
  // A definition comes before its uses in this order, because it dominates them.
  for (const block of order) {
    for (const inst of block.insts) {
      if (!isSameValue(func, inst)) continue;
      const source = inst.args[0] as Operand;
      alias[inst.results[0] as RegId] = source < 0 ? source : (alias[source] as Operand);
    }
  }
  return alias;
}

/** What instructions do for others, which are dead then. */
interface Taken {
  readonly fusions: ReadonlyMap<Inst, Fusion>;
  readonly places: ReadonlyMap<Inst, Place>;
}

type Resolve = (operand: Operand) => Operand;

function countUses(order: readonly Block[], resolve: Resolve): Map<RegId, number> {
  const uses = new Map<RegId, number>();
  const use = (operand: Operand): void => {
    const value = resolve(operand);
    if (value >= 0) uses.set(value, (uses.get(value) ?? 0) + 1);
  };
  for (const block of order) {
    for (const inst of block.insts) {
      for (const operand of inst.args) use(operand);
      for (const target of inst.targets) for (const operand of target.args) use(operand);
    }
  }
  return uses;
}

function findFusions(order: readonly Block[], resolve: Resolve): Map<Inst, Fusion> {
  const uses = countUses(order, resolve);
  const fusions = new Map<Inst, Fusion>();
  for (const block of order) {
    const last = block.insts[block.insts.length - 1];
    if (last?.op !== 'br_if') continue;
    const definitions = new Map<RegId, Inst>();
    for (const inst of block.insts) {
      if (inst.results.length === 1) definitions.set(inst.results[0] as RegId, inst);
    }
    let condition = resolve(last.args[0] as Operand);
    let isNegated = false;
    for (;;) {
      const inst = definitions.get(condition);
      if (inst === undefined || uses.get(condition) !== 1) break;
      if (inst.type === 'i1' && (inst.op === 'iszero' || inst.op === 'not')) {
        fusions.set(last, { inst, isNegated });
        isNegated = !isNegated;
        condition = resolve(inst.args[0] as Operand);
        continue;
      }
      if (isFusible(inst)) fusions.set(last, { inst, isNegated });
      break;
    }
  }
  return fusions;
}

/** Operands that an instruction reads itself, with what it took in. */
function operandsOf(inst: Inst, { fusions, places }: Taken): readonly Operand[] {
  const place = places.get(inst);
  if (place === undefined) return fusions.get(inst)?.inst.args ?? inst.args;
  const rest = inst.args.slice(1);
  return place.base === null ? rest : [place.base, ...rest];
}

function findDead(func: Func, order: readonly Block[], resolve: Resolve, taken: Taken): Set<Inst> {
  const dead = new Set<Inst>();
  const definitions = new Array<Inst | undefined>(func.types.length);
  const work: Inst[] = [];
  for (const block of order) {
    for (const inst of block.insts) {
      for (const result of inst.results) definitions[result] = inst;
      if (isRemovable(inst)) dead.add(inst);
      else work.push(inst);
    }
  }
  const use = (operand: Operand): void => {
    const value = resolve(operand);
    const inst = value < 0 ? undefined : definitions[value];
    if (inst !== undefined && dead.delete(inst)) work.push(inst);
  };
  for (let inst = work.pop(); inst !== undefined; inst = work.pop()) {
    for (const operand of operandsOf(inst, taken)) use(operand);
    for (const target of inst.targets) for (const operand of target.args) use(operand);
  }
  return dead;
}

interface Facts extends Taken {
  readonly dead: ReadonlySet<Inst>;
}

/** Blocks that a block of a closed function goes to. */
function successors(block: Block): BlockId[] {
  return block.insts[block.insts.length - 1]?.targets.map((target) => target.block) ?? [];
}

/** Registers that are read outside of the block that writes them. */
function findShared(func: Func, order: readonly Block[], resolve: Resolve, facts: Facts): RegId[] {
  const writers = new Int32Array(func.types.length).fill(-1);
  order.forEach((block, index) => {
    for (const param of block.params) writers[param] = index;
    for (const inst of block.insts) for (const result of inst.results) writers[result] = index;
  });
  const shared = new Set<RegId>();
  order.forEach((block, index) => {
    const use = (operand: Operand): void => {
      const value = resolve(operand);
      if (value >= 0 && writers[value] !== index) shared.add(value);
    };
    for (const inst of block.insts) {
      if (facts.dead.has(inst)) continue;
      for (const operand of operandsOf(inst, facts)) use(operand);
      for (const target of inst.targets) for (const operand of target.args) use(operand);
    }
  });
  return [...shared];
}

/** Registers that live at the entry of each block: bits by their places among the shared ones. */
function findLiveIns(
  func: Func,
  order: readonly Block[],
  resolve: Resolve,
  facts: Facts,
  shared: readonly RegId[],
): Map<BlockId, Uint32Array> {
  const words = Math.ceil(shared.length / 32);
  const places = new Int32Array(func.types.length).fill(-1);
  shared.forEach((register, place) => {
    places[register] = place;
  });
  const reads = new Map<BlockId, Uint32Array>();
  const writes = new Map<BlockId, Uint32Array>();
  for (const block of order) {
    const read = new Uint32Array(words);
    const written = new Uint32Array(words);
    const use = (operand: Operand): void => {
      const value = resolve(operand);
      const place = value < 0 ? -1 : (places[value] as number);
      if (place >= 0 && !hasBit(written, place)) setBit(read, place);
    };
    const write = (register: RegId): void => {
      const place = places[register] as number;
      if (place >= 0) setBit(written, place);
    };
    for (const param of block.params) write(param);
    for (const inst of block.insts) {
      if (facts.dead.has(inst)) continue;
      for (const operand of operandsOf(inst, facts)) use(operand);
      for (const target of inst.targets) for (const operand of target.args) use(operand);
      for (const result of inst.results) write(result);
    }
    reads.set(block.id, read);
    writes.set(block.id, written);
  }
  for (let changed = !func.open; changed; ) {
    changed = false;
    for (let i = order.length - 1; i >= 0; i--) {
      const block = order[i] as Block;
      const live = reads.get(block.id) as Uint32Array;
      const written = writes.get(block.id) as Uint32Array;
      for (const id of successors(block)) {
        const after = reads.get(id) as Uint32Array;
        for (let w = 0; w < words; w++) {
          const grown = (live[w] as number) | ((after[w] as number) & ~(written[w] as number));
          if (grown >>> 0 === live[w]) continue;
          live[w] = grown;
          changed = true;
        }
      }
    }
  }
  return reads;
}

function hasBit(bits: Uint32Array, index: number): boolean {
  return (((bits[index >> 5] as number) >>> (index & 31)) & 1) === 1;
}

function setBit(bits: Uint32Array, index: number): void {
  bits[index >> 5] = (bits[index >> 5] as number) | (1 << (index & 31));
}

function forBits(bits: Uint32Array, each: (index: number) => void): void {
  for (let w = 0; w < bits.length; w++) {
    for (let rest = bits[w] as number; rest !== 0; rest &= rest - 1) {
      each(w * 32 + 31 - Math.clz32(rest & -rest));
    }
  }
}

function findLives(
  func: Func,
  order: readonly Block[],
  resolve: Resolve,
  facts: Facts,
): { starts: Int32Array; ends: Int32Array } {
  const shared = findShared(func, order, resolve, facts);
  const liveIns = findLiveIns(func, order, resolve, facts, shared);
  const starts = new Int32Array(func.types.length).fill(-1);
  const ends = new Int32Array(func.types.length).fill(-1);
  const touch = (register: RegId, position: number): void => {
    if (starts[register] === -1 || position < (starts[register] as number)) {
      starts[register] = position;
    }
    if (position > (ends[register] as number)) ends[register] = position;
  };
  let position = 0;
  for (const block of order) {
    const first = position;
    forBits(liveIns.get(block.id) as Uint32Array, (at) => touch(shared[at] as RegId, first));
    for (const param of block.params) touch(param, first);
    position += 2;
    for (const inst of block.insts) {
      if (!facts.dead.has(inst)) touchInst(inst, position, resolve, facts, touch);
      position += 2;
    }
    const last = position - 1;
    for (const id of func.open ? [] : successors(block)) {
      forBits(liveIns.get(id) as Uint32Array, (at) => touch(shared[at] as RegId, last));
    }
  }
  return { starts, ends };
}

function touchInst(
  inst: Inst,
  position: number,
  resolve: Resolve,
  facts: Facts,
  touch: (register: RegId, position: number) => void,
): void {
  const use = (operand: Operand): void => {
    const value = resolve(operand);
    if (value >= 0) touch(value, position);
  };
  for (const operand of operandsOf(inst, facts)) use(operand);
  for (const target of inst.targets) for (const operand of target.args) use(operand);
  for (const result of inst.results) if (resolve(result) === result) touch(result, position + 1);
}
