/**
 * The interpreter loop over dMIR bytecode: one function, one `br_table`.
 *
 * A case ends either in `continue` (next word) or in `break` (enter the block at `pc`). Handlers
 * read all operands before they write. Registers are addressed by signed byte offsets from the
 * window pointer `sp`, which only block entries and exits move. V8 does not replace a WebAssembly
 * function while it runs, so the loop returns at M_YIELD steps and is called again: that is how it
 * reaches the optimising compiler.
 *
 * Over 600 lines because the dispatch loop has to be one function; case bodies stay short.
 */
import {
  C_VALUE,
  CALL_DEPTH_MAX,
  CONTROL_BYTES,
  ENV_BASE,
  F_CALL_DEPTH,
  F_CALL_LIMIT,
  F_CONSTANTS,
  F_CONTROL,
  F_DETAIL,
  F_DETAIL2,
  F_FUNCTION_COUNT,
  F_FUNCTIONS,
  F_GAS,
  F_JUMPS,
  F_JUMPS_MASK,
  F_OUT_LENGTH,
  F_OWNER,
  F_PC,
  F_REGIONS,
  F_SAVED_PC,
  F_SP,
  F_WINDOW_BASE,
  F_WINDOW_LIMIT,
  F_WORDS,
  FUNCTION_BYTES,
  H_CONSTANTS,
  H_GAS,
  H_GROW,
  H_NEED,
  H_STEPS,
  HEADER_BYTES,
  M_ENTRY,
  M_STEPS,
  M_YIELD,
  MACHINE_BASE,
  R_BASE,
  R_LENGTH,
  STATUS_ARRIVE,
  STATUS_CONTINUE,
  STATUS_FINISH,
  STATUS_LOWER,
  STATUS_MISSING,
  STATUS_RETURN,
  STATUS_REVERT,
  STATUS_SUSPEND,
  STATUS_TRAP,
  STATUS_YIELD,
  TRAP_BAD_FUNCTION,
  TRAP_CALL_DEPTH,
  TRAP_OUT_OF_GAS,
  TRAP_STACK_OVERFLOW,
  TRAP_STACK_UNDERFLOW,
} from '../layout';
import {
  addToCell,
  cellLoadCost,
  createCell,
  readOriginal,
  readWarmth,
  removeCell,
  storeCell,
  takeCell,
} from './cells';
import { findCell, refundAdd } from './journal';
import {
  copyRegion,
  growMemory,
  isOffset,
  isSmall,
  loadZeroExtended,
  loadZeroWord,
  regionOf,
  wordLimit,
} from './memory';
import { Op } from './opcodes.generated';
import {
  compareRanges,
  copyRange,
  extend,
  fillRange,
  growRegion,
  hashRange,
  isInside,
  logRange,
  regionGas,
  regionTrap,
  setOutput,
} from './regions';
import { keccakRange, keccakWords, logMemory, rtFinish } from './runtime';
import * as scalar from './scalar';
import {
  add256,
  addmod256,
  and256,
  bswap256,
  byte256,
  clz256,
  copy256,
  ctz256,
  eq256,
  exp256,
  iszero256,
  loadBe256,
  mul256,
  mulmod256,
  not256,
  or256,
  popcnt256,
  sdiv256,
  set64,
  setLimbs,
  sext256,
  shl256,
  shl256i,
  slt256,
  smulhi256,
  srem256,
  sshr256,
  sshr256i,
  storeBe256,
  sub256,
  udiv256,
  ult256,
  umulhi256,
  urem256,
  ushr256,
  ushr256i,
  xor256,
} from './u256';
import { checked256, divide256, overflow256, rotl256, rotr256 } from './wide';

// Operands of the word at pc: registers, a constant, an immediate
// @ts-ignore: decorator
@inline
function rd(pc: u32, sp: u32): u32 {
  return sp + <u32>load<i16>(pc, 2);
}
// @ts-ignore: decorator
@inline
function ra(pc: u32, sp: u32): u32 {
  return sp + <u32>load<i16>(pc, 4);
}
// @ts-ignore: decorator
@inline
function rb(pc: u32, sp: u32): u32 {
  return sp + <u32>load<i16>(pc, 6);
}
// @ts-ignore: decorator
@inline
function rc(pc: u32, sp: u32): u32 {
  return sp + <u32>load<i16>(pc, 8);
}
// @ts-ignore: decorator
@inline
function kb(pc: u32, kp: u32): u32 {
  return kp + <u32>load<u16>(pc, 6);
}
// @ts-ignore: decorator
@inline
function ka(pc: u32, kp: u32): u32 {
  return kp + <u32>load<u16>(pc, 4);
}
// @ts-ignore: decorator
@inline
function kc(pc: u32, kp: u32): u32 {
  return kp + <u32>load<u16>(pc, 8);
}
// @ts-ignore: decorator
@inline
function ib(pc: u32): u32 {
  return <u32>load<u16>(pc, 6);
}

function save(fp: u32, pc: u32, sp: u32, gas: i64, steps: u64, status: u32): u32 {
  store<u32>(fp, pc, F_PC);
  store<u32>(fp, sp, F_SP);
  store<i64>(fp, gas, F_GAS);
  store<u64>(MACHINE_BASE, steps, M_STEPS);
  return status;
}

function trap(fp: u32, pc: u32, sp: u32, gas: i64, steps: u64, kind: u32): u32 {
  store<u32>(fp, kind, F_DETAIL);
  store<u32>(fp, pc, F_SAVED_PC);
  return save(fp, pc, sp, gas, steps, STATUS_TRAP);
}

/** Stalls in the middle of a block: the word at `pc` runs again when the frame resumes. */
function stall(
  fp: u32,
  pc: u32,
  kp: u32,
  sp: u32,
  gas: i64,
  steps: u64,
  space: u32,
  key: u32,
): u32 {
  store<u32>(fp, kp, F_CONSTANTS);
  store<u32>(fp, space, F_DETAIL);
  store<u32>(fp, key, F_DETAIL2);
  return save(fp, pc | 1, sp, gas, steps, STATUS_MISSING);
}

function pushCall(fp: u32, depth: u32, returnTo: u32, sp: u32): void {
  const control = load<u32>(fp, F_CONTROL);
  store<u32>(control, returnTo);
  store<u32>(control, sp, 4);
  store<u32>(fp, control + CONTROL_BYTES, F_CONTROL);
  store<u32>(fp, depth + 1, F_CALL_DEPTH);
}

/** Address of the function at the place; 0 where there is none of the signature. */
function findFunction(fp: u32, index: u64, signature: u32): u32 {
  if (index >= <u64>load<u32>(fp, F_FUNCTION_COUNT)) return 0;
  const entry = load<u32>(fp, F_FUNCTIONS) + <u32>index * FUNCTION_BYTES;
  return load<u32>(entry, 4) == signature ? load<u32>(entry) : 0;
}

/**
 * Address of the block at which a dispatch to the number at `a` arrives; 0 and F_DETAIL where the
 * table has none. Exported to stand apart: the loop's registers are few.
 */
export function findJump(fp: u32, a: u32): u32 {
  const target = isOffset(a, U32.MAX_VALUE) ? <u32>load<u64>(a) : U32.MAX_VALUE;
  const jumps = load<u32>(fp, F_JUMPS);
  const mask = load<u32>(fp, F_JUMPS_MASK);
  for (let place = target; ; place++) {
    const at = jumps + ((place & mask) << 3);
    const key = load<u32>(at);
    if (key == 0) break;
    if (key == target + 1) return load<u32>(at, 4);
  }
  store<u32>(fp, target, F_DETAIL);
  return 0;
}

function finish(
  fp: u32,
  pc: u32,
  sp: u32,
  gas: i64,
  steps: u64,
  offset: u32,
  size: u32,
  status: u32,
): u32 {
  const left = rtFinish(fp, offset, size, gas);
  if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
  return save(fp, pc, sp, left, steps, status);
}

/** The log of the word at pc. */
function emitLog(fp: u32, pc: u32, sp: u32, gas: i64): i64 {
  const count = <u32>load<u16>(pc, 2);
  const t0 = sp + <u32>load<i16>(pc, 8);
  const t1 = sp + <u32>load<i16>(pc, 10);
  const t2 = sp + <u32>load<i16>(pc, 12);
  const t3 = sp + <u32>load<i16>(pc, 14);
  return logMemory(fp, count, ra(pc, sp), rb(pc, sp), t0, t1, t2, t3, gas);
}

/** Runs the frame until the steps at which the run yields, or less; returns a STATUS_*. */
export function runFrame(fp: u32): u32 {
  let pc = load<u32>(fp, F_PC);
  let sp = load<u32>(fp, F_SP);
  let gas = load<i64>(fp, F_GAS);
  let steps = load<u64>(MACHINE_BASE, M_STEPS);
  let kp: u32 = 0;
  const yieldAt = load<u64>(MACHINE_BASE, M_YIELD);
  const bottom = load<u32>(fp, F_WINDOW_BASE);
  let limit = load<u32>(fp, F_WINDOW_LIMIT);
  if (load<u32>(fp, F_CALL_DEPTH) != 0) limit = load<u32>(fp, F_CALL_LIMIT);
  const memory = load<u32>(fp + F_REGIONS, R_BASE);
  let words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
  if (pc & 1) {
    pc ^= 1;
    kp = load<u32>(fp, F_CONSTANTS);
  } else {
    // A JUMP word to the block, so that the loop has its block entry once.
    store<u32>(MACHINE_BASE + M_ENTRY, <u32>Op.JUMP);
    store<u32>(MACHINE_BASE + M_ENTRY, pc, 4);
    pc = MACHINE_BASE + M_ENTRY;
  }

  while (true) {
    switch (<i32>load<u16>(pc)) {
      // Control
      case Op.JUMP: {
        sp += <u32>load<i16>(pc, 2);
        pc = load<u32>(pc, 4);
        break;
      }
      case Op.DISPATCH: {
        const block = findJump(fp, ra(pc, sp));
        sp += <u32>load<i16>(pc, 2);
        if (block == 0) return save(fp, pc, sp, gas, steps, STATUS_ARRIVE);
        pc = block;
        break;
      }
      case Op.BR_NZ: {
        const a = rd(pc, sp);
        sp += <u32>load<i16>(pc, 6);
        pc = iszero256(a) ? load<u32>(pc, 12) : load<u32>(pc, 8);
        break;
      }
      case Op.BR_NZ64: {
        const a = rd(pc, sp);
        sp += <u32>load<i16>(pc, 6);
        pc = load<u64>(a) == 0 ? load<u32>(pc, 12) : load<u32>(pc, 8);
        break;
      }
      case Op.BR_EQ: {
        const taken = eq256(rd(pc, sp), ra(pc, sp));
        sp += <u32>load<i16>(pc, 6);
        pc = taken ? load<u32>(pc, 8) : load<u32>(pc, 12);
        break;
      }
      case Op.BR_EQ_K: {
        const taken = eq256(rd(pc, sp), kp + <u32>load<u16>(pc, 4));
        sp += <u32>load<i16>(pc, 6);
        pc = taken ? load<u32>(pc, 8) : load<u32>(pc, 12);
        break;
      }
      case Op.BR_ULT: {
        const taken = ult256(rd(pc, sp), ra(pc, sp));
        sp += <u32>load<i16>(pc, 6);
        pc = taken ? load<u32>(pc, 8) : load<u32>(pc, 12);
        break;
      }
      case Op.BR_ULT_K: {
        const taken = ult256(rd(pc, sp), kp + <u32>load<u16>(pc, 4));
        sp += <u32>load<i16>(pc, 6);
        pc = taken ? load<u32>(pc, 8) : load<u32>(pc, 12);
        break;
      }
      case Op.BR_UGT_K: {
        const taken = ult256(kp + <u32>load<u16>(pc, 4), rd(pc, sp));
        sp += <u32>load<i16>(pc, 6);
        pc = taken ? load<u32>(pc, 8) : load<u32>(pc, 12);
        break;
      }
      case Op.BR_SLT: {
        const taken = slt256(rd(pc, sp), ra(pc, sp));
        sp += <u32>load<i16>(pc, 6);
        pc = taken ? load<u32>(pc, 8) : load<u32>(pc, 12);
        break;
      }
      case Op.BR_SLT_K: {
        const taken = slt256(rd(pc, sp), kp + <u32>load<u16>(pc, 4));
        sp += <u32>load<i16>(pc, 6);
        pc = taken ? load<u32>(pc, 8) : load<u32>(pc, 12);
        break;
      }
      case Op.BR_SGT_K: {
        const taken = slt256(kp + <u32>load<u16>(pc, 4), rd(pc, sp));
        sp += <u32>load<i16>(pc, 6);
        pc = taken ? load<u32>(pc, 8) : load<u32>(pc, 12);
        break;
      }
      case Op.SUSPEND: {
        store<u32>(fp, <u32>load<u16>(pc, 2), F_DETAIL);
        store<u32>(fp, load<u32>(pc, 12), F_DETAIL2);
        sp += <u32>load<i16>(pc, 4);
        return save(fp, load<u32>(pc, 8), sp, gas, steps, STATUS_SUSPEND);
      }
      case Op.LOWER: {
        store<u32>(fp, load<u32>(pc, 4), F_DETAIL);
        return save(fp, pc, sp, gas, steps, STATUS_LOWER);
      }
      case Op.ENTER: {
        // Compiled code saves the frame before it comes back, whatever the status.
        const status = call_indirect<u32>(load<u32>(pc, 4), fp, sp, gas, steps);
        if (status != STATUS_CONTINUE) return status;
        pc = load<u32>(fp, F_PC);
        sp = load<u32>(fp, F_SP);
        gas = load<i64>(fp, F_GAS);
        steps = load<u64>(MACHINE_BASE, M_STEPS);
        words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        break;
      }
      case Op.STOP: {
        store<u32>(fp, 0, F_OUT_LENGTH);
        return save(fp, pc, sp, gas, steps, STATUS_FINISH);
      }
      case Op.FINISH:
        return finish(fp, pc, sp, gas, steps, ra(pc, sp), rb(pc, sp), STATUS_FINISH);
      case Op.REVERT:
        return finish(fp, pc, sp, gas, steps, ra(pc, sp), rb(pc, sp), STATUS_REVERT);
      case Op.TRAP:
        return trap(fp, pc, sp, gas, steps, <u32>load<u16>(pc, 2));

      // Values
      case Op.MOVE: {
        copy256(rd(pc, sp), ra(pc, sp));
        pc += 8;
        continue;
      }
      case Op.MOVE2: {
        copy256(rd(pc, sp), ra(pc, sp));
        copy256(sp + <u32>load<i16>(pc, 8), sp + <u32>load<i16>(pc, 10));
        pc += 16;
        continue;
      }
      case Op.SET_K: {
        copy256(rd(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.SET_I: {
        set64(rd(pc, sp), <u64>ib(pc));
        pc += 8;
        continue;
      }
      case Op.ZEXT64: {
        set64(rd(pc, sp), load<u64>(ra(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.SELECT: {
        copy256(rd(pc, sp), load<u64>(rc(pc, sp)) == 0 ? rb(pc, sp) : ra(pc, sp));
        pc += 16;
        continue;
      }

      // Arithmetic
      case Op.ADD: {
        add256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.ADD_K: {
        add256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.ADD_I: {
        const d = rd(pc, sp);
        const a = ra(pc, sp);
        const low = load<u64>(a) + <u64>ib(pc);
        const l1 = load<u64>(a, 8);
        const l2 = load<u64>(a, 16);
        const l3 = load<u64>(a, 24);
        const c1 = l1 + <u64>(low < <u64>ib(pc));
        const c2 = l2 + <u64>(c1 < l1);
        store<u64>(d, low);
        store<u64>(d, c1, 8);
        store<u64>(d, c2, 16);
        store<u64>(d, l3 + <u64>(c2 < l2), 24);
        pc += 8;
        continue;
      }
      case Op.SUB: {
        sub256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.SUB_I: {
        const d = rd(pc, sp);
        const a = ra(pc, sp);
        const l0 = load<u64>(a);
        const l1 = load<u64>(a, 8);
        const l2 = load<u64>(a, 16);
        const l3 = load<u64>(a, 24);
        const b0 = <u64>(l0 < <u64>ib(pc));
        const b1 = b0 & <u64>(l1 == 0);
        const b2 = b1 & <u64>(l2 == 0);
        store<u64>(d, l0 - <u64>ib(pc));
        store<u64>(d, l1 - b0, 8);
        store<u64>(d, l2 - b1, 16);
        store<u64>(d, l3 - b2, 24);
        pc += 8;
        continue;
      }
      case Op.RSUB_K: {
        sub256(rd(pc, sp), kb(pc, kp), ra(pc, sp));
        pc += 8;
        continue;
      }
      case Op.MUL: {
        mul256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.MUL_K: {
        mul256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.UDIV: {
        udiv256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.UDIV_K: {
        udiv256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.SDIV: {
        sdiv256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.SDIV_K: {
        sdiv256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.UREM: {
        urem256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.UREM_K: {
        urem256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.SREM: {
        srem256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.SREM_K: {
        srem256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.ADDMOD: {
        addmod256(rd(pc, sp), ra(pc, sp), rb(pc, sp), rc(pc, sp));
        pc += 16;
        continue;
      }
      case Op.ADDMOD_K: {
        addmod256(rd(pc, sp), ra(pc, sp), rb(pc, sp), kc(pc, kp));
        pc += 16;
        continue;
      }
      case Op.MULMOD: {
        mulmod256(rd(pc, sp), ra(pc, sp), rb(pc, sp), rc(pc, sp));
        pc += 16;
        continue;
      }
      case Op.MULMOD_K: {
        mulmod256(rd(pc, sp), ra(pc, sp), rb(pc, sp), kc(pc, kp));
        pc += 16;
        continue;
      }
      case Op.POW: {
        exp256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.UMULHI: {
        umulhi256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.SMULHI: {
        smulhi256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }

      // Bits
      case Op.AND: {
        and256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.AND_K: {
        and256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.AND_K64: {
        set64(rd(pc, sp), load<u64>(ra(pc, sp)) & load<u64>(kb(pc, kp)));
        pc += 8;
        continue;
      }
      case Op.OR: {
        or256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.OR_K: {
        or256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.XOR: {
        xor256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.XOR_K: {
        xor256(rd(pc, sp), ra(pc, sp), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.NOT: {
        not256(rd(pc, sp), ra(pc, sp));
        pc += 8;
        continue;
      }
      case Op.SHL: {
        shl256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.SHL_I: {
        shl256i(rd(pc, sp), ra(pc, sp), ib(pc));
        pc += 8;
        continue;
      }
      case Op.USHR: {
        ushr256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.USHR_I: {
        ushr256i(rd(pc, sp), ra(pc, sp), ib(pc));
        pc += 8;
        continue;
      }
      case Op.SSHR: {
        sshr256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.SSHR_I: {
        sshr256i(rd(pc, sp), ra(pc, sp), ib(pc));
        pc += 8;
        continue;
      }
      case Op.BYTE: {
        byte256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.BYTE_I: {
        set64(rd(pc, sp), <u64>load<u8>(ra(pc, sp) + 31 - ib(pc)));
        pc += 8;
        continue;
      }
      case Op.SEXT: {
        sext256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.SEXT_I: {
        const shift = 248 - (ib(pc) << 3);
        const d = rd(pc, sp);
        shl256i(d, ra(pc, sp), shift);
        sshr256i(d, d, shift);
        pc += 8;
        continue;
      }
      case Op.CLZ: {
        clz256(rd(pc, sp), ra(pc, sp));
        pc += 8;
        continue;
      }
      case Op.CTZ: {
        ctz256(rd(pc, sp), ra(pc, sp));
        pc += 8;
        continue;
      }
      case Op.POPCNT: {
        popcnt256(rd(pc, sp), ra(pc, sp));
        pc += 8;
        continue;
      }
      case Op.BSWAP: {
        bswap256(rd(pc, sp), ra(pc, sp));
        pc += 8;
        continue;
      }

      // Comparison
      case Op.EQ: {
        set64(rd(pc, sp), <u64>eq256(ra(pc, sp), rb(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.EQ_K: {
        set64(rd(pc, sp), <u64>eq256(ra(pc, sp), kb(pc, kp)));
        pc += 8;
        continue;
      }
      case Op.ISZERO: {
        set64(rd(pc, sp), <u64>iszero256(ra(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.ULT: {
        set64(rd(pc, sp), <u64>ult256(ra(pc, sp), rb(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.ULT_K: {
        set64(rd(pc, sp), <u64>ult256(ra(pc, sp), kb(pc, kp)));
        pc += 8;
        continue;
      }
      case Op.UGT_K: {
        set64(rd(pc, sp), <u64>ult256(kb(pc, kp), ra(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.SLT: {
        set64(rd(pc, sp), <u64>slt256(ra(pc, sp), rb(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.SLT_K: {
        set64(rd(pc, sp), <u64>slt256(ra(pc, sp), kb(pc, kp)));
        pc += 8;
        continue;
      }
      case Op.SGT_K: {
        set64(rd(pc, sp), <u64>slt256(kb(pc, kp), ra(pc, sp)));
        pc += 8;
        continue;
      }

      // Memory
      case Op.MLOAD: {
        const a = ra(pc, sp);
        if (!isOffset(a, words)) {
          if (!isSmall(a)) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);
          const left = growMemory(fp, load<u64>(a), 32, gas);
          if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
          gas = left;
          words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        }
        loadBe256(rd(pc, sp), memory + <u32>load<u64>(a));
        pc += 8;
        continue;
      }
      case Op.MLOAD_I: {
        const offset = ib(pc);
        if (<u64>offset >= words) {
          const left = growMemory(fp, offset, 32, gas);
          if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
          gas = left;
          words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        }
        loadBe256(rd(pc, sp), memory + offset);
        pc += 8;
        continue;
      }
      case Op.MSTORE: {
        const a = ra(pc, sp);
        if (!isOffset(a, words)) {
          if (!isSmall(a)) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);
          const left = growMemory(fp, load<u64>(a), 32, gas);
          if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
          gas = left;
          words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        }
        storeBe256(memory + <u32>load<u64>(a), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.MSTORE_I: {
        const offset = <u32>load<u16>(pc, 2);
        if (<u64>offset >= words) {
          const left = growMemory(fp, offset, 32, gas);
          if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
          gas = left;
          words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        }
        storeBe256(memory + offset, rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.MSTORE_K: {
        const a = ra(pc, sp);
        if (!isOffset(a, words)) {
          if (!isSmall(a)) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);
          const left = growMemory(fp, load<u64>(a), 32, gas);
          if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
          gas = left;
          words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        }
        storeBe256(memory + <u32>load<u64>(a), kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.MSTORE_IK: {
        const offset = <u32>load<u16>(pc, 2);
        if (<u64>offset >= words) {
          const left = growMemory(fp, offset, 32, gas);
          if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
          gas = left;
          words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        }
        storeBe256(memory + offset, kb(pc, kp));
        pc += 8;
        continue;
      }
      case Op.MSTORE8: {
        const a = ra(pc, sp);
        if (!isOffset(a, <u64>load<u32>(fp + F_REGIONS, R_LENGTH))) {
          if (!isSmall(a)) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);
          const left = growMemory(fp, load<u64>(a), 1, gas);
          if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
          gas = left;
          words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        }
        store<u8>(memory + <u32>load<u64>(a), load<u8>(rb(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.MSIZE: {
        set64(rd(pc, sp), <u64>load<u32>(fp + F_REGIONS, R_LENGTH));
        pc += 8;
        continue;
      }
      case Op.LOADZ: {
        loadZeroWord(rd(pc, sp), fp, ib(pc), ra(pc, sp));
        pc += 8;
        continue;
      }
      case Op.LOADZ_I: {
        const offset = <u32>load<u16>(pc, 4);
        const region = regionOf(fp, ib(pc));
        if (<u64>offset < wordLimit(load<u32>(region, R_LENGTH))) {
          loadBe256(rd(pc, sp), load<u32>(region, R_BASE) + offset);
        } else {
          loadZeroExtended(rd(pc, sp), fp, ib(pc), offset);
        }
        pc += 8;
        continue;
      }
      case Op.WORD_FRAME: {
        copy256(rd(pc, sp), fp + F_WORDS + ib(pc));
        pc += 8;
        continue;
      }
      case Op.WORD_ENV: {
        copy256(rd(pc, sp), ENV_BASE + ib(pc));
        pc += 8;
        continue;
      }
      case Op.COPY: {
        const regions = <u32>load<u16>(pc, 2);
        const left = copyRegion(fp, regions, ra(pc, sp), rb(pc, sp), rc(pc, sp), gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        pc += 16;
        continue;
      }
      case Op.KECCAK: {
        const left = keccakWords(fp, rd(pc, sp), ra(pc, sp), rb(pc, sp), gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        pc += 8;
        continue;
      }
      case Op.KECCAK_I: {
        const left = keccakRange(fp, rd(pc, sp), load<u16>(pc, 4), ib(pc), gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        pc += 8;
        continue;
      }

      // Gas
      case Op.CHARGE: {
        const cost = <i64>load<u32>(pc, 4);
        if (gas < cost) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);
        gas -= cost;
        pc += 8;
        continue;
      }
      case Op.CHARGE_DYN: {
        const a = ra(pc, sp);
        if (!isOffset(a, <u64>gas + 1)) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);
        gas -= load<i64>(a);
        pc += 8;
        continue;
      }
      case Op.GAS: {
        set64(rd(pc, sp), <u64>gas + <u64>load<u32>(pc, 8));
        pc += 16;
        continue;
      }

      // State
      case Op.CELL_LOAD: {
        const a = ra(pc, sp);
        const cell = findCell(ib(pc), load<u32>(fp, F_OWNER), a);
        if (cell == 0) return stall(fp, pc, kp, sp, gas, steps, ib(pc), a);
        const cost = cellLoadCost(cell);
        if (<u64>gas < cost) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);
        gas -= <i64>cost;
        copy256(rd(pc, sp), cell + C_VALUE);
        pc += 8;
        continue;
      }
      case Op.CELL_STORE: {
        const a = ra(pc, sp);
        const space = <u32>load<u16>(pc, 2);
        const cell = findCell(space, load<u32>(fp, F_OWNER), a);
        if (cell == 0) return stall(fp, pc, kp, sp, gas, steps, space, a);
        const left = storeCell(fp, space, cell, rb(pc, sp), load<u32>(pc, 8), gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        pc += 16;
        continue;
      }
      case Op.CELL_ORIGINAL: {
        const a = ra(pc, sp);
        const cell = findCell(ib(pc), load<u32>(fp, F_OWNER), a);
        if (cell == 0) return stall(fp, pc, kp, sp, gas, steps, ib(pc), a);
        readOriginal(cell, rd(pc, sp));
        pc += 8;
        continue;
      }
      case Op.CELL_IS_WARM: {
        const a = ra(pc, sp);
        const cell = findCell(ib(pc), load<u32>(fp, F_OWNER), a);
        if (cell == 0) return stall(fp, pc, kp, sp, gas, steps, ib(pc), a);
        readWarmth(cell, rd(pc, sp));
        pc += 8;
        continue;
      }
      case Op.CELL_DELETE: {
        const a = ra(pc, sp);
        const space = <u32>load<u16>(pc, 2);
        const cell = findCell(space, load<u32>(fp, F_OWNER), a);
        if (cell == 0) return stall(fp, pc, kp, sp, gas, steps, space, a);
        const left = removeCell(fp, space, cell, gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        pc += 8;
        continue;
      }
      case Op.CELL_ADD: {
        const a = ra(pc, sp);
        const space = <u32>load<u16>(pc, 8);
        const cell = findCell(space, load<u32>(fp, F_OWNER), a);
        if (cell == 0) return stall(fp, pc, kp, sp, gas, steps, space, a);
        const left = addToCell(fp, space, cell, rb(pc, sp), rd(pc, sp), gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        pc += 16;
        continue;
      }
      case Op.CELL_INSERT: {
        const a = ra(pc, sp);
        const space = <u32>load<u16>(pc, 2);
        const cell = findCell(space, load<u32>(fp, F_OWNER), a);
        if (cell == 0) return stall(fp, pc, kp, sp, gas, steps, space, a);
        const left = createCell(fp, space, cell, rb(pc, sp), gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        pc += 8;
        continue;
      }
      case Op.CELL_CONSUME: {
        const a = ra(pc, sp);
        const cell = findCell(ib(pc), load<u32>(fp, F_OWNER), a);
        if (cell == 0) return stall(fp, pc, kp, sp, gas, steps, ib(pc), a);
        const left = takeCell(fp, ib(pc), cell, rd(pc, sp), gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        pc += 8;
        continue;
      }
      case Op.REFUND: {
        refundAdd(load<i64>(ra(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.LOG: {
        const left = emitLog(fp, pc, sp, gas);
        if (left < 0) return trap(fp, pc, sp, gas, steps, <u32>-left);
        gas = left;
        words = wordLimit(load<u32>(fp + F_REGIONS, R_LENGTH));
        pc += 16;
        continue;
      }

      // Closed functions
      case Op.GOTO: {
        pc = load<u32>(pc, 4);
        // @generated: near
      }
      case Op.CALL: {
        const depth = load<u32>(fp, F_CALL_DEPTH);
        if (depth >= <u32>CALL_DEPTH_MAX) return trap(fp, pc, sp, gas, steps, TRAP_CALL_DEPTH);
        pushCall(fp, depth, load<u32>(pc, 8), sp);
        limit = load<u32>(fp, F_CALL_LIMIT);
        sp += <u32>load<i16>(pc, 2);
        pc = load<u32>(pc, 4);
        break;
      }
      case Op.CALL_INDIRECT: {
        const target = findFunction(fp, load<u64>(rd(pc, sp)), load<u32>(pc, 12));
        if (target == 0) return trap(fp, pc, sp, gas, steps, TRAP_BAD_FUNCTION);
        const depth = load<u32>(fp, F_CALL_DEPTH);
        if (depth >= <u32>CALL_DEPTH_MAX) return trap(fp, pc, sp, gas, steps, TRAP_CALL_DEPTH);
        pushCall(fp, depth, load<u32>(pc, 8), sp);
        limit = load<u32>(fp, F_CALL_LIMIT);
        sp += <u32>load<i16>(pc, 4);
        pc = target;
        break;
      }
      case Op.TAIL_CALL_INDIRECT: {
        const target = findFunction(fp, load<u64>(rd(pc, sp)), load<u32>(pc, 4));
        if (target == 0) return trap(fp, pc, sp, gas, steps, TRAP_BAD_FUNCTION);
        pc = target;
        break;
      }
      case Op.RETURN_64:
        store<u64>(sp, load<u64>(rd(pc, sp)));
      case Op.RETURN: {
        const depth = load<u32>(fp, F_CALL_DEPTH);
        if (depth == 0) return save(fp, pc, sp, gas, steps, STATUS_RETURN);
        const control = load<u32>(fp, F_CONTROL) - CONTROL_BYTES;
        store<u32>(fp, control, F_CONTROL);
        store<u32>(fp, depth - 1, F_CALL_DEPTH);
        pc = load<u32>(control);
        sp = load<u32>(control, 4);
        if (depth == 1) limit = load<u32>(fp, F_WINDOW_LIMIT);
        // @generated: near
      }
      case Op.BR_TABLE_64: {
        const index = min(load<u64>(rd(pc, sp)), <u64>load<u16>(pc, 4));
        sp += <u32>load<i16>(pc, 6);
        pc = load<u32>(pc + 8 + (<u32>index << 2));
        break;
      }
      case Op.BR_TABLE: {
        const last = <u32>load<u16>(pc, 4);
        const a = rd(pc, sp);
        const index = isOffset(a, <u64>last) ? load<u32>(a) : last;
        sp += <u32>load<i16>(pc, 6);
        pc = load<u32>(pc + 8 + (index << 2));
        break;
      }
      // @generated: branches
      case Op.TRAP_NE_64: {
        if (load<u64>(rd(pc, sp)) != load<u64>(ra(pc, sp)))
          return trap(fp, pc, sp, gas, steps, ib(pc));
        pc += 8;
        continue;
      }

      // Values of 64 bits
      case Op.MOVE_64: {
        store<u64>(rd(pc, sp), load<u64>(ra(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.MOVE2_64: {
        store<u64>(rd(pc, sp), load<u64>(ra(pc, sp)));
        store<u64>(sp + <u32>load<i16>(pc, 8), load<u64>(sp + <u32>load<i16>(pc, 10)));
        pc += 16;
        continue;
      }
      case Op.SET_64_K: {
        store<u64>(rd(pc, sp), load<u64>(kb(pc, kp)));
        pc += 8;
        continue;
      }
      case Op.SET_64_I: {
        store<u64>(rd(pc, sp), <u64>ib(pc));
        pc += 8;
        continue;
      }
      case Op.SELECT_64: {
        const from = load<u64>(rc(pc, sp)) == 0 ? rb(pc, sp) : ra(pc, sp);
        store<u64>(rd(pc, sp), load<u64>(from));
        pc += 16;
        continue;
      }
      case Op.CLAMP_64: {
        const a = ra(pc, sp);
        const high = load<u64>(a, 8) | load<u64>(a, 16) | load<u64>(a, 24);
        store<u64>(rd(pc, sp), high == 0 ? load<u64>(a) : u64.MAX_VALUE);
        pc += 8;
        continue;
      }
      case Op.EXTEND8_64: {
        store<i64>(rd(pc, sp), <i64>load<i8>(ra(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.EXTEND16_64: {
        store<i64>(rd(pc, sp), <i64>load<i16>(ra(pc, sp)));
        pc += 8;
        continue;
      }
      case Op.EXTEND32_64: {
        store<i64>(rd(pc, sp), <i64>load<i32>(ra(pc, sp)));
        pc += 8;
        continue;
      }

      // 256-bit operations beside the EVM's
      case Op.ROTL: {
        rotl256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.ROTR: {
        rotr256(rd(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 8;
        continue;
      }
      case Op.OVERFLOW: {
        overflow256(<u32>load<u16>(pc, 10), rd(pc, sp), rc(pc, sp), ra(pc, sp), rb(pc, sp));
        pc += 16;
        continue;
      }
      case Op.CHECKED: {
        const kind = checked256(<u32>load<u16>(pc, 8), rd(pc, sp), ra(pc, sp), rb(pc, sp));
        if (kind != 0) return trap(fp, pc, sp, gas, steps, kind);
        pc += 16;
        continue;
      }
      case Op.DIVIDE: {
        const kind = divide256(<u32>load<u16>(pc, 8), rd(pc, sp), ra(pc, sp), rb(pc, sp));
        if (kind != 0) return trap(fp, pc, sp, gas, steps, kind);
        pc += 16;
        continue;
      }

      // Regions by number
      // @generated: accesses
      case Op.MEM_SIZE: {
        store<u64>(rd(pc, sp), <u64>load<u32>(regionOf(fp, ib(pc)), R_LENGTH));
        pc += 8;
        continue;
      }
      case Op.MEM_GROW: {
        store<u64>(rd(pc, sp), growRegion(fp, ib(pc), load<u64>(ra(pc, sp))));
        pc += 8;
        continue;
      }
      case Op.MEM_COPY: {
        const regions = <u32>load<u16>(pc, 2);
        const size = load<u64>(rc(pc, sp));
        const ok = copyRange(fp, regions, load<u64>(ra(pc, sp)), load<u64>(rb(pc, sp)), size, gas);
        gas = regionGas;
        if (!ok) return trap(fp, pc, sp, gas, steps, regionTrap);
        pc += 16;
        continue;
      }
      case Op.MEM_FILL: {
        const region = <u32>load<u16>(pc, 2);
        const byte = load<u8>(rb(pc, sp));
        const ok = fillRange(fp, region, load<u64>(ra(pc, sp)), byte, load<u64>(rc(pc, sp)), gas);
        gas = regionGas;
        if (!ok) return trap(fp, pc, sp, gas, steps, regionTrap);
        pc += 16;
        continue;
      }
      case Op.MEM_COMPARE: {
        const region = <u32>load<u16>(pc, 10);
        const left = load<u64>(ra(pc, sp));
        const right = load<u64>(rb(pc, sp));
        const ok = compareRanges(fp, region, rd(pc, sp), left, right, load<u64>(rc(pc, sp)), gas);
        gas = regionGas;
        if (!ok) return trap(fp, pc, sp, gas, steps, regionTrap);
        pc += 16;
        continue;
      }
      case Op.HASH: {
        const region = <u32>load<u16>(pc, 8);
        const offset = load<u64>(ra(pc, sp));
        const ok = hashRange(fp, region, rd(pc, sp), offset, load<u64>(rb(pc, sp)), gas);
        gas = regionGas;
        if (!ok) return trap(fp, pc, sp, gas, steps, regionTrap);
        pc += 16;
        continue;
      }
      case Op.OUTPUT: {
        const region = <u32>load<u16>(pc, 2);
        const ok = setOutput(fp, region, load<u64>(ra(pc, sp)), load<u64>(rb(pc, sp)), gas);
        gas = regionGas;
        if (!ok) return trap(fp, pc, sp, gas, steps, regionTrap);
        return save(fp, pc, sp, gas, steps, <u32>load<u16>(pc, 8));
      }
      case Op.LOG_RANGE: {
        const offset = load<u64>(ra(pc, sp));
        const ok = logRange(
          fp,
          <u32>load<u16>(pc, 16),
          offset,
          load<u64>(rb(pc, sp)),
          <u32>load<u16>(pc, 2),
          rc(pc, sp),
          sp + <u32>load<i16>(pc, 10),
          sp + <u32>load<i16>(pc, 12),
          sp + <u32>load<i16>(pc, 14),
          gas,
        );
        gas = regionGas;
        if (!ok) return trap(fp, pc, sp, gas, steps, regionTrap);
        pc += 24;
        continue;
      }

      // @generated: scalars
      default:
        unreachable();
    }

    // Block entry: yield, check the window, charge, count
    if (steps >= yieldAt) return save(fp, pc, sp, gas, steps, STATUS_YIELD);
    if (sp - <u32>load<u16>(pc, H_NEED) < bottom)
      return trap(fp, pc, sp, gas, steps, TRAP_STACK_UNDERFLOW);
    if (sp + <u32>load<u16>(pc, H_GROW) > limit)
      return trap(fp, pc, sp, gas, steps, TRAP_STACK_OVERFLOW);
    gas -= <i64>load<u32>(pc, H_GAS);
    if (gas < 0) return trap(fp, pc, sp, gas, steps, TRAP_OUT_OF_GAS);
    steps += <u64>load<u32>(pc, H_STEPS);
    kp = pc + load<u32>(pc, H_CONSTANTS);
    pc += HEADER_BYTES;
  }
}
