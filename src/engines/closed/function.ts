/**
 * Writes a closed function, or what of it a block reaches, as one function of WebAssembly.
 *
 * Parameters are the registers that live at the root, then the gas, then the room: how much more of
 * the native stack calls may take, which is at most what the count of open calls leaves. Results
 * are those of the function, then the gas. Gas below zero says that it was left (`leave.ts`).
 *
 * - A block charges all its gas at its head. A site knows what of it belongs to operations behind
 *   it, so that the interpreter goes on with exactly what it would have.
 * - An operation that traps, acts outside or has no code is left to the interpreter; so is a check
 *   that fails.
 * - A value that is used once and in its block is written where it is used.
 */
import type { Block, BlockId, Func, Inst, Operand, RegId, Target } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import { constAddressType } from '../../dmir/typing.ts';
import { M_CALLEE, MACHINE_BASE } from '../../kernel/layout.ts';
import { V128, type ValueType } from '../wasm/encoder.ts';
import type { Body } from './body.ts';
import { Charges } from './charges.ts';
import { Code } from './code.ts';
import type { UnitContext } from './context.ts';
import { EFFECTS } from './effects.ts';
import { type ControlGraph, controlGraph } from './graph.ts';
import { typesOf } from './leave.ts';
import { Lengths } from './lengths.ts';
import { type Emitter, type Rule, ruleOf } from './operations.ts';
import { Room } from './room.ts';
import { Scope } from './scope.ts';
import type { SiteKind } from './sites.ts';
import { endFrame } from './state-effects.ts';
import { isSmall, isWide, limbCount, valueTypes } from './values.ts';

/** Operations that an expression nests at most. */
const INLINE_DEPTH_MAX = 40;
const NAN: Readonly<Record<'f32' | 'f64', bigint>> = {
  f32: 0x7fc0_0000n,
  f64: 0x7ff8_0000_0000_0000n,
};

type Label = { readonly kind: 'if' } | { readonly kind: 'block' | 'loop'; readonly id: BlockId };
/** What is written next: a block, the end of a construct, an edge from a block. */
type Work =
  | { readonly kind: 'block'; readonly id: BlockId }
  | { readonly kind: 'end' }
  | { readonly kind: 'edge'; readonly from: Block; readonly target: Target };

export class FunctionEmitter implements Emitter {
  readonly code: Code;
  readonly context: UnitContext;
  readonly #body: Body;
  readonly #func: Func;
  readonly #graph: ControlGraph;
  readonly #charges: Charges;
  readonly #roomChecks: Room;
  readonly #scope: Scope;
  readonly #labels: Label[] = [];
  readonly #work: Work[] = [];
  readonly lengths: Lengths;
  readonly gas: number;
  readonly room: number;
  readonly #scratch = new Map<string, number>();
  block!: Block;
  #blockIndex = 0;

  constructor(context: UnitContext, body: Body) {
    this.context = context;
    this.#body = body;
    this.#func = body.func;
    this.#scope = new Scope(body);
    const types = body.params.flatMap((register) => valueTypes(this.typeOf(register)));
    this.gas = types.length;
    this.room = types.length + 1;
    this.code = new Code(types.length + 2);
    this.lengths = new Lengths(this.code, context);
    let next = 0;
    for (const register of body.params) {
      this.#scope.locals.set(register, next);
      next += valueTypes(this.typeOf(register)).length;
    }
    const entry = (body.analysis.order[0] as Block).id;
    this.#graph = controlGraph(this.#func, body.root ?? entry) as ControlGraph;
    this.#charges = new Charges(body, this.#graph);
    this.#roomChecks = new Room(body, this.#graph);
  }

  /** Writes the body; its code and locals are then in `code`. */
  emit(): void {
    this.#loadLengths();
    this.#work.push({ kind: 'block', id: this.#graph.order[0] as BlockId });
    for (let work = this.#work.pop(); work !== undefined; work = this.#work.pop()) {
      if (work.kind === 'block') this.#enter(work.id);
      else if (work.kind === 'end') this.#close();
      else this.#follow(work.from, work.target);
    }
    this.code.op('unreachable').end();
  }

  // ---- structure

  #open(label: Label): void {
    this.#labels.push(label);
    this.code.open(label.kind);
  }

  #close(): void {
    this.#labels.pop();
    this.code.end();
  }

  /** Begins the constructs that a block heads, writes it, and plans what stands behind it. */
  #enter(id: BlockId): void {
    if (this.#graph.heads.has(id)) {
      if (this.#roomChecks.isAhead(id)) this.#checkRoomAhead(id);
      this.#open({ kind: 'loop', id });
      this.#work.push({ kind: 'end' });
    }
    const behind = this.#graph.behind.get(id) ?? [];
    for (let i = behind.length - 1; i >= 0; i--) {
      this.#open({ kind: 'block', id: behind[i] as BlockId });
    }
    for (let i = behind.length - 1; i >= 0; i--) {
      this.#work.push({ kind: 'block', id: behind[i] as BlockId }, { kind: 'end' });
    }
    this.#writeBlock(this.#func.blocks.get(id) as Block);
  }

  #follow(from: Block, target: Target): void {
    this.block = from;
    this.#setParams(target);
    this.#goTo(target.block);
  }

  /** Goes to a block whose parameters are set. */
  #goTo(id: BlockId): void {
    const label = this.#findLabel(id);
    if (label === undefined) this.#work.push({ kind: 'block', id });
    else this.code.index('br', label);
  }

  /** Label of an edge from the current block; undefined where the target stands there itself. */
  #findLabel(id: BlockId): number | undefined {
    const position = this.#graph.position.get(id) as number;
    const isAhead = position > (this.#graph.position.get(this.block.id) as number);
    if (isAhead && !this.#graph.merges.has(id)) return undefined;
    const kind = isAhead ? 'block' : 'loop';
    const at = this.#labels.findLastIndex((label) => label.kind === kind && label.id === id);
    if (at < 0) throw new Error(`BUG: no construct for block ${id} is open`);
    return this.#labels.length - 1 - at;
  }

  // ---- values

  typeOf(register: RegId): Type {
    return this.#scope.func.types[register] as Type;
  }

  argType({ args }: Inst, index: number): Type {
    const operand = args[index] as Operand;
    if (operand >= 0) return this.typeOf(operand);
    return constAddressType(this.constant(operand) as bigint);
  }

  constant(operand: Operand): bigint | undefined {
    return operand < 0 ? (this.#scope.func.consts[~operand] as bigint) : undefined;
  }

  #localsOf(register: RegId): number {
    const known = this.#scope.locals.get(register);
    if (known !== undefined) return known;
    const [first] = valueTypes(this.typeOf(register)).map((type) => this.code.local(type));
    this.#scope.locals.set(register, first as number);
    return first as number;
  }

  push(operand: Operand, type: Type): void {
    for (let limb = 0; limb < limbCount(type); limb++) this.pushLimb(operand, type, limb);
  }

  pushLimb(operand: Operand, type: Type, limb: number): void {
    const value = this.constant(operand);
    if (value !== undefined) this.#pushConstant(value, type, limb);
    else if (limb >= limbCount(type)) this.code.i64(0);
    else this.#pushRegister(operand, limb);
  }

  #pushConstant(value: bigint, type: Type, limb: number): void {
    if (type === 'f32' || type === 'f64') this.code.float(value, type === 'f32' ? 4 : 8);
    else if (isSmall(type)) this.code.i32(Number(BigInt.asIntN(32, value)));
    else this.code.i64(value >> BigInt(64 * limb));
  }

  #pushRegister(register: RegId, limb: number): void {
    const inst = this.#scope.inline.get(register);
    if (inst === undefined) {
      this.code.get(this.#localsOf(register) + limb);
      return;
    }
    this.#scope.pending.delete(register);
    (ruleOf(inst) as Rule)(this, inst);
  }

  pushExact(operand: Operand, type: Type): void {
    this.push(operand, type);
    if (operand < 0 || !this.#scope.inexact.has(operand) || (type !== 'f32' && type !== 'f64'))
      return;
    const value = this.scratch(type);
    this.code.set(value);
    this.code.get(value).float(NAN[type], type === 'f32' ? 4 : 8);
    this.code.get(value).get(value).op(`${type}.eq`).op('select');
  }

  /** A local for the moment. */
  scratch(type: 'i32' | 'i64' | 'f32' | 'f64' | 'v128', place = 0): number {
    const key = `${type} ${place}`;
    const known = this.#scratch.get(key);
    if (known !== undefined) return known;
    const local = this.code.local(type === 'v128' ? V128 : (valueTypes(type)[0] as ValueType));
    this.#scratch.set(key, local);
    return local;
  }

  /** Takes the result of an instruction off the stack. */
  setResult(inst: Inst, index = 0): void {
    this.#take(inst.results[index] as RegId);
  }

  #take(register: RegId): void {
    const first = this.#localsOf(register);
    for (let limb = limbCount(this.typeOf(register)) - 1; limb >= 0; limb--) {
      this.code.set(first + limb);
    }
  }

  #writeResult(inst: Inst): void {
    (ruleOf(inst) as Rule)(this, inst);
    this.setResult(inst);
  }

  // ---- sites

  /** Leaves at the current instruction where the number on the stack is not 0. */
  leaveIf(): void {
    this.code.open('if');
    this.leave();
    this.code.end();
  }

  /** Leaves at the current instruction. */
  leave(): void {
    const inst = this.block.insts[this.#blockIndex] as Inst;
    const paid = this.#blockIndex + (inst.op === 'suspend' ? 1 : 0);
    this.#leaveAt('inst', this.#blockIndex, this.#charges.from(this.block.id, paid));
  }

  /** Gas that was charged for what comes behind the current instruction. */
  get prepaid(): number {
    return this.#charges.from(this.block.id, this.#blockIndex);
  }

  /** Values that a site at the current instruction holds get a local. */
  settle(): void {
    for (const register of this.#scope.pending) {
      const inst = this.#scope.inline.get(register) as Inst;
      this.#scope.inline.delete(register);
      this.#writeResult(inst);
    }
    this.#scope.pending.clear();
  }

  /** @param gas to give back */
  #leaveAt(kind: SiteKind, index: number, gas: number): void {
    const { number, registers } = this.#body.site(kind, this.block.id, index);
    const { code } = this;
    const isCaller = kind === 'call';
    code.i32(number);
    for (const register of registers) this.#pushWhole(register, this.typeOf(register));
    if (isCaller) code.i64(gas);
    else if (gas === 0) code.get(this.gas);
    else code.get(this.gas).i64(gas).op('i64.add');
    const types = typesOf(this.#func, registers);
    const { results } = this.#func;
    const shape = { func: this.#body.index, types, results, isCaller };
    code.index('call', this.context.leavers.place(shape)).op('return');
  }

  // ---- regions

  #loadLengths(): void {
    const { order, places } = this.#body.analysis;
    for (const { insts } of order) {
      for (const inst of insts) this.lengths.add(inst, places.get(inst));
    }
    this.lengths.begin();
  }

  /** The most that was checked of a register's reach; set where it is more. */
  reach(region: number, register: RegId, end: number): boolean {
    const { reaches } = this.#scope;
    const key = `${region} ${register}`;
    const known = reaches.get(key);
    // A register keeps its value behind the block, and no region becomes shorter.
    const isKnown = known !== undefined && this.#graph.dominates(known.block, this.block.id);
    if (isKnown && known.end >= end) return true;
    reaches.set(key, { block: this.block.id, end });
    return false;
  }

  placeOf(inst: Inst): { readonly base: Operand | null; readonly offset: number } | undefined {
    return this.#body.analysis.places.get(inst);
  }

  // ---- blocks

  #writeBlock(block: Block): void {
    this.block = block;
    if (this.#roomChecks.isKnown(block.id)) this.#roomChecks.note(block.id);
    this.#scope.pending.clear();
    this.#charge(block.id);
    const last = block.insts.length - 1;
    for (let i = 0; i < last; i++) {
      this.#blockIndex = i;
      if (this.#write(block.insts[i] as Inst)) return;
    }
    this.#blockIndex = last;
    this.#end(block.insts[last] as Inst);
  }

  /** Writes an instruction that ends no block; true where the interpreter always goes on. */
  #write(inst: Inst): boolean {
    if (inst.op === 'charge' || this.#scope.isInline(inst)) return false;
    if (ruleOf(inst) === undefined) return this.#writeEffect(inst);
    this.#writePure(inst);
    return false;
  }

  #charge(id: BlockId): void {
    const { code, gas } = this;
    const needed = this.#charges.neededAt(id);
    if (needed !== undefined && needed > 0) {
      code.get(gas).i64(needed).op('i64.lt_s').open('if');
      this.#leaveAt('block', 0, this.#charges.paidBefore(id));
      code.end();
    }
    const amount = this.#charges.atHead(id);
    if (amount !== 0) code.get(gas).i64(amount).op('i64.sub').set(gas);
  }

  /** Gas that has to be there behind the current instruction. */
  get neededBehind(): number {
    return this.#charges.neededBehind(this.block.id, this.#blockIndex);
  }

  #writePure(inst: Inst): void {
    const [result] = inst.results as [RegId];
    const depth =
      1 + Math.max(0, ...inst.args.map((operand) => this.#scope.depths.get(operand) ?? 0));
    const isPlain = this.#scope.single.has(result) && !isWide(this.typeOf(result));
    if (!isPlain || depth > INLINE_DEPTH_MAX) {
      this.#writeResult(inst);
      return;
    }
    this.#scope.depths.set(result, depth);
    this.#scope.inline.set(result, inst);
    this.#scope.pending.add(result);
  }

  #writeEffect(inst: Inst): boolean {
    this.settle();
    if (inst.op === 'call' || inst.op === 'call_indirect') {
      this.#call(inst);
      return false;
    }
    const effect = EFFECTS[inst.op];
    if (effect?.isKnown(inst, this.context.module)) {
      effect.emit(this, inst);
      return false;
    }
    this.leave();
    return true;
  }

  // ---- calls

  #call(inst: Inst): void {
    const { code } = this;
    this.#checkRoom();
    const place = this.#prepareCall(inst);
    this.#callFrame(inst);
    if (place === undefined) {
      code.i32(0).access('i32.load', MACHINE_BASE + M_CALLEE);
      code.index('call_indirect', this.context.typeOf(inst.imm)).sink.u32(0);
    } else {
      code.index('call', place);
    }
    code.set(this.gas);
    const callee = this.context.module.funcs[inst.imm] as Func;
    for (let i = callee.results.length - 1; i >= 0; i--) this.setResult(inst, i);
    this.#checkReturn();
    this.lengths.load();
  }

  /** Leaves where the callee did, or has left too little gas. */
  #checkReturn(): void {
    const { code, neededBehind } = this;
    const next = this.#blockIndex + 1;
    const prepaid = this.#charges.from(this.block.id, next);
    code.get(this.gas).i64(neededBehind).op('i64.lt_s').open('if');
    if (neededBehind > 0) {
      code.get(this.gas).i64(0).op('i64.ge_s').open('if');
      this.#leaveAt('after', next, prepaid);
      code.end();
    }
    this.#leaveAt('call', this.#blockIndex, prepaid);
    code.end();
  }

  /** Leaves where there is no room for a call. */
  #checkRoom(): void {
    const { id } = this.block;
    if (this.#roomChecks.isKnown(id)) return;
    this.#roomChecks.note(id);
    this.#pushIsFull();
    this.leaveIf();
  }

  /** The same before a loop. */
  #checkRoomAhead(head: BlockId): void {
    this.block = this.#func.blocks.get(head) as Block;
    this.#roomChecks.note(head);
    this.#scope.pending.clear();
    this.#pushIsFull();
    this.code.open('if');
    this.#leaveAt('block', 0, this.#charges.paidBefore(head));
    this.code.end();
  }

  #pushIsFull(): void {
    this.code.get(this.room).i32(this.#roomChecks.needed).op('i32.lt_s');
  }

  /** Checks and notes who is called by the table; the index of who is called by itself. */
  #prepareCall(inst: Inst): number | undefined {
    const { code, context } = this;
    if (inst.op === 'call' || inst.op === 'tail_call') {
      const place = context.place(inst.imm);
      if (place === undefined) {
        code
          .i32(0)
          .i32(inst.imm)
          .access('i32.store', MACHINE_BASE + M_CALLEE);
      }
      return place;
    }
    const operand = inst.args[0] as Operand;
    const count = context.module.funcs.length;
    this.push(operand, 'i64');
    code.i64(count).op('i64.ge_u');
    this.leaveIf();
    this.push(operand, 'i64');
    code
      .op('i32.wrap_i64')
      .i32(3)
      .op('i32.shl')
      .access('i32.load', context.functions + 4);
    code.i32(context.signature(inst.imm)).op('i32.ne');
    this.leaveIf();
    code.i32(0);
    this.push(operand, 'i64');
    code.op('i32.wrap_i64').access('i32.store', MACHINE_BASE + M_CALLEE);
    return undefined;
  }

  #callFrame(inst: Inst): void {
    const callee = this.context.module.funcs[inst.imm] as Func;
    const isIndirect = inst.op.endsWith('indirect');
    const args = isIndirect ? inst.args.slice(1) : inst.args;
    for (const [i, operand] of args.entries()) this.#pushWhole(operand, callee.params[i] as Type);
    this.code.get(this.gas).get(this.room);
    if (inst.op.startsWith('tail')) return;
    this.code.i32(this.#roomChecks.takenBy(this.block.id)).op('i32.sub');
  }

  #pushWhole(operand: Operand, type: Type): void {
    if (isWide(type)) this.push(operand, type);
    else this.pushExact(operand, type);
  }

  // ---- terminators

  #end(inst: Inst): void {
    const { code } = this;
    switch (inst.op) {
      case 'br':
        if (this.#body.isCaller(this.block.id)) {
          this.settle();
          this.#checkRoom();
        }
        this.#setParams(inst.targets[0] as Target);
        this.#goTo((inst.targets[0] as Target).block);
        return;
      case 'br_if':
        this.#branch(inst);
        return;
      case 'br_table':
        this.#table(inst);
        return;
      case 'return':
        for (const [i, operand] of inst.args.entries()) {
          this.#pushWhole(operand, this.#func.results[i] as Type);
        }
        code.get(this.gas).op('return');
        return;
      case 'tail_call':
      case 'tail_call_indirect': {
        this.settle();
        // Where less than nothing is left, the callee's registers may have no place.
        code.get(this.room).i32(0).op('i32.lt_s');
        this.leaveIf();
        const place = this.#prepareCall(inst);
        this.#callFrame(inst);
        if (place === undefined) {
          code.i32(0).access('i32.load', MACHINE_BASE + M_CALLEE);
          code.index('return_call_indirect', this.context.typeOf(inst.imm)).sink.u32(0);
        } else {
          code.index('return_call', place);
        }
        return;
      }
      default:
        this.settle();
        endFrame(this, inst);
        this.leave();
    }
  }

  /** Values that an edge hands over, with the registers that take them. */
  #movesOf({ block, args }: Target): (readonly [Operand, RegId])[] {
    const { params } = this.#func.blocks.get(block) as Block;
    const moves = args.map((operand, i) => [operand, params[i] as RegId] as const);
    return moves.filter(([operand, param]) => operand !== param);
  }

  /** Sets the parameters of a block, at once. */
  #setParams(target: Target): void {
    const moves = this.#movesOf(target);
    for (const [operand, param] of moves) {
      if (this.#scope.inexact.has(param)) this.push(operand, this.typeOf(param));
      else this.#pushWhole(operand, this.typeOf(param));
    }
    for (const [, param] of moves.toReversed()) this.#take(param);
  }

  /** The arm of an `if` never falls out of it, so that the other target stands behind it. */
  #branch(inst: Inst): void {
    const [taken, other] = inst.targets as [Target, Target];
    this.push(inst.args[0] as Operand, 'i1');
    const label = this.#movesOf(taken).length === 0 ? this.#findLabel(taken.block) : undefined;
    if (label !== undefined) {
      this.code.index('br_if', label);
      this.#follow(this.block, other);
      return;
    }
    this.#open({ kind: 'if' });
    const before = this.#work.length;
    this.#setParams(taken);
    this.#goTo(taken.block);
    const inside = this.#work.splice(before);
    if (inside.length === 0) {
      this.#close();
      this.#follow(this.block, other);
      return;
    }
    // What the other edge does comes after the block that stands inside.
    this.#work.push({ kind: 'edge', from: this.block, target: other }, { kind: 'end' }, ...inside);
  }

  #table(inst: Inst): void {
    const { code } = this;
    const last = inst.targets.length - 1;
    const index = this.scratch('i64', 1);
    this.push(inst.args[0] as Operand, 'i64');
    code.index('local.tee', index).i64(last).get(index).i64(last).op('i64.lt_u').op('select');
    code.op('i32.wrap_i64').op('br_table').sink.u32(last);
    for (const { block } of inst.targets) code.sink.u32(this.#findLabel(block) as number);
  }
}
