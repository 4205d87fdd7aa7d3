/**
 * Validates the body of a function: the algorithm of the WebAssembly core specification, appendix
 * "Validation Algorithm", over one stack of types and one of open blocks. An instruction with a
 * signature in the table is checked by it; each of the others has a rule here.
 *
 * A type of 0 on the stack is unknown: it stands below code that cannot be reached.
 */
import { invalid, malformed, tooMuch } from './errors.ts';
import {
  createInstruction,
  type Instruction,
  NO_BLOCK_TYPE,
  readInstruction,
  valTypeOf,
} from './instructions.ts';
import { DEFAULT_LIMITS, type WasmLimits } from './limits.ts';
import { valueShift } from './linkage.ts';
import type { OpcodeName } from './opcodes.ts';
import { Reader } from './reader.ts';
import {
  type Body,
  FUNCREF,
  type FuncType,
  I32,
  isReference,
  type TableType,
  VAL_TYPE_NAMES,
  type ValType,
  type WasmModule,
} from './types.ts';
import type { VectorName } from './vector-opcodes.ts';

/** An operand: its type, or 0 where code that is not reached would have put it. */
type Operand = ValType | 0;

/** An open block; the next one of the same depth takes its place. */
interface Control {
  opcode: OpcodeName;
  params: readonly ValType[];
  results: readonly ValType[];
  /** Height of the stack at entry, without the parameters. */
  height: number;
  isUnreachable: boolean;
  /** Where the locals that are set inside begin, and branches that may end or begin it. */
  firstAssigned: number;
  branches: number;
}

/** Codes of vector instructions begin here. */
const VECTORS_FIRST = 0xfd00;
const LOCALS_MAX = 0xffff_ffff;
const OFFSET_MAX = 0xffff_ffff;
const NONE: readonly ValType[] = [];

/**
 * Types of a function's locals, parameters first; the reader is then at its first instruction.
 *
 * @throws LockstepError L1601, L1603, L1604
 */
export function readLocals(
  reader: Reader,
  params: readonly ValType[],
  slotsMax: number = Number.POSITIVE_INFINITY,
): ValType[] {
  const locals: ValType[] = [...params];
  const start = reader.offset;
  const groups = reader.u32();
  let count = locals.length;
  let slots = 0;
  for (const type of params) slots += slotsOf(type);
  for (let i = 0; i < groups; i++) {
    const at = reader.offset;
    const size = reader.u32();
    count += size;
    if (count > LOCALS_MAX) throw malformed(at, 'too many locals');
    const type = valTypeOf(reader.byte(), reader.offset - 1);
    slots += size * slotsOf(type);
    // What is malformed comes before a limit, so that all groups are read.
    if (slots <= slotsMax) for (let k = 0; k < size; k++) locals.push(type);
  }
  if (slots > slotsMax) throw tooMuch(start, 'slots of locals', slots, slotsMax);
  return locals;
}

function slotsOf(type: ValType): number {
  return valueShift(type) > 3 ? 4 : 1;
}

/** Types of a block, by the block type that was read. */
export function blockTypes(module: WasmModule, blockType: number): FuncType | undefined {
  if (blockType >= 0) return module.types[blockType];
  return blockType === NO_BLOCK_TYPE ? NO_TYPES : SINGLE_RESULTS[blockType & 0x7f];
}

const NO_TYPES: FuncType = { params: NONE, results: NONE };
/** Types of blocks with a result and no parameter, by the result's. */
const SINGLE_RESULTS = Array.from({ length: 0x80 }, (_, type): FuncType => {
  return { params: NONE, results: [type as ValType] };
});

/**
 * Validates the bodies of all functions.
 *
 * @throws LockstepError L1601 to L1604, with the offset of the first instruction that is wrong
 */
export function validateBodies(module: WasmModule, limits: WasmLimits = DEFAULT_LIMITS): void {
  const validator = new Validator(module, limits);
  for (const body of module.bodies) validator.body(body);
}

class Validator {
  readonly #module: WasmModule;
  readonly #limits: WasmLimits;
  readonly #instruction = createInstruction();
  #locals: ValType[] = [];
  /** Of which as many are there as the height. */
  readonly #stack: Operand[] = [];
  #height = 0;
  /** By depth, of which the open ones are as many as `depth`. */
  readonly #controls: Control[] = [];
  depth = 0;
  /**
   * Locals that open blocks set, each once for a block, the outermost block first; the place of
   * each before, and the last place of each local, or -1.
   */
  readonly #assigned: number[] = [];
  readonly #before: number[] = [];
  readonly #lastPlaces: number[] = [];
  #assignedCount = 0;
  #joins = 0;

  constructor(module: WasmModule, limits: WasmLimits) {
    this.#module = module;
    this.#limits = limits;
  }

  body({ type, start, end }: Body): void {
    const reader = new Reader(this.#module.bytes, start, end);
    const { params, results } = this.#module.types[type] as FuncType;
    this.#locals = readLocals(reader, params, this.#limits.locals);
    while (this.#lastPlaces.length < this.#locals.length) this.#lastPlaces.push(-1);
    this.#height = 0;
    this.depth = 0;
    this.#joins = 0;
    this.#enter('block', NONE, results);
    const instruction = this.#instruction;
    while (this.depth > 0) {
      if (reader.isAtEnd) throw malformed(reader.offset, 'unexpected end: END opcode expected');
      readInstruction(reader, instruction);
      const { operands, results: given, name } = instruction.op;
      if (operands === undefined) {
        RULES[name as RuleName](this, instruction);
      } else {
        CHECKS[instruction.op.imm]?.(this, instruction);
        if (instruction.op.code >= VECTORS_FIRST) this.#module.vectors.add(name as VectorName);
        this.popAll(operands);
        this.pushAll(given);
      }
    }
    if (!reader.isAtEnd) throw malformed(reader.offset, 'section size mismatch: code behind END');
  }

  // ---- the stacks

  fail(problem: string): Error {
    return invalid(this.#instruction.offset, problem);
  }

  push(type: Operand): void {
    this.#stack[this.#height++] = type;
    if (this.#height > this.#limits.stack) {
      const { offset } = this.#instruction;
      throw tooMuch(offset, 'values on a stack', this.#height, this.#limits.stack);
    }
  }

  pushAll(types: readonly ValType[]): void {
    for (const type of types) this.push(type);
  }

  popAny(): Operand {
    const control = this.#inner;
    if (this.#height > control.height) return this.#stack[--this.#height] as Operand;
    if (control.isUnreachable) return 0;
    throw this.fail('type mismatch: the stack is empty');
  }

  pop(expected: Operand): Operand {
    const actual = this.popAny();
    if (actual === expected || actual === 0 || expected === 0) return actual;
    const [is, wanted] = [VAL_TYPE_NAMES.get(actual), VAL_TYPE_NAMES.get(expected)];
    throw this.fail(`type mismatch: ${is} where ${wanted} is expected`);
  }

  popAll(types: readonly Operand[]): void {
    for (let i = types.length - 1; i >= 0; i--) this.pop(types[i] as Operand);
  }

  // ---- open blocks

  #enter(opcode: OpcodeName, params: readonly ValType[], results: readonly ValType[]): void {
    const control = this.#controlAt(this.depth++);
    control.opcode = opcode;
    control.params = params;
    control.results = results;
    control.height = this.#height;
    control.isUnreachable = false;
    control.firstAssigned = this.#assignedCount;
    control.branches = 1;
    if (this.depth > this.#limits.nesting + 1) {
      const { offset } = this.#instruction;
      throw tooMuch(offset, 'nested blocks', this.depth, this.#limits.nesting);
    }
    this.pushAll(params);
  }

  #controlAt(depth: number): Control {
    let control = this.#controls[depth];
    if (control === undefined) {
      const types = { params: NONE, results: NONE };
      const counts = { height: 0, firstAssigned: 0, branches: 1 };
      control = { opcode: 'block', ...types, isUnreachable: false, ...counts };
      this.#controls.push(control);
    }
    return control;
  }

  /** The innermost open block. */
  get #inner(): Control {
    return this.#controls[this.depth - 1] as Control;
  }

  enterBlock({ op, a }: Instruction): void {
    const types = blockTypes(this.#module, a);
    if (types === undefined) throw this.fail(`unknown type ${a}`);
    if (op.name === 'if') this.pop(I32);
    this.popAll(types.params);
    this.#enter(op.name, types.params, types.results);
  }

  leave(): Control {
    const control = this.#inner;
    this.popAll(control.results);
    if (this.#height !== control.height) {
      throw this.fail('type mismatch: values remain on the stack at the end of a block');
    }
    this.depth--;
    this.#countJoins(control);
    return control;
  }

  /** Adds up the locals that paths hand over where they join. */
  #countJoins({ firstAssigned, branches }: Control): void {
    const end = this.#assignedCount;
    if (firstAssigned === end) return;
    this.#joins += (end - firstAssigned) * branches;
    this.#assignedCount = firstAssigned;
    for (let at = firstAssigned; at < end; at++) {
      const local = this.#assigned[at] as number;
      this.#lastPlaces[local] = this.#before[at] as number;
      this.assign(local);
    }
    const { offset } = this.#instruction;
    const max = this.#limits.joins;
    if (this.#joins > max) throw tooMuch(offset, 'locals where paths join', this.#joins, max);
  }

  /** Notes that the innermost block sets the local; those of the whole body join nowhere. */
  assign(local: number): void {
    if (this.depth === 1) return;
    const last = this.#lastPlaces[local] as number;
    if (last >= this.#inner.firstAssigned) return;
    const place = this.#assignedCount++;
    this.#assigned[place] = local;
    this.#before[place] = last;
    this.#lastPlaces[local] = place;
  }

  reenter({ params, results }: Control): void {
    this.#enter('else', params, results);
  }

  setUnreachable(): void {
    const control = this.#inner;
    this.#height = control.height;
    control.isUnreachable = true;
  }

  /** Types that a branch to the block takes along. */
  label(depth: number): readonly ValType[] {
    if (depth >= this.depth) throw this.fail(`unknown label ${depth}`);
    const control = this.#controls[this.depth - 1 - depth] as Control;
    control.branches++;
    return control.opcode === 'loop' ? control.params : control.results;
  }

  checkTargets(count: number): void {
    const max = this.#limits.branchTargets;
    if (count > max) throw tooMuch(this.#instruction.offset, 'branch targets', count, max);
  }

  get results(): readonly ValType[] {
    return (this.#controls[0] as Control).results;
  }

  // ---- index spaces

  local(index: number): ValType {
    return this.#known(this.#locals[index], 'local', index);
  }

  func(index: number): FuncType {
    return this.#known(this.#module.funcs[index], 'function', index);
  }

  type(index: number): FuncType {
    return this.#known(this.#module.types[index], 'type', index);
  }

  table(index: number): TableType {
    return this.#known(this.#module.tables[index], 'table', index);
  }

  memory(index: number): void {
    this.#known(this.#module.memories[index], 'memory', index);
  }

  global(index: number): WasmModule['globals'][number] {
    return this.#known(this.#module.globals[index], 'global', index);
  }

  elem(index: number): ValType {
    return this.#known(this.#module.elems[index], 'elem segment', index).type;
  }

  data(index: number): void {
    const { dataCount } = this.#module;
    if (dataCount === undefined) {
      throw malformed(this.#instruction.offset, 'data count section required');
    }
    if (index >= dataCount) throw this.fail(`unknown data segment ${index}`);
  }

  declared(index: number): void {
    this.func(index);
    if (!this.#module.declared.has(index)) {
      throw this.fail(`undeclared function reference ${index}`);
    }
  }

  #known<T>(entry: T | undefined, what: string, index: number): T {
    if (entry === undefined) throw this.fail(`unknown ${what} ${index}`);
    return entry;
  }
}

type Check = (validator: Validator, instruction: Instruction) => void;

function checkTypes(validator: Validator, a: ValType, b: ValType): void {
  if (a !== b) throw validator.fail('type mismatch between tables');
}

function checkAccess(validator: Validator, { op, a, b }: Instruction): void {
  validator.memory(0);
  if (b > OFFSET_MAX) throw validator.fail('offset out of range');
  if (2 ** a > op.accessBytes) throw validator.fail('alignment must not be larger than natural');
}

function checkLanes(validator: Validator, { lanes }: Instruction, count: number): void {
  if (lanes.some((lane) => lane >= count)) throw validator.fail('invalid lane index');
}

/** What the immediates of an instruction with a signature must name. */
const CHECKS: Readonly<Partial<Record<Instruction['op']['imm'], Check>>> = {
  'memarg lane': (validator, instruction) => {
    checkAccess(validator, instruction);
    checkLanes(validator, instruction, 16 / instruction.op.accessBytes);
  },
  lane: (validator, instruction) => {
    const [, count] = /x(\d+)/.exec(instruction.op.name) ?? [];
    checkLanes(validator, instruction, Number(count));
  },
  lanes: (validator, instruction) => checkLanes(validator, instruction, 32),
  memarg: checkAccess,
  memory: (validator, { a }) => validator.memory(a),
  'memory memory': (validator, { a, b }) => {
    validator.memory(a);
    validator.memory(b);
  },
  'data memory': (validator, { a, b }) => {
    validator.memory(b);
    validator.data(a);
  },
  data: (validator, { a }) => validator.data(a),
  elem: (validator, { a }) => {
    validator.elem(a);
  },
  table: (validator, { a }) => {
    validator.table(a);
  },
  'elem table': (validator, { a, b }) => {
    const { type } = validator.table(b);
    checkTypes(validator, validator.elem(a), type);
  },
  'table table': (validator, { a, b }) => {
    checkTypes(validator, validator.table(a).type, validator.table(b).type);
  },
};

/** Takes the index of an indirect call off the stack. */
function calleeOf(validator: Validator, { a, b }: Instruction): FuncType {
  if (validator.table(b).type !== FUNCREF) {
    throw validator.fail('type mismatch: a call through a table of other references');
  }
  validator.pop(I32);
  return validator.type(a);
}

function tailCall(validator: Validator, { params, results }: FuncType): void {
  validator.popAll(params);
  const wanted = validator.results;
  if (results.length !== wanted.length || results.some((type, i) => type !== wanted[i])) {
    throw validator.fail('type mismatch: results of a tail call');
  }
  validator.setUnreachable();
}

/** Instructions whose types depend on immediates or on the stack. */
type RuleName =
  | 'unreachable'
  | 'block'
  | 'loop'
  | 'if'
  | 'else'
  | 'end'
  | 'br'
  | 'br_if'
  | 'br_table'
  | 'return'
  | 'call'
  | 'call_indirect'
  | 'return_call'
  | 'return_call_indirect'
  | 'drop'
  | 'select'
  | 'select_t'
  | 'local.get'
  | 'local.set'
  | 'local.tee'
  | 'global.get'
  | 'global.set'
  | 'table.get'
  | 'table.set'
  | 'ref.null'
  | 'ref.is_null'
  | 'ref.func'
  | 'table.grow'
  | 'table.fill';

const RULES: Readonly<Record<RuleName, Check>> = {
  unreachable: (validator) => validator.setUnreachable(),
  block: (validator, instruction) => validator.enterBlock(instruction),
  loop: (validator, instruction) => validator.enterBlock(instruction),
  if: (validator, instruction) => validator.enterBlock(instruction),
  else: (validator, { offset }) => {
    const control = validator.leave();
    if (control.opcode !== 'if') throw malformed(offset, 'misplaced ELSE opcode');
    validator.reenter(control);
  },
  end: (validator) => {
    const control = validator.leave();
    if (control.opcode === 'if') {
      // Without an else, the parameters are the results.
      validator.reenter(control);
      validator.leave();
    }
    if (validator.depth > 0) validator.pushAll(control.results);
  },
  br: (validator, { a }) => {
    validator.popAll(validator.label(a));
    validator.setUnreachable();
  },
  br_if: (validator, { a }) => {
    validator.pop(I32);
    const types = validator.label(a);
    validator.popAll(types);
    validator.pushAll(types);
  },
  br_table: (validator, { labels }) => {
    validator.checkTargets(labels.length);
    validator.pop(I32);
    const { length } = validator.label(labels[labels.length - 1] as number);
    for (const depth of labels) {
      const types = validator.label(depth);
      if (types.length !== length) throw validator.fail('type mismatch between labels');
      const popped = types.map((_, i) => validator.pop(types[types.length - 1 - i] as ValType));
      for (let i = popped.length - 1; i >= 0; i--) validator.push(popped[i] as Operand);
    }
    validator.setUnreachable();
  },
  return: (validator) => {
    validator.popAll(validator.results);
    validator.setUnreachable();
  },
  call: (validator, { a }) => {
    const { params, results } = validator.func(a);
    validator.popAll(params);
    validator.pushAll(results);
  },
  call_indirect: (validator, instruction) => {
    const { params, results } = calleeOf(validator, instruction);
    validator.popAll(params);
    validator.pushAll(results);
  },
  return_call: (validator, { a }) => tailCall(validator, validator.func(a)),
  return_call_indirect: (validator, instruction) => {
    tailCall(validator, calleeOf(validator, instruction));
  },
  drop: (validator) => {
    validator.popAny();
  },
  select: (validator) => {
    validator.pop(I32);
    const first = validator.popAny();
    const second = validator.pop(first);
    const type = first === 0 ? second : first;
    if (type !== 0 && isReference(type)) {
      throw validator.fail('type mismatch: select of references needs a type');
    }
    validator.push(type);
  },
  select_t: (validator, { types }) => {
    const [type] = types;
    if (types.length !== 1 || type === undefined) throw validator.fail('invalid result arity');
    validator.popAll([type, type, I32]);
    validator.push(type);
  },
  'local.get': (validator, { a }) => validator.push(validator.local(a)),
  'local.set': (validator, { a }) => {
    validator.pop(validator.local(a));
    validator.assign(a);
  },
  'local.tee': (validator, { a }) => {
    const type = validator.local(a);
    validator.pop(type);
    validator.push(type);
    validator.assign(a);
  },
  'global.get': (validator, { a }) => validator.push(validator.global(a).type),
  'global.set': (validator, { a }) => {
    const { type, isMutable } = validator.global(a);
    if (!isMutable) throw validator.fail('immutable global');
    validator.pop(type);
  },
  'table.get': (validator, { a }) => {
    const { type } = validator.table(a);
    validator.pop(I32);
    validator.push(type);
  },
  'table.set': (validator, { a }) => validator.popAll([I32, validator.table(a).type]),
  'ref.null': (validator, { a }) => validator.push(a as ValType),
  'ref.is_null': (validator) => {
    const type = validator.popAny();
    if (type !== 0 && !isReference(type)) throw validator.fail('type mismatch: no reference');
    validator.push(I32);
  },
  'ref.func': (validator, { a }) => {
    validator.declared(a);
    validator.push(FUNCREF);
  },
  'table.grow': (validator, { a }) => {
    validator.popAll([validator.table(a).type, I32]);
    validator.push(I32);
  },
  'table.fill': (validator, { a }) => validator.popAll([I32, validator.table(a).type, I32]),
};
