/**
 * Functions that every module of compiled code has: how a region is left, and arithmetic that has
 * no instruction. They are reached by tail calls, so that a region holds the arguments alone.
 */
import { FORM } from '../../dmir/bytecode/forms.ts';
import {
  F_DETAIL,
  F_GAS,
  F_JUMPS,
  F_JUMPS_LENGTH,
  F_OUT_LENGTH,
  F_PC,
  F_REGIONS,
  F_SP,
  HEADER_BYTES,
  M_STEPS,
  MACHINE_BASE,
  R_LENGTH,
  STATUS_CONTINUE,
  STATUS_FINISH,
  STATUS_LOWER,
  STATUS_SUSPEND,
  STATUS_TRAP,
  TRAP_BAD_JUMP,
  TRAP_OUT_OF_GAS,
} from '../../kernel/layout.ts';
import { I32, I64, type ModuleWriter, type ValueType } from '../wasm/encoder.ts';
import { CodeWriter, OP } from './code.ts';
import { W } from './graph.ts';

interface Helper {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly locals?: readonly ValueType[];
  readonly write: (code: CodeWriter) => void;
}

const WORD = 32;

/** Stores a local of one type or the other at an offset from the frame. */
function keep(code: CodeWriter, field: number, local: number, type: ValueType): void {
  code.get(0).get(local);
  if (type === I32) code.access(OP.i32Store, 2, field);
  else code.access(OP.i64Store, 3, field);
}

function keepSteps(code: CodeWriter, local: number): void {
  code.i32(MACHINE_BASE).get(local).access(OP.i64Store, 3, M_STEPS);
}

/** Shares of a 64×64-bit product by halves: the classic four products (Knuth 4.3.1 M). */
function writeMulHigh(code: CodeWriter): void {
  const low = (local: number) => code.get(local).i64(0xffff_ffffn).op(W.i64And);
  const high = (local: number) => code.get(local).i64(32n).op(W.i64ShrU);
  // t = aLow * bLow >> 32, u = aHigh * bLow + t
  high(0);
  low(1).op(W.i64Mul);
  low(0);
  low(1).op(W.i64Mul).i64(32n).op(W.i64ShrU).op(W.i64Add).set(2);
  // v = aLow * bHigh + (u & mask)
  low(0);
  high(1).op(W.i64Mul);
  low(2).op(W.i64Add).set(3);
  // aHigh * bHigh + (u >> 32) + (v >> 32)
  high(0);
  high(1).op(W.i64Mul);
  high(2).op(W.i64Add);
  high(3).op(W.i64Add);
}

/** Frame, target, window pointer, gas, steps: a jump whose destination is known as it happens. */
function writeDispatch(code: CodeWriter): void {
  const trap = () => code.get(0).i32(TRAP_BAD_JUMP).get(4).leaveTo('trap');
  code.get(1).get(0).access(OP.i64Load32, 2, F_JUMPS_LENGTH).op(OP.i64GeU).if();
  trap().end();
  // block = jumps[target]
  code.get(0).access(OP.i32Load, 2, F_JUMPS);
  code.get(1).op(OP.wrap).i32(2).op(OP.i32Shl).op(OP.i32Add).access(OP.i32Load, 2, 0).tee(5);
  code.i32(1).op(OP.i32LeU).if();
  code.get(5).op(W.i32Eqz).if();
  trap().end();
  code.get(0).get(1).op(OP.wrap).access(OP.i32Store, 2, F_DETAIL);
  keep(code, F_SP, 2, I32);
  keep(code, F_GAS, 3, I64);
  keepSteps(code, 4);
  code.i32(STATUS_LOWER).op(OP.return);
  code.end();
  code.get(0).get(5).get(2).get(3).get(4).leaveTo('continue');
}

const HELPERS: Readonly<Record<string, Helper>> = {
  // Frame, block, window pointer, gas, steps
  continue: {
    params: [I32, I32, I32, I64, I64],
    results: [I32],
    write: (code) => {
      // A block with compiled code has an empty header and then the code's place in the table
      code.get(1).access(OP.i64Load, 2, 0).op(W.i64Eqz);
      code.get(1).access(OP.i32Load16, 1, HEADER_BYTES).i32(FORM.ENTER).op(OP.i32Eq);
      code.op(W.i32And).if();
      for (const local of [0, 2, 3, 4]) code.get(local);
      code.get(1).access(OP.i32Load, 2, HEADER_BYTES + 4);
      code.leaveToTable('regionType').end();
      keep(code, F_PC, 1, I32);
      keep(code, F_SP, 2, I32);
      keep(code, F_GAS, 3, I64);
      keepSteps(code, 4);
      code.i32(STATUS_CONTINUE);
    },
  },
  // Frame, kind, steps; the gas of a frame that traps is gone
  trap: {
    params: [I32, I32, I64],
    results: [I32],
    write: (code) => {
      keep(code, F_DETAIL, 1, I32);
      keepSteps(code, 2);
      code.i32(STATUS_TRAP);
    },
  },
  // Frame, minus a kind, steps
  trapped: {
    params: [I32, I64, I64],
    results: [I32],
    write: (code) => {
      code.get(0).i64(0n).get(1).op(W.i64Sub).op(OP.wrap).get(2).leaveTo('trap');
    },
  },
  // Frame, offset, gas: covers a word; gives the gas left, or minus a trap, and the memory's limit
  grow: {
    params: [I32, I64, I64],
    results: [I64, I64],
    write: (code) => {
      code.get(0).get(1).i64(BigInt(WORD)).get(2).call('rtGrow');
      code.get(0).call('wordLimit');
    },
  },
  // Frame, an offset of four limbs, a step from there, gas: the same for the sum, modulo 2^256
  growFar: {
    params: [I32, I64, I64, I64, I64, I64, I64],
    results: [I64, I64],
    write: (code) => {
      // With a carry the others are all ones, without one all zeros
      code.get(1).get(5).op(W.i64Add).tee(5).get(1).op(W.i64LtU).op(W.extend).set(1);
      for (const limb of [2, 3, 4]) code.get(limb).get(1).op(W.i64Add);
      code.op(W.i64Or).op(W.i64Or).op(W.i64Eqz).op(W.i32Eqz).if();
      code.i64(BigInt(-TRAP_OUT_OF_GAS)).i64(0n).op(OP.return).end();
      code.get(0).get(5).get(6).call('grow');
    },
  },
  // Frame, host function, block to go on at, window pointer, gas, steps
  suspend: {
    params: [I32, I32, I32, I32, I64, I64],
    results: [I32],
    write: (code) => {
      keep(code, F_DETAIL, 1, I32);
      keep(code, F_PC, 2, I32);
      keep(code, F_SP, 3, I32);
      keep(code, F_GAS, 4, I64);
      keepSteps(code, 5);
      code.i32(STATUS_SUSPEND);
    },
  },
  // Frame, gas, steps
  stop: {
    params: [I32, I64, I64],
    results: [I32],
    write: (code) => {
      code.get(0).i32(0).access(OP.i32Store, 2, F_OUT_LENGTH);
      keep(code, F_GAS, 1, I64);
      keepSteps(code, 2);
      code.i32(STATUS_FINISH);
    },
  },
  // Frame, status, gas, steps
  finish: {
    params: [I32, I32, I64, I64],
    results: [I32],
    write: (code) => {
      keep(code, F_GAS, 2, I64);
      keepSteps(code, 3);
      code.get(1);
    },
  },
  dispatch: {
    params: [I32, I64, I32, I64, I64],
    results: [I32],
    locals: [I32],
    write: writeDispatch,
  },
  // Frame: the first offset at which no whole word of its memory begins
  wordLimit: {
    params: [I32],
    results: [I64],
    locals: [I64],
    write: (code) => {
      code
        .get(0)
        .access(OP.i64Load32, 2, F_REGIONS + R_LENGTH)
        .tee(1);
      code.i64(31n).op(W.i64Sub).i64(0n).get(1).i64(32n).op(OP.i64GeU).op(W.select);
    },
  },
  mulHigh: { params: [I64, I64], results: [I64], locals: [I64, I64], write: writeMulHigh },
};

/** Adds the helpers to a module, and their indices to those by name. */
export function addHelpers(module: ModuleWriter, indices: Map<string, number>): void {
  const first = module.nextFunction;
  for (const [i, name] of Object.keys(HELPERS).entries()) indices.set(name, first + i);
  for (const { params, results, locals = [], write } of Object.values(HELPERS)) {
    const code = new CodeWriter((name) => indices.get(name) as number);
    write(code);
    code.op(OP.end);
    module.addFunction(module.type(params, results), locals, code.sink.bytes());
  }
}
