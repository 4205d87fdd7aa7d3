/**
 * Writes the WebAssembly of a region: its statements in order, and how its paths end.
 *
 * Everything that leaves the region is a tail call, so that the function has no end to fall out of.
 * Gas below zero stands for a trap: minus its kind.
 */
import {
  F_REGIONS,
  F_WINDOW_BASE,
  F_WINDOW_LIMIT,
  M_YIELD,
  MACHINE_BASE,
  R_BASE,
  R_LENGTH,
  RT_SCRATCH_BASE,
  RT_SPILL_BASE,
  STATUS_FINISH,
  STATUS_REVERT,
  TRAP_BAD_JUMP,
  TRAP_OUT_OF_GAS,
  TRAP_STACK_OVERFLOW,
  TRAP_STACK_UNDERFLOW,
} from '../../kernel/layout.ts';
import type { ByteSink } from '../wasm/byte-sink.ts';
import type { ValueType } from '../wasm/encoder.ts';
import { CodeWriter, LOCAL, OP, SIMD } from './code.ts';
import { type Graph, K, type Node } from './graph.ts';
import { writeWordLimit } from './helpers.ts';
import { NodeWriter } from './nodes.ts';
import type { Region } from './region.ts';
import type { Argument, End, Exit, Leave, RegionBlock, Statement } from './statements.ts';
import { isNarrow, type Wide } from './wide.ts';

/** What a region's code needs of the module and of the program. */
export interface EmitContext {
  /** Index of the function of a region, by its place. */
  functionOf(version: number): number;
  /** Offset at which the table of targets has the address of the interpreter's block. */
  targetOf(id: number): number;
  /** Index of a function of the kernel, of the machine, or of the module's helpers. */
  index(name: string): number;
}

const WORD = 32;
/** Labels, from outside: minus a trap, or the interpreter goes on at `address`; out of gas. */
const LEFT = 0;
const OUT_OF_GAS = 1;
const LOOP = 2;
/** Halves of a word in memory, whose most significant byte is the first: place, lower limb. */
const HALVES = [
  [16, 0],
  [0, 2],
] as const;

export class RegionEmitter {
  readonly #code: CodeWriter;
  readonly #nodes: NodeWriter;
  readonly #context: EmitContext;
  #region!: Region;
  #graph!: Graph;
  /** Height of the window with which paths come to `LEFT` for the interpreter. */
  #leftTop: number | undefined;

  constructor(context: EmitContext) {
    this.#context = context;
    this.#code = new CodeWriter((name) => context.index(name));
    this.#nodes = new NodeWriter(this.#code);
  }

  /** Types of the locals behind the parameters. */
  get locals(): readonly ValueType[] {
    return this.#code.locals;
  }

  /** The body that was written last. */
  get body(): ByteSink {
    return this.#code.sink;
  }

  /** Writes the body of the region's function. */
  emit(region: Region): void {
    this.#region = region;
    this.#graph = region.graph;
    this.#leftTop = undefined;
    this.#code.begin();
    this.#nodes.begin(region);
    const { body, isLoop, low } = region;
    this.#pointer(low);
    this.#code.set(LOCAL.window);
    if (this.#nodes.uses.usesMemory) this.#loadMemory();
    if (isLoop) this.#nodes.promote();
    this.#code.open(OP.block).open(OP.block);
    if (isLoop) this.#code.open(OP.loop);
    this.#block(body);
    if (isLoop) this.#code.end();
    this.#code.end().number(-TRAP_OUT_OF_GAS).set(LOCAL.gas).end();
    this.#end(this.#leftTop);
    this.#code.op(OP.end);
  }

  /** Where paths meet: a tail call takes more of the platform's code than most of them. */
  #end(top: number | undefined): void {
    this.#code.get(LOCAL.frame);
    if (top !== undefined) {
      this.#code.get(LOCAL.address);
      this.#pointer(top);
    }
    this.#code
      .get(LOCAL.gas)
      .get(LOCAL.steps)
      .leaveTo(top === undefined ? 'trap' : 'continue');
  }

  // ---- the frame's memory

  #loadMemory(): void {
    this.#code
      .get(LOCAL.frame)
      .access(OP.i32Load, 2, F_REGIONS + R_BASE)
      .set(LOCAL.memory);
    this.#code.prepareReverse();
    this.#loadWords();
  }

  /** Offsets below it are those of whole words inside the memory. */
  #loadWords(): void {
    writeWordLimit(this.#code).set(LOCAL.words);
  }

  // ---- statements

  #block({ statements, end }: RegionBlock): void {
    for (const statement of statements) this.#statement(statement);
    this.#finishPath(end);
  }

  /** Takes the gas left from the stack; traps where it is minus a trap. */
  #setGas(): void {
    this.#code.tee(LOCAL.gas).number(0).op(OP.i64LtS).branch(OP.brIf, LEFT);
  }

  /** Takes an amount from the gas. */
  #pay(amount: number): void {
    this.#code.get(LOCAL.gas).number(amount).op(OP.i64Sub).tee(LOCAL.gas);
    this.#code.number(0).op(OP.i64LtS).branch(OP.brIf, OUT_OF_GAS);
  }

  #trap(trap: number): void {
    this.#code.number(-trap).set(LOCAL.gas).branch(OP.br, LEFT);
  }

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'enter':
        this.#enter(statement);
        return;
      case 'cover':
        this.#cover(statement);
        return;
      case 'load':
        this.#load(statement);
        return;
      case 'store':
        this.#store(statement);
        return;
      case 'loadZero':
        this.#code.get(LOCAL.frame).i32(statement.region).i32(spillAddress(statement.result));
        this.#argument({ wide: statement.offset }, 1);
        this.#code.call('rtLoadZero');
        return;
      case 'compute':
        this.#code.i32(spillAddress(statement.result));
        for (const [i, arg] of statement.args.entries()) this.#argument(arg, 1 + i);
        this.#code.call(statement.name);
        return;
      case 'apply':
        this.#apply(statement);
        return;
      case 'charge':
        this.#charge(statement);
        return;
      case 'gasLeft':
        this.#code.get(LOCAL.gas);
        if (statement.rest !== 0) this.#code.number(statement.rest).op(OP.i64Add);
        this.#code.set(this.#nodes.localOf(statement.result));
        return;
      case 'memorySize':
        this.#code.get(LOCAL.frame).access(OP.i64Load32U, 2, F_REGIONS + R_LENGTH);
        this.#code.set(this.#nodes.localOf(statement.result));
    }
  }

  /** Traps where the condition on the stack holds. */
  #trapIf(trap: number): void {
    this.#code.if();
    this.#trap(trap);
    this.#code.end();
  }

  #enter({ gas, low, high, steps }: Statement & { kind: 'enter' }): void {
    const code = this.#code;
    if (low !== undefined) {
      this.#pointer(low);
      code.get(LOCAL.frame).access(OP.i32Load, 2, F_WINDOW_BASE).op(OP.i32LtU);
      this.#trapIf(TRAP_STACK_UNDERFLOW);
    }
    if (high !== undefined) {
      this.#pointer(high);
      code.get(LOCAL.frame).access(OP.i32Load, 2, F_WINDOW_LIMIT).op(OP.i32GtU);
      this.#trapIf(TRAP_STACK_OVERFLOW);
    }
    if (gas !== 0) this.#pay(gas);
    code.get(LOCAL.steps).number(steps).op(OP.i64Add).set(LOCAL.steps);
  }

  #cover({ offset }: Statement & { kind: 'cover' }): void {
    const code = this.#code;
    if (!isNarrow(this.#graph, offset)) {
      this.#isWide(offset);
      code.branch(OP.brIf, OUT_OF_GAS);
    }
    this.#nodes.force(offset[0]);
    this.#nodes.node(offset[0]);
    code.get(LOCAL.words).op(OP.i64GeU).if();
    code.get(LOCAL.frame);
    this.#nodes.node(offset[0]);
    code.get(LOCAL.gas).call('grow').set(LOCAL.words);
    this.#setGas();
    code.end();
  }

  /** Leaves on the stack whether a word does not fit a limb. */
  #isWide([, ...limbs]: Wide): void {
    for (const [i, limb] of limbs.entries()) {
      this.#nodes.node(limb);
      if (i > 0) this.#code.op(OP.i64Or);
    }
    this.#code.number(0).op(OP.i64Ne);
  }

  /**
   * Leaves the address of a covered offset on the stack; gives what is to be added to it.
   *
   * @param isFirst the local for the address is not set yet
   */
  #address([offset]: Wide, isFirst: boolean): number {
    const known = this.#graph.valueOf(offset);
    if (known !== undefined) this.#code.get(LOCAL.memory);
    else if (!isFirst) this.#code.get(LOCAL.address);
    else {
      this.#code.get(LOCAL.memory);
      this.#nodes.node(offset);
      this.#code.op(OP.wrap).op(OP.i32Add).tee(LOCAL.address);
    }
    return Number(known ?? 0);
  }

  #load({ offset, result }: Statement & { kind: 'load' }): void {
    let isFirst = true;
    for (const [at, low] of HALVES) {
      const limbs = [low, low + 1].filter((limb) => this.#nodes.needs(result + limb));
      if (limbs.length === 0) continue;
      const base = this.#address(offset, isFirst);
      isFirst = false;
      this.#code
        .simd(SIMD.load)
        .u32(0)
        .u32(base + at);
      this.#code.reverse();
      if (limbs.length > 1) this.#code.tee(LOCAL.vector);
      for (const [i, limb] of limbs.entries()) {
        if (i > 0) this.#code.get(LOCAL.vector);
        this.#code.simd(SIMD.extract).byte(limb - low);
        this.#code.set(this.#nodes.localOf(result + limb));
      }
    }
  }

  #store({ offset, value }: Statement & { kind: 'store' }): void {
    for (const node of value) this.#nodes.force(node);
    for (const [at, low] of HALVES) {
      const base = this.#address(offset, low === 0);
      this.#reversed(value[low], value[low + 1] as Node);
      this.#code
        .simd(SIMD.store)
        .u32(0)
        .u32(base + at);
    }
  }

  /** Leaves two limbs on the stack as a vector, most significant byte first. */
  #reversed(low: Node, high: Node): void {
    const [l, h] = [this.#graph.valueOf(low), this.#graph.valueOf(high)];
    if (l === 0n && h === 0n) {
      this.#code.get(LOCAL.zero);
      return;
    }
    if (l !== undefined && h !== undefined) {
      const sink = this.#code.simd(SIMD.const);
      const value = (h << 64n) | l;
      for (let i = 15; i >= 0; i--) sink.byte(Number((value >> BigInt(i * 8)) & 0xffn));
      return;
    }
    this.#nodes.node(low);
    this.#code.simd(SIMD.splat);
    this.#nodes.node(high);
    this.#code.simd(SIMD.replace).byte(1);
    this.#code.reverse();
  }

  /** Whether the whole word stands in memory: an address, or a slot of the window. */
  #isInMemory(value: Wide): boolean {
    return this.#spillOf(value) !== undefined || this.#slotOf(value) !== undefined;
  }

  /** The address at which a function of the kernel left the word. */
  #spillOf(value: Wide): number | undefined {
    const { kinds, a } = this.#graph;
    const address = a[value[0]] as number;
    for (let i = 0; i < 4; i++) {
      const node = value[i] as Node;
      if (kinds[node] !== K.absolute || a[node] !== address + i * 8) return undefined;
    }
    return address;
  }

  /** The slot of the window that holds the word as it was at entry. */
  #slotOf(value: Wide): number | undefined {
    if (this.#region.isLoop) return undefined;
    const { kinds, a, b } = this.#graph;
    const height = a[value[0]];
    for (let i = 0; i < 4; i++) {
      const node = value[i] as Node;
      if (kinds[node] !== K.window || a[node] !== height || b[node] !== i) return undefined;
    }
    return height;
  }

  /** Leaves an argument on the stack: a number, or the address of a word. */
  #argument(arg: Argument, place: number, isCopied = false): void {
    if ('number' in arg) this.#code.i32(arg.number);
    else if ('node' in arg) {
      this.#nodes.node(arg.node);
      this.#code.op(OP.wrap);
    } else if (isCopied || !this.#isInMemory(arg.wide)) {
      this.#copyTo(RT_SCRATCH_BASE + place * WORD, arg.wide);
    } else this.#pointerTo(arg.wide);
  }

  /** Leaves the address of a word that is in memory on the stack. */
  #pointerTo(value: Wide): void {
    const spill = this.#spillOf(value);
    if (spill !== undefined) this.#code.i32(spill);
    else this.#pointer(this.#slotOf(value) as number);
  }

  /**
   * Writes a word to an address, and leaves that on the stack. A call would be shorter, but what
   * is in registers would not stay there.
   */
  #copyTo(address: number, value: Wide): void {
    const { zero } = this.#graph;
    if (this.#isInMemory(value)) {
      this.#code.i32(address);
      this.#pointerTo(value);
      this.#code.call('keepCopy');
      return;
    }
    for (let limb = 0; limb < 4; limb++) {
      const node = value[limb] as Node;
      const at = address + limb * 8;
      this.#code.i32(0);
      if (limb % 2 === 0 && node === zero && value[limb + 1] === zero) {
        this.#code.get(LOCAL.zero).simd(SIMD.store).u32(0).u32(at);
        limb++;
        continue;
      }
      this.#nodes.node(node);
      this.#code.access(OP.i64Store, 3, at);
    }
    this.#code.i32(address);
  }

  #apply({ name, args, result }: Statement & { kind: 'apply' }): void {
    for (const arg of args) {
      if ('wide' in arg) for (const limb of arg.wide) this.#nodes.node(limb);
    }
    this.#code.call(name);
    for (let limb = result + 3; limb >= result; limb--) {
      if (this.#nodes.needs(limb)) this.#code.set(this.#nodes.localOf(limb));
      else this.#code.op(OP.drop);
    }
  }

  #charge(statement: Statement & { kind: 'charge' }): void {
    const { name, args, resultAt, rest, hasFrame, result } = statement;
    if (hasFrame) this.#code.get(LOCAL.frame);
    // The operands of a log stand one behind the other.
    const isRow = name === 'rtLog';
    for (const [i, arg] of args.entries()) {
      if (i === resultAt) this.#code.i32(spillAddress(result));
      this.#argument(arg, i + 1, isRow);
      if (isRow && i > 1) this.#code.op(OP.drop);
    }
    if (resultAt === args.length) this.#code.i32(spillAddress(result));
    this.#code.get(LOCAL.gas);
    if (rest !== 0) this.#code.number(rest).op(OP.i64Add);
    this.#code.call(name);
    this.#setGas();
    if (rest !== 0) this.#pay(rest);
    if (statement.growsMemory && this.#nodes.uses.usesMemory) this.#loadWords();
  }

  // ---- ends

  #finishPath(end: End): void {
    const code = this.#code;
    switch (end.kind) {
      case 'block':
        this.#block(end.block);
        return;
      case 'branch':
        this.#branch(end);
        return;
      case 'fork':
        this.#fork(end);
        return;
      case 'loop':
        this.#goBack(end);
        return;
      case 'goto':
        this.#storeSlots(end);
        this.#continueAt(end, end.top);
        return;
      case 'dispatch':
        this.#dispatch(end);
        return;
      case 'suspend':
        this.#storeSlots(end);
        code.get(LOCAL.frame).i32(end.host);
        this.#target(end.next);
        this.#pointer(end.top);
        code.get(LOCAL.gas).get(LOCAL.steps).leaveTo('suspend');
        return;
      case 'finish':
        code.get(LOCAL.frame).i32(end.isRevert ? STATUS_REVERT : STATUS_FINISH);
        this.#argument({ wide: end.offset }, 1);
        this.#argument({ wide: end.size }, 2);
        code.get(LOCAL.gas).get(LOCAL.steps).leaveTo('finish');
        return;
      case 'stop':
        code.get(LOCAL.frame).get(LOCAL.gas).get(LOCAL.steps).leaveTo('stop');
        return;
      case 'trap':
        this.#trap(end.trap);
    }
  }

  #branch({ condition, yes, no }: End & { kind: 'branch' }): void {
    this.#nodes.node(condition);
    this.#code.if();
    const { mark } = this.#nodes;
    this.#block(yes);
    this.#nodes.forget(mark);
    this.#code.end();
    this.#block(no);
  }

  #fork(end: End & { kind: 'fork' }): void {
    this.#storeSlots(end, end.condition);
    this.#nodes.node(end.condition);
    this.#code.if();
    this.#continueAt(end.yes, end.top);
    this.#code.end();
    this.#continueAt(end.no, end.top);
  }

  #goBack(end: Leave): void {
    const targets: number[] = [];
    for (const [height, value] of end.writes) {
      for (let limb = 0; limb < 4; limb++) {
        this.#nodes.node(value[limb] as Node);
        targets.push(this.#nodes.promotedOf(height, limb));
      }
    }
    for (const local of targets.reverse()) this.#code.set(local);
    this.#code.get(LOCAL.steps).i32(MACHINE_BASE).access(OP.i64Load, 3, M_YIELD).op(OP.i64GeU);
    this.#code.if();
    this.#storeSlots({ writes: [], top: 0 });
    this.#continueAt({ target: this.#region.root, version: undefined }, 0);
    this.#code.end();
    this.#code.branch(OP.br, LOOP);
  }

  /**
   * Writes the window as a path leaves it.
   *
   * @param later a node that is needed afterwards
   */
  #storeSlots({ writes, top }: Leave, later?: Node): void {
    const { slots } = this.#graph;
    const { isLoop, changed } = this.#region;
    // What is read of a slot must be read before that is written; in a loop it is in a local.
    let written = 0;
    const forceRead = (node: Node): void => {
      if (!isLoop && ((slots[node] as number) & written) !== 0) this.#nodes.force(node);
    };
    for (const [height, value] of writes) {
      written |= 1 << (height & 31);
      for (const node of value) forceRead(node);
    }
    if (later !== undefined) forceRead(later);
    for (const [height, value] of writes) this.#storeSlot(height, value);
    if (!isLoop) return;
    const own = new Set(writes.map(([height]) => height));
    for (const height of changed) {
      if (own.has(height) || height >= top) continue;
      for (let limb = 0; limb < 4; limb++) {
        this.#code.get(LOCAL.window).get(this.#nodes.promotedOf(height, limb));
        this.#code.access(OP.i64Store, 3, this.#nodes.slotOffset(height) + limb * 8);
      }
    }
  }

  #storeSlot(height: number, value: Wide): void {
    const offset = this.#nodes.slotOffset(height);
    for (let limb = 0; limb < 4; limb++) {
      const node = value[limb] as Node;
      this.#code.get(LOCAL.window);
      if (limb === 2 && this.#graph.isZero(node) && this.#graph.isZero(value[3])) {
        this.#code
          .get(LOCAL.zero)
          .simd(SIMD.store)
          .u32(3)
          .u32(offset + 16);
        return;
      }
      this.#nodes.node(node);
      this.#code.access(OP.i64Store, 3, offset + limb * 8);
    }
  }

  /** The window pointer at a height: the address of the slot there. */
  #pointer(height: number): void {
    this.#code.get(LOCAL.pointer);
    if (height !== 0) this.#code.i32(height * WORD).op(OP.i32Add);
  }

  /** Leaves the address of the interpreter's block on the stack. */
  #target(id: number): void {
    this.#code.op(OP.globalGet).sink.u32(0);
    this.#code.access(OP.i32Load, 2, this.#context.targetOf(id));
  }

  /** Goes on at a block: in its function, or in the interpreter. */
  #continueAt({ target, version }: Exit, top: number): void {
    if (version === undefined && top === (this.#leftTop ?? top)) {
      this.#leftTop = top;
      this.#target(target);
      this.#code.set(LOCAL.address).branch(OP.br, LEFT);
      return;
    }
    this.#code.get(LOCAL.frame);
    if (version === undefined) this.#target(target);
    this.#pointer(top);
    this.#code.get(LOCAL.gas).get(LOCAL.steps);
    if (version === undefined) this.#code.leaveTo('continue');
    else this.#code.op(OP.returnCall).sink.u32(this.#context.functionOf(version));
  }

  #dispatch(end: End & { kind: 'dispatch' }): void {
    const [first] = end.target;
    if (!isNarrow(this.#graph, end.target)) {
      this.#isWide(end.target);
      this.#trapIf(TRAP_BAD_JUMP);
    }
    this.#storeSlots(end, first);
    this.#code.get(LOCAL.frame);
    this.#nodes.node(first);
    this.#pointer(end.top);
    this.#code.get(LOCAL.gas).get(LOCAL.steps).leaveTo('dispatch');
  }
}

/** Where the result of a function of the kernel stands: one word for each such result. */
function spillAddress(index: number): number {
  return RT_SPILL_BASE + index * WORD;
}
