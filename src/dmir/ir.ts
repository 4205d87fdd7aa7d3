/**
 * dMIR in memory: modules of functions of basic blocks of instructions over typed registers.
 *
 * Invariants, checked by `verify.ts`:
 * - a register is defined once (single assignment) and its definition dominates its uses;
 * - a block ends in its only terminator;
 * - an operand is a register (`>= 0`) or a constant of the function's pool (`~index < 0`).
 *
 * Functions come in two kinds. A *closed* function is an ordinary one: a block's parameters are
 * exactly the arguments of the branches to it. An *open* function owns a window: an unbounded stack
 * of 256-bit slots. Each of its blocks takes as parameters the top slots of the window (the last
 * parameter is the top) and a terminator replaces those parameters by its arguments, so a target
 * may take more or fewer parameters than it was handed: the rest is the window below. That is how a
 * stack machine with run-time jumps becomes a register machine, one block at a time.
 */
import type { OpName } from './ops.ts';
import type { Type } from './types.ts';

/** Index of a register in `Func.types`. */
export type RegId = number & { readonly __brand?: 'RegId' };
/** Key of a block inside its function: a small integer; for EVM code the program counter. */
export type BlockId = number & { readonly __brand?: 'BlockId' };
/** A register, or `~i` for the constant `Func.consts[i]`. */
export type Operand = number;

/** An edge: the block to enter and the values handed to it. */
export interface Target {
  readonly block: BlockId;
  readonly args: Operand[];
}

/**
 * One operation. What `imm` means is told by the operation's format in the table: a region, a cell
 * space, a function, a host function, a trap code, a gas amount, a count of topics.
 */
export interface Inst {
  op: OpName;
  /** Controlling type: of the operands where they have one type, else of the result. */
  type: Type;
  args: Operand[];
  results: RegId[];
  imm: number;
  targets: Target[];
  /** Program counter in the source bytecode; -1 where there is none. */
  pc: number;
}

export interface Block {
  readonly id: BlockId;
  params: RegId[];
  insts: Inst[];
  /**
   * In an open function: slots above the window's height at entry that the block may need, checked
   * at entry; at least what it leaves there. 0 in a closed function.
   */
  grow: number;
}

export interface Func {
  name: string;
  /** Whether the function has a window (see the header). */
  open: boolean;
  /** Types of the parameters, which are the entry block's parameters; none in an open function. */
  params: Type[];
  results: Type[];
  /** Type of each register. */
  types: Type[];
  /** Constant pool: non-negative bit patterns (floats by their IEEE bits). */
  consts: bigint[];
  /** In order of first appearance; the first is the entry. */
  blocks: Map<BlockId, Block>;
}

/** What happens at the end of a memory region. */
export type BoundsRule =
  /** Out-of-bounds access traps. */
  | 'trap'
  /** Reads past the end give zeros, writes trap. */
  | 'zero'
  /** The region grows to cover the access, by 32-byte words, and growth is charged as gas. */
  | 'charge';

/** A named range of linear memory. */
export interface Region {
  name: string;
  bounds: BoundsRule;
  writable: boolean;
  /** Bytes at start and at most; both 0 where the machine sets them per frame. */
  min: number;
  max: number;
}

/** A function outside the machine, reached by a suspension. */
export interface HostDecl {
  name: string;
  params: Type[];
  results: Type[];
  /** Gas charged before the suspension. */
  gas: number;
  /** Cell spaces that it may read and write, by name. */
  reads: string[];
  writes: string[];
  /** Whether equal arguments and state give equal results; otherwise the tape records them. */
  deterministic: boolean;
}

export interface Module {
  name: string;
  regions: Region[];
  /** Names of the cell spaces that `cell_*` operations address. */
  spaces: string[];
  hosts: HostDecl[];
  funcs: Func[];
}

/** Adds a constant to the pool and returns its operand. */
export function addConst(func: Func, value: bigint): Operand {
  func.consts.push(value);
  return ~(func.consts.length - 1);
}

/** Adds a register of the type and returns its id. */
export function addReg(func: Func, type: Type): RegId {
  func.types.push(type);
  return func.types.length - 1;
}

export function isConst(operand: Operand): boolean {
  return operand < 0;
}

/** The constant that an operand names; throws a `BUG:` error for a register. */
export function constValue(func: Func, operand: Operand): bigint {
  const value = func.consts[~operand];
  if (value === undefined) throw new Error(`BUG: operand ${operand} is not a constant`);
  return value;
}

export function createFunc(name: string, open: boolean): Func {
  return { name, open, params: [], results: [], types: [], consts: [], blocks: new Map() };
}
