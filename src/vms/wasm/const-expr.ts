/**
 * Constant expressions: initial values of globals, offsets and items of segments. They are read and
 * validated at once, and evaluated over what the linker knows.
 *
 * Source: WebAssembly core specification, section 3.3.10 "Constant Expressions", with the
 * instructions of the extended-const proposal.
 */
import { invalid } from './errors.ts';
import {
  constantBits,
  createInstruction,
  type Instruction,
  readInstruction,
} from './instructions.ts';
import type { OpcodeName } from './opcodes.ts';
import type { Reader } from './reader.ts';
import {
  type ConstExpr,
  type ConstStep,
  FUNCREF,
  type GlobalType,
  I32,
  I64,
  VAL_TYPES,
  type ValType,
} from './types.ts';

/** What an expression may refer to. */
export interface ConstScope {
  /** Globals that are defined before it. */
  readonly globals: readonly GlobalType[];
  readonly funcCount: number;
  /** Is told each function that is referred to. */
  declare(func: number): void;
}

const ARITHMETIC: Readonly<Partial<Record<OpcodeName, readonly ['add' | 'sub' | 'mul', ValType]>>> =
  {
    'i32.add': ['add', I32],
    'i32.sub': ['sub', I32],
    'i32.mul': ['mul', I32],
    'i64.add': ['add', I64],
    'i64.sub': ['sub', I64],
    'i64.mul': ['mul', I64],
  };

/** Reads an expression up to its end, which must give one value of the type. */
export function readConstExpr(reader: Reader, expected: ValType, scope: ConstScope): ConstExpr {
  const instruction = createInstruction();
  const start = reader.offset;
  const steps: ConstStep[] = [];
  const stack: ValType[] = [];
  for (;;) {
    readInstruction(reader, instruction);
    if (instruction.op.name === 'end') break;
    const step = toStep(instruction, scope);
    if (step.op === 'add' || step.op === 'sub' || step.op === 'mul') {
      if (stack.pop() !== step.type || stack.pop() !== step.type) {
        throw invalid(instruction.offset, 'type mismatch in a constant expression');
      }
    }
    stack.push(typeOf(step, scope));
    steps.push(step);
  }
  if (stack.length !== 1 || stack[0] !== expected) {
    throw invalid(start, 'type mismatch in a constant expression');
  }
  return steps;
}

function toStep(instruction: Instruction, scope: ConstScope): ConstStep {
  const { op, offset, a } = instruction;
  const arithmetic = ARITHMETIC[op.name];
  if (arithmetic !== undefined) return { op: arithmetic[0], type: arithmetic[1] };
  switch (op.name) {
    case 'i32.const':
    case 'i64.const':
    case 'f32.const':
    case 'f64.const':
    case 'v128.const':
      return {
        op: 'const',
        type: op.results[0] as ValType,
        bits: constantBits(instruction),
      };
    case 'global.get': {
      const global = scope.globals[a];
      if (global === undefined) throw invalid(offset, `unknown global ${a}`);
      if (global.isMutable) throw invalid(offset, 'constant expression required');
      return { op: 'global', index: a };
    }
    case 'ref.null':
      return { op: 'null', type: a as ValType };
    case 'ref.func':
      if (a >= scope.funcCount) throw invalid(offset, `unknown function ${a}`);
      scope.declare(a);
      return { op: 'func', index: a };
    default:
      throw invalid(offset, 'constant expression required');
  }
}

function typeOf(step: ConstStep, { globals }: ConstScope): ValType {
  switch (step.op) {
    case 'global':
      return (globals[step.index] as GlobalType).type;
    case 'func':
      return FUNCREF;
    default:
      return step.type;
  }
}

/** Values of globals and functions, as bit patterns. */
export interface ConstValues {
  global(index: number): bigint;
  func(index: number): bigint;
}

const OPERATIONS = {
  add: (a: bigint, b: bigint) => a + b,
  sub: (a: bigint, b: bigint) => a - b,
  mul: (a: bigint, b: bigint) => a * b,
} as const;

/** The bit pattern that an expression gives; null references are 0. */
export function evaluate(expression: ConstExpr, values: ConstValues): bigint {
  const stack: bigint[] = [];
  for (const step of expression) {
    switch (step.op) {
      case 'const':
        stack.push(step.bits);
        break;
      case 'null':
        stack.push(0n);
        break;
      case 'global':
      case 'func':
        stack.push(values[step.op](step.index));
        break;
      default: {
        const [b, a] = [stack.pop() as bigint, stack.pop() as bigint];
        const bits = step.type === VAL_TYPES.i32 ? 32 : 64;
        stack.push(BigInt.asUintN(bits, OPERATIONS[step.op](a, b)));
      }
    }
  }
  return stack[0] as bigint;
}
