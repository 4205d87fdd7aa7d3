/**
 * How operations of open functions of the EVM become words, apart from plain operations on 256-bit
 * registers: its memory is region 0, which grows, and its context lies in fixed regions. Operations
 * that the EVM does not need are in `rules.ts`.
 */
import type { Inst, Operand } from '../ir.ts';
import type { OpName } from '../ops.ts';
import { FORM } from './forms.ts';
import type { BlockWriter } from './writer.ts';

/**
 * Where a region's accesses go: the growing memory, words of the frame or environment, or by
 * number.
 */
export type RegionUse = 'memory' | 'frame' | 'env' | 'zero';

export interface EmitContext {
  readonly writer: BlockWriter;
  operand(inst: Inst, index: number): Operand;
  register(operand: Operand, temps: number[]): number;
  constant(operand: Operand): bigint;
  release(inst: Inst, index: number): void;
  result(inst: Inst): number;
  region(inst: Inst): RegionUse;
  space(inst: Inst): number;
  charged(amount: number): void;
  rest(): number;
  typeOf(operand: Operand): string;
}

type Emitter = (context: EmitContext, inst: Inst, index: number, temps: number[]) => void;

/** Whether the operand is a constant that an immediate field can hold. */
function immediateOf(context: EmitContext, operand: Operand): number {
  if (operand >= 0) return -1;
  const value = context.constant(operand);
  return value <= 0xffffn ? Number(value) : -1;
}

const emitLoad: Emitter = (context, inst, index, temps) => {
  const address = context.operand(inst, 0);
  const immediate = immediateOf(context, address);
  const use = context.region(inst);
  const { writer } = context;
  if (use === 'memory' || use === 'zero') {
    const a = immediate < 0 ? context.register(address, temps) : 0;
    context.release(inst, index);
    const d = context.result(inst);
    if (use === 'memory') {
      if (immediate >= 0) writer.put(FORM.MLOAD_I, d, 0, immediate);
      else writer.put(FORM.MLOAD, d, a, 0);
    } else if (immediate >= 0) writer.put(FORM.LOADZ_I, d, immediate, inst.imm);
    else writer.put(FORM.LOADZ, d, a, inst.imm);
    return;
  }
  if (immediate < 0) throw new Error(`BUG: words of the region ${use} have constant addresses`);
  writer.word(use === 'frame' ? 'WORD_FRAME' : 'WORD_ENV', context.result(inst), 0, immediate);
};

const emitStore: Emitter = (context, inst, index, temps) => {
  const address = context.operand(inst, 0);
  const value = context.operand(inst, 1);
  const immediate = immediateOf(context, address);
  const { writer } = context;
  if (immediate >= 0 && value < 0) {
    writer.put(FORM.MSTORE_IK, immediate, 0, writer.constant(context.constant(value)));
  } else if (immediate >= 0) {
    writer.put(FORM.MSTORE_I, immediate, 0, context.register(value, temps));
  } else if (value < 0) {
    const constant = writer.constant(context.constant(value));
    writer.put(FORM.MSTORE_K, 0, context.register(address, temps), constant);
  } else {
    writer.put(FORM.MSTORE, 0, context.register(address, temps), context.register(value, temps));
  }
  context.release(inst, index);
};

function emitModular(form: 'ADDMOD' | 'MULMOD'): Emitter {
  return (context, inst, index, temps) => {
    const { writer } = context;
    const a = context.register(context.operand(inst, 0), temps);
    const b = context.register(context.operand(inst, 1), temps);
    const modulus = context.operand(inst, 2);
    const constant = modulus < 0 ? writer.constant(context.constant(modulus)) : -1;
    const c = modulus < 0 ? 0 : context.register(modulus, temps);
    context.release(inst, index);
    const d = context.result(inst);
    writer.word(constant >= 0 ? `${form}_K` : form, d, a, b);
    writer.extension(constant >= 0 ? constant : c, 0, 0, 0);
  };
}

/** Operations that are no plain unary or binary operation on 256-bit registers. */
export const EMITTERS: Readonly<Partial<Record<OpName, Emitter>>> = {
  charge: (context, inst) => context.charged(inst.imm),
  addmod: emitModular('ADDMOD'),
  mulmod: emitModular('MULMOD'),
  load: emitLoad,
  load_be: emitLoad,
  store_be: emitStore,
  iszero: (context, inst, index, temps) => {
    const a = context.register(context.operand(inst, 0), temps);
    context.release(inst, index);
    context.writer.put(FORM.EQ_K, context.result(inst), a, context.writer.constant(0n));
  },
  zext: (context, inst, index, temps) => {
    const a = context.register(context.operand(inst, 0), temps);
    context.release(inst, index);
    context.writer.put(FORM.ZEXT64, context.result(inst), a, 0);
  },
  select: (context, inst, index, temps) => {
    const c = context.register(context.operand(inst, 0), temps);
    const a = context.register(context.operand(inst, 1), temps);
    const b = context.register(context.operand(inst, 2), temps);
    context.release(inst, index);
    context.writer.put(FORM.SELECT, context.result(inst), a, b);
    context.writer.extension(c, 0, 0, 0);
  },
  store8: (context, inst, index, temps) => {
    const a = context.register(context.operand(inst, 0), temps);
    const b = context.register(context.operand(inst, 1), temps);
    context.writer.put(FORM.MSTORE8, 0, a, b);
    context.release(inst, index);
  },
  mem_size: (context, inst) => context.writer.put(FORM.MSIZE, context.result(inst), 0, 0),
  mem_copy: (context, inst, index, temps) => {
    const a = context.register(context.operand(inst, 0), temps);
    const b = context.register(context.operand(inst, 1), temps);
    const c = context.register(context.operand(inst, 2), temps);
    context.writer.put(FORM.COPY, inst.imm, a, b);
    context.writer.extension(c, 0, 0, 0);
    context.release(inst, index);
  },
  keccak256: (context, inst, index, temps) => {
    const offset = context.operand(inst, 0);
    const size = context.operand(inst, 1);
    const [i, j] = [immediateOf(context, offset), immediateOf(context, size)];
    if (i >= 0 && j >= 0) {
      context.writer.put(FORM.KECCAK_I, context.result(inst), i, j);
      return;
    }
    const a = context.register(offset, temps);
    const b = context.register(size, temps);
    context.release(inst, index);
    context.writer.put(FORM.KECCAK, context.result(inst), a, b);
  },
  charge_dyn: (context, inst, index, temps) => {
    context.writer.put(FORM.CHARGE_DYN, 0, context.register(context.operand(inst, 0), temps), 0);
    context.release(inst, index);
  },
  gas_left: (context, inst) => {
    context.writer.put(FORM.GAS, context.result(inst), 0, 0);
    context.writer.pair(context.rest(), 0);
  },
  cell_load: (context, inst, index, temps) => {
    const a = context.register(context.operand(inst, 0), temps);
    context.release(inst, index);
    context.writer.put(FORM.CELL_LOAD, context.result(inst), a, context.space(inst));
  },
  cell_store: (context, inst, index, temps) => {
    const a = context.register(context.operand(inst, 0), temps);
    const b = context.register(context.operand(inst, 1), temps);
    context.writer.put(FORM.CELL_STORE, context.space(inst), a, b);
    context.writer.pair(context.rest(), 0);
    context.release(inst, index);
  },
  log: (context, inst, index, temps) => {
    const registers = inst.args.map((_, i) => context.register(context.operand(inst, i), temps));
    const [a, b, c = 0, d = 0, e = 0, f = 0] = registers;
    context.writer.put(FORM.LOG, inst.args.length - 2, a as number, b as number);
    context.writer.extension(c, d, e, f);
    context.release(inst, index);
  },
};

export interface TerminatorContext {
  readonly writer: BlockWriter;
  operand(inst: Inst, index: number): Operand;
  register(operand: Operand, temps: number[]): number;
  /** Bytes by which the window pointer moves at the exit of a block with `depth` parameters. */
  delta(depth: number): number;
  moveExits(): void;
  keep(slot: number): number;
  branch(inst: Inst, depth: number): void;
}

type TerminatorEmitter = (
  context: TerminatorContext,
  inst: Inst,
  depth: number,
  temps: number[],
) => void;

const emitFinish: TerminatorEmitter = (context, inst, _depth, temps) => {
  const a = context.register(context.operand(inst, 0), temps);
  const b = context.register(context.operand(inst, 1), temps);
  context.writer.word(inst.op === 'finish' ? 'FINISH' : 'REVERT', inst.imm, a, b);
};

export const TERMINATOR_EMITTERS: Readonly<Partial<Record<OpName, TerminatorEmitter>>> = {
  br: (context, inst, depth) => {
    context.moveExits();
    context.writer.jump(context.delta(depth), inst.targets[0]?.block as number);
  },
  br_if: (context, inst, depth) => context.branch(inst, depth),
  dispatch: (context, inst, depth, temps) => {
    const a = context.keep(context.register(context.operand(inst, 0), temps));
    context.moveExits();
    context.writer.put(FORM.DISPATCH, context.delta(depth), a, 0);
  },
  suspend: (context, inst, depth) => {
    context.moveExits();
    context.writer.put(FORM.SUSPEND, inst.imm, context.delta(depth), 0);
    context.writer.continuation(inst.targets[0]?.block as number, inst.pc);
  },
  stop: (context) => context.writer.put(FORM.STOP, 0, 0, 0),
  trap: (context, inst) => context.writer.put(FORM.TRAP, inst.imm, 0, 0),
  finish: emitFinish,
  revert: emitFinish,
};
