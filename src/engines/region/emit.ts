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
  TRAP_BAD_JUMP,
  TRAP_OUT_OF_GAS,
  TRAP_STACK_OVERFLOW,
  TRAP_STACK_UNDERFLOW,
} from '../../kernel/layout.ts';
import type { ValueType } from '../wasm/encoder.ts';
import { CodeWriter, LOCAL, OP, REVERSED, SIMD } from './code.ts';
import { type Graph, K, type Node, W } from './graph.ts';
import { NodeWriter } from './nodes.ts';
import type { Region } from './region.ts';
import type { Argument, End, Leave, RegionBlock, Statement } from './statements.ts';
import { isNarrow, type Wide } from './wide.ts';

/** What a region's code needs of the module and of the program. */
export interface EmitContext {
  /** Index of the function of a region, by its place. */
  functionOf(version: number): number;
  /** Address of the interpreter's block. */
  addressOf(id: number): number;
  /** Index of a function of the kernel, of the machine, or of the module's helpers. */
  index(name: string): number;
}

const WORD = 32;
/** Labels of a function, from outside: the gas is minus a trap; it did not suffice. */
const TRAPPED = 0;
const OUT_OF_GAS = 1;
const LOOP = 2;

export class RegionEmitter {
  readonly #code: CodeWriter;
  readonly #nodes: NodeWriter;
  readonly #region: Region;
  readonly #graph: Graph;
  readonly #context: EmitContext;

  constructor(region: Region, context: EmitContext) {
    this.#region = region;
    this.#graph = region.graph;
    this.#context = context;
    this.#code = new CodeWriter((name) => context.index(name));
    this.#nodes = new NodeWriter(this.#code, region);
  }

  /** Types of the locals behind the parameters. */
  get locals(): readonly ValueType[] {
    return this.#code.locals;
  }

  get bytes(): Uint8Array {
    return this.#code.sink.bytes();
  }

  /** Writes the function's body. */
  emit(): void {
    const { body, isLoop, low } = this.#region;
    this.#code.get(LOCAL.pointer);
    if (low !== 0) this.#code.i32(low * WORD).op(OP.i32Add);
    this.#code.set(LOCAL.window);
    this.#loadMemory();
    if (isLoop) this.#nodes.promote();
    this.#code.open(OP.block);
    this.#code.open(OP.block);
    if (isLoop) this.#code.open(OP.loop);
    this.#block(body);
    if (isLoop) this.#code.end();
    this.#code.op(OP.unreachable);
    this.#code.end();
    this.#code.i64(BigInt(-TRAP_OUT_OF_GAS)).set(LOCAL.gas);
    this.#code.end();
    this.#code.get(LOCAL.frame).i64(0n).get(LOCAL.gas).op(OP.i64Sub).op(OP.wrap).get(LOCAL.steps);
    this.#code.leaveTo('trap');
    this.#code.op(OP.end);
  }

  // ---- the frame's memory

  #loadMemory(): void {
    this.#code
      .get(LOCAL.frame)
      .access(OP.i32Load, 2, F_REGIONS + R_BASE)
      .set(LOCAL.memory);
    this.#loadWords();
  }

  /** Offsets below it are those of whole words inside the memory. */
  #loadWords(): void {
    this.#code.get(LOCAL.frame).access(OP.i32Load, 2, F_REGIONS + R_LENGTH);
    this.#code.call('wordLimit').set(LOCAL.words);
  }

  /** The address of a covered offset is left on the stack; gives what is to be added to it. */
  #address(offset: Wide, isFirst: boolean, isShared: boolean): number {
    const known = this.#graph.valueOf(offset[0]);
    if (known !== undefined) {
      this.#code.get(LOCAL.memory);
      return Number(known);
    }
    if (!isFirst) {
      this.#code.get(LOCAL.address);
      return 0;
    }
    this.#code.get(LOCAL.memory);
    this.#nodes.node(offset[0]);
    this.#code.op(OP.wrap).op(OP.i32Add);
    if (isShared) this.#code.tee(LOCAL.address);
    return 0;
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
    this.#storeSlots([], 0);
    this.#continueAt(this.#region.root, 0);
    this.#code.end();
    this.#code.branch(OP.br, LOOP);
  }

  // ---- statements and ends

  #block({ statements, end }: RegionBlock): void {
    for (const statement of statements) this.#statement(statement);
    this.#finishPath(end);
  }

  /** Traps where the condition on the stack holds. */
  #trapIf(trap: number): void {
    if (trap === TRAP_OUT_OF_GAS) {
      this.#code.branch(OP.brIf, OUT_OF_GAS);
      return;
    }
    this.#code.if();
    this.#trap(trap);
    this.#code.end();
  }

  /** Traps where the gas left is minus a trap. */
  #trapOnGas(): void {
    this.#code.get(LOCAL.gas).i64(0n).op(OP.i64LtS);
    this.#code.branch(OP.brIf, TRAPPED);
  }

  #trap(trap: number): void {
    this.#code.i64(BigInt(-trap)).set(LOCAL.gas);
    this.#code.branch(OP.br, TRAPPED);
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
        this.#loadZero(statement);
        return;
      case 'compute':
        this.#code.i32(spillAddress(statement.result));
        for (const [i, arg] of statement.args.entries()) this.#argument(arg, 1 + i);
        this.#code.call(statement.name);
        return;
      case 'charge':
        this.#charge(statement);
        return;
      case 'gasLeft':
        this.#code.get(LOCAL.gas);
        if (statement.rest !== 0) this.#code.i64(BigInt(statement.rest)).op(OP.i64Add);
        this.#code.set(this.#nodes.localOf(statement.result));
        return;
      case 'memorySize':
        this.#code.get(LOCAL.frame).access(0x35, 2, F_REGIONS + R_LENGTH);
        this.#code.set(this.#nodes.localOf(statement.result));
    }
  }

  #enter({ gas, low, high, steps }: Statement & { kind: 'enter' }): void {
    if (low !== undefined) {
      this.#code.get(LOCAL.window);
      const above = low - this.#region.low;
      if (above !== 0) this.#code.i32(above * WORD).op(OP.i32Add);
      this.#code.get(LOCAL.frame).access(OP.i32Load, 2, F_WINDOW_BASE).op(0x49);
      this.#trapIf(TRAP_STACK_UNDERFLOW);
    }
    if (high !== undefined) {
      this.#code
        .get(LOCAL.window)
        .i32((high - this.#region.low) * WORD)
        .op(OP.i32Add);
      this.#code.get(LOCAL.frame).access(OP.i32Load, 2, F_WINDOW_LIMIT).op(0x4b);
      this.#trapIf(TRAP_STACK_OVERFLOW);
    }
    if (gas !== 0) {
      this.#code.get(LOCAL.gas).i64(BigInt(gas)).op(OP.i64Sub).tee(LOCAL.gas).i64(0n).op(OP.i64LtS);
      this.#trapIf(TRAP_OUT_OF_GAS);
    }
    this.#code.get(LOCAL.steps).i64(BigInt(steps)).op(OP.i64Add).set(LOCAL.steps);
  }

  #cover({ offset }: Statement & { kind: 'cover' }): void {
    const graph = this.#graph;
    if (!isNarrow(graph, offset)) {
      const rest = graph.or(graph.or(offset[1], offset[2]), offset[3]);
      this.#nodes.node(graph.not(graph.isNull(rest)));
      this.#trapIf(TRAP_OUT_OF_GAS);
    }
    this.#nodes.force(offset[0]);
    this.#nodes.node(offset[0]);
    this.#code.get(LOCAL.words).op(OP.i64GeU);
    this.#code.if();
    this.#code.get(LOCAL.frame);
    this.#nodes.node(offset[0]);
    this.#code.get(LOCAL.gas).call('grow').set(LOCAL.words).set(LOCAL.gas);
    this.#trapOnGas();
    this.#code.end();
  }

  #load({ offset, low, high }: Statement & { kind: 'load' }): void {
    const halves = [
      [low, 16],
      [high, 0],
    ] as const;
    const needed = halves.filter(([vector]) => this.#nodes.uses.usesVector(vector));
    for (const [i, [vector, at]] of needed.entries()) {
      const base = this.#address(offset, i === 0, needed.length > 1);
      this.#code
        .simd(SIMD.load)
        .u32(0)
        .u32(base + at);
      this.#code.set(this.#nodes.localOf(vector));
    }
  }

  #store({ offset, value }: Statement & { kind: 'store' }): void {
    for (const node of value) this.#nodes.force(node);
    for (const [first, at] of [
      [0, 16],
      [2, 0],
    ] as const) {
      const base = this.#address(offset, first === 0, true);
      this.#reversed(value[first] as Node, value[first + 1] as Node);
      this.#code
        .simd(SIMD.store)
        .u32(0)
        .u32(base + at);
    }
  }

  /** A vector of two limbs, most significant byte first. */
  #reversed(low: Node, high: Node): void {
    const [l, h] = [this.#graph.valueOf(low), this.#graph.valueOf(high)];
    if (l !== undefined && h !== undefined) {
      const sink = this.#code.simd(SIMD.const);
      const value = (h << 64n) | l;
      for (let i = 15; i >= 0; i--) sink.byte(Number((value >> BigInt(i * 8)) & 0xffn));
      return;
    }
    if (h === 0n) {
      this.#code.simd(SIMD.const).raw(new Array<number>(16).fill(0));
      this.#nodes.node(low);
      this.#code.simd(SIMD.replace).byte(0);
    } else {
      this.#nodes.node(low);
      this.#code.simd(SIMD.splat);
      this.#nodes.node(high);
      this.#code.simd(SIMD.replace).byte(1);
    }
    this.#code.tee(LOCAL.vector).get(LOCAL.vector).simd(SIMD.shuffle).raw(REVERSED);
  }

  #loadZero({ region, offset, result }: Statement & { kind: 'loadZero' }): void {
    this.#code.get(LOCAL.frame).i32(region).i32(spillAddress(result));
    this.#argument({ wide: offset }, 1);
    this.#code.call('rtLoadZero');
  }

  /** Where the whole word stands in memory: an address, or a slot of the window. */
  #isInMemory(value: Wide): boolean {
    return this.#spillOf(value) !== undefined || this.#slotOf(value) !== undefined;
  }

  /** The address at which a function of the kernel left the word. */
  #spillOf(value: Wide): number | undefined {
    const { kinds, a } = this.#graph;
    const address = a[value[0]] as number;
    const isWhole = value.every(
      (node, i) => kinds[node] === K.absolute && a[node] === address + i * 8,
    );
    return isWhole ? address : undefined;
  }

  /** The slot of the window that holds the word as it was at entry. */
  #slotOf(value: Wide): number | undefined {
    const { kinds, a, b } = this.#graph;
    const height = a[value[0]] as number;
    const isWhole = value.every(
      (node, i) => kinds[node] === K.window && a[node] === height && b[node] === i,
    );
    return isWhole && !this.#region.isLoop ? height : undefined;
  }

  /** Leaves an argument on the stack: a number, or the address of a word. */
  #argument(arg: Argument, place: number, isCopied = false): void {
    if ('number' in arg) this.#code.i32(arg.number);
    else if ('node' in arg) {
      this.#nodes.node(arg.node);
      this.#code.op(OP.wrap);
    } else if (isCopied || !this.#isInMemory(arg.wide)) this.#copyToScratch(arg.wide, place);
    else this.#pointerTo(arg.wide);
  }

  /** Leaves the address of a word that is in memory on the stack. */
  #pointerTo(value: Wide): void {
    const spill = this.#spillOf(value);
    if (spill !== undefined) {
      this.#code.i32(spill);
      return;
    }
    const offset = this.#nodes.slotOffset(this.#slotOf(value) as number);
    this.#code.get(LOCAL.window);
    if (offset !== 0) this.#code.i32(offset).op(OP.i32Add);
  }

  #copyToScratch(value: Wide, place: number): void {
    const at = RT_SCRATCH_BASE + place * WORD;
    for (const [limb, node] of value.entries()) {
      this.#code.i32(0);
      this.#nodes.node(node);
      this.#code.access(OP.i64Store, 3, at + limb * 8);
    }
    this.#code.i32(at);
  }

  /** Writes a word to the scratch area and leaves nothing on the stack. */
  #inScratch(arg: Argument, place: number): void {
    if ('wide' in arg) this.#copyToScratch(arg.wide, place);
    else this.#argument(arg, place);
    this.#code.op(OP.drop);
  }

  #charge(statement: Statement & { kind: 'charge' }): void {
    const { name, args, resultAt, rest, cell, hasFrame, result } = statement;
    if (cell !== undefined) {
      // The call may have to be made again: its words are written once.
      for (const [i, arg] of args.entries()) {
        if ('wide' in arg && !this.#isInMemory(arg.wide)) this.#inScratch(arg, i + 1);
      }
      this.#code.open(OP.loop);
    }
    if (hasFrame) this.#code.get(LOCAL.frame);
    for (const [i, arg] of args.entries()) {
      if (i === resultAt) this.#code.i32(spillAddress(result));
      if (cell !== undefined && 'wide' in arg && !this.#isInMemory(arg.wide)) {
        this.#code.i32(RT_SCRATCH_BASE + (i + 1) * WORD);
      } else if (name === 'rtLog' && i > 1) this.#inScratch(arg, i + 1);
      else this.#argument(arg, i + 1, name === 'rtLog');
    }
    if (resultAt === args.length) this.#code.i32(spillAddress(result));
    this.#code.get(LOCAL.gas);
    if (rest !== 0) this.#code.i64(BigInt(rest)).op(OP.i64Add);
    this.#code.call(name);
    if (cell !== undefined) {
      this.#code.set(LOCAL.result);
      this.#retry(cell);
      this.#code.get(LOCAL.result);
    }
    this.#code.set(LOCAL.gas);
    this.#trapOnGas();
    if (rest !== 0) {
      this.#code
        .get(LOCAL.gas)
        .i64(BigInt(rest))
        .op(OP.i64Sub)
        .tee(LOCAL.gas)
        .i64(0n)
        .op(OP.i64LtS);
      this.#trapIf(TRAP_OUT_OF_GAS);
    }
    if (statement.growsMemory) this.#loadWords();
  }

  /** Has a missing cell fetched, and the call made again. */
  #retry({ space, key, word }: Cell): void {
    this.#code
      .get(LOCAL.result)
      .i64(-(1n << 63n))
      .op(W.i64Eq);
    this.#code.if();
    this.#code.i32(space);
    if (this.#isInMemory(word)) this.#pointerTo(word);
    else this.#code.i32(RT_SCRATCH_BASE + (key + 1) * WORD);
    this.#code.call('fetch');
    this.#code.op(OP.br).sink.u32(1);
    this.#code.end();
    this.#code.end();
  }

  #finishPath(end: End): void {
    switch (end.kind) {
      case 'block':
        this.#block(end.block);
        return;
      case 'branch':
        this.#branch(end);
        return;
      case 'loop':
        this.#goBack(end);
        return;
      case 'goto':
        this.#leave(end);
        this.#continueAt(end.target, end.top, end.version);
        return;
      case 'dispatch':
        this.#dispatch(end);
        return;
      case 'suspend':
        this.#leave(end);
        this.#code.get(LOCAL.frame).i32(end.host).i32(this.#context.addressOf(end.next));
        this.#pointer(end.top);
        this.#code.get(LOCAL.gas).get(LOCAL.steps).leaveTo('suspend');
        return;
      case 'finish':
        this.#finish(end);
        return;
      case 'stop':
        this.#code.get(LOCAL.frame).get(LOCAL.gas).get(LOCAL.steps).leaveTo('stop');
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

  /** Writes the window as the path leaves it. */
  #leave(end: Leave): void {
    this.#storeSlots(end.writes, end.top);
  }

  #storeSlots(writes: Leave['writes'], top: number): void {
    const own = new Set(writes.map(([height]) => height));
    // Before the first is written all must have been read.
    for (const [, value] of writes) for (const node of value) this.#nodes.force(node);
    for (const [height, value] of writes) {
      for (const [limb, node] of value.entries()) {
        this.#code.get(LOCAL.window);
        this.#nodes.node(node);
        this.#code.access(OP.i64Store, 3, this.#nodes.slotOffset(height) + limb * 8);
      }
    }
    if (!this.#region.isLoop) return;
    for (const height of this.#region.changed) {
      if (own.has(height) || height >= top) continue;
      for (let limb = 0; limb < 4; limb++) {
        this.#code.get(LOCAL.window).get(this.#nodes.promotedOf(height, limb));
        this.#code.access(OP.i64Store, 3, this.#nodes.slotOffset(height) + limb * 8);
      }
    }
  }

  /** The window pointer at a height. */
  #pointer(top: number): void {
    this.#code.get(LOCAL.pointer);
    if (top !== 0) this.#code.i32(top * WORD).op(OP.i32Add);
  }

  /** Goes on at a block: in its function, or in the interpreter. */
  #continueAt(id: number, top: number, version?: number): void {
    const index = version === undefined ? undefined : this.#context.functionOf(version);
    this.#code.get(LOCAL.frame);
    if (index === undefined) this.#code.i32(this.#context.addressOf(id));
    this.#pointer(top);
    this.#code.get(LOCAL.gas).get(LOCAL.steps);
    if (index === undefined) this.#code.leaveTo('continue');
    else this.#code.op(OP.returnCall).sink.u32(index);
  }

  #dispatch(end: End & { kind: 'dispatch' }): void {
    const graph = this.#graph;
    const { target } = end;
    if (!isNarrow(graph, target)) {
      const rest = graph.or(graph.or(target[1], target[2]), target[3]);
      this.#nodes.node(graph.not(graph.isNull(rest)));
      this.#trapIf(TRAP_BAD_JUMP);
    }
    this.#nodes.force(target[0]);
    this.#leave(end);
    this.#code.get(LOCAL.frame);
    this.#nodes.node(target[0]);
    this.#pointer(end.top);
    this.#code.get(LOCAL.gas).get(LOCAL.steps).leaveTo('dispatch');
  }

  #finish({ isRevert, offset, size }: End & { kind: 'finish' }): void {
    this.#code.get(LOCAL.frame);
    this.#argument({ wide: offset }, 1);
    this.#argument({ wide: size }, 2);
    this.#code.get(LOCAL.gas).call('rtFinish').set(LOCAL.gas);
    this.#trapOnGas();
    this.#code
      .get(LOCAL.frame)
      .i32(isRevert ? 2 : 1)
      .get(LOCAL.gas)
      .get(LOCAL.steps)
      .leaveTo('finish');
  }
}

type Cell = NonNullable<(Statement & { kind: 'charge' })['cell']>;

/** Where the result of a function of the kernel stands: one word for each such result. */
function spillAddress(index: number): number {
  return RT_SPILL_BASE + index * WORD;
}
