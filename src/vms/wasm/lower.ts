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
import { NO_RESULT, OP_NUMBER as OP, TYPE_NUMBER } from '../../dmir/flat.ts';
import type { FlatFunc } from '../../dmir/flat-func.ts';
import type { BlockId, Operand, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import { findAssignedLocals } from './assigned-locals.ts';
import type { Ranges } from './gas.ts';
import { createInstruction, type Instruction, readInstruction } from './instructions.ts';
import { dmirParams, dmirType, dmirTypes, type Linkage, markers } from './linkage.ts';
import type { Lowering } from './lower-memory.ts';
import { LOWERINGS } from './lowerings.ts';
import { Reader } from './reader.ts';
import type { Body, FuncType, ValType, WasmModule } from './types.ts';
import { blockTypes, readLocals } from './validate.ts';

const NO_CHARGE = -1;
/** What is read last: no body is read while another one is. */
const INSTRUCTION = createInstruction();

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

/** What an operation may have besides its number. */
export interface OperationOptions {
  readonly type?: Type;
  readonly imm?: number;
  readonly args?: readonly Value[];
}

export interface EndOptions extends OperationOptions {
  readonly targets?: readonly Edge[];
}

const NO_TARGETS: readonly Edge[] = [];
const NO_VALUES: readonly Value[] = [];
const NOTHING = {};

/** Lowers the function with the body to the columns, under the name; gives its ranges of code. */
export function lowerFunction(
  module: WasmModule,
  body: Body,
  name: string,
  linkage: Linkage,
  into: FlatFunc,
): Ranges {
  return LOWERER.lower(module, body, name, linkage, into);
}

/** Lowers bodies one at a time: what it holds is of the last. */
export class FunctionLowerer {
  wasm!: WasmModule;
  linkage!: Linkage;
  #func!: FlatFunc;
  #type!: FuncType;
  #reader!: Reader;
  #localTypes: readonly ValType[] = [];
  #assigned: readonly (readonly number[])[] = [];
  readonly #locals: Value[] = [];
  #stackHeight = 0;
  readonly #stack: Value[] = [];
  /** Types of the values on the stack. */
  readonly #kinds: Type[] = [];
  readonly #labels: Label[] = [];
  #ranges: number[] = [];
  #constructs = 0;
  #nextBlock = 1;
  /** Offset of the instruction. */
  #pc = 0;
  /** Whether the place cannot be reached; then the count of constructs begun since. */
  #isDead = false;
  #deadDepth = 0;
  /** The charge that the place belongs to, or -1. */
  #charge = NO_CHARGE;

  /** See `lowerFunction`. */
  lower(module: WasmModule, body: Body, name: string, linkage: Linkage, into: FlatFunc): Ranges {
    this.wasm = module;
    this.linkage = linkage;
    this.#func = into;
    this.#type = module.types[body.type] as FuncType;
    this.#reader = new Reader(module.bytes, body.start, body.end);
    const { params, results } = this.#type;
    this.#localTypes = readLocals(this.#reader, params);
    this.#assigned = findAssignedLocals(module.bytes, this.#reader.offset, body.end);
    this.#stackHeight = 0;
    this.#labels.length = 0;
    this.#ranges = [];
    this.#constructs = 0;
    this.#nextBlock = 1;
    this.#pc = -1;
    this.#isDead = false;
    const types = dmirParams(this.#type);
    into.begin(name, false, types, dmirTypes(results));
    const registers = this.begin(0, types);
    for (let local = 0; local < this.#localTypes.length; local++) {
      this.#locals[local] = local < params.length ? (registers[local] as RegId) : 0n;
    }
    this.#open('func', 0, { params: [], results }, []);
    this.#run();
    into.settle(this.#nextBlock);
    return this.#ranges;
  }

  #run(): void {
    const instruction = INSTRUCTION;
    while (this.#labels.length > 0) {
      readInstruction(this.#reader, instruction);
      if (this.#isDead && !this.#isRevived(instruction)) continue;
      this.#pc = instruction.offset;
      if (!this.#isDead) this.#count(instruction);
      (LOWERINGS[instruction.op.index] as Lowering)(this, instruction);
    }
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
      this.#charge = this.#func.add(OP.charge, TYPE_NUMBER.i64, 0, offset);
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
    const at = this.#stackHeight++;
    this.#stack[at] = value;
    this.#kinds[at] = type;
  }

  pop(): Value {
    return this.#stack[--this.#stackHeight] as Value;
  }

  /** A register: operations that convert do not know the width of a constant. */
  popRegister(): RegId {
    const kind = this.kind(0);
    const value = this.pop();
    return typeof value === 'bigint' ? this.op(OP.copy, kind, value) : value;
  }

  popMany(count: number): Value[] {
    this.#stackHeight -= count;
    return this.#stack.slice(this.#stackHeight, this.#stackHeight + count);
  }

  /** The values on top, which stay. */
  #top(count: number): Value[] {
    return this.#stack.slice(this.#stackHeight - count, this.#stackHeight);
  }

  /** Type of the value that is so far below the top. */
  kind(depth: number): Type {
    return this.#kinds[this.#stackHeight - 1 - depth] as Type;
  }

  #operand(value: Value): Operand {
    return typeof value === 'bigint' ? this.#func.constant(value) : value;
  }

  /** Adds an operation of a type; gives its only or first result, -1 when it has none. */
  op(op: number, type: Type, ...args: Value[]): RegId {
    return this.#add(op, type, 0, args);
  }

  /** Adds an operation with what else it has; gives its first result. */
  inst(op: number, { type = 'i64', imm = 0, args = [] }: OperationOptions = {}): RegId {
    return this.#add(op, type, imm, args);
  }

  #add(op: number, type: Type, imm: number, args: readonly Value[]): RegId {
    const func = this.#func;
    func.add(op, TYPE_NUMBER[type], imm, this.#pc);
    for (let i = 0; i < args.length; i++) func.arg(this.#operand(args[i] as Value));
    return func.giveResults(this.linkage.module);
  }

  /** A flag as the number that WebAssembly has for it. */
  pushFlag(flag: RegId): void {
    const number = this.op(OP.zext, 'i32', flag);
    this.#func.conditions[number] = flag;
    this.push(number, 'i32');
  }

  /** A number as a flag: whether it is not 0. */
  popFlag(): Value {
    const number = this.pop();
    if (typeof number === 'bigint') return number === 0n ? 0n : 1n;
    const flag = this.#func.conditions[number] as number;
    return flag === NO_RESULT ? this.op(OP.ne, 'i32', number, 0n) : flag;
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
    this.#beginBlock(id);
    return types.map((type) => this.#param(type));
  }

  #beginBlock(id: BlockId): void {
    this.#charge = NO_CHARGE;
    this.#func.block(id);
  }

  /** Adds a parameter to the block. */
  #param(type: Type): RegId {
    const register = this.#func.register(TYPE_NUMBER[type]);
    this.#func.param(register);
    return register;
  }

  /** Ends the block; what follows cannot be reached unless another block begins. */
  end(op: number, { targets = NO_TARGETS, ...options }: EndOptions): void {
    this.inst(op, options);
    for (const [block, ...args] of targets) {
      this.#func.edge(block);
      this.#hand(args);
    }
  }

  /** Adds arguments to the edge. */
  #hand(values: readonly Value[]): void {
    for (let i = 0; i < values.length; i++) {
      this.#func.edgeArg(this.#operand(values[i] as Value));
    }
  }

  /** Ends the block where a flag decides between two; the edges follow. */
  #branch(flag: Value): void {
    this.op(OP.br_if, 'i64', flag);
  }

  /** The edges to blocks that take nothing. */
  #enterPlain(then: BlockId, otherwise: BlockId): void {
    this.#func.edge(then);
    this.#func.edge(otherwise);
  }

  /** Ends with the trap kind where the flag is set. */
  trapIf(flag: Value, kind: number): void {
    const [trap, next] = [this.newBlock(), this.newBlock()];
    this.#branch(flag);
    this.#enterPlain(trap, next);
    const charge = this.#charge;
    this.begin(trap);
    this.end(OP.trap, { imm: kind });
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
    more: Partial<Pick<Label, 'otherwise' | 'before' | 'params'>> = NOTHING,
  ): void {
    const height = this.#stackHeight - params.length;
    const types = kind === 'loop' ? params : results;
    const { otherwise = -1, before = NO_VALUES, params: values = NO_VALUES } = more;
    const isEntered = false;
    const paramTypes = params;
    this.#labels.push({
      kind,
      target,
      types,
      paramTypes,
      assigned,
      height,
      isEntered,
      otherwise,
      before,
      params: values,
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
    const params = this.#top(types.params.length);
    this.#open('if', this.newBlock(), types, assigned, { otherwise, before, params });
    this.#branch(flag);
    this.#enterPlain(then, otherwise);
    this.#beginBlock(then);
  }

  /** Ends the first arm of an `if` and begins the other. */
  openElse(): void {
    const label = this.#labels.pop() as Label;
    if (!this.#isDead) this.#goTo(label);
    this.#isDead = false;
    this.#stackHeight = label.height;
    label.params.forEach((value, i) => {
      this.push(value, dmirType(label.paramTypes[i] as ValType));
    });
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
      this.op(OP.br, 'i64');
      this.#func.edge(label.target);
      this.#hand(label.before);
      this.#hand(label.params);
      label.isEntered = true;
    }
    if (label.isEntered) this.#enter(label);
    else this.setDead();
  }

  /** Goes on at the target of a label. */
  #enter({ target, assigned, types, height }: Label): void {
    this.#beginBlock(target);
    for (const local of assigned)
      this.setLocal(local, this.#param(dmirType(this.localType(local))));
    this.#stackHeight = height;
    for (const type of types) this.push(this.#param(dmirType(type)), dmirType(type));
    this.#isDead = false;
  }

  /** The edge to a label with the values on top of the stack. */
  #edgeTo(label: Label): void {
    label.isEntered = true;
    this.#func.edge(label.target);
    for (const local of label.assigned) this.#func.edgeArg(this.#operand(this.getLocal(local)));
    for (let at = this.#stackHeight - label.types.length; at < this.#stackHeight; at++) {
      this.#func.edgeArg(this.#operand(this.#stack[at] as Value));
    }
  }

  #goTo(label: Label): void {
    this.op(OP.br, 'i64');
    this.#edgeTo(label);
  }

  #return(): void {
    const { length } = this.#type.results;
    this.end(OP.return, { args: this.#top(length) });
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
      this.#branch(flag);
      this.#edgeTo(label);
      this.#func.edge(next);
      this.#beginBlock(next);
      return;
    }
    const leave = this.newBlock();
    this.#branch(flag);
    this.#enterPlain(leave, next);
    this.begin(leave);
    this.#return();
    this.begin(next);
  }

  /** Each label that takes values is reached by one block that hands them over. */
  branchTable(depths: readonly number[]): void {
    const index = this.op(OP.zext, 'i64', this.popRegister());
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
    this.end(OP.br_table, { type: 'i64', args: [index], targets });
    for (const [label, way] of leaving) {
      this.begin(way);
      this.#leaveTo(label);
    }
    this.setDead();
  }

  // ---- calls

  call(imm: number, type: FuncType): void {
    const args = this.#popArguments(type);
    this.#pushResults(this.inst(OP.call, { imm, args }), type);
  }

  tailCall(imm: number, type: FuncType): void {
    this.end(OP.tail_call, { imm, args: this.#popArguments(type) });
    this.setDead();
  }

  tailCallIndirect(place: Value, type: FuncType): void {
    const imm = this.linkage.signature(type);
    this.end(OP.tail_call_indirect, { imm, args: [place, ...this.#popArguments(type)] });
    this.setDead();
  }

  callIndirect(place: Value, type: FuncType): void {
    const imm = this.linkage.signature(type);
    const args = [place, ...this.#popArguments(type)];
    this.#pushResults(this.inst(OP.call_indirect, { imm, args }), type);
  }

  #popArguments(type: FuncType): Value[] {
    const values = this.popMany(type.params.length);
    for (const _ of markers(type)) values.push(0n);
    return values;
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

const LOWERER = new FunctionLowerer();
