/**
 * Encodes a function of a module as register bytecode: closed functions, and open ones that are
 * text or bytecode of dMIR rather than lowered block by block (those are `encode-open.ts`).
 *
 * Pipeline: `analysis.ts` → `slots.ts` → for each block: charge what can be charged at once, turn
 * each operation into words by `rules.ts`, move the arguments of branches, end the piece.
 *
 * - A call hands its arguments over at the end of the caller's registers, where the callee's window
 *   begins; results come back there. It ends the piece, and the next one begins with what follows,
 *   so steps and gas of a header are those of operations that run without interruption.
 * - Gas is charged at the head of a piece, or by a word, for all charges up to the next operation
 *   that could trap or see it; so the gas at a trap is exact.
 */
import type { Block, Func, HostDecl, Inst, Module, Operand, RegId, Target } from '../ir.ts';
import type { Type } from '../types.ts';
import { constAddressType } from '../typing.ts';
import { type Analysis, analyse } from './analysis.ts';
import { type BranchWord, comparisonWord, testWord } from './branches.ts';
import { bytesOf, type Layout, layoutOf } from './frame-layout.ts';
import { emitOutput } from './memory-rules.ts';
import { orderMoves } from './parallel-move.ts';
import {
  chargesFrom,
  constantCharge,
  FUNCTION_KEYS,
  isBarrier,
  PIECE_KEYS,
  type Piece,
} from './piece.ts';
import { RULES, type RuleOp } from './rules.ts';
import { move, type Site, type Source, setNarrow, setWide, slotOf } from './site.ts';
import { assignSlots, type Slots, WINDOW_SLOTS } from './slots.ts';
import { type BlockHeader, BlockWriter } from './writer.ts';

const WIDE = 32;
/** Bytes of registers that a signed 16-bit offset reaches. */
const FRAME_BYTES_MAX = 0x7fff;
/** A piece ends before its constants reach what the header can say. */
const CONSTANT_BYTES_MAX = 0xf000;
const HEADER_SLOTS_MAX = 2047;
const TABLE_MAX = 0xffff;
const H_GROW = 10;

/** A function is larger than bytecode can say, or a module than the machine can hold. */
export class CodeLimitError extends Error {
  /** @param what - The function or module, as a message begins with it. */
  constructor(what: string, problem: string) {
    super(`${what} ${problem}`);
    this.name = 'CodeLimitError';
  }
}

export interface EncodeOptions {
  readonly module: Module;
  /** Cell space of the kernel for each space of the module. */
  readonly spaces: readonly number[];
  /** Number of the signature of a function; equal for equal signatures. */
  signature(index: number): number;
}

/** An edge whose moves need a piece of their own. */
interface Edge {
  readonly key: number;
  readonly target: Target;
}

export class FunctionEncoder implements Site {
  readonly writer = new BlockWriter();
  readonly #options: EncodeOptions;
  #func!: Func;
  #analysis!: Analysis;
  #slots!: Slots;
  #pieces: Piece[] = [];
  #nextKey = PIECE_KEYS;

  #block!: Block;
  #inst!: Inst;
  #header: BlockHeader = { gas: 0, steps: 0, need: 0, grow: 0 };
  #key = 0;
  #first = 0;
  /** Charges before this instruction are made. */
  #charged = 0;
  #edges: Edge[] = [];
  #tempNext = 0;
  /** First byte behind everything that the function uses of the window. */
  #frameTop = 0;

  constructor(options: EncodeOptions) {
    this.#options = options;
  }

  /**
   * The pieces of the function; the first is its entry.
   *
   * @throws CodeLimitError
   */
  encode(func: Func): Piece[] {
    this.#func = func;
    this.#pieces = [];
    this.#analysis = analyse(func);
    this.#slots = assignSlots(this.#options.module, func, this.#analysis);
    this.#frameTop = 0;
    this.#reserve(this.#slots.temps);
    for (const block of this.#analysis.order) this.#encodeBlock(block);
    const entry = this.#pieces[0] as Piece;
    if (!func.open) new DataView(entry.bytes.buffer).setUint16(H_GROW, this.#frameTop, true);
    return this.#pieces;
  }

  // ---- Site

  arg(index: number): Source {
    return this.#source(this.#inst.args[index] as Operand);
  }

  argType(index: number): Type {
    const operand = this.#inst.args[index] as Operand;
    if (operand >= 0) return this.#func.types[operand] as Type;
    return constAddressType(this.#func.consts[~operand] as bigint);
  }

  result(index = 0): number {
    return this.#slots.offsets[this.#inst.results[index] as RegId] as number;
  }

  temp(): number {
    const slot = this.#tempNext;
    this.#tempNext += WIDE;
    this.#reserve(this.#tempNext);
    return slot;
  }

  place(inst: Inst): { readonly base: number | null; readonly offset: number } | undefined {
    const place = this.#analysis.places.get(inst);
    if (place === undefined) return undefined;
    const base = place.base === null ? null : (this.#slots.offsets[place.base] as number);
    return { base, offset: place.offset };
  }

  space(index: number): number {
    return this.#options.spaces[index] as number;
  }

  #source(operand: Operand): Source {
    const value = operand < 0 ? operand : (this.#analysis.alias[operand] as Operand);
    if (value < 0) return this.#func.consts[~value] as bigint;
    return this.#slots.offsets[value] as number;
  }

  /** Notes that the function uses the window up to here. */
  #reserve(top: number): void {
    if (top > this.#frameTop) this.#frameTop = top;
    if (top <= FRAME_BYTES_MAX) return;
    const limit = `the interpreter has ${FRAME_BYTES_MAX + 1}`;
    throw new CodeLimitError(
      `@${this.#func.name}`,
      `needs more than ${FRAME_BYTES_MAX} bytes of registers at once, and ${limit}: split it`,
    );
  }

  // ---- pieces

  #newKey(): number {
    return this.#nextKey++;
  }

  /** Begins a piece that counts the instructions from `first` on. */
  #begin(key: number, first: number): void {
    this.writer.begin();
    this.#key = key;
    this.#first = first;
    this.#header = { gas: this.#chargesAt(first), steps: 0, need: 0, grow: 0 };
  }

  /** Begins a piece that only moves values. */
  #beginMoves(key: number): void {
    this.writer.begin();
    this.#key = key;
    this.#first = 0;
    this.#header = { gas: 0, steps: 0, need: 0, grow: 0 };
    this.#tempNext = this.#slots.temps;
  }

  #end(count: number): void {
    this.#header.steps = count;
    const taken = this.writer.take(this.#header);
    const { bytes, relocations, marks } = taken;
    const [key, first, block] = [this.#key, this.#first, this.#block];
    this.#pieces.push({ key, block, first, count, bytes, relocations, marks });
  }

  /** Gas to charge at once at an instruction; 0 where an earlier charge covered it. */
  #chargesAt(index: number): number {
    if (index < this.#charged) return 0;
    const { amount, end } = chargesFrom(this.#options.module, this.#block, index);
    this.#charged = end;
    return amount;
  }

  #encodeBlock(block: Block): void {
    this.#block = block;
    this.#edges = [];
    this.#charged = 0;
    this.#begin(block.id, 0);
    if (this.#func.open && this.#setWindow(block)) {
      this.writer.word('STOP', 0, 0, 0);
      this.#end(0);
      return;
    }
    const last = block.insts.length - 1;
    for (let i = 0; i <= last; i++) {
      const inst = block.insts[i] as Inst;
      this.#inst = inst;
      this.#tempNext = this.#slots.temps;
      if (this.writer.constantBytes > CONSTANT_BYTES_MAX) this.#split(i);
      this.#chargeByWord(inst, i);
      if (inst.op === 'charge' || this.#analysis.dead.has(inst)) continue;
      if (isBarrier(inst)) this.writer.mark(i);
      if (i === last) this.#emitTerminator(inst);
      else if (inst.op === 'call' || inst.op === 'call_indirect') this.#emitCall(inst, i);
      else RULES[inst.op as RuleOp](this, inst);
    }
    if (this.#inst.op !== 'suspend' || this.#func.open) this.#end(last + 1 - this.#first);
    for (const { key, target } of this.#edges) {
      this.#beginMoves(key);
      this.#goTo(target);
      this.#end(0);
    }
  }

  /** What the header says of the window; true where no window can satisfy it. */
  #setWindow(block: Block): boolean {
    const depth = block.params.length;
    this.#header.need = Math.min(depth, HEADER_SLOTS_MAX) * WIDE;
    this.#header.grow = Math.min(block.grow, HEADER_SLOTS_MAX) * WIDE;
    return depth > WINDOW_SLOTS || block.grow > WINDOW_SLOTS;
  }

  #split(index: number): void {
    const next = this.#newKey();
    this.writer.jump(0, next);
    this.#end(index - this.#first);
    this.#begin(next, index);
  }

  /** Charges of instructions behind a barrier. */
  #chargeByWord(inst: Inst, index: number): void {
    if (constantCharge(this.#options.module, inst) === 0) return;
    const amount = this.#chargesAt(index);
    if (amount === 0) return;
    this.writer.mark(index);
    this.writer.word('CHARGE', 0, amount & 0xffff, amount >>> 16);
  }

  // ---- moves

  /** Moves sources to slots at once; sizes are those of the values. */
  #moveAll(slots: readonly number[], sources: readonly Source[], sizes: readonly number[]): void {
    const moves = { targets: [] as number[], sources: [] as number[], sizes: [] as number[] };
    sources.forEach((source, i) => {
      if (typeof source === 'bigint' || source === slots[i]) return;
      moves.targets.push(slots[i] as number);
      moves.sources.push(source);
      moves.sizes.push(sizes[i] as number);
    });
    this.#writeMoves(orderMoves(moves, () => this.temp()));
    sources.forEach((source, i) => {
      if (typeof source === 'number') return;
      if (sizes[i] === WIDE) setWide(this.writer, slots[i] as number, source);
      else setNarrow(this.writer, slots[i] as number, source);
    });
  }

  /** Neighbours of one size share a dispatch. */
  #writeMoves(order: readonly number[]): void {
    const { writer } = this;
    for (let i = 0; i < order.length; i += 3) {
      const [target, source, size] = [order[i], order[i + 1], order[i + 2]] as number[];
      const isWide = size === WIDE;
      if (order[i + 5] === size) {
        writer.word(isWide ? 'MOVE2' : 'MOVE2_64', target as number, source as number, 0);
        writer.extension(order[i + 3] as number, order[i + 4] as number, 0, 0);
        i += 3;
      } else {
        writer.word(isWide ? 'MOVE' : 'MOVE_64', target as number, source as number, 0);
      }
    }
  }

  /** Moves operands of the types to a layout that begins at the offset. */
  #moveTo(base: number, layout: Layout, types: readonly Type[], sources: readonly Source[]): void {
    const slots = layout.offsets.map((offset) => base + offset);
    this.#moveAll(slots, sources, types.map(bytesOf));
  }

  /** Moves values of the types to where the frame begins; temporaries lie behind them. */
  #moveOut(types: readonly Type[], sources: readonly Source[]): void {
    const layout = layoutOf(types);
    this.#reserve(layout.bytes);
    this.#tempNext = Math.max(this.#tempNext, layout.bytes);
    this.#moveTo(0, layout, types, sources);
  }

  #sources(operands: readonly Operand[]): Source[] {
    return operands.map((operand) => this.#source(operand));
  }

  /** Slots, sizes and sources of what an edge hands over. */
  #edgeMoves(target: Target): { slots: number[]; sources: Source[]; sizes: number[] } {
    const sources = this.#sources(target.args);
    if (this.#func.open) {
      const depth = this.#block.params.length;
      const slots = sources.map((_, i) => (i - depth) * WIDE);
      return { slots, sources, sizes: sources.map(() => WIDE) };
    }
    const params = (this.#func.blocks.get(target.block) as Block).params.slice(0, sources.length);
    const slots = params.map((param) => this.#slots.offsets[param] as number);
    return { slots, sources, sizes: params.map((param) => bytesOf(this.#typeOf(param))) };
  }

  #typeOf(register: RegId): Type {
    return this.#func.types[register] as Type;
  }

  /** Bytes by which an edge moves the window pointer. */
  #delta(target: Target): number {
    if (!this.#func.open) return 0;
    return (target.args.length - this.#block.params.length) * WIDE;
  }

  #goTo(target: Target): void {
    const { slots, sources, sizes } = this.#edgeMoves(target);
    this.#moveAll(slots, sources, sizes);
    this.writer.jump(this.#delta(target), target.block);
  }

  /** The block of an edge that moves nothing, else a piece to be written. */
  #edgeKey(target: Target): number {
    const { slots, sources } = this.#edgeMoves(target);
    if (this.#delta(target) === 0 && sources.every((source, i) => source === slots[i])) {
      return target.block;
    }
    const key = this.#newKey();
    this.#edges.push({ key, target });
    return key;
  }

  // ---- calls

  #emitCall(inst: Inst, index: number): void {
    const { module } = this.#options;
    const callee = module.funcs[inst.imm] as Func;
    const isIndirect = inst.op === 'call_indirect';
    const area = this.#slots.top;
    const params = layoutOf(callee.params);
    const results = layoutOf(callee.results);
    this.#reserve(area + Math.max(params.bytes, results.bytes));
    this.#tempNext = Math.max(this.#slots.temps, area + params.bytes);
    const place = isIndirect ? slotOf(this, this.arg(0)) : 0;
    const args = this.#sources(isIndirect ? inst.args.slice(1) : inst.args);
    this.#moveTo(area, params, callee.params, args);
    const next = this.#newKey();
    // The words of the arguments do not trap, and the call does.
    if (isIndirect) {
      this.writer.word('CALL_INDIRECT', place, area, 0);
      this.writer.continuation(next, this.#options.signature(inst.imm));
    } else {
      this.writer.call(area, FUNCTION_KEYS + inst.imm, next);
    }
    this.#end(index + 1 - this.#first);
    this.#begin(next, index + 1);
    this.#takeResults(inst, area, results, callee.results);
  }

  #takeResults(inst: Inst, area: number, layout: Layout, types: readonly Type[]): void {
    const { starts, ends } = this.#analysis;
    const order: number[] = [];
    inst.results.forEach((register, i) => {
      if ((ends[register] as number) <= (starts[register] as number)) return;
      const from = area + (layout.offsets[i] as number);
      const to = this.#slots.offsets[register] as number;
      if (to !== from) order.push(to, from, bytesOf(types[i] as Type));
    });
    this.#writeMoves(order);
  }

  // ---- terminators

  #emitTerminator(inst: Inst): void {
    switch (inst.op) {
      case 'br':
        this.#goTo(inst.targets[0] as Target);
        return;
      case 'br_if':
        this.#emitBranch(inst);
        return;
      case 'br_table':
        this.#emitTable(inst);
        return;
      case 'dispatch':
        this.#emitDispatch(inst);
        return;
      case 'return':
        this.#emitReturn(inst);
        return;
      case 'tail_call': {
        const { params } = this.#options.module.funcs[inst.imm] as Func;
        this.#moveOut(params, this.#sources(inst.args));
        this.writer.jump(0, FUNCTION_KEYS + inst.imm);
        return;
      }
      case 'tail_call_indirect':
        this.#emitTailCallIndirect(inst);
        return;
      case 'suspend':
        if (this.#func.open) this.#emitOpenSuspend(inst);
        else this.#emitClosedSuspend(inst);
        return;
      case 'finish':
      case 'revert':
        emitOutput(this, inst);
        return;
      case 'trap':
        this.writer.word('TRAP', inst.imm, 0, 0);
        return;
      case 'stop':
        this.writer.word('STOP', 0, 0, 0);
        return;
      default:
        throw new Error(`BUG: ${inst.op} ends no block`);
    }
  }

  /** The place is kept above the arguments, which may overwrite where it lies. */
  #emitTailCallIndirect(inst: Inst): void {
    const { params } = this.#options.module.funcs[inst.imm] as Func;
    this.#tempNext = Math.max(this.#tempNext, layoutOf(params).bytes);
    const place = this.temp();
    move(this, 'i64', place, this.arg(0));
    this.#moveOut(params, this.#sources(inst.args.slice(1)));
    const signature = this.#options.signature(inst.imm);
    this.writer.word('TAIL_CALL_INDIRECT', place, signature & 0xffff, signature >>> 16);
  }

  #emitBranch(inst: Inst): void {
    const [taken, other] = inst.targets as [Target, Target];
    const { form, a, b, isNegated } = this.#branchWord(inst);
    this.writer.word(form, a, b, 0);
    const keys = [this.#edgeKey(taken), this.#edgeKey(other)] as const;
    this.writer.targets(keys[isNegated ? 1 : 0], keys[isNegated ? 0 : 1]);
  }

  #branchWord(inst: Inst): BranchWord {
    const fusion = this.#analysis.fusions.get(inst);
    if (fusion === undefined) return testWord(this, this.arg(0), false);
    const { op, type, args } = fusion.inst;
    const [x, y] = this.#sources(args);
    return comparisonWord(this, op, type, [x as Source, y], fusion.isNegated);
  }

  #emitTable(inst: Inst): void {
    const last = inst.targets.length - 1;
    if (last > TABLE_MAX) {
      const limit = `the interpreter takes ${TABLE_MAX + 1} at most: split it`;
      throw new CodeLimitError(
        `@${this.#func.name}`,
        `has a br_table of ${last + 1} targets, and ${limit}`,
      );
    }
    const a = slotOf(this, this.arg(0));
    this.writer.word(inst.type === 'i256' ? 'BR_TABLE' : 'BR_TABLE_64', a, last, 0);
    this.writer.table(inst.targets.map((target) => this.#edgeKey(target)));
  }

  #emitDispatch(inst: Inst): void {
    const target = inst.targets[0] as Target;
    const source = this.arg(0);
    let a = slotOf(this, source);
    if (typeof source === 'number') {
      // The moves may overwrite where the value lies, and the word reads 32 bytes.
      a = this.temp();
      this.writer.word(inst.type === 'i256' ? 'MOVE' : 'ZEXT64', a, source, 0);
    }
    const { slots, sources, sizes } = this.#edgeMoves(target);
    this.#moveAll(slots, sources, sizes);
    this.writer.mark(this.#block.insts.length - 1);
    this.writer.word('DISPATCH', this.#delta(target), a, 0);
  }

  #emitReturn(inst: Inst): void {
    const types = this.#func.results;
    const [only] = types;
    if (types.length === 1 && only !== undefined && bytesOf(only) !== WIDE) {
      this.writer.word('RETURN_64', slotOf(this, this.arg(0)), 0, 0);
      return;
    }
    this.#moveOut(types, this.#sources(inst.args));
    this.writer.word('RETURN', 0, 0, 0);
  }

  /** The host finds its operands on top of the window, the first one topmost. */
  #emitOpenSuspend(inst: Inst): void {
    const target = inst.targets[0] as Target;
    const operands = [...target.args, ...inst.args.toReversed()];
    const handed = { block: target.block, args: operands };
    const { slots, sources, sizes } = this.#edgeMoves(handed);
    this.#moveAll(slots, sources, sizes);
    this.writer.word('SUSPEND', inst.imm, this.#delta(handed), 0);
    this.writer.continuation(target.block, inst.pc);
  }

  /**
   * The host finds its operands, and puts its results, behind the registers, where it leaves the
   * window pointer. The piece to go on with brings the pointer back, and a second one hands over
   * the arguments of the target with the results behind them.
   */
  #emitClosedSuspend(inst: Inst): void {
    const host = this.#options.module.hosts[inst.imm] as HostDecl;
    const target = inst.targets[0] as Target;
    const area = this.#slots.top;
    const params = layoutOf(host.params);
    const results = layoutOf(host.results);
    this.#reserve(area + Math.max(params.bytes, results.bytes));
    this.#tempNext = Math.max(this.#slots.temps, area + params.bytes);
    this.#moveTo(area, params, host.params, this.#sources(inst.args));
    const [back, next] = [this.#newKey(), this.#newKey()];
    this.writer.word('SUSPEND', inst.imm, area, 0);
    this.writer.continuation(back, inst.pc);
    this.#end(this.#block.insts.length - this.#first);
    this.#beginMoves(back);
    this.writer.jump(-area, next);
    this.#end(0);
    this.#beginMoves(next);
    this.#tempNext = Math.max(this.#slots.temps, area + results.bytes);
    const { slots, sources, sizes } = this.#edgeMoves(target);
    const block = this.#func.blocks.get(target.block) as Block;
    host.results.forEach((type, i) => {
      slots.push(this.#slots.offsets[block.params[sources.length] as RegId] as number);
      sources.push(area + (results.offsets[i] as number));
      sizes.push(bytesOf(type));
    });
    this.#moveAll(slots, sources, sizes);
    this.writer.jump(0, target.block);
    this.#end(0);
  }
}
