/** `lockstep/dmir`: the register IR, its text form, verifier, builder and table of operations. */

export type { Edge, FuncOptions, InstOptions, Value } from './builder.ts';
export { createFuncBuilder, createModule, FuncBuilder } from './builder.ts';
export type { Diagnostic, DiagnosticCode, Locations } from './diagnostics.ts';
export { formatDiagnostic } from './diagnostics.ts';
export type { EvalResult } from './eval.ts';
export { evalPure, isPureOp } from './eval.ts';
export type {
  FrameEnd,
  FrameStart,
  MachineAccess,
  ProgramHandle,
  Range,
  VmHost,
} from './host.ts';
export type {
  Block,
  BlockId,
  BoundsRule,
  Func,
  HostDecl,
  Inst,
  Module,
  Operand,
  RegId,
  Region,
  Target,
} from './ir.ts';
export { addConst, addReg, constValue, createFunc, isConst } from './ir.ts';
export type { LazySource } from './lazy.ts';
export type { CostClass, Effect, OpName, OpRow, PureOpName, TrapKind, TypeSet } from './ops.ts';
export { isOpName, OP_NAMES, OPS, TERMINATORS, TRAP_KINDS, TYPE_SETS } from './ops.ts';
export type { ParseResult } from './parse.ts';
export { parseModule } from './parse.ts';
export { printFunc, printInst, printModule } from './print.ts';
export type { Type } from './types.ts';
export { isFloat, isType, TYPE_BITS, TYPE_SLOTS, TYPES } from './types.ts';
export { verifyModule } from './verify.ts';
