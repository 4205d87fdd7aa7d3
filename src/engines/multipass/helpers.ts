/**
 * Functions that every module of compiled code has: how a region is left, and arithmetic that has
 * no instruction. They are reached by tail calls, so that a region holds the arguments alone.
 */
import { FORM } from '../../dmir/bytecode/forms.ts';
import {
  F_DETAIL,
  F_GAS,
  F_JUMPS,
  F_JUMPS_MASK,
  F_OUT_LENGTH,
  F_PC,
  F_REGIONS,
  F_SP,
  HEADER_BYTES,
  M_STEPS,
  MACHINE_BASE,
  R_LENGTH,
  STATUS_ARRIVE,
  STATUS_CONTINUE,
  STATUS_FINISH,
  STATUS_SUSPEND,
  STATUS_TRAP,
  TRAP_BAD_JUMP,
} from '../../kernel/layout.ts';
import { ByteSink } from '../wasm/byte-sink.ts';
import { I32, I64, type ModuleWriter, type ValueType, VOID } from '../wasm/encoder.ts';

interface Helper {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly locals?: readonly ValueType[];
  readonly write: (code: ByteSink, indexOf: (name: string) => number) => void;
}

const get = (code: ByteSink, local: number): ByteSink => code.byte(0x20).u32(local);
const i32 = (code: ByteSink, value: number): ByteSink => code.byte(0x41).s32(value);

/** Stores a local at an offset from the frame: opcode 0x36 for i32, 0x37 for i64. */
function keep(code: ByteSink, field: number, local: number, type: ValueType): void {
  get(code, 0);
  get(code, local)
    .byte(type === I32 ? 0x36 : 0x37)
    .u32(type === I32 ? 2 : 3)
    .u32(field);
}

function keepSteps(code: ByteSink, local: number): void {
  i32(code, MACHINE_BASE);
  get(code, local).byte(0x37).u32(3).u32(M_STEPS);
}

/** Shares of a 64×64-bit product by halves: the classic four products (Knuth 4.3.1 M). */
function writeMulHigh(code: ByteSink): void {
  const low = (local: number): void => {
    get(code, local).byte(0x42).s64(0xffff_ffffn).byte(0x83);
  };
  const high = (local: number): void => {
    get(code, local).byte(0x42).s64(32n).byte(0x88);
  };
  // t = aLow * bLow >> 32, u = aHigh * bLow + t
  high(0);
  low(1);
  code.byte(0x7e);
  low(0);
  low(1);
  code.byte(0x7e).byte(0x42).s64(32n).byte(0x88).byte(0x7c).byte(0x21).u32(2);
  // v = aLow * bHigh + (u & mask)
  low(0);
  high(1);
  code.byte(0x7e);
  low(2);
  code.byte(0x7c).byte(0x21).u32(3);
  // aHigh * bHigh + (u >> 32) + (v >> 32)
  high(0);
  high(1);
  code.byte(0x7e);
  high(2);
  code.byte(0x7c);
  high(3);
  code.byte(0x7c);
}

/** Frame, target, window pointer, gas, steps: a jump whose destination is known as it happens. */
function writeDispatch(code: ByteSink, indexOf: (name: string) => number): void {
  const trap = (): void => {
    get(code, 0);
    i32(code, TRAP_BAD_JUMP);
    get(code, 4).byte(0x12).u32(indexOf('trap'));
  };
  get(code, 1);
  code.byte(0x42).s64(0xffff_ffffn).byte(0x5a).byte(0x04).byte(VOID);
  trap();
  code.byte(0x0b);
  // entry = jumps[place & mask], from place = target on, until its number is the target
  get(code, 1).byte(0xa7).byte(0x21).u32(5);
  code.byte(0x03).byte(VOID);
  get(code, 0).byte(0x28).u32(2).u32(F_JUMPS);
  get(code, 5);
  get(code, 0).byte(0x28).u32(2).u32(F_JUMPS_MASK).byte(0x71);
  i32(code, 3).byte(0x74).byte(0x6a).byte(0x29).u32(3).u32(0).byte(0x22).u32(6);
  code.byte(0x50).byte(0x04).byte(VOID);
  get(code, 0);
  get(code, 1).byte(0xa7).byte(0x36).u32(2).u32(F_DETAIL);
  keep(code, F_SP, 2, I32);
  keep(code, F_GAS, 3, I64);
  keepSteps(code, 4);
  i32(code, STATUS_ARRIVE).byte(0x0f);
  code.byte(0x0b);
  get(code, 5);
  i32(code, 1).byte(0x6a).byte(0x21).u32(5);
  get(code, 6).byte(0xa7);
  get(code, 1).byte(0xa7);
  i32(code, 1).byte(0x6a).byte(0x47).byte(0x0d).u32(0);
  code.byte(0x0b);
  get(code, 0);
  get(code, 6).byte(0x42).s64(32n).byte(0x88).byte(0xa7);
  get(code, 2);
  get(code, 3);
  get(code, 4).byte(0x12).u32(indexOf('continue'));
}

const HELPERS: Readonly<Record<string, Helper>> = {
  // Frame, block, window pointer, gas, steps
  continue: {
    params: [I32, I32, I32, I64, I64],
    results: [I32],
    write: (code, indexOf) => {
      // A block with compiled code has an empty header and then the code's place in the table
      get(code, 1).byte(0x29).u32(2).u32(0).byte(0x50);
      get(code, 1).byte(0x2f).u32(1).u32(HEADER_BYTES);
      i32(code, FORM.ENTER).byte(0x46).byte(0x71).byte(0x04).byte(VOID);
      for (const local of [0, 2, 3, 4]) get(code, local);
      get(code, 1)
        .byte(0x28)
        .u32(2)
        .u32(HEADER_BYTES + 4);
      code.byte(0x13).u32(indexOf('regionType')).u32(0);
      code.byte(0x0b);
      keep(code, F_PC, 1, I32);
      keep(code, F_SP, 2, I32);
      keep(code, F_GAS, 3, I64);
      keepSteps(code, 4);
      i32(code, STATUS_CONTINUE);
    },
  },
  // Frame, kind, steps; the gas of a frame that traps is gone
  trap: {
    params: [I32, I32, I64],
    results: [I32],
    write: (code) => {
      keep(code, F_DETAIL, 1, I32);
      keepSteps(code, 2);
      i32(code, STATUS_TRAP);
    },
  },
  // Frame, offset, gas: covers a word; gives the gas left, or minus a trap, and the memory's limit
  grow: {
    params: [I32, I64, I64],
    results: [I64, I64],
    write: (code, indexOf) => {
      get(code, 0);
      get(code, 1).byte(0x42).s64(32n);
      get(code, 2).byte(0x10).u32(indexOf('rtGrow'));
      get(code, 0)
        .byte(0x28)
        .u32(2)
        .u32(F_REGIONS + R_LENGTH)
        .byte(0x10)
        .u32(indexOf('wordLimit'));
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
      i32(code, STATUS_SUSPEND);
    },
  },
  // Frame, gas, steps
  stop: {
    params: [I32, I64, I64],
    results: [I32],
    write: (code) => {
      get(code, 0);
      i32(code, 0).byte(0x36).u32(2).u32(F_OUT_LENGTH);
      keep(code, F_GAS, 1, I64);
      keepSteps(code, 2);
      i32(code, STATUS_FINISH);
    },
  },
  // Frame, status, gas, steps
  finish: {
    params: [I32, I32, I64, I64],
    results: [I32],
    write: (code) => {
      keep(code, F_GAS, 2, I64);
      keepSteps(code, 3);
      get(code, 1);
    },
  },
  dispatch: {
    params: [I32, I64, I32, I64, I64],
    results: [I32],
    locals: [I32, I64],
    write: writeDispatch,
  },
  // Bytes of a memory: the first offset at which no whole word begins
  wordLimit: {
    params: [I32],
    results: [I64],
    write: (code) => {
      get(code, 0);
      i32(code, 31).byte(0x6b).byte(0xad).byte(0x42).s64(0n);
      get(code, 0);
      i32(code, 32).byte(0x4f).byte(0x1b);
    },
  },
  mulHigh: { params: [I64, I64], results: [I64], locals: [I64, I64], write: writeMulHigh },
};

/** Adds the helpers to a module, and their indices to those by name. */
export function addHelpers(module: ModuleWriter, indices: Map<string, number>): void {
  const first = module.nextFunction;
  for (const [i, name] of Object.keys(HELPERS).entries()) indices.set(name, first + i);
  for (const { params, results, locals = [], write } of Object.values(HELPERS)) {
    const code = new ByteSink();
    write(code, (name) => indices.get(name) as number);
    module.addFunction(module.type(params, results), locals, code.byte(0x0b).bytes());
  }
}
