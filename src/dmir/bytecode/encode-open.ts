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
import { type FlatBlock, NO_RESULT, OP_NUMBER, TYPE_NUMBER } from '../flat.ts';
import type { Operand, RegId } from '../ir.ts';
import { FORM } from './forms.ts';
import type { RegionUse } from './open-emitters.ts';
import { type BinaryPlan, IS_KEPT, type OpPlan, PLANS } from './open-plans.ts';
import { type BlockHeader, BlockWriter } from './writer.ts';

export type { RegionUse } from './open-emitters.ts';

const { and: AND, br_if: BR_IF, charge: CHARGE, copy: COPY, iszero: ISZERO } = OP_NUMBER;
const { sub: SUB, suspend: SUSPEND, zext: ZEXT } = OP_NUMBER;
const { i1: I1, i256: I256 } = TYPE_NUMBER;

const SLOT = 32;
const IMMEDIATE_MAX = 0xffff;
const NO_SLOT = -0x8000;
/** In the place of a definition: there is none. */
const NOT_DEFINED = -1;
const REGISTERS = 512;

/** Encodes blocks one at a time; nothing of a block is left when the next begins. */
export class OpenEncoder {
  readonly writer = new BlockWriter();
  readonly header: BlockHeader = { gas: 0, steps: 0, need: 0, grow: 0 };
  #regions: readonly RegionUse[] = [];
  #spaces: readonly number[] = [];
  #block!: FlatBlock;

  // By register
  #capacity = REGISTERS;
  /** What the register stands for: itself, or what it is a copy of. */
  #alias = new Int32Array(REGISTERS);
  #uses = new Int32Array(REGISTERS);
  #lastUse = new Int32Array(REGISTERS);
  #definition = new Int32Array(REGISTERS);
  /** Its slot, or NO_SLOT. */
  #slot = new Int32Array(REGISTERS);

  /** By operation: whether it is written. */
  #live = new Uint8Array(REGISTERS);
  /** Temporaries that are free, a stack. */
  #free = new Int32Array(REGISTERS);
  #freeCount = 0;
  /** Temporaries of the operation that is being written. */
  readonly #temps = new Int32Array(16);
  #tempCount = 0;
  #nextTemp = 0;
  /** Values in order of their exit slots, bottom first. */
  #exit = new Int32Array(REGISTERS);
  #exitCount = 0;
  // Moves to the exit slots, and the one that waits for another to share its word.
  #targets = new Int32Array(REGISTERS);
  #sources = new Int32Array(REGISTERS);
  #isMoving = false;
  #movedTo = 0;
  #movedFrom = 0;
  #depth = 0;
  #rest = 0;
  /** Index of the comparison that the branch has taken in, or -1. */
  #fused = -1;
  #negated = false;

  /**
   * Encodes the block; the result is in `writer` and `header` until the next call.
   *
   * `regions[i]` and `spaces[i]` tell what the module's region and space `i` are to the kernel.
   */
  encode(
    block: FlatBlock,
    uses: { readonly regions: readonly RegionUse[]; readonly spaces: readonly number[] },
  ): void {
    this.#block = block;
    this.#regions = uses.regions;
    this.#spaces = uses.spaces;
    this.writer.begin();
    const depth = block.paramCount;
    this.#depth = depth;
    this.#scan(block);
    this.#collectExit(block);
    this.#fuseBranch(block);
    this.#sweep(block);
    this.#placeExits(block);
    const { header } = this;
    header.gas = this.#rest;
    header.steps = block.count;
    header.need = depth * SLOT;
    header.grow = Math.max(block.grow, this.#exitCount - depth, 0) * SLOT;
    const last = block.count - 1;
    const { ops, types } = block;
    for (let i = 0; i < last; i++) {
      if (this.#live[i] === 1) this.#emit(PLANS[ops[i] as number] as OpPlan, i, types[i] === I256);
    }
    this.#emitOther(PLANS[ops[last] as number] as OpPlan, last);
  }

  // ---- analysis

  #resolve(operand: Operand): Operand {
    return operand < 0 ? operand : (this.#alias[operand] as Operand);
  }

  #scan(block: FlatBlock): void {
    const { count, registerCount, paramCount, params, ops, imms, results, args, argsAt } = block;
    while (registerCount + 1 >= this.#capacity || count >= this.#capacity) this.#enlarge();
    const alias = this.#alias;
    const uses = this.#uses;
    const lastUse = this.#lastUse;
    const definition = this.#definition;
    const slot = this.#slot;
    for (let r = 0; r < registerCount; r++) {
      alias[r] = r;
      uses[r] = 0;
      lastUse[r] = -1;
      definition[r] = NOT_DEFINED;
      slot[r] = NO_SLOT;
    }
    for (let i = 0; i < paramCount; i++) slot[params[i] as RegId] = -(i + 1) * SLOT;
    let rest = 0;
    for (let i = 0; i < count; i++) {
      const op = ops[i] as number;
      if (op === CHARGE) {
        rest += imms[i] as number;
        continue;
      }
      const result = results[i] as number;
      if (result !== NO_RESULT) definition[result] = i;
      // An alias is no use of what it stands for: its own uses are.
      if ((op === ZEXT || op === COPY) && this.#isAlias(block, i)) {
        alias[result] = this.#resolve(args[argsAt[i] as number] as Operand);
        continue;
      }
      const end = argsAt[i + 1] as number;
      for (let at = argsAt[i] as number; at < end; at++) {
        const operand = args[at] as Operand;
        if (operand < 0) continue;
        const value = alias[operand] as Operand;
        if (value >= 0) uses[value] = (uses[value] as number) + 1;
      }
    }
    this.#rest = rest;
  }

  #enlarge(): void {
    const size = this.#capacity * 2;
    this.#capacity = size;
    this.#alias = new Int32Array(size);
    this.#uses = new Int32Array(size);
    this.#lastUse = new Int32Array(size);
    this.#definition = new Int32Array(size);
    this.#slot = new Int32Array(size);
    this.#live = new Uint8Array(size);
  }

  /** Copies, and widening of what is written wide already. */
  #isAlias(block: FlatBlock, index: number): boolean {
    const op = block.ops[index];
    if (op === COPY) return true;
    if (op !== ZEXT) return false;
    const source = this.#resolve(block.args[block.argsAt[index] as number] as Operand);
    return source < 0 || block.registerTypes[source] === I1;
  }

  #collectExit(block: FlatBlock): void {
    const { window, windowCount, args, argsAt } = block;
    let count = 0;
    if (block.targetCount > 0) {
      const last = block.count - 1;
      const isSuspended = block.ops[last] === SUSPEND;
      const from = argsAt[last] as number;
      const operands = isSuspended ? (argsAt[last + 1] as number) - from : 0;
      const size = windowCount + operands;
      if (size > this.#exit.length) {
        this.#exit = new Int32Array(size * 2);
        this.#targets = new Int32Array(size * 2);
        this.#sources = new Int32Array(size * 2);
      }
      const exit = this.#exit;
      for (let i = 0; i < windowCount; i++) {
        exit[count++] = this.#resolve(window[i] as Operand);
      }
      for (let i = operands - 1; i >= 0; i--) {
        exit[count++] = this.#resolve(args[from + i] as Operand);
      }
    }
    this.#exitCount = count;
  }

  #isInExit(value: Operand): boolean {
    for (let j = 0; j < this.#exitCount; j++) if (this.#exit[j] === value) return true;
    return false;
  }

  /** Finds the comparison that the final branch can take in, through negations. */
  #fuseBranch(block: FlatBlock): void {
    this.#fused = -1;
    this.#negated = false;
    const last = block.count - 1;
    if (block.ops[last] !== BR_IF) return;
    let condition = this.#resolve(block.args[block.argsAt[last] as number] as Operand);
    while (condition >= 0) {
      const index = this.#definition[condition] as number;
      if (index < 0 || this.#uses[condition] !== 1 || this.#isInExit(condition)) return;
      const op = block.ops[index] as number;
      const isWide = block.types[index] === I256;
      const isNegation = op === ISZERO && (isWide || block.types[index] === I1);
      if (!isNegation && !(isWide && PLANS[op]?.branch !== undefined)) return;
      this.#fused = index;
      if (!isNegation) return;
      this.#negated = !this.#negated;
      if (isWide) return;
      condition = this.#resolve(block.args[block.argsAt[index] as number] as Operand);
    }
  }

  /** Marks live operations and last uses, from the end. */
  #sweep(block: FlatBlock): void {
    const { ops, results } = block;
    const end = block.count - 1;
    for (let j = 0; j < this.#exitCount; j++) this.#use(this.#exit[j] as Operand, end + 1);
    this.#useArgs(block, this.#fused >= 0 ? this.#fused : end, end);
    const lastUse = this.#lastUse;
    const live = this.#live;
    for (let i = end - 1; i >= 0; i--) {
      const result = results[i] as number;
      // Nothing uses an alias, nor what the branch has taken in.
      const isUsed = result !== NO_RESULT && (lastUse[result] as number) >= 0;
      const isLive = isUsed || IS_KEPT[ops[i] as number] === 1;
      live[i] = isLive ? 1 : 0;
      if (isLive) this.#useArgs(block, i, i);
    }
  }

  /** Notes that the operands of an operation are used as the one of the index runs. */
  #useArgs(block: FlatBlock, operation: number, index: number): void {
    const { args, argsAt } = block;
    const end = argsAt[operation + 1] as number;
    for (let at = argsAt[operation] as number; at < end; at++) {
      this.#use(this.#resolve(args[at] as Operand), index);
    }
  }

  #use(value: Operand, index: number): void {
    if (value >= 0 && (this.#lastUse[value] as number) < index) this.#lastUse[value] = index;
  }

  /** Gives results their exit slots where nothing else needs the slot's old content later. */
  #placeExits(block: FlatBlock): void {
    const depth = this.#depth;
    const count = this.#exitCount;
    const { params } = block;
    this.#nextTemp = Math.max(0, count - depth) * SLOT;
    this.#freeCount = 0;
    this.#tempCount = 0;
    for (let j = 0; j < count; j++) {
      const value = this.#exit[j] as Operand;
      if (value < 0 || this.#slot[value] !== NO_SLOT) continue;
      const defined = this.#definition[value] as number;
      if (defined < 0) continue;
      // The parameter that stands there; parameters are numbered from the top.
      if (j < depth && (this.#lastUse[params[depth - 1 - j] as RegId] as number) > defined)
        continue;
      this.#slot[value] = (j - depth) * SLOT;
    }
  }

  // ---- slots

  #temp(): number {
    if (this.#freeCount > 0) return this.#free[--this.#freeCount] as number;
    const slot = this.#nextTemp;
    this.#nextTemp += SLOT;
    if (slot > 0x7fe0) throw new Error('BUG: a block needs more registers than a word can address');
    return slot;
  }

  #freeTemp(slot: number): void {
    if (this.#freeCount === this.#free.length) {
      const larger = new Int32Array(this.#freeCount * 2);
      larger.set(this.#free);
      this.#free = larger;
    }
    this.#free[this.#freeCount++] = slot;
  }

  /** Slot of a register, or of a constant that is put into a temporary of the operation. */
  register(operand: Operand): number {
    if (operand >= 0) return this.#slot[operand] as number;
    const slot = this.#temp();
    this.#temps[this.#tempCount++] = slot;
    this.#set(slot, operand);
    return slot;
  }

  #set(slot: number, operand: Operand): void {
    const number = this.#block.numberOf(operand);
    if (number >= 0 && number <= IMMEDIATE_MAX) this.writer.put(FORM.SET_I, slot, 0, number);
    else this.writer.put(FORM.SET_K, slot, 0, this.constant(operand));
  }

  /** Frees the temporaries whose last use is operation `index`. */
  release(index: number): void {
    const { args, argsAt } = this.#block;
    const end = argsAt[index + 1] as number;
    for (let at = argsAt[index] as number; at < end; at++) {
      const value = this.#resolve(args[at] as Operand);
      if (value < 0 || this.#lastUse[value] !== index) continue;
      const slot = this.#slot[value] as number;
      if (slot < Math.max(0, (this.#exitCount - this.#depth) * SLOT)) continue;
      this.#freeTemp(slot);
      // An operand that stands twice is freed once.
      this.#lastUse[value] = -1;
    }
  }

  result(index: number): number {
    const r = this.#block.results[index] as RegId;
    const slot = this.#slot[r] as number;
    if (slot !== NO_SLOT) return slot;
    const temp = this.#temp();
    this.#slot[r] = temp;
    if ((this.#lastUse[r] as number) < 0) this.#freeTemp(temp);
    return temp;
  }

  // ---- what emitters ask for

  operand(index: number, which: number): Operand {
    const { args, argsAt } = this.#block;
    return this.#resolve(args[(argsAt[index] as number) + which] as Operand);
  }

  operandCount(index: number): number {
    const { argsAt } = this.#block;
    return (argsAt[index + 1] as number) - (argsAt[index] as number);
  }

  imm(index: number): number {
    return this.#block.imms[index] as number;
  }

  /** The operand as an immediate field, or -1 where it is none. */
  immediate(operand: Operand): number {
    const number = this.#block.numberOf(operand);
    return number <= IMMEDIATE_MAX ? number : -1;
  }

  /** Offset of a constant operand for a `k` field. */
  constant(operand: Operand): number {
    const number = this.#block.numberOf(operand);
    if (number >= 0) return this.writer.smallConstant(number);
    return this.writer.constant(this.#block.constOf(operand));
  }

  region(index: number): RegionUse {
    return this.#regions[this.imm(index)] as RegionUse;
  }

  space(index: number): number {
    return this.#spaces[this.imm(index)] as number;
  }

  charged(amount: number): void {
    this.#rest -= amount;
  }

  /** What is charged at entry for the operations behind the one that is being written. */
  get rest(): number {
    return this.#rest;
  }

  /** Bytes by which the window pointer moves at the exit. */
  get delta(): number {
    return (this.#exitCount - this.#depth) * SLOT;
  }

  /** Program counter of the operation in the source. */
  pc(index: number): number {
    return this.#block.pcs[index] as number;
  }

  target(which: 0 | 1): number {
    return this.#block.targets[which];
  }

  // ---- emission

  #emit(plan: OpPlan, index: number, isWide: boolean): void {
    this.#tempCount = 0;
    if (isWide && plan.binary !== undefined) this.#emitBinary(plan.binary, index);
    else if (isWide && plan.unary >= 0) this.#emitUnary(plan.unary, index);
    else this.#emitOther(plan, index);
    for (let i = 0; i < this.#tempCount; i++) this.#freeTemp(this.#temps[i] as number);
  }

  #emitOther({ emit, op }: OpPlan, index: number): void {
    if (emit === undefined) throw new Error(`BUG: no bytecode for ${op} in an open function`);
    emit(this, index);
  }

  #emitUnary(form: number, index: number): void {
    const a = this.register(this.operand(index, 0));
    this.release(index);
    this.writer.put(form, this.result(index), a, 0);
  }

  #emitBinary(forms: BinaryPlan, index: number): void {
    const x = this.operand(index, 0);
    const y = this.operand(index, 1);
    if (x >= 0 && y < 0) {
      if (this.#emitConstant(forms, index, x, y, true)) return;
    } else if (x < 0 && y >= 0) {
      if (this.#emitConstant(forms, index, y, x, false)) return;
    }
    const a = this.register(x);
    const b = this.register(y);
    this.release(index);
    const d = this.result(index);
    if (forms.swap) this.writer.put(forms.rr, d, b, a);
    else this.writer.put(forms.rr, d, a, b);
  }

  #emitConstant(
    forms: BinaryPlan,
    index: number,
    register: RegId,
    operand: Operand,
    isSecond: boolean,
  ): boolean {
    const immediate = isSecond ? forms.ri : forms.ir;
    const constant = isSecond ? forms.rk : forms.kr;
    const number = this.#block.numberOf(operand);
    const fits = immediate >= 0 && number >= 0 && number <= forms.immediateMax;
    const op = this.#block.ops[index] as number;
    if (!fits && constant < 0 && op !== SUB) return false;
    const a = this.#slot[register] as number;
    this.release(index);
    const d = this.result(index);
    const { writer } = this;
    if (fits) writer.put(immediate, d, a, number);
    else if (op === SUB && isSecond) {
      const negated = BigInt.asUintN(256, -this.#block.constOf(operand));
      writer.put(FORM.ADD_K, d, a, writer.constant(negated));
    } else {
      const isNarrow = op === AND && (number >= 0 || this.#block.constOf(operand) <= MASK_64);
      writer.put(isNarrow ? FORM.AND_K64 : constant, d, a, this.constant(operand));
    }
    return true;
  }

  // ---- terminators

  /** The slot, or a temporary copy of it where the exit moves will overwrite it. */
  keep(slot: number): number {
    if (!this.#isOverwritten(slot)) return slot;
    const temp = this.#temp();
    this.writer.put(FORM.MOVE, temp, slot, 0);
    return temp;
  }

  #isOverwritten(slot: number): boolean {
    const position = slot / SLOT + this.#depth;
    if (position < 0 || position >= this.#exitCount) return false;
    const value = this.#exit[position] as Operand;
    return value < 0 || this.#slot[value] !== slot;
  }

  /** Writes a conditional branch with the comparison that it has taken in. */
  branch(index: number): void {
    const { writer } = this;
    const fused = this.#fused;
    const plan = fused < 0 ? undefined : PLANS[this.#block.ops[fused] as number];
    if (plan?.branch !== undefined) this.#compareAndBranch(plan.branch, fused);
    else {
      const isWide = fused >= 0 && this.#block.types[fused] === I256;
      const slot = this.keep(this.register(this.operand(fused < 0 ? index : fused, 0)));
      this.#branchWord(isWide ? FORM.BR_NZ : FORM.BR_NZ64, slot, 0);
    }
    const [taken, other] = this.#block.targets;
    if (this.#negated) writer.targets(other, taken);
    else writer.targets(taken, other);
  }

  #compareAndBranch(forms: BinaryPlan, index: number): void {
    const x = this.operand(index, 0);
    const y = this.operand(index, 1);
    if (x >= 0 && y < 0 && forms.rk >= 0) {
      this.#branchWord(forms.rk, this.keep(this.register(x)), this.constant(y));
    } else if (x < 0 && y >= 0 && forms.kr >= 0) {
      this.#branchWord(forms.kr, this.keep(this.register(y)), this.constant(x));
    } else {
      const a = this.keep(this.register(x));
      const b = this.keep(this.register(y));
      this.#branchWord(forms.rr, forms.swap ? b : a, forms.swap ? a : b);
    }
  }

  #branchWord(form: number, a: number, b: number): void {
    this.moveExits();
    this.writer.put(form, a, b, this.delta);
  }

  /** Brings every exit value to its slot, all at once, and then the constants. */
  moveExits(): void {
    const depth = this.#depth;
    const count = this.#exitCount;
    const exit = this.#exit;
    const slots = this.#slot;
    let moves = 0;
    for (let j = 0; j < count; j++) {
      const value = exit[j] as Operand;
      const target = (j - depth) * SLOT;
      if (value < 0 || slots[value] === target) continue;
      this.#targets[moves] = target;
      this.#sources[moves++] = slots[value] as number;
    }
    if (moves > 0) this.#moveAll(moves);
    for (let j = 0; j < count; j++) {
      if ((exit[j] as Operand) < 0) this.#set((j - depth) * SLOT, exit[j] as Operand);
    }
  }

  /** A move waits until nothing reads its target; a circle of them goes through a temporary. */
  #moveAll(count: number): void {
    const targets = this.#targets;
    const sources = this.#sources;
    for (let i = 0; i < count; i++) {
      let ready = i;
      while (ready < count && isAmong(sources, i, count, targets[ready] as number)) ready++;
      if (ready === count) {
        ready = i;
        const target = targets[i] as number;
        const saved = this.#temp();
        this.#move(saved, target);
        for (let j = i + 1; j < count; j++) if (sources[j] === target) sources[j] = saved;
      }
      this.#move(targets[ready] as number, sources[ready] as number);
      if (ready === i) continue;
      targets.copyWithin(i + 1, i, ready);
      sources.copyWithin(i + 1, i, ready);
    }
    if (this.#isMoving) this.writer.put(FORM.MOVE, this.#movedTo, this.#movedFrom, 0);
    this.#isMoving = false;
  }

  /** Two moves share a word. */
  #move(target: number, source: number): void {
    this.#isMoving = !this.#isMoving;
    if (this.#isMoving) {
      this.#movedTo = target;
      this.#movedFrom = source;
      return;
    }
    this.writer.put(FORM.MOVE2, this.#movedTo, this.#movedFrom, 0);
    this.writer.extension(target, source, 0, 0);
  }
}

function isAmong(numbers: Int32Array, from: number, to: number, number: number): boolean {
  for (let i = from; i < to; i++) if (numbers[i] === number) return true;
  return false;
}

const MASK_64 = 0xffff_ffff_ffff_ffffn;
