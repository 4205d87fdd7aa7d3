/**
 * Encodes a function of a module as register bytecode: closed functions, and open ones that are
 * text or bytecode of dMIR rather than lowered block by block (those are `encode-open.ts`).
 *
 * Pipeline: `flat-analysis.ts` → `slots.ts` → for each block: charge what can be charged at once
 * (`flat-charges.ts`), turn each operation into words by `rules.ts`, move the arguments of branches
 * (`moves.ts`), end the piece (`function-code.ts`).
 *
 * - A call hands its arguments over at the end of the caller's registers, where the callee's window
 *   begins; results come back there. It ends the piece, and the next one begins with what follows,
 *   so steps and gas of a header are those of operations that run without interruption.
 * - Gas is charged at the head of a piece, or by a word, for all charges up to the next operation
 *   that could trap or see it; so the gas at a trap is exact.
 */
import { OP_NUMBER } from '../flat.ts';
import type { FlatFunc } from '../flat-func.ts';
import type { Func, HostDecl, Module, Operand, RegId } from '../ir.ts';
import { OP_NAMES, type OpName } from '../ops.ts';
import { TYPES, type Type } from '../types.ts';
import { constAddressType } from '../typing.ts';
import { type BranchWord, comparisonWord, testWord } from './branches.ts';
import { FlatAnalysis, NO_BASE, NO_PLACE } from './flat-analysis.ts';
import { FlatCharges, IS_BARRIER } from './flat-charges.ts';
import { bytesOf, layoutBytes } from './frame-layout.ts';
import { FunctionCode } from './function-code.ts';
import { emitOutput } from './memory-rules.ts';
import { MoveList, writeMoves } from './moves.ts';
import { FUNCTION_KEYS, PIECE_KEYS } from './piece.ts';
import { RULES, type Rule, type RuleOp } from './rules.ts';
import { move, type Operation, type Site, type Source, slotOf } from './site.ts';
import { SlotAssigner, WINDOW_SLOTS } from './slots.ts';
import { type BlockHeader, BlockWriter } from './writer.ts';

const { call: CALL, call_indirect: CALL_INDIRECT, charge: CHARGE, suspend: SUSPEND } = OP_NUMBER;

const WIDE = 32;
/** Bytes of registers that a signed 16-bit offset reaches. */
const FRAME_BYTES_MAX = 0x7fff;
/** A piece ends before its constants reach what the header can say. */
const CONSTANT_BYTES_MAX = 0xf000;
const HEADER_SLOTS_MAX = 2047;
const TABLE_MAX = 0xffff;
/** Word of a header whose upper half is the window that the piece takes. */
const GROW_WORD = 2;

const RULE_OF: readonly (Rule | undefined)[] = OP_NAMES.map((op) => RULES[op as RuleOp]);

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

// What is known of a function while it is encoded: no two are at once, so all encoders share it.
const WRITER = new BlockWriter();
const ANALYSIS = new FlatAnalysis();
const SLOTS = new SlotAssigner();
const CODE = new FunctionCode();

/** Encodes functions one at a time; nothing of a function is left when the next begins. */
export class FunctionEncoder implements Site {
  readonly writer = WRITER;
  readonly #options: EncodeOptions;
  readonly #analysis = ANALYSIS;
  readonly #slots = SLOTS;
  readonly #code = CODE;
  readonly #charges: FlatCharges;
  #func!: FlatFunc;
  #nextKey = PIECE_KEYS;

  /** Index of the block, and of the operation that is being written. */
  #block = 0;
  #op = 0;
  readonly #operation: { op: OpName; type: Type; imm: number } = {
    op: 'stop',
    type: 'i64',
    imm: 0,
  };
  readonly #header: BlockHeader = { gas: 0, steps: 0, need: 0, grow: 0 };
  #target = 0;
  #first = 0;
  /** Edges whose moves need a piece of their own, each behind its key. */
  readonly #edges: number[] = [];
  #tempNext = 0;
  /** First byte behind everything that the function uses of the window. */
  #frameTop = 0;
  /** What is handed over at once. */
  readonly #moves = new MoveList(this);

  constructor(options: EncodeOptions) {
    this.#options = options;
    this.#charges = new FlatCharges(options.module);
  }

  /**
   * The code of the function, which the next one of any encoder overwrites; the first piece is
   * its entry.
   *
   * @throws CodeLimitError
   */
  encode(func: FlatFunc): FunctionCode {
    this.#func = func;
    this.#code.begin();
    this.#nextKey = PIECE_KEYS;
    this.#analysis.run(func);
    this.#slots.run(this.#options.module, func, this.#analysis);
    this.#frameTop = 0;
    this.#reserve(this.#slots.temps);
    const { blocks, count } = this.#analysis.order;
    for (let i = 0; i < count; i++) this.#encodeBlock(blocks[i] as number);
    if (!func.open) {
      const { words } = this.#code;
      words[GROW_WORD] = ((words[GROW_WORD] as number) & 0xffff) | (this.#frameTop << 16);
    }
    return this.#code;
  }

  // ---- Site

  /** Operand of the operation. */
  #operand(index: number): Operand {
    const { pool, argsAt } = this.#func;
    return pool[(argsAt[this.#op] as number) + index] as Operand;
  }

  get argCount(): number {
    return this.#func.argCounts[this.#op] as number;
  }

  arg(index: number): Source {
    return this.#source(this.#operand(index));
  }

  argType(index: number): Type {
    const operand = this.#operand(index);
    if (operand >= 0) return this.#typeOf(operand);
    return constAddressType(this.#func.constOf(operand));
  }

  result(index = 0): number {
    const { pool, resultsAt } = this.#func;
    const register = pool[(resultsAt[this.#op] as number) + index] as RegId;
    return this.#slots.offsets[register] as number;
  }

  temp(): number {
    const slot = this.#tempNext;
    this.#tempNext += WIDE;
    this.#reserve(this.#tempNext);
    return slot;
  }

  place(): { readonly base: number | null; readonly offset: number } | undefined {
    const { bases, offsets } = this.#analysis;
    const base = bases[this.#op] as number;
    if (base === NO_PLACE) return undefined;
    const offset = offsets[this.#op] as number;
    return { base: base === NO_BASE ? null : (this.#slots.offsets[base] as number), offset };
  }

  space(index: number): number {
    return this.#options.spaces[index] as number;
  }

  #source(operand: Operand): Source {
    const value = this.#analysis.resolve(operand);
    return value < 0 ? this.#func.constOf(value) : (this.#slots.offsets[value] as number);
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
  #begin(target: number, first: number): void {
    this.writer.begin();
    this.#target = target;
    this.#first = first;
    this.#setHeader(this.#charges.take(first));
  }

  /** Begins a piece that only moves values. */
  #beginMoves(target: number): void {
    this.writer.begin();
    this.#target = target;
    this.#first = 0;
    this.#setHeader(0);
    this.#tempNext = this.#slots.temps;
  }

  #setHeader(gas: number): void {
    this.#header.gas = gas;
    this.#header.need = 0;
    this.#header.grow = 0;
  }

  #end(count: number): void {
    this.#header.steps = count;
    const block = this.#func.blockIds[this.#block] as number;
    this.#code.add(this.writer, this.#header, this.#target, { block, first: this.#first, count });
  }

  #encodeBlock(block: number): void {
    const func = this.#func;
    this.#block = block;
    this.#edges.length = 0;
    this.#charges.begin(func, block);
    this.#begin(block, 0);
    if (func.open && this.#setWindow(block)) {
      this.writer.word('STOP', 0, 0, 0);
      this.#end(0);
      return;
    }
    const first = func.firsts[block] as number;
    const last = (func.counts[block] as number) - 1;
    for (let i = 0; i <= last; i++) {
      if (this.writer.constantBytes > CONSTANT_BYTES_MAX) this.#split(i);
      this.#encodeOp(first + i, i, i === last);
    }
    if (func.ops[first + last] !== SUSPEND || func.open) this.#end(last + 1 - this.#first);
    for (let i = 0; i < this.#edges.length; i += 2) {
      this.#beginMoves(this.#edges[i] as number);
      this.#goTo(this.#edges[i + 1] as number);
      this.#end(0);
    }
  }

  /** @param index - Place of the operation in its block. */
  #encodeOp(at: number, index: number, isLast: boolean): void {
    const { ops, types, imms } = this.#func;
    const op = ops[at] as number;
    this.#op = at;
    this.#tempNext = this.#slots.temps;
    this.#chargeByWord(index);
    if (op === CHARGE || this.#analysis.dead[at] === 1) return;
    if (IS_BARRIER[op] === true) this.writer.mark(index);
    const operation = this.#operation;
    operation.op = OP_NAMES[op] as OpName;
    operation.type = TYPES[types[at] as number] as Type;
    operation.imm = imms[at] as number;
    if (isLast) this.#emitTerminator(operation);
    else if (op === CALL || op === CALL_INDIRECT) this.#emitCall(operation, index);
    else (RULE_OF[op] as Rule)(this, operation);
  }

  /** What the header says of the window; true where no window can satisfy it. */
  #setWindow(block: number): boolean {
    const depth = this.#func.paramCounts[block] as number;
    const grow = this.#func.grows[block] as number;
    this.#header.need = Math.min(depth, HEADER_SLOTS_MAX) * WIDE;
    this.#header.grow = Math.min(grow, HEADER_SLOTS_MAX) * WIDE;
    return depth > WINDOW_SLOTS || grow > WINDOW_SLOTS;
  }

  #split(index: number): void {
    const next = this.#newKey();
    this.writer.jump(0, next, 'GOTO');
    this.#end(index - this.#first);
    this.#begin(next, index);
  }

  /** Charges of instructions behind a barrier. */
  #chargeByWord(index: number): void {
    if (this.#charges.of(index) === 0) return;
    const amount = this.#charges.take(index);
    if (amount === 0) return;
    this.writer.mark(index);
    this.writer.word('CHARGE', 0, amount & 0xffff, amount >>> 16);
  }

  // ---- moves

  /** Moves operands of the operation, from one on, side by side to an offset. */
  #moveTo(base: number, types: readonly Type[], from: number): void {
    this.#moves.begin();
    let slot = base;
    for (let i = 0; i < types.length; i++) {
      const size = bytesOf(types[i] as Type);
      this.#moves.add(slot, this.arg(from + i), size);
      slot += size;
    }
    this.#moves.write();
  }

  /** Moves operands to where the frame begins; temporaries lie behind them. */
  #moveOut(types: readonly Type[], from: number): void {
    const bytes = layoutBytes(types);
    this.#reserve(bytes);
    this.#tempNext = Math.max(this.#tempNext, bytes);
    this.#moveTo(0, types, from);
  }

  /** Adds what an edge hands over to the moves. */
  #addEdgeMoves(edge: number): void {
    const { pool, edgeBlocks, edgeArgsAt, edgeArgCounts, paramsAt, paramCounts } = this.#func;
    const { offsets } = this.#slots;
    const args = edgeArgsAt[edge] as number;
    const count = edgeArgCounts[edge] as number;
    const depth = paramCounts[this.#block] as number;
    const params = paramsAt[edgeBlocks[edge] as number] as number;
    for (let i = 0; i < count; i++) {
      const source = this.#source(pool[args + i] as Operand);
      if (this.#func.open) {
        this.#moves.add((i - depth) * WIDE, source, WIDE);
        continue;
      }
      const param = pool[params + i] as RegId;
      this.#moves.add(offsets[param] as number, source, bytesOf(this.#typeOf(param)));
    }
  }

  #typeOf(register: RegId): Type {
    return TYPES[this.#func.registerTypes[register] as number] as Type;
  }

  /** Bytes by which handing over as many values moves the window pointer. */
  #delta(count: number): number {
    if (!this.#func.open) return 0;
    return (count - (this.#func.paramCounts[this.#block] as number)) * WIDE;
  }

  #deltaOf(edge: number): number {
    return this.#delta(this.#func.edgeArgCounts[edge] as number);
  }

  #goTo(edge: number): void {
    this.#moves.begin();
    this.#addEdgeMoves(edge);
    this.#moves.write();
    const target = this.#func.edgeBlocks[edge] as number;
    if (this.#func.open) this.writer.jump(this.#deltaOf(edge), target);
    else this.writer.jump(0, target, 'GOTO');
  }

  /** The block of an edge that moves nothing, else a piece to be written. */
  #edgeTarget(edge: number): number {
    this.#moves.begin();
    this.#addEdgeMoves(edge);
    if (this.#deltaOf(edge) === 0 && this.#moves.isStill) {
      return this.#func.edgeBlocks[edge] as number;
    }
    const key = this.#newKey();
    this.#edges.push(key, edge);
    return key;
  }

  /** The first edge of the block. */
  get #edge(): number {
    return this.#func.edgesAt[this.#block] as number;
  }

  // ---- calls

  #emitCall({ op, imm }: Operation, index: number): void {
    const callee = this.#options.module.funcs[imm] as Func;
    const isIndirect = op === 'call_indirect';
    const area = this.#slots.top;
    this.#reserveHandover(area, callee);
    const place = isIndirect ? slotOf(this, this.arg(0)) : 0;
    this.#moveTo(area, callee.params, isIndirect ? 1 : 0);
    const next = this.#newKey();
    // The words of the arguments do not trap, and the call does.
    if (isIndirect) {
      this.writer.word('CALL_INDIRECT', place, area, 0);
      this.writer.continuation(next, this.#options.signature(imm));
    } else {
      this.writer.call(area, FUNCTION_KEYS + imm, next);
    }
    this.#end(index + 1 - this.#first);
    this.#begin(next, index + 1);
    this.#takeResults(area, callee.results);
  }

  /** Notes that parameters and results lie behind the registers; temporaries follow the former. */
  #reserveHandover(area: number, { params, results }: Pick<Func, 'params' | 'results'>): void {
    const bytes = layoutBytes(params);
    this.#reserve(area + Math.max(bytes, layoutBytes(results)));
    this.#tempNext = Math.max(this.#slots.temps, area + bytes);
  }

  #takeResults(area: number, types: readonly Type[]): void {
    const { starts, ends } = this.#analysis;
    const { pool, resultsAt } = this.#func;
    const order: number[] = [];
    let from = area;
    for (let i = 0; i < types.length; i++) {
      const register = pool[(resultsAt[this.#op] as number) + i] as RegId;
      const size = bytesOf(types[i] as Type);
      const to = this.#slots.offsets[register] as number;
      const isRead = (ends[register] as number) > (starts[register] as number);
      if (isRead && to !== from) order.push(to, from, size);
      from += size;
    }
    writeMoves(this.writer, order);
  }

  // ---- terminators

  #emitTerminator(operation: Operation): void {
    const { op, imm } = operation;
    switch (op) {
      case 'br':
        this.#goTo(this.#edge);
        return;
      case 'br_if':
        this.#emitBranch();
        return;
      case 'br_table':
        this.#emitTable(operation);
        return;
      case 'dispatch':
        this.#emitDispatch(operation);
        return;
      case 'return':
        this.#emitReturn();
        return;
      case 'tail_call':
        this.#moveOut((this.#options.module.funcs[imm] as Func).params, 0);
        this.writer.jump(0, FUNCTION_KEYS + imm);
        return;
      case 'tail_call_indirect':
        this.#emitTailCallIndirect(imm);
        return;
      case 'suspend':
        if (this.#func.open) this.#emitOpenSuspend(imm);
        else this.#emitClosedSuspend(imm);
        return;
      case 'finish':
      case 'revert':
        emitOutput(this, operation);
        return;
      case 'trap':
        this.writer.word('TRAP', imm, 0, 0);
        return;
      case 'stop':
        this.writer.word('STOP', 0, 0, 0);
        return;
      default:
        throw new Error(`BUG: ${op} ends no block`);
    }
  }

  /** The place is kept above the arguments, which may overwrite where it lies. */
  #emitTailCallIndirect(imm: number): void {
    const { params } = this.#options.module.funcs[imm] as Func;
    this.#tempNext = Math.max(this.#tempNext, layoutBytes(params));
    const place = this.temp();
    move(this, 'i64', place, this.arg(0));
    this.#moveOut(params, 1);
    const signature = this.#options.signature(imm);
    this.writer.word('TAIL_CALL_INDIRECT', place, signature & 0xffff, signature >>> 16);
  }

  #emitBranch(): void {
    const { form, a, b, isNegated } = this.#branchWord();
    this.writer.word(form, a, b, 0);
    const taken = this.#edgeTarget(this.#edge);
    const other = this.#edgeTarget(this.#edge + 1);
    this.writer.targets(isNegated ? other : taken, isNegated ? taken : other);
  }

  #branchWord(): BranchWord {
    const branch = this.#op;
    const fused = this.#analysis.fused[branch] as number;
    if (fused < 0) return testWord(this, this.arg(0), false);
    const { ops, types } = this.#func;
    this.#op = fused;
    const x = this.arg(0);
    const y = this.argCount > 1 ? this.arg(1) : undefined;
    this.#op = branch;
    const op = OP_NAMES[ops[fused] as number] as OpName;
    const type = TYPES[types[fused] as number] as Type;
    return comparisonWord(this, op, type, [x, y], this.#analysis.negated[branch] === 1);
  }

  #emitTable({ type }: Operation): void {
    const count = this.#func.edgeCounts[this.#block] as number;
    const last = count - 1;
    if (last > TABLE_MAX) {
      const limit = `the interpreter takes ${TABLE_MAX + 1} at most: split it`;
      throw new CodeLimitError(
        `@${this.#func.name}`,
        `has a br_table of ${count} targets, and ${limit}`,
      );
    }
    const a = slotOf(this, this.arg(0));
    this.writer.word(type === 'i256' ? 'BR_TABLE' : 'BR_TABLE_64', a, last, 0);
    const first = this.#edge;
    this.writer.table(Array.from({ length: count }, (_, i) => this.#edgeTarget(first + i)));
  }

  #emitDispatch({ type }: Operation): void {
    const source = this.arg(0);
    let a = slotOf(this, source);
    if (typeof source === 'number') {
      // The moves may overwrite where the value lies, and the word reads 32 bytes.
      a = this.temp();
      this.writer.word(type === 'i256' ? 'MOVE' : 'ZEXT64', a, source, 0);
    }
    this.#moves.begin();
    this.#addEdgeMoves(this.#edge);
    this.#moves.write();
    this.writer.mark((this.#func.counts[this.#block] as number) - 1);
    this.writer.word('DISPATCH', this.#deltaOf(this.#edge), a, 0);
  }

  #emitReturn(): void {
    const types = this.#func.results;
    const [only] = types;
    if (types.length === 1 && only !== undefined && bytesOf(only) !== WIDE) {
      this.writer.word('RETURN_64', slotOf(this, this.arg(0)), 0, 0);
      return;
    }
    this.#moveOut(types, 0);
    this.writer.word('RETURN', 0, 0, 0);
  }

  /** The host finds its operands on top of the window, the first one topmost. */
  #emitOpenSuspend(imm: number): void {
    const edge = this.#edge;
    const handed = this.#func.edgeArgCounts[edge] as number;
    const depth = this.#func.paramCounts[this.#block] as number;
    const operands = this.argCount;
    this.#moves.begin();
    this.#addEdgeMoves(edge);
    for (let i = 0; i < operands; i++) {
      this.#moves.add((handed + i - depth) * WIDE, this.arg(operands - 1 - i), WIDE);
    }
    this.#moves.write();
    this.writer.word('SUSPEND', imm, this.#delta(handed + operands), 0);
    this.#continue(this.#func.edgeBlocks[edge] as number);
  }

  /** Where a suspension goes on. */
  #continue(target: number): void {
    this.writer.continuation(target, this.#func.pcs[this.#op] as number);
  }

  /**
   * The host finds its operands, and puts its results, behind the registers, where it leaves the
   * window pointer. The piece to go on with brings the pointer back, and a second one hands over
   * the arguments of the target with the results behind them.
   */
  #emitClosedSuspend(imm: number): void {
    const host = this.#options.module.hosts[imm] as HostDecl;
    const edge = this.#edge;
    const { pool, edgeBlocks, edgeArgCounts, paramsAt, counts } = this.#func;
    const area = this.#slots.top;
    this.#reserveHandover(area, host);
    this.#moveTo(area, host.params, 0);
    const [back, next] = [this.#newKey(), this.#newKey()];
    this.writer.word('SUSPEND', imm, area, 0);
    this.#continue(back);
    this.#end((counts[this.#block] as number) - this.#first);
    this.#beginMoves(back);
    this.writer.jump(-area, next);
    this.#end(0);
    this.#beginMoves(next);
    this.#tempNext = Math.max(this.#slots.temps, area + layoutBytes(host.results));
    this.#moves.begin();
    this.#addEdgeMoves(edge);
    const target = edgeBlocks[edge] as number;
    const first = (paramsAt[target] as number) + (edgeArgCounts[edge] as number);
    let from = area;
    for (let i = 0; i < host.results.length; i++) {
      const slot = this.#slots.offsets[pool[first + i] as RegId] as number;
      const size = bytesOf(host.results[i] as Type);
      this.#moves.add(slot, from, size);
      from += size;
    }
    this.#moves.write();
    this.writer.jump(0, target);
    this.#end(0);
  }
}
