/**
 * A region: a tree of blocks that becomes one WebAssembly function.
 *
 * Its blocks are run symbolically: the window is a list of known values over what the window held
 * at entry, so that items which one block leaves and the next takes never reach memory, and a jump
 * to a destination that an earlier block pushed is a jump to a known block. What has an effect is a
 * statement, in order; what has none is a node of the graph.
 *
 * A block is in a tree at most once. A jump back to the root at its height closes a loop; any other
 * jump leaves the region.
 */
import { assert } from '../../base/assert.ts';
import type { Inst, Operand, RegId } from '../../dmir/ir.ts';
import type { LazySource } from '../../dmir/lazy.ts';
import { RT_SPILL_BASE, RT_SPILL_COUNT, TRAP_BAD_JUMP } from '../../kernel/layout.ts';
import { type Facts, implies, NO_FACTS, type SlotFact } from './facts.ts';
import { Graph, K, type Node } from './graph.ts';
import { OPERATIONS } from './operations.ts';
import type { End, Exit, Leave, RegionBlock, Statement } from './statements.ts';
import { isSame, narrow, type Wide, wideBits, wideConstant, wideValue } from './wide.ts';

/** A block as it was lowered, kept. */
export interface SourceBlock {
  readonly id: number;
  readonly params: readonly RegId[];
  readonly insts: readonly Inst[];
  readonly grow: number;
  readonly consts: readonly bigint[];
  readonly readsCode: boolean;
}

/** Has the source lower a block. */
export function lowerBlock(source: LazySource, id: number): SourceBlock {
  const { func, block, readsCode } = source.lower(id);
  const { params, insts, grow } = block;
  return { id, params, insts, grow, consts: func.consts, readsCode };
}

/** dMIR operations of a region at most, and blocks in it. */
const OPERATIONS_MAX = 300;
const BLOCKS_MAX = 64;

const TERMINATORS: ReadonlySet<string> = new Set([
  'stop',
  'trap',
  'finish',
  'revert',
  'suspend',
  'br',
  'br_if',
  'dispatch',
]);

/**
 * Operations of a block that is compiled at most: one takes a few dozen locals at worst, and the
 * platform allows 50,000 in a function.
 */
const BLOCK_OPERATIONS_MAX = 500;

/** Whether a block can be compiled; another is left to the interpreter. */
export function isCompiled({ insts }: SourceBlock): boolean {
  const last = insts.length - 1;
  if (last >= BLOCK_OPERATIONS_MAX) return false;
  for (let i = 0; i < last; i++) {
    if (OPERATIONS[(insts[i] as Inst).op] === undefined) return false;
  }
  return TERMINATORS.has((insts[last] as Inst).op);
}

/** What is known where a path through the tree stands. */
interface Path {
  /** Values by height over the window at entry. */
  readonly slots: Map<number, Wide>;
  /** Height of the window's top. */
  top: number;
  /** The window is known to reach from `low` (at most 0) to `high`. */
  low: number;
  high: number;
  /** The memory reaches at least this far, in bytes. */
  memory: number;
  /** Words of the memory by their known offsets. */
  words: Map<number, Wide>;
}

export interface Region {
  readonly root: number;
  readonly graph: Graph;
  readonly body: RegionBlock;
  /** Whether a path jumps back to the root. */
  readonly isLoop: boolean;
  /** Slots that such a jump changes. */
  readonly changed: ReadonlySet<number>;
  /** Lowest height of a slot that the region reads or writes. */
  readonly low: number;
  /** Locals that statements set. */
  readonly locals: number;
  /** Blocks that it contains. */
  readonly blocks: ReadonlySet<number>;
  /** Whether one of them reads the source's bytes as data. */
  readonly readsCode: boolean;
}

/** Gives the function for a target that is entered with some facts; undefined: there is none. */
export type VersionOf = (target: number, findFacts: () => Facts) => number | undefined;

export interface BuildOptions {
  readonly lower: (id: number) => SourceBlock;
  /** Whether a block is no part of another's tree. */
  readonly isRoot: (id: number) => boolean;
  readonly versionOf: VersionOf;
  /** Items that a block takes which ends the frame: nothing else of the window is needed there. */
  readonly itemsOfEnd?: (id: number) => number | undefined;
  readonly facts?: Facts;
  /** An empty one; a new one unless told. */
  readonly graph?: Graph;
}

export class RegionBuilder {
  readonly graph: Graph;
  readonly source: LazySource;
  readonly root: number;
  locals = 0;
  readonly blocks = new Set<number>();
  readonly changed = new Set<number>();
  readonly #lower: (id: number) => SourceBlock;
  readonly #isRoot: (id: number) => boolean;
  readonly #facts: Facts;
  readonly #versionOf: VersionOf;
  readonly #itemsOfEnd: NonNullable<BuildOptions['itemsOfEnd']>;
  /** Slots of the facts that a jump back to the root does not keep. */
  readonly broken = new Set<number>();
  isLoop = false;
  readsCode = false;
  lowest = 0;
  #operations = 0;
  #spills = 0;

  // State of the path that is being followed
  path: Path;
  statements: Statement[] = [];
  /** Gas of the block that is charged already, behind the operation at hand. */
  rest = 0;
  #block!: SourceBlock;
  #values: Wide[] = [];
  #conditions: Node[] = [];

  constructor(source: LazySource, root: number, options: BuildOptions) {
    const { lower, isRoot, versionOf, facts = NO_FACTS, graph = new Graph() } = options;
    this.#itemsOfEnd = options.itemsOfEnd ?? (() => undefined);
    this.graph = graph;
    this.source = source;
    this.root = root;
    this.#lower = lower;
    this.#isRoot = isRoot;
    this.#facts = facts;
    this.#versionOf = versionOf;
    const { low, high, memory } = facts;
    this.path = { slots: new Map(), top: 0, low, high, memory, words: new Map() };
  }

  build(): Region {
    return this.#region(this.#enter(this.root));
  }

  #region(body: RegionBlock): Region {
    const { root, graph, isLoop, changed, lowest: low, locals, blocks, readsCode } = this;
    return { root, graph, body, isLoop, changed, low, locals, blocks, readsCode };
  }

  /** A region that only goes on at its root, which the interpreter runs. */
  bounce(): Region {
    const end: End = { kind: 'goto', target: this.root, version: undefined, ...this.#state() };
    return this.#region({ statements: [], end });
  }

  // ---- values

  wide(operand: Operand): Wide {
    if (operand < 0) return wideConstant(this.graph, this.#block.consts[~operand] as bigint);
    const value = this.#values[operand];
    return value ?? narrow(this.graph, this.graph.extend(this.condition(operand)));
  }

  condition(operand: Operand): Node {
    if (operand < 0) return this.graph.condition(this.#block.consts[~operand] !== 0n);
    return this.#conditions[operand] as Node;
  }

  isCondition(operand: Operand): boolean {
    return operand >= 0 && this.#values[operand] === undefined;
  }

  setWide(inst: Inst, value: Wide): void {
    this.#values[inst.results[0] as RegId] = value;
  }

  setCondition(inst: Inst, node: Node): void {
    this.#conditions[inst.results[0] as RegId] = node;
  }

  /** Locals in a row that a statement sets; gives the first. */
  limbs(count: number): number {
    this.locals += count;
    return this.locals - count;
  }

  /** A word for the result of a function of the kernel, and its value. */
  spill(): { readonly index: number; readonly value: Wide } {
    const index = this.#spills++;
    assert(index < RT_SPILL_COUNT, 'a region has more results than there are words for them');
    const limb = (i: number): Node =>
      this.graph.leaf(K.absolute, RT_SPILL_BASE + index * 32 + i * 8);
    return { index, value: [limb(0), limb(1), limb(2), limb(3)] };
  }

  /** From here on the value is known to be below 2^32. */
  limitTo32(value: Wide): void {
    const { graph, path } = this;
    if (graph.valueOf(value[0]) !== undefined) return;
    if (wideBits(graph, value) <= 32) return;
    const narrowed = narrow(graph, graph.narrowed(value[0], 32));
    const isValue = (each: Wide | undefined): boolean => each !== undefined && isSame(each, value);
    for (const [height, each] of path.slots) if (isValue(each)) path.slots.set(height, narrowed);
    for (const [offset, each] of path.words) if (isValue(each)) path.words.set(offset, narrowed);
    for (let register = 0; register < this.#values.length; register++) {
      if (isValue(this.#values[register])) this.#values[register] = narrowed;
    }
    // An item that is still where it was at entry has no entry of its own.
    const [first] = value;
    if (graph.kinds[first] !== K.window || graph.b[first] !== 0) return;
    const height = graph.a[first] as number;
    if (!path.slots.has(height) && isValue(this.slot(height))) {
      path.slots.set(height, narrowed);
    }
  }

  slot(height: number): Wide {
    if (height < this.lowest) this.lowest = height;
    return this.path.slots.get(height) ?? this.#atEntry(height);
  }

  /** What a slot holds at entry, as far as it is known. */
  #atEntry(height: number): Wide {
    const { graph } = this;
    const fact = this.#facts.slots.get(height);
    if (fact !== undefined && 'value' in fact) return wideConstant(graph, fact.value);
    if (fact !== undefined) return narrow(graph, graph.leaf(K.window, height, 0, fact.bits));
    const limb = (i: number): Node => graph.leaf(K.window, height, i);
    return [limb(0), limb(1), limb(2), limb(3)];
  }

  // ---- blocks

  #enter(id: number): RegionBlock {
    const block = this.#lower(id);
    this.blocks.add(id);
    if (block.readsCode) this.readsCode = true;
    this.#operations += block.insts.length;
    const statements: Statement[] = [];
    this.statements = statements;
    this.#block = block;
    this.#values = [];
    this.#conditions = [];
    const depth = block.params.length;
    const { path } = this;
    const base = path.top - depth;
    for (let i = 0; i < depth; i++) {
      this.#values[block.params[i] as RegId] = this.slot(base + i);
    }
    this.#checkEntry(block, base);
    for (const inst of block.insts) OPERATIONS[inst.op]?.(this, inst);
    return { statements, end: this.#end(block, base) };
  }

  #checkEntry(block: SourceBlock, base: number): void {
    const { path } = this;
    const last = block.insts[block.insts.length - 1] as Inst;
    const left =
      (last.targets[0]?.args.length ?? 0) + (last.op === 'suspend' ? last.args.length : 0);
    const high = path.top + Math.max(block.grow, left - block.params.length, 0);
    let gas = 0;
    for (const inst of block.insts) if (inst.op === 'charge') gas += inst.imm;
    this.rest = gas;
    this.statements.push({
      kind: 'enter',
      gas,
      low: base < path.low ? base : undefined,
      high: high > path.high ? high : undefined,
      steps: block.insts.length,
    });
    if (base < path.low) path.low = base;
    if (high > path.high) path.high = high;
  }

  #end(block: SourceBlock, base: number): End {
    const last = block.insts[block.insts.length - 1] as Inst;
    switch (last.op) {
      case 'stop':
        return { kind: 'stop' };
      case 'trap':
        return { kind: 'trap', trap: last.imm };
      case 'finish':
      case 'revert': {
        const offset = this.wide(last.args[0] as Operand);
        const size = this.wide(last.args[1] as Operand);
        return { kind: 'finish', isRevert: last.op === 'revert', offset, size };
      }
      case 'suspend': {
        this.#leaveItems(base, [...(last.targets[0]?.args ?? []), ...[...last.args].reverse()]);
        const next = last.targets[0]?.block as number;
        return { kind: 'suspend', host: last.imm, next, ...this.#state() };
      }
      case 'br': {
        this.#leaveItems(base, last.targets[0]?.args ?? []);
        return this.#jump(last.targets[0]?.block as number);
      }
      case 'dispatch': {
        const target = this.wide(last.args[0] as Operand);
        this.#leaveItems(base, last.targets[0]?.args ?? []);
        return this.#dispatch(target);
      }
      case 'br_if':
        return this.#branch(last, base);
      default:
        throw new Error(`BUG: ${last.op} is not compiled`);
    }
  }

  /** Puts the items that a terminator hands on in the place of the block's parameters. */
  #leaveItems(base: number, items: readonly Operand[]): void {
    const values = items.map((item) => this.wide(item));
    const { path } = this;
    for (const [i, value] of values.entries()) this.#setSlot(base + i, value);
    const top = base + items.length;
    for (const height of path.slots.keys()) if (height >= top) path.slots.delete(height);
    path.top = top;
  }

  #setSlot(height: number, value: Wide): void {
    if (height < this.lowest) this.lowest = height;
    const { path } = this;
    if (isSame(value, this.#atEntry(height))) path.slots.delete(height);
    else path.slots.set(height, value);
  }

  #state(): Leave {
    const { path } = this;
    const writes = [...path.slots]
      .filter(([height, value]) => !this.#isUnchanged(height, value))
      .sort(([a], [b]) => a - b);
    return { writes, top: path.top };
  }

  /** The same for the blocks that come next, as far as one of them needs it. */
  #stateFor(...next: readonly number[]): Leave {
    const { writes, top } = this.#state();
    const needed = next.map((id) => this.#itemsOfEnd(id) ?? Number.POSITIVE_INFINITY);
    const lowest = top - Math.max(...needed);
    return { writes: writes.filter(([height]) => height >= lowest), top };
  }

  /** Whether the slot holds what it held at entry, of which more is known now. */
  #isUnchanged(height: number, [first]: Wide): boolean {
    const { kinds, a, b } = this.graph;
    if (kinds[first] !== K.narrowed) return false;
    const inner = a[first] as Node;
    return kinds[inner] === K.window && a[inner] === height && b[inner] === 0;
  }

  /** What the path knows of the window that it leaves. */
  #leaveFacts(): Facts {
    const { path } = this;
    const { top } = path;
    const slots = new Map<number, SlotFact>();
    const heights = new Set([...path.slots.keys(), ...this.#facts.slots.keys()]);
    for (const height of heights) {
      const fact = height < top ? this.#factOf(this.slot(height)) : undefined;
      if (fact !== undefined) slots.set(height - top, fact);
    }
    return { slots, low: path.low - top, high: path.high - top, memory: path.memory };
  }

  #factOf(value: Wide): SlotFact | undefined {
    const known = wideValue(this.graph, value);
    if (known !== undefined) return { value: known };
    const bits = wideBits(this.graph, value);
    return bits <= 64 ? { bits } : undefined;
  }

  /** Notes which facts of the root do not hold any more where a path comes back to it. */
  #checkFacts(): void {
    const left = this.#leaveFacts();
    for (const [height, fact] of this.#facts.slots) {
      const one = { ...NO_FACTS, slots: new Map([[height, fact]]) };
      const other = { ...left, low: NO_FACTS.low, high: NO_FACTS.high };
      if (!implies(other, one)) this.broken.add(height);
    }
  }

  #dispatch(target: Wide): End {
    const known = wideValue(this.graph, target);
    if (known !== undefined) {
      const id = Number(known);
      const { source } = this;
      const isKnown = known < BigInt(source.code.length) && source.isDestination(id);
      if (isKnown) return this.#jump(id);
      const trap = TRAP_BAD_JUMP;
      return { kind: 'trap', trap };
    }
    return { kind: 'dispatch', target, ...this.#state() };
  }

  #branch(inst: Inst, base: number): End {
    const condition = this.condition(inst.args[0] as Operand);
    const [yes, no] = inst.targets;
    this.#leaveItems(base, yes?.args ?? []);
    const known = this.graph.conditionOf(condition);
    if (known !== undefined) return this.#jump((known ? yes : no)?.block as number);
    const { path } = this;
    const [first, second] = [no?.block as number, yes?.block as number];
    if (this.#isApart(first) && this.#isApart(second)) {
      const [other, taken] = [this.#exit(first), this.#exit(second)];
      return { kind: 'fork', condition, yes: taken, no: other, ...this.#stateFor(first, second) };
    }
    const arms = [this.#arm(path, first), this.#arm(path, second)] as const;
    return { kind: 'branch', condition, yes: arms[1], no: arms[0] };
  }

  /** Whether a block that a path jumps to is no part of the tree. */
  #isApart(id: number): boolean {
    if (id === this.root && this.path.top === 0) return false;
    if (this.#operations > OPERATIONS_MAX || this.blocks.size >= BLOCKS_MAX) return true;
    return this.blocks.has(id) || this.#isRoot(id) || !isCompiled(this.#lower(id));
  }

  #exit(target: number): Exit {
    return { target, version: this.#versionOf(target, () => this.#leaveFacts()) };
  }

  /** One side of a branch, as a block of its own. */
  #arm(path: Path, id: number): RegionBlock {
    this.path = { ...path, slots: new Map(path.slots), words: new Map(path.words) };
    const end = this.#jump(id);
    return { statements: [], end };
  }

  #jump(id: number): End {
    const { path } = this;
    if (id === this.root && path.top === 0) {
      this.isLoop = true;
      const state = this.#state();
      for (const [height] of state.writes) this.changed.add(height);
      this.#checkFacts();
      return { kind: 'loop', ...state };
    }
    if (this.#isApart(id)) return { kind: 'goto', ...this.#exit(id), ...this.#stateFor(id) };
    const block = this.#enter(id);
    return { kind: 'block', block };
  }
}
