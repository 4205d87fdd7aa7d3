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
import type { Edge, Value } from '../../dmir/builder.ts';
import { OP_NUMBER, TYPE_NUMBER } from '../../dmir/flat.ts';
import type { FlatFunc } from '../../dmir/flat-func.ts';
import type { BlockId, Operand, RegId } from '../../dmir/ir.ts';
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

const NO_CHARGE = -1;

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

/** What an operation may have besides its name. */
export interface OperationOptions {
  readonly type?: Type;
  readonly imm?: number;
  readonly args?: readonly Value[];
  readonly targets?: readonly Edge[];
}

/** Lowers the function with the body to the columns, under the name; gives its ranges of code. */
export function lowerFunction(
  module: WasmModule,
  body: Body,
  name: string,
  linkage: Linkage,
  into: FlatFunc,
): Ranges {
  return new FunctionLowerer(module, body, name, linkage, into).run();
}

export class FunctionLowerer {
  readonly wasm: WasmModule;
  readonly linkage: Linkage;
  readonly #func: FlatFunc;
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
  #nextBlock = 1;
  /** Offset of the instruction. */
  #pc = 0;
  /** Whether the place cannot be reached; then the count of constructs begun since. */
  #isDead = false;
  #deadDepth = 0;
  /** The charge that the place belongs to, or -1. */
  #charge = NO_CHARGE;

  constructor(module: WasmModule, body: Body, name: string, linkage: Linkage, func: FlatFunc) {
    this.wasm = module;
    this.linkage = linkage;
    this.#type = module.types[body.type] as FuncType;
    this.#reader = new Reader(module.bytes, body.start, body.end);
    const { params, results } = this.#type;
    this.#localTypes = readLocals(this.#reader, params);
    this.#assigned = findAssignedLocals(module.bytes, this.#reader.offset, body.end);
    this.#func = func;
    const types = dmirParams(this.#type);
    func.begin(name, false, types, dmirTypes(results));
    const registers = this.begin(0, types);
    this.#locals = this.#localTypes.map((_, index) => {
      return index < params.length ? (registers[index] as RegId) : 0n;
    });
  }

  run(): Ranges {
    const { results } = this.#type;
    this.#open('func', 0, { params: [], results }, []);
    const instruction = createInstruction();
    while (this.#labels.length > 0) {
      readInstruction(this.#reader, instruction);
      if (this.#isDead && !this.#isRevived(instruction)) continue;
      this.#pc = instruction.offset;
      if (!this.#isDead) this.#count(instruction);
      LOWERINGS[instruction.op.name](this, instruction);
    }
    this.#func.settle();
    return this.#ranges;
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
    if (this.#charge === NO_CHARGE) {
      this.#charge = this.#func.add(OP_NUMBER.charge, TYPE_NUMBER.i64, 0, offset);
      this.#ranges.push(offset, offset);
    }
    this.#func.imms[this.#charge] = (this.#func.imms[this.#charge] as number) + gas;
    this.#ranges[this.#ranges.length - 1] = offset;
  }

  /** Begins a new range, so that what comes now can see the gas that is left. */
  endCharge(): void {
    this.#charge = NO_CHARGE;
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

  #operand(value: Value): Operand {
    return typeof value === 'bigint' ? this.#func.constant(value) : value;
  }

  /** Adds an operation of a type; gives its only or first result, -1 when it has none. */
  op(op: OpName, type: Type, ...args: Value[]): RegId {
    return this.#add(op, type, 0, args);
  }

  /** Adds an operation with what else it has; gives its first result. */
  inst(op: OpName, { type = 'i64', imm = 0, args = [] }: OperationOptions = {}): RegId {
    return this.#add(op, type, imm, args);
  }

  #add(op: OpName, type: Type, imm: number, args: readonly Value[]): RegId {
    const func = this.#func;
    func.add(OP_NUMBER[op], TYPE_NUMBER[type], imm, this.#pc);
    for (let i = 0; i < args.length; i++) func.arg(this.#operand(args[i] as Value));
    return func.giveResults(this.linkage.module);
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

  /** Goes on in a new block; gives its parameters. */
  begin(id: BlockId, types: readonly Type[] = []): RegId[] {
    this.#charge = NO_CHARGE;
    const func = this.#func;
    func.block(id);
    return types.map((type) => {
      const register = func.register(TYPE_NUMBER[type]);
      func.param(register);
      return register;
    });
  }

  /** Ends the block; what follows cannot be reached unless another block begins. */
  end(op: OpName, { targets = [], ...options }: OperationOptions): void {
    this.inst(op, options);
    for (const [block, ...args] of targets) {
      this.#func.edge(block);
      for (const value of args) this.#func.edgeArg(this.#operand(value));
    }
  }

  #branch(flag: Value, then: Edge, otherwise: Edge): void {
    this.end('br_if', { args: [flag], targets: [then, otherwise] });
  }

  /** Ends with the trap kind where the flag is set. */
  trapIf(flag: Value, kind: number): void {
    const [trap, next] = [this.newBlock(), this.newBlock()];
    this.#branch(flag, [trap], [next]);
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
    this.#branch(flag, [then], [otherwise]);
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
      this.end('br', { targets: [[label.target, ...label.before, ...label.params]] });
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
  #edge(label: Label): Edge {
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
      this.#branch(flag, this.#edge(label), [next]);
      this.begin(next);
      return;
    }
    const leave = this.newBlock();
    this.#branch(flag, [leave], [next]);
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

  /** Pushes what a call gave: registers from the first on. */
  #pushResults(first: RegId, { results }: FuncType): void {
    results.forEach((type, i) => {
      this.push(first + i, dmirType(type));
    });
    this.endCharge();
  }

  /** Ends with the results on top of the stack. */
  leave(): void {
    this.#return();
    this.setDead();
  }
}
