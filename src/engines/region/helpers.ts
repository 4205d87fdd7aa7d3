/**
 * Functions that every module of compiled code has: how a region is left, calls of the kernel with
 * what belongs to them, and arithmetic that has no instruction. Those that end a region are reached
 * by tail calls, so that it holds the arguments alone.
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
  M_HEAP_USED,
  M_STEPS,
  M_YIELD,
  MACHINE_BASE,
  R_BASE,
  R_LENGTH,
  RT_SCRATCH_BASE,
  S_MEMORY_LINEAR,
  S_MEMORY_QUADRATIC,
  SCHEDULE_BASE,
  STATUS_ARRIVE,
  STATUS_CONTINUE,
  STATUS_FINISH,
  STATUS_SUSPEND,
  STATUS_TRAP,
  TRAP_BAD_JUMP,
} from '../../kernel/layout.ts';
import { I32, I64, type ModuleWriter, type ValueType } from '../wasm/encoder.ts';
import { CodeWriter, OP, SIMD } from './code.ts';

interface Helper {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
  readonly locals?: readonly ValueType[];
  readonly write: (code: CodeWriter) => void;
}

/** What the kernel gives for a cell that it does not know. */
const MISSING = -(1n << 63n);
const WORD = 32;

/** Stores a local at an offset from the frame. */
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
  const low = (local: number): CodeWriter => code.get(local).number(0xffff_ffff).op(OP.i64And);
  const high = (local: number): CodeWriter => code.get(local).number(32).op(OP.i64ShrU);
  // t = aLow * bLow >> 32, u = aHigh * bLow + t
  high(0);
  low(1).op(OP.i64Mul);
  low(0);
  low(1).op(OP.i64Mul).number(32).op(OP.i64ShrU).op(OP.i64Add).set(2);
  // v = aLow * bHigh + (u & mask)
  low(0);
  high(1).op(OP.i64Mul);
  low(2).op(OP.i64Add).set(3);
  // aHigh * bHigh + (u >> 32) + (v >> 32)
  high(0);
  high(1).op(OP.i64Mul);
  high(2).op(OP.i64Add);
  high(3).op(OP.i64Add);
}

const [A, B, SIGN_A, SIGN_B, TOP, SIGN] = [0, 4, 8, 9, 10, 11];

/**
 * A function over the limbs of two words, with those of the result: what `fast` leaves where both
 * are numbers of 64 bits with their sign and `and` holds as well, else the kernel's.
 */
function overLimbs(name: string, fast: Helper['write'], and?: Helper['write']): Helper {
  const scratch = (place: number): number => RT_SCRATCH_BASE + place * WORD;
  return {
    params: new Array(8).fill(I64),
    results: new Array(4).fill(I64),
    locals: new Array(4).fill(I64),
    write: (code) => {
      for (const [first, sign] of [
        [A, SIGN_A],
        [B, SIGN_B],
      ] as const) {
        code.get(first).number(63).op(OP.i64ShrS).set(sign);
        for (let limb = 1; limb < 4; limb++) {
          code
            .get(first + limb)
            .get(sign)
            .op(OP.i64Xor);
          if (first + limb > A + 1) code.op(OP.i64Or);
        }
      }
      code.op(OP.i64Eqz);
      if (and !== undefined) {
        and(code);
        code.op(OP.i32And);
      }
      code.if();
      fast(code);
      code.op(OP.return).end();
      code.i32(scratch(0));
      for (const [place, first] of [
        [1, A],
        [2, B],
      ] as const) {
        code.i32(scratch(place));
        for (let limb = 0; limb < 4; limb++) code.get(first + limb);
        code.call('keepWord');
      }
      code.call(name);
      for (let at = 0; at < WORD; at += 8) code.i32(0).access(OP.i64Load, 3, scratch(0) + at);
    },
  };
}

/** The low and the high half of a product, and the sign twice. */
function writeProduct(code: CodeWriter): void {
  code.get(A).get(B).op(OP.i64Mul);
  code.get(A).get(B).call('mulHigh');
  code.get(SIGN_A).get(B).op(OP.i64And).op(OP.i64Sub);
  code.get(SIGN_B).get(A).op(OP.i64And).op(OP.i64Sub).tee(TOP);
  code.get(TOP).number(63).op(OP.i64ShrS).tee(SIGN).get(SIGN);
}

function writeQuotient(code: CodeWriter): void {
  code.get(A).get(B).op(OP.i64DivS).tee(TOP);
  code.get(TOP).number(63).op(OP.i64ShrS).tee(SIGN).get(SIGN).get(SIGN);
}

/** Addresses of the result, of a byte's index from the lowest one, and of the word to extend. */
function writeSignExtend(code: CodeWriter): void {
  const [result, index, word, limb, top, sign] = [0, 1, 2, 3, 4, 5];
  // An index of 31 and more changes nothing, which is what one of 31 does.
  code.get(index).access(OP.i64Load, 3, 0).tee(top).number(31).get(top).number(31).op(OP.i64LtU);
  for (const at of [8, 16, 24]) {
    code.get(index).access(OP.i64Load, 3, at).op(OP.i64Eqz).op(OP.i32And);
  }
  code.op(OP.select).op(OP.wrap).tee(index);
  // Place of the limb that has the sign, and how far that is from its top.
  code.i32(24).op(OP.i32And).set(limb);
  code.i32(7).get(index).op(OP.i32Sub).i32(7).op(OP.i32And).i32(3).op(OP.i32Shl);
  code.op(OP.extend).set(sign);
  code.get(word).get(limb).op(OP.i32Add).access(OP.i64Load, 3, 0);
  code.get(sign).op(OP.i64Shl).get(sign).op(OP.i64ShrS).tee(top).number(63).op(OP.i64ShrS);
  code.set(sign);
  for (const at of [0, 8, 16, 24]) {
    code.get(result).get(word).access(OP.i64Load, 3, at).get(sign);
    code.get(limb).i32(at).op(OP.i32GeU).op(OP.select).access(OP.i64Store, 3, at);
  }
  code.get(result).get(limb).op(OP.i32Add).get(top).access(OP.i64Store, 3, 0);
}

/** Frame, target, window pointer, gas, steps: a jump whose destination is known as it happens. */
function writeDispatch(code: CodeWriter): void {
  code.get(1).i64(0xffff_ffffn).op(OP.i64GeU).if();
  code.get(0).number(-TRAP_BAD_JUMP).get(4).leaveTo('trap').end();
  // entry = jumps[place & mask], from place = target on, until its number is the target
  code.get(1).op(OP.wrap).set(5).open(OP.loop);
  code.get(0).access(OP.i32Load, 2, F_JUMPS);
  code.get(5).get(0).access(OP.i32Load, 2, F_JUMPS_MASK).op(OP.i32And);
  code.i32(3).op(OP.i32Shl).op(OP.i32Add).access(OP.i64Load, 3, 0).tee(6);
  code.op(OP.i64Eqz).if();
  code.get(0).get(1).op(OP.wrap).access(OP.i32Store, 2, F_DETAIL);
  keep(code, F_SP, 2, I32);
  keep(code, F_GAS, 3, I64);
  keepSteps(code, 4);
  code.i32(STATUS_ARRIVE).op(OP.return).end();
  code.get(5).i32(1).op(OP.i32Add).set(5);
  code.get(6).op(OP.wrap).get(1).op(OP.wrap).i32(1).op(OP.i32Add).op(OP.i32Ne);
  code.op(OP.brIf).sink.u32(0);
  code.end();
  code.get(0).get(6).i64(32n).op(OP.i64ShrU).op(OP.wrap).get(2).get(3).get(4).leaveTo('continue');
}

/**
 * Frame, block, window pointer, gas, steps: goes on at a block that the interpreter knows, unless
 * the gas is minus a trap.
 */
function writeContinue(code: CodeWriter): void {
  code.get(3).number(0).op(OP.i64LtS).if();
  code.get(0).get(3).get(4).leaveTo('trap').end();
  // A block with compiled code has an empty header and then the code's place in the table.
  code.get(1).access(OP.i64Load, 2, 0).op(OP.i64Eqz);
  code.get(1).access(OP.i32Load16U, 1, HEADER_BYTES).i32(FORM.ENTER).op(OP.i32Eq).op(OP.i32And);
  // The interpreter has its turn where it is to yield: compiled loops come by here for that.
  code.get(4).i32(MACHINE_BASE).access(OP.i64Load, 3, M_YIELD).op(OP.i64LtU).op(OP.i32And);
  code.if();
  code.get(0).get(2).get(3).get(4);
  code.get(1).access(OP.i32Load, 2, HEADER_BYTES + 4);
  code.leaveByTable('regionType').end();
  keep(code, F_PC, 1, I32);
  keep(code, F_SP, 2, I32);
  keep(code, F_GAS, 3, I64);
  keepSteps(code, 4);
  code.i32(STATUS_CONTINUE);
}

/** A function of the kernel on a cell: frame, space, key, another word, gas. */
function cellCall(name: string): Helper {
  return {
    params: [I32, I32, I32, I32, I64],
    results: [I64],
    locals: [I64],
    write: (code) => {
      code.open(OP.loop);
      for (let i = 0; i < 5; i++) code.get(i);
      code.call(name).tee(5).i64(MISSING).op(OP.i64Eq).if();
      code.get(1).get(2).call('fetch').branch(OP.br, 0);
      code.end().end().get(5);
    },
  };
}

/** Writes a word to an address, and gives that. */
function keeping(params: readonly ValueType[], write: (code: CodeWriter) => void): Helper {
  return {
    params: [I32, ...params],
    results: [I32],
    write: (code) => {
      write(code);
      code.get(0);
    },
  };
}

/** Ends of a region; each gives a status. */
const ENDS: Readonly<Record<string, Helper>> = {
  continue: { params: [I32, I32, I32, I64, I64], results: [I32], write: writeContinue },
  dispatch: {
    params: [I32, I64, I32, I64, I64],
    results: [I32],
    locals: [I32, I64],
    write: writeDispatch,
  },
  // Frame, minus the kind, steps; the gas of a frame that traps is gone
  trap: {
    params: [I32, I64, I64],
    results: [I32],
    write: (code) => {
      code.get(0).number(0).get(1).op(OP.i64Sub).op(OP.wrap).access(OP.i32Store, 2, F_DETAIL);
      keepSteps(code, 2);
      code.i32(STATUS_TRAP);
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
  // Frame, status, addresses of offset and size of the output, gas, steps
  finish: {
    params: [I32, I32, I32, I32, I64, I64],
    results: [I32],
    write: (code) => {
      code.get(0).get(2).get(3).get(4).call('rtFinish').tee(4).number(0).op(OP.i64LtS).if();
      code.get(0).get(4).get(5).leaveTo('trap').end();
      keep(code, F_GAS, 4, I64);
      keepSteps(code, 5);
      code.get(1);
    },
  },
};

/**
 * Frame, offset of a word that the memory does not cover, gas. Memories mostly grow by the word
 * behind their end, to where one reached before: then only that is to be cleared and paid.
 */
function writeGrow(code: CodeWriter): void {
  const [frame, offset, gas, length, end, divisor, words] = [0, 1, 2, 3, 4, 5, 6];
  const schedule = (entry: number): CodeWriter =>
    code.i32(0).access(OP.i64Load, 3, SCHEDULE_BASE + entry * 8);
  const square = (add: number): void => {
    code.get(words).number(add).op(OP.i64Add).tee(words).get(words).op(OP.i64Mul);
    code.get(divisor).op(OP.i64Ctz).op(OP.i64ShrU);
  };
  code
    .get(frame)
    .access(OP.i32Load, 2, F_REGIONS + R_LENGTH)
    .tee(length);
  code.op(OP.extend).get(offset).op(OP.i64GeU);
  code
    .get(frame)
    .access(OP.i32Load, 2, F_REGIONS + R_BASE)
    .get(length)
    .op(OP.i32Add)
    .tee(end);
  code.i32(WORD).op(OP.i32Add);
  code
    .i32(0)
    .access(OP.i32Load, 2, MACHINE_BASE + M_HEAP_USED)
    .op(OP.i32LeU)
    .op(OP.i32And);
  schedule(S_MEMORY_QUADRATIC).tee(divisor).op(OP.i64Popcnt).number(1).op(OP.i64Eq);
  code.op(OP.i32And).if();
  // The cost of the word: linear, and by how much the quadratic part grows.
  code.get(gas);
  schedule(S_MEMORY_LINEAR).op(OP.i64Sub);
  code.get(length).op(OP.extend).number(5).op(OP.i64ShrU).set(words);
  square(0);
  code.op(OP.i64Add);
  square(1);
  code.op(OP.i64Sub).tee(words).number(0).op(OP.i64GeS).if();
  for (const half of [0, WORD / 2]) {
    code
      .get(end)
      .simd(SIMD.const)
      .raw(new Array(WORD / 2).fill(0));
    code.simd(SIMD.store).u32(0).u32(half);
  }
  code.get(frame).get(length).i32(WORD).op(OP.i32Add).tee(length);
  code.access(OP.i32Store, 2, F_REGIONS + R_LENGTH);
  code
    .get(words)
    .get(length)
    .i32(WORD - 1)
    .op(OP.i32Sub)
    .op(OP.extend)
    .op(OP.return);
  code.end().end();
  code.get(frame).get(offset).number(WORD).get(gas).call('rtGrow');
  writeWordLimit(code);
}

/** Leaves the first offset at which no whole word of the memory begins; the frame is local 0. */
export function writeWordLimit(code: CodeWriter): CodeWriter {
  const bytes = (): CodeWriter => code.get(0).access(OP.i32Load, 2, F_REGIONS + R_LENGTH);
  // Lengths are those of whole words.
  bytes()
    .i32(WORD - 1)
    .op(OP.i32Sub)
    .op(OP.extend)
    .number(0);
  return bytes().op(OP.select);
}

/** What takes gas gives what is left, or minus a trap. */
const CHARGES: Readonly<Record<string, Helper>> = {
  // Frame, offset, gas: covers a word; gives also the memory's limit
  grow: {
    params: [I32, I64, I64],
    results: [I64, I64],
    locals: [I32, I32, I64, I64],
    write: writeGrow,
  },
  cellLoad: cellCall('rtCellLoad'),
  cellStore: cellCall('rtCellStore'),
};

const VALUES: Readonly<Record<string, Helper>> = {
  keepWord: keeping([I64, I64, I64, I64], (code) => {
    for (let limb = 0; limb < 4; limb++) {
      code
        .get(0)
        .get(1 + limb)
        .access(OP.i64Store, 3, limb * 8);
    }
  }),
  keepCopy: keeping([I32], (code) => {
    for (let at = 0; at < WORD; at += 8) {
      code.get(0).get(1).access(OP.i64Load, 3, at).access(OP.i64Store, 3, at);
    }
  }),
  signExtend: {
    params: [I32, I32, I32],
    results: [],
    locals: [I32, I64, I64],
    write: writeSignExtend,
  },
  mul: overLimbs('rtMul', writeProduct),
  // Not by 0, and not by -1, of which a quotient may have 65 bits
  sdiv: overLimbs('rtSdiv', writeQuotient, (code) => {
    code.get(B).number(1).op(OP.i64Add).number(2).op(OP.i64GeU);
  }),
  mulHigh: { params: [I64, I64], results: [I64], locals: [I64, I64], write: writeMulHigh },
};

const HELPERS = Object.entries({ ...ENDS, ...CHARGES, ...VALUES });

/** Adds the helpers to a module, and their indices to those by name. */
export function addHelpers(module: ModuleWriter, indices: Map<string, number>): void {
  const first = module.nextFunction;
  for (const [i, [name]] of HELPERS.entries()) indices.set(name, first + i);
  const code = new CodeWriter((name) => indices.get(name) as number);
  for (const [, { params, results, locals = [], write }] of HELPERS) {
    code.begin(locals);
    write(code);
    module.addFunction(module.type(params, results), locals, code.op(OP.end).sink);
  }
}
