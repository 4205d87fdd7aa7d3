/**
 * Encodes one block of an open function as register bytecode.
 *
 * Registers become slots of the window: parameter `i` of `k` lies at byte `(i - k) * 32` from the
 * window pointer at entry, and what a terminator hands on must lie where the next block will look
 * for it. Pipeline: number the uses (`scan`) → fuse a comparison into the branch → drop what is
 * dead (`sweep`) → choose for each result its exit slot where that is free in time, else a
 * temporary → select forms and write → move what is not yet in its exit slot.
 *
 * Integers of up to 64 bits that comparisons make are written 32 bytes wide, so widening them costs
 * nothing. All charges of a block are made at its entry; operations that can see the gas counter
 * carry what is charged for the operations behind them.
 */
import type { Block, Func, Inst, Operand, RegId } from '../ir.ts';
import { OP_NAMES, OPS, type OpName } from '../ops.ts';
import { FORM, type FormName } from './forms.ts';
import {
  EMITTERS,
  type EmitContext,
  type RegionUse,
  TERMINATOR_EMITTERS,
  type TerminatorContext,
} from './open-emitters.ts';
import { orderMoves } from './parallel-move.ts';
import { BINARY_256, type BinaryForms, BRANCH_256, UNARY_256 } from './select.ts';
import { type BlockHeader, BlockWriter } from './writer.ts';

export type { RegionUse } from './open-emitters.ts';

/** Forms of an operation over two operands, by number; -1 where there is none. */
interface BinaryPlan {
  readonly rr: number;
  readonly rk: number;
  readonly kr: number;
  readonly ri: number;
  readonly ir: number;
  readonly immediateMax: bigint;
  readonly swap: boolean;
}

/** What encoding needs to know of an operation, gathered so that it takes one look-up. */
interface OpPlan {
  readonly op: OpName;
  /** Stays even where nothing uses its result. */
  readonly isKept: boolean;
  /** `copy`, or `zext`, which copies what is written wide already. */
  readonly mayAlias: boolean;
  readonly binary: BinaryPlan | undefined;
  /** Form over one operand, or -1. */
  readonly unary: number;
}

function numberOf(form: FormName | undefined): number {
  return form === undefined ? -1 : FORM[form];
}

function planBinary(forms: BinaryForms | undefined): BinaryPlan | undefined {
  if (forms === undefined) return undefined;
  const { rr, rk, kr, ri, ir, immediateMax = -1n, swap = false } = forms;
  const [a, b, c, d, e] = [rr, rk, kr, ri, ir].map(numberOf) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { rr: a, rk: b, kr: c, ri: d, ir: e, immediateMax, swap };
}

function planOp(op: OpName): OpPlan {
  const row = OPS[op];
  return {
    op,
    isKept: (row.effect !== 'pure' && op !== 'charge') || row.traps.length > 0,
    mayAlias: op === 'copy' || op === 'zext',
    binary: planBinary(BINARY_256[op]),
    unary: numberOf(UNARY_256[op]),
  };
}

const PLANS: ReadonlyMap<OpName, OpPlan> = new Map(OP_NAMES.map((op) => [op, planOp(op)]));

const SLOT = 32;
const MASK_64 = 0xffff_ffff_ffff_ffffn;
const NONE = -0x8000;

export class OpenEncoder {
  readonly writer = new BlockWriter();
  readonly header: BlockHeader = { gas: 0, steps: 0, need: 0, grow: 0 };
  readonly #regions: readonly RegionUse[];
  readonly #spaces: readonly number[];

  #func!: Func;
  #insts: Inst[] = [];
  /** Registers of the block are numbered from here. */
  #first = 0;
  #alias: Operand[] = [];
  #uses: number[] = [];
  #lastUse: number[] = [];
  #definition: number[] = [];
  /** Slot of each register, or NONE. */
  #slot: number[] = [];
  #live: boolean[] = [];
  #plans: OpPlan[] = [];
  #freeTemps: number[] = [];
  /** Temporaries of the instruction being emitted. */
  readonly #temps: number[] = [];
  #nextTemp = 0;
  /** Values in order of their exit slots, bottom first. */
  #exit: Operand[] = [];
  #exitBase = 0;
  #rest = 0;
  #fused: Inst | undefined;
  #negated = false;

  /** `regions[i]` and `spaces[i]` tell what the module's region and space `i` are to the kernel. */
  constructor(regions: readonly RegionUse[], spaces: readonly number[]) {
    this.#regions = regions;
    this.#spaces = spaces;
  }

  /** Encodes the block; the result is in `writer` and `header` until the next call. */
  encode(func: Func, block: Block, firstRegister: RegId): void {
    this.#func = func;
    this.#insts = block.insts;
    this.#first = firstRegister;
    this.writer.begin();
    const depth = block.params.length;
    this.#scan(block);
    this.#collectExit(depth);
    this.#fuseBranch();
    this.#sweep();
    this.#placeExits(block);
    this.header.gas = this.#rest;
    this.header.steps = block.insts.length;
    this.header.need = depth * SLOT;
    this.header.grow = Math.max(block.grow, this.#exit.length - depth, 0) * SLOT;
    const count = block.insts.length - 1;
    for (let i = 0; i < count; i++) {
      if (this.#live[i]) this.#emit(this.#insts[i] as Inst, i);
    }
    this.#emitTerminator(this.#insts[count] as Inst, depth);
  }

  // ---- analysis

  #resolve(operand: Operand): Operand {
    return operand < 0 ? operand : (this.#alias[operand - this.#first] as Operand);
  }

  #scan(block: Block): void {
    const registers = this.#func.types.length - this.#first;
    const first = this.#first;
    for (let r = 0; r < registers; r++) {
      this.#alias[r] = r + first;
      this.#uses[r] = 0;
      this.#lastUse[r] = -1;
      this.#definition[r] = -1;
      this.#slot[r] = NONE;
    }
    const depth = block.params.length;
    for (let i = 0; i < depth; i++) {
      this.#slot[(block.params[i] as RegId) - first] = (i - depth) * SLOT;
    }
    this.#rest = 0;
    for (let i = 0; i < block.insts.length; i++) {
      const inst = block.insts[i] as Inst;
      const plan = PLANS.get(inst.op) as OpPlan;
      this.#plans[i] = plan;
      if (inst.op === 'charge') this.#rest += inst.imm;
      for (const result of inst.results) this.#definition[result - first] = i;
      // An alias is no use of what it stands for: its own uses are.
      if (plan.mayAlias && this.#isAlias(inst)) {
        this.#alias[(inst.results[0] as RegId) - first] = this.#resolve(inst.args[0] as Operand);
        continue;
      }
      for (const operand of inst.args) {
        const value = this.#resolve(operand);
        if (value >= 0) this.#uses[value - first] = (this.#uses[value - first] as number) + 1;
      }
    }
  }

  /** Copies, and widening of what is written wide already. */
  #isAlias(inst: Inst): boolean {
    if (inst.op === 'copy') return true;
    if (inst.op !== 'zext') return false;
    const source = this.#resolve(inst.args[0] as Operand);
    return source < 0 || this.#func.types[source] === 'i1';
  }

  #collectExit(depth: number): void {
    const last = this.#insts[this.#insts.length - 1] as Inst;
    this.#exit.length = 0;
    this.#exitBase = -depth;
    const target = last.targets[0];
    if (target === undefined) return;
    for (const operand of target.args) this.#exit.push(this.#resolve(operand));
    if (last.op === 'suspend') {
      for (let i = last.args.length - 1; i >= 0; i--) {
        this.#exit.push(this.#resolve(last.args[i] as Operand));
      }
    }
  }

  /** Finds the comparison that the final branch can take in, through negations. */
  #fuseBranch(): void {
    this.#fused = undefined;
    this.#negated = false;
    const last = this.#insts[this.#insts.length - 1] as Inst;
    if (last.op !== 'br_if') return;
    let condition = this.#resolve(last.args[0] as Operand);
    while (condition >= 0) {
      const index = this.#definition[condition - this.#first] as number;
      if (index < 0 || this.#uses[condition - this.#first] !== 1) return;
      if (this.#exit.includes(condition)) return;
      const inst = this.#insts[index] as Inst;
      if (inst.type !== 'i256' && !(inst.op === 'iszero' && inst.type === 'i1')) return;
      if (inst.op === 'iszero') {
        this.#negated = !this.#negated;
        this.#fused = inst;
        if (inst.type === 'i256') {
          this.#definition[condition - this.#first] = -2;
          return;
        }
        this.#definition[condition - this.#first] = -2;
        condition = this.#resolve(inst.args[0] as Operand);
        continue;
      }
      if (BRANCH_256[inst.op] === undefined) return;
      this.#fused = inst;
      this.#definition[condition - this.#first] = -2;
      return;
    }
  }

  /** Marks live instructions and last uses, from the end. */
  #sweep(): void {
    const end = this.#insts.length - 1;
    const last = this.#insts[end] as Inst;
    for (const operand of this.#exit) this.#use(operand, end + 1);
    for (const other of last.targets) {
      for (const operand of other.args) this.#use(this.#resolve(operand), end + 1);
    }
    if (last.op === 'br_if' && this.#fused !== undefined) {
      for (const operand of this.#fused.args) this.#use(this.#resolve(operand), end);
    } else {
      for (const operand of last.args) this.#use(this.#resolve(operand), end);
    }
    for (let i = end - 1; i >= 0; i--) {
      const inst = this.#insts[i] as Inst;
      const plan = this.#plans[i] as OpPlan;
      let live = plan.isKept;
      if (plan.mayAlias && this.#isAlias(inst)) live = false;
      else {
        for (const result of inst.results) {
          const r = result - this.#first;
          if (this.#definition[r] === -2) live = false;
          else if ((this.#lastUse[r] as number) >= 0) live = true;
        }
      }
      this.#live[i] = live;
      if (live) for (const operand of inst.args) this.#use(this.#resolve(operand), i);
    }
  }

  #use(operand: Operand, index: number): void {
    if (operand < 0) return;
    const r = operand - this.#first;
    if ((this.#lastUse[r] as number) < index) this.#lastUse[r] = index;
  }

  /** Gives results their exit slots where nothing else needs the slot's old content later. */
  #placeExits(block: Block): void {
    const depth = block.params.length;
    const count = this.#exit.length;
    this.#nextTemp = Math.max(0, count - depth) * SLOT;
    for (const target of (this.#insts[this.#insts.length - 1] as Inst).targets) {
      this.#nextTemp = Math.max(this.#nextTemp, (target.args.length - depth) * SLOT);
    }
    this.#freeTemps.length = 0;
    for (let j = 0; j < count; j++) {
      const value = this.#exit[j] as Operand;
      if (value < 0) continue;
      const r = value - this.#first;
      if (this.#slot[r] !== NONE) continue;
      const defined = this.#definition[r] as number;
      if (defined < 0) continue;
      if (j < depth) {
        const old = (block.params[j] as RegId) - this.#first;
        if ((this.#lastUse[old] as number) > defined) continue;
      }
      this.#slot[r] = (j + this.#exitBase) * SLOT;
    }
  }

  // ---- slots

  #temp(): number {
    const free = this.#freeTemps.pop();
    if (free !== undefined) return free;
    const slot = this.#nextTemp;
    this.#nextTemp += SLOT;
    if (slot > 0x7fe0) throw new Error('BUG: a block needs more registers than a word can address');
    return slot;
  }

  /** Slot of a register, or of a constant that is first put into a temporary. */
  #register(operand: Operand, temps: number[]): number {
    if (operand >= 0) return this.#slot[operand - this.#first] as number;
    const slot = this.#temp();
    temps.push(slot);
    this.#set(slot, this.#constant(operand));
    return slot;
  }

  #constant(operand: Operand): bigint {
    return this.#func.consts[~operand] as bigint;
  }

  #set(slot: number, value: bigint): void {
    if (value <= 0xffffn) this.writer.put(FORM.SET_I, slot, 0, Number(value));
    else this.writer.put(FORM.SET_K, slot, 0, this.writer.constant(value));
  }

  /** Frees the temporaries whose last use is instruction `index`. */
  #release(inst: Inst, index: number): void {
    const args = inst.args;
    for (let i = 0; i < args.length; i++) {
      const operand = this.#resolve(args[i] as Operand);
      if (operand < 0) continue;
      const r = operand - this.#first;
      const slot = this.#slot[r] as number;
      if (this.#lastUse[r] === index && this.#isTemp(slot)) {
        this.#freeTemps.push(slot);
        // An operand that stands twice is freed once.
        this.#lastUse[r] = -1;
      }
    }
  }

  #isTemp(slot: number): boolean {
    return slot >= Math.max(0, (this.#exit.length + this.#exitBase) * SLOT);
  }

  #result(inst: Inst, which = 0): number {
    const r = (inst.results[which] as RegId) - this.#first;
    const slot = this.#slot[r] as number;
    if (slot !== NONE) return slot;
    const temp = this.#temp();
    this.#slot[r] = temp;
    if ((this.#lastUse[r] as number) < 0) this.#freeTemps.push(temp);
    return temp;
  }

  // ---- emission

  #emit(inst: Inst, index: number): void {
    const temps = this.#temps;
    if (temps.length > 0) temps.length = 0;
    const plan = this.#plans[index] as OpPlan;
    if (inst.type !== 'i256') this.#emitOther(inst, index, temps);
    else if (plan.binary !== undefined) this.#emitBinary(inst, index, plan.binary, temps);
    else if (plan.unary >= 0) this.#emitUnary(inst, index, plan.unary, temps);
    else this.#emitOther(inst, index, temps);
    for (let i = 0; i < temps.length; i++) this.#freeTemps.push(temps[i] as number);
  }

  #emitUnary(inst: Inst, index: number, form: number, temps: number[]): void {
    const a = this.#register(this.#resolve(inst.args[0] as Operand), temps);
    this.#release(inst, index);
    this.writer.put(form, this.#result(inst), a, 0);
  }

  #emitBinary(inst: Inst, index: number, forms: BinaryPlan, temps: number[]): void {
    const x = this.#resolve(inst.args[0] as Operand);
    const y = this.#resolve(inst.args[1] as Operand);
    const { writer } = this;
    if (x >= 0 && y < 0) {
      if (this.#emitConstant(inst, index, forms, x, this.#constant(y), true)) return;
    } else if (x < 0 && y >= 0) {
      if (this.#emitConstant(inst, index, forms, y, this.#constant(x), false)) return;
    }
    const a = this.#register(x, temps);
    const b = this.#register(y, temps);
    this.#release(inst, index);
    const d = this.#result(inst);
    if (forms.swap) writer.put(forms.rr, d, b, a);
    else writer.put(forms.rr, d, a, b);
  }

  #emitConstant(
    inst: Inst,
    index: number,
    forms: BinaryPlan,
    register: RegId,
    value: bigint,
    second: boolean,
  ): boolean {
    const immediate = second ? forms.ri : forms.ir;
    const constant = second ? forms.rk : forms.kr;
    const fits = immediate >= 0 && value <= forms.immediateMax;
    if (!fits && constant < 0 && inst.op !== 'sub') return false;
    const a = this.#slot[register - this.#first] as number;
    this.#release(inst, index);
    const d = this.#result(inst);
    const { writer } = this;
    if (fits) writer.put(immediate, d, a, Number(value));
    else if (inst.op === 'sub' && second) {
      writer.put(FORM.ADD_K, d, a, writer.constant(BigInt.asUintN(256, -value)));
    } else if (inst.op === 'and' && value <= MASK_64) {
      writer.put(FORM.AND_K64, d, a, writer.constant(value));
    } else writer.put(constant, d, a, writer.constant(value));
    return true;
  }

  #emitOther(inst: Inst, index: number, temps: number[]): void {
    const emit = EMITTERS[inst.op];
    if (emit === undefined) {
      throw new Error(`BUG: no bytecode for ${inst.op}.${inst.type} in an open function`);
    }
    emit(this.#context, inst, index, temps);
  }

  /** What the emitters of the table below may do. */
  readonly #context: EmitContext = {
    writer: this.writer,
    operand: (inst, i) => this.#resolve(inst.args[i] as Operand),
    register: (operand, temps) => this.#register(operand, temps),
    constant: (operand) => this.#constant(operand),
    release: (inst, index) => this.#release(inst, index),
    result: (inst) => this.#result(inst),
    region: (inst) => this.#regions[inst.imm] as RegionUse,
    space: (inst) => this.#spaces[inst.imm] as number,
    charged: (amount) => {
      this.#rest -= amount;
    },
    rest: () => this.#rest,
    typeOf: (operand) => this.#func.types[operand] as string,
  };

  // ---- terminators

  #emitTerminator(inst: Inst, depth: number): void {
    const temps: number[] = [];
    const emit = TERMINATOR_EMITTERS[inst.op];
    if (emit === undefined) throw new Error(`BUG: no bytecode for ${inst.op} in an open function`);
    emit(this.#terminators, inst, depth, temps);
  }

  readonly #terminators: TerminatorContext = {
    writer: this.writer,
    operand: (inst, i) => this.#resolve(inst.args[i] as Operand),
    register: (operand, temps) => this.#register(operand, temps),
    delta: (depth) => (this.#exit.length - depth) * SLOT,
    moveExits: () => this.#moveExits(),
    keep: (slot) => this.#keep(slot),
    branch: (inst, depth) => this.#emitBranch(inst, depth),
  };

  /** The slot, or a temporary copy of it where the exit moves will overwrite it. */
  #keep(slot: number): number {
    if (!this.#isOverwritten(slot)) return slot;
    const temp = this.#temp();
    this.writer.word('MOVE', temp, slot, 0);
    return temp;
  }

  #isOverwritten(slot: number): boolean {
    const position = slot / SLOT - this.#exitBase;
    if (position < 0 || position >= this.#exit.length) return false;
    const value = this.#exit[position] as Operand;
    return value < 0 || this.#slot[value - this.#first] !== slot;
  }

  #emitBranch(inst: Inst, depth: number): void {
    const [taken, other] = inst.targets;
    if (taken === undefined || other === undefined) throw new Error('BUG: br_if has two targets');
    const delta = (this.#exit.length - depth) * SLOT;
    const condition = this.#prepareCondition(inst);
    this.#moveExits();
    const [form, a, b] = condition;
    this.writer.word(form, a, b, delta);
    if (this.#negated && this.#fused !== undefined) this.writer.targets(other.block, taken.block);
    else this.writer.targets(taken.block, other.block);
  }

  /** Form and operands of the branch, safe from the exit moves. */
  #prepareCondition(inst: Inst): ['BR_NZ' | 'BR_NZ64' | 'BR_EQ', number, number] {
    const temps: number[] = [];
    const fused = this.#fused;
    if (fused === undefined) {
      const slot = this.#register(this.#resolve(inst.args[0] as Operand), temps);
      return ['BR_NZ64', this.#keep(slot), 0];
    }
    if (fused.op === 'iszero') {
      const slot = this.#register(this.#resolve(fused.args[0] as Operand), temps);
      return [fused.type === 'i1' ? 'BR_NZ64' : 'BR_NZ', this.#keep(slot), 0];
    }
    const forms = BRANCH_256[fused.op] as BinaryForms;
    const x = this.#resolve(fused.args[0] as Operand);
    const y = this.#resolve(fused.args[1] as Operand);
    if (x >= 0 && y < 0 && forms.rk !== undefined) {
      const a = this.#keep(this.#register(x, temps));
      return [forms.rk as 'BR_EQ', a, this.writer.constant(this.#constant(y))];
    }
    if (x < 0 && y >= 0 && forms.kr !== undefined) {
      const b = this.#keep(this.#register(y, temps));
      return [forms.kr as 'BR_EQ', b, this.writer.constant(this.#constant(x))];
    }
    const a = this.#keep(this.#register(x, temps));
    const b = this.#keep(this.#register(y, temps));
    return forms.swap === true ? [forms.rr as 'BR_EQ', b, a] : [forms.rr as 'BR_EQ', a, b];
  }

  /** Brings every exit value to its slot: a parallel move, cycles through a temporary. */
  #moveExits(): void {
    const targets: number[] = [];
    const sources: number[] = [];
    for (let j = 0; j < this.#exit.length; j++) {
      const value = this.#exit[j] as Operand;
      const target = (j + this.#exitBase) * SLOT;
      if (value < 0) continue;
      const source = this.#slot[value - this.#first] as number;
      if (source !== target) {
        targets.push(target);
        sources.push(source);
      }
    }
    if (targets.length > 0) this.#parallelMove(targets, sources);
    for (let j = 0; j < this.#exit.length; j++) {
      const value = this.#exit[j] as Operand;
      if (value < 0) this.#set((j + this.#exitBase) * SLOT, this.#constant(value));
    }
  }

  #parallelMove(targets: number[], sources: number[]): void {
    const order = orderMoves({ targets, sources }, () => this.#temp());
    const { writer } = this;
    let i = 0;
    for (; i + 3 < order.length; i += 6) {
      writer.word('MOVE2', order[i] as number, order[i + 1] as number, 0);
      writer.extension(order[i + 3] as number, order[i + 4] as number, 0, 0);
    }
    if (i < order.length) writer.word('MOVE', order[i] as number, order[i + 1] as number, 0);
  }
}
