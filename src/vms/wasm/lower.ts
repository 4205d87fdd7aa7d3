/**
 * Lowers the body of a function to a closed function of dMIR. Structured control flow becomes
 * blocks in the order of the code, so that it can be found again: a block, loop or if is the range
 * of blocks between its header and its end, and every edge that goes back goes to a loop's header.
 *
 * Locals and the operand stack are operands known at each place. A dMIR block that several edges
 * enter takes the values of its label and the locals that the construct assigns (`Label`); what
 * turns out to be the same or unused is pruned afterwards.
 *
 * Code that cannot be reached is skipped: nothing is lowered from an unconditional branch to the
 * end of its construct. The body must be valid.
 */
import { FuncBuilder, type InstOptions, type Value } from '../../dmir/builder.ts';
import { type BlockId, createFunc, type Func, type Inst, type RegId } from '../../dmir/ir.ts';
import type { OpName } from '../../dmir/ops.ts';
import type { Type } from '../../dmir/types.ts';
import { findAssignedLocals } from './assigned-locals.ts';
import type { Ranges } from './gas.ts';
import { createInstruction, type Instruction, readInstruction } from './instructions.ts';
import { dmirParams, dmirType, dmirTypes, type Linkage, markers } from './linkage.ts';
import { LOWERINGS } from './lowerings.ts';
import { Reader } from './reader.ts';
import type { Body, FuncType, ValType, WasmModule } from './types.ts';
import { blockTypes, readLocals } from './validate.ts';

/** A construct that branches may name. */
interface Label {
  readonly kind: 'func' | 'block' | 'loop' | 'if' | 'else';
  /** Block that a branch to it enters. */
  readonly target: BlockId;
  /** Types of the values that a branch takes along. */
  readonly types: readonly ValType[];
  readonly paramTypes: readonly ValType[];
  /** Locals that are set inside, which the target takes before the values. */
  readonly assigned: readonly number[];
  /** Height of the operand stack below its parameters. */
  readonly height: number;
  /** Whether an edge enters the target. */
  isEntered: boolean;
  /** Of an `if`: the other arm, and locals and parameters as it finds them. */
  readonly otherwise: BlockId;
  readonly before: readonly Value[];
  readonly params: readonly Value[];
}

/** A lowered function, and its ranges of code. */
export interface LoweredFunction {
  readonly func: Func;
  readonly ranges: Ranges;
}

/** Lowers the function with the body, to be placed under the name. */
export function lowerFunction(
  module: WasmModule,
  body: Body,
  name: string,
  linkage: Linkage,
): LoweredFunction {
  return new FunctionLowerer(module, body, name, linkage).run();
}

export class FunctionLowerer {
  readonly wasm: WasmModule;
  readonly linkage: Linkage;
  readonly #builder: FuncBuilder;
  readonly #func: Func;
  readonly #type: FuncType;
  readonly #reader: Reader;
  readonly #localTypes: readonly ValType[];
  readonly #assigned: readonly (readonly number[])[];
  readonly #locals: Value[];
  readonly #stack: Value[] = [];
  /** Types of the values on the stack. */
  readonly #kinds: Type[] = [];
  readonly #labels: Label[] = [];
  readonly #ranges: number[] = [];
  /** Flags of which a register is the value as a number. */
  readonly #flags = new Map<Value, RegId>();
  #constructs = 0;
  #block: BlockId = 0;
  #nextBlock = 1;
  /** Whether the place cannot be reached; then the count of constructs begun since. */
  #isDead = false;
  #deadDepth = 0;
  /** The charge that the place belongs to. */
  #charge: Inst | null = null;

  constructor(module: WasmModule, body: Body, name: string, linkage: Linkage) {
    this.wasm = module;
    this.linkage = linkage;
    this.#type = module.types[body.type] as FuncType;
    this.#reader = new Reader(module.bytes, body.start, body.end);
    const { params, results } = this.#type;
    this.#localTypes = readLocals(this.#reader, params);
    this.#assigned = findAssignedLocals(module.bytes, this.#reader.offset, body.end);
    this.#func = createFunc(name, false);
    this.#func.params = dmirParams(this.#type);
    this.#func.results = dmirTypes(results);
    this.#builder = new FuncBuilder(linkage.module, this.#func);
    const registers = this.#builder.block(0, this.#func.params);
    this.#locals = this.#localTypes.map((_, index) => {
      return index < params.length ? (registers[index] as RegId) : 0n;
    });
  }

  run(): LoweredFunction {
    const { results } = this.#type;
    this.#open('func', 0, { params: [], results }, []);
    const instruction = createInstruction();
    while (this.#labels.length > 0) {
      readInstruction(this.#reader, instruction);
      if (this.#isDead && !this.#isRevived(instruction)) continue;
      this.#builder.pc = instruction.offset;
      if (!this.#isDead) this.#count(instruction);
      LOWERINGS[instruction.op.name](this, instruction);
    }
    return { func: this.#func, ranges: this.#ranges };
  }

  /** Whether an instruction behind a branch ends the construct that the branch stands in. */
  #isRevived({ op: { name } }: Instruction): boolean {
    if (name === 'block' || name === 'loop' || name === 'if') {
      this.#deadDepth++;
      this.#constructs++;
      return false;
    }
    if (this.#deadDepth === 0) return name === 'end' || name === 'else';
    if (name === 'end') this.#deadDepth--;
    return false;
  }

  // ---- gas

  /** Adds the instruction to the charge of its range. */
  #count({ op, offset }: Instruction): void {
    const gas = this.linkage.gas.classes[op.cost];
    if (gas === 0) return;
    if (this.#charge === null) {
      this.inst('charge', { imm: 0 });
      this.#charge = this.#func.blocks.get(this.#block)?.insts.at(-1) as Inst;
      this.#ranges.push(offset, offset);
    }
    this.#charge.imm += gas;
    this.#ranges[this.#ranges.length - 1] = offset;
  }

  /** Begins a new range, so that what comes now can see the gas that is left. */
  endCharge(): void {
    this.#charge = null;
  }

  // ---- operands

  push(value: Value, type: Type): void {
    this.#stack.push(value);
    this.#kinds.push(type);
  }

  pop(): Value {
    this.#kinds.pop();
    return this.#stack.pop() as Value;
  }

  /** A register: operations that convert do not know the width of a constant. */
  popRegister(): RegId {
    const kind = this.kind(0);
    const value = this.pop();
    return typeof value === 'bigint' ? this.op('copy', kind, value) : value;
  }

  popMany(count: number): Value[] {
    this.#kinds.length -= count;
    return this.#stack.splice(this.#stack.length - count, count);
  }

  /** Type of the value that is so far below the top. */
  kind(depth: number): Type {
    return this.#kinds[this.#kinds.length - 1 - depth] as Type;
  }

  /** Makes the stack one of a height with values on it. */
  #setStack(height: number, values: readonly Value[], types: readonly ValType[]): void {
    this.#stack.length = height;
    this.#kinds.length = height;
    values.forEach((value, i) => {
      this.push(value, dmirType(types[i] as ValType));
    });
  }

  op(op: OpName, type: Type, ...args: Value[]): RegId {
    return this.#builder.op(op, type, ...args);
  }

  inst(op: OpName, options: InstOptions = {}): RegId[] {
    return this.#builder.inst(op, options);
  }

  /** A flag as the number that WebAssembly has for it. */
  pushFlag(flag: RegId): void {
    const number = this.op('zext', 'i32', flag);
    this.#flags.set(number, flag);
    this.push(number, 'i32');
  }

  /** A number as a flag: whether it is not 0. */
  popFlag(): Value {
    const number = this.pop();
    if (typeof number === 'bigint') return number === 0n ? 0n : 1n;
    return this.#flags.get(number) ?? this.op('ne', 'i32', number, 0n);
  }

  getLocal(index: number): Value {
    return this.#locals[index] as Value;
  }

  setLocal(index: number, value: Value): void {
    this.#locals[index] = value;
  }

  localType(index: number): ValType {
    return this.#localTypes[index] as ValType;
  }

  // ---- blocks

  newBlock(): BlockId {
    return this.#nextBlock++;
  }

  /** Goes on in a new block. */
  begin(id: BlockId, types: readonly Type[] = []): RegId[] {
    this.#charge = null;
    this.#block = id;
    return this.#builder.block(id, types);
  }

  /** Ends the block; what follows cannot be reached unless another block begins. */
  end(op: OpName, options: InstOptions): void {
    this.#builder.end(op, options);
  }

  /** Ends with the trap kind where the flag is set. */
  trapIf(flag: Value, kind: number): void {
    const [trap, next] = [this.newBlock(), this.newBlock()];
    this.#builder.brIf(flag, [trap], [next]);
    const charge = this.#charge;
    this.begin(trap);
    this.end('trap', { imm: kind });
    this.begin(next);
    // No other edge enters, so the range goes on.
    this.#charge = charge;
  }

  setDead(): void {
    this.#isDead = true;
    this.#deadDepth = 0;
  }

  #open(
    kind: Label['kind'],
    target: BlockId,
    { params, results }: FuncType,
    assigned: readonly number[],
    more: Partial<Pick<Label, 'otherwise' | 'before' | 'params'>> = {},
  ): void {
    const height = this.#stack.length - params.length;
    const types = kind === 'loop' ? params : results;
    const { otherwise = -1, before = [], params: values = [] } = more;
    this.#labels.push({
      ...{ kind, target, types, assigned, height, otherwise, before },
      ...{ paramTypes: params, params: values, isEntered: false },
    });
  }

  #construct(a: number): { types: FuncType; assigned: readonly number[] } {
    const types = blockTypes(this.wasm, a) as FuncType;
    return { types, assigned: this.#assigned[this.#constructs++] as readonly number[] };
  }

  openBlock({ a }: Instruction): void {
    const { types, assigned } = this.#construct(a);
    this.#open('block', this.newBlock(), types, assigned);
  }

  openLoop({ a }: Instruction): void {
    const { types, assigned } = this.#construct(a);
    this.#open('loop', this.newBlock(), types, assigned);
    const label = this.#labels[this.#labels.length - 1] as Label;
    this.#goTo(label);
    this.#enter(label);
  }

  openIf({ a }: Instruction): void {
    const { types, assigned } = this.#construct(a);
    const flag = this.popFlag();
    const [then, otherwise] = [this.newBlock(), this.newBlock()];
    const before = assigned.map((local) => this.getLocal(local));
    const params = this.#stack.slice(this.#stack.length - types.params.length);
    this.#open('if', this.newBlock(), types, assigned, { otherwise, before, params });
    this.#builder.brIf(flag, [then], [otherwise]);
    this.begin(then);
  }

  /** Ends the first arm of an `if` and begins the other. */
  openElse(): void {
    const label = this.#labels.pop() as Label;
    if (!this.#isDead) this.#goTo(label);
    this.#isDead = false;
    this.#setStack(label.height, label.params, label.paramTypes);
    label.assigned.forEach((local, i) => {
      this.setLocal(local, label.before[i] as Value);
    });
    this.begin(label.otherwise);
    this.#labels.push({ ...label, kind: 'else' });
  }

  close(): void {
    const label = this.#labels.pop() as Label;
    if (label.kind === 'func') {
      if (!this.#isDead) this.#return();
      return;
    }
    if (label.kind === 'loop') return;
    if (label.kind === 'block' && !label.isEntered) return;
    if (!this.#isDead) this.#goTo(label);
    if (label.kind === 'if') {
      this.begin(label.otherwise);
      this.#builder.br(label.target, ...label.before, ...label.params);
      label.isEntered = true;
    }
    if (label.isEntered) this.#enter(label);
    else this.setDead();
  }

  /** Goes on at the target of a label. */
  #enter({ target, assigned, types, height }: Label): void {
    const locals = assigned.map((local) => dmirType(this.localType(local)));
    const registers = this.begin(target, [...locals, ...dmirTypes(types)]);
    assigned.forEach((local, i) => {
      this.setLocal(local, registers[i] as RegId);
    });
    this.#setStack(height, registers.slice(assigned.length), types);
    this.#isDead = false;
  }

  /** The edge to a label with the values on top of the stack. */
  #edge(label: Label): readonly [BlockId, ...Value[]] {
    label.isEntered = true;
    const values = this.#stack.slice(this.#stack.length - label.types.length);
    return [label.target, ...label.assigned.map((local) => this.getLocal(local)), ...values];
  }

  #goTo(label: Label): void {
    this.end('br', { targets: [this.#edge(label)] });
  }

  #return(): void {
    const { length } = this.#type.results;
    this.end('return', { args: this.#stack.slice(this.#stack.length - length) });
  }

  // ---- branches

  #label(depth: number): Label {
    return this.#labels[this.#labels.length - 1 - depth] as Label;
  }

  #leaveTo(label: Label): void {
    if (label.kind === 'func') this.#return();
    else this.#goTo(label);
  }

  branch(depth: number): void {
    this.#leaveTo(this.#label(depth));
    this.setDead();
  }

  branchIf(depth: number): void {
    const flag = this.popFlag();
    const label = this.#label(depth);
    const next = this.newBlock();
    if (label.kind !== 'func') {
      this.#builder.brIf(flag, this.#edge(label), [next]);
      this.begin(next);
      return;
    }
    const leave = this.newBlock();
    this.#builder.brIf(flag, [leave], [next]);
    this.begin(leave);
    this.#return();
    this.begin(next);
  }

  /** Each label that takes values is reached by one block that hands them over. */
  branchTable(depths: readonly number[]): void {
    const index = this.op('zext', 'i64', this.popRegister());
    const ways = new Map<number, BlockId>();
    const leaving: [Label, BlockId][] = [];
    const targets = depths.map((depth): readonly [BlockId] => {
      const known = ways.get(depth);
      if (known !== undefined) return [known];
      const label = this.#label(depth);
      const isPlain = label.kind !== 'func' && label.assigned.length + label.types.length === 0;
      const way = isPlain ? label.target : this.newBlock();
      if (isPlain) label.isEntered = true;
      else leaving.push([label, way]);
      ways.set(depth, way);
      return [way];
    });
    this.end('br_table', { type: 'i64', args: [index], targets });
    for (const [label, way] of leaving) {
      this.begin(way);
      this.#leaveTo(label);
    }
    this.setDead();
  }

  // ---- calls

  call(imm: number, type: FuncType): void {
    const args = this.#popArguments(type);
    this.#pushResults(this.inst('call', { imm, args }), type);
  }

  tailCall(imm: number, type: FuncType): void {
    this.end('tail_call', { imm, args: this.#popArguments(type) });
    this.setDead();
  }

  tailCallIndirect(place: Value, type: FuncType): void {
    const imm = this.linkage.signature(type);
    this.end('tail_call_indirect', { imm, args: [place, ...this.#popArguments(type)] });
    this.setDead();
  }

  callIndirect(place: Value, type: FuncType): void {
    const imm = this.linkage.signature(type);
    const args = [place, ...this.#popArguments(type)];
    this.#pushResults(this.inst('call_indirect', { imm, args }), type);
  }

  #popArguments(type: FuncType): Value[] {
    return [...this.popMany(type.params.length), ...markers(type).map(() => 0n)];
  }

  #pushResults(registers: readonly RegId[], { results }: FuncType): void {
    registers.forEach((register, i) => {
      this.push(register, dmirType(results[i] as ValType));
    });
    this.endCharge();
  }

  /** Ends with the results on top of the stack. */
  leave(): void {
    this.#return();
    this.setDead();
  }
}
