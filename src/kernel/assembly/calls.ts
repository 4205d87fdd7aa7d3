/**
 * Runs frames one above the other, and makes the calls between them that need nothing from outside.
 *
 * A call is made here where the host was asked for the same callee before (`learnCallee`), its
 * account is warm, its code still has the same hash, and no value moves. Any other leaves with the
 * status of the suspension, and the host does the whole of it. Nothing is changed here before a
 * call is sure to be made, but that memory grows and is paid for, which the host then finds done.
 *
 * What the host would have noted of such a frame stands below it: the operands of the call, which
 * stay in the caller's window until it ends.
 */
import {
  A_BALANCE,
  A_CODE_HASH,
  A_OWNER,
  A_PROGRAM,
  C_FLAGS,
  C_TX,
  C_VALUE,
  CALL_AS_CALLER,
  CALL_CODE_SIZE,
  CALL_INPUT_BITS,
  CALL_INPUT_SHIFT,
  CALL_ON_SELF,
  CALL_OPERANDS,
  CALL_STATIC,
  CALLEE_BYTES,
  CALLEE_COUNT,
  CALLEES_BASE,
  CELL_WARM,
  F_CHECKPOINT,
  F_DETAIL,
  F_FLAGS,
  F_GAS,
  F_OUT_BASE,
  F_OUT_LENGTH,
  F_OWNER,
  F_PC,
  F_PROGRAM,
  F_REGIONS,
  F_SP,
  FLAG_CALLED,
  FLAG_CLOSED,
  FLAG_STATIC,
  FRAME_BYTES,
  FRAMES_BASE,
  HEADER_BYTES,
  HEAP_BASE,
  HOST_CALLS_BASE,
  M_ACCOUNT_WARM,
  M_CALLS,
  M_CURRENT,
  M_STEP_LIMIT,
  M_STEPS,
  M_TX,
  M_YIELD,
  MACHINE_BASE,
  P_CALLS_LEFT,
  P_CODE_LENGTH,
  P_HASH,
  P_STEPS,
  R_BASE,
  RETURN_BASE,
  RETURN_END,
  SPACE_BALANCE,
  SPACE_CODE_HASH,
  STATUS_CONTINUE,
  STATUS_FINISH,
  STATUS_REVERT,
  STATUS_SUSPEND,
  STATUS_TRAP,
  W_CALLER,
  W_SELF,
  W_VALUE,
  ZERO_WORD,
} from '../layout';
import { chargeRange, enterFrame, setReturn, wordOf } from './frames';
import { findCell, internLimbs, ownerPtr, rollback, startCell } from './journal';
import { runFrame } from './loop';
import { isOffset } from './memory';
import { Op } from './opcodes.generated';
import { copy256, eq256, iszero256, set64 } from './u256-word';

/** Frames that may call: the outermost, and 1,023 above it. */
const CALLERS_END: u32 = FRAMES_BASE + 1024 * FRAME_BYTES;

// @ts-ignore: decorator
@inline
function entryOf(owner: u32): u32 {
  return CALLEES_BASE + (owner & (CALLEE_COUNT - 1)) * CALLEE_BYTES;
}

/**
 * Notes that the account's own code is that of the program. Both of its cells are in the journal;
 * nothing is noted where they are not.
 */
export function learnCallee(owner: u32, program: u32): void {
  const balance = findCell(SPACE_BALANCE, owner, ZERO_WORD);
  const code = findCell(SPACE_CODE_HASH, owner, ZERO_WORD);
  if (balance == 0 || code == 0) return;
  const at = entryOf(owner);
  store<u32>(at, owner, A_OWNER);
  store<u32>(at, balance, A_BALANCE);
  store<u32>(at, code, A_CODE_HASH);
  store<u32>(at, program, A_PROGRAM);
  copy256(program + P_HASH, code + C_VALUE);
}

/** The entry of the account whose address is the word, if it is warm and has the code; else 0. */
function findCallee(word: u32): u32 {
  const high = load<u64>(word, 16) & 0xffffffff;
  const owner = internLimbs(load<u64>(word), load<u64>(word, 8), high, 0);
  const at = entryOf(owner);
  if (owner == 0 || load<u32>(at, A_OWNER) != owner) return 0;
  const balance = load<u32>(at, A_BALANCE);
  if (load<u32>(balance, C_TX) != load<u32>(MACHINE_BASE, M_TX)) return 0;
  if ((load<u32>(balance, C_FLAGS) & CELL_WARM) == 0) return 0;
  const code = load<u32>(at, A_CODE_HASH);
  if (!eq256(code + C_VALUE, load<u32>(at, A_PROGRAM) + P_HASH)) return 0;
  return at;
}

/** Has the transaction reached the cell of the account's code, which the host would read now. */
// @ts-ignore: decorator
@inline
function reachCode(callee: u32): void {
  startCell(load<u32>(callee, A_CODE_HASH));
}

/** Answers the suspension of the frame; gives the frame to run next, 0 where the host has to. */
function answer(fp: u32): u32 {
  if (load<u32>(MACHINE_BASE, M_CALLS) == 0) return 0;
  const form = load<u32>(HOST_CALLS_BASE + (load<u32>(fp, F_DETAIL) << 2));
  if (form == 0 || (load<u32>(fp, F_FLAGS) & FLAG_CLOSED) != 0) return 0;
  return form & CALL_CODE_SIZE ? giveCodeSize(fp) : enterCallee(fp, form);
}

function giveCodeSize(fp: u32): u32 {
  const word = load<u32>(fp, F_SP) - 32;
  const callee = findCallee(word);
  const gas = load<i64>(fp, F_GAS) - load<i64>(MACHINE_BASE, M_ACCOUNT_WARM);
  if (callee == 0 || gas < 0) return 0;
  store<i64>(fp, gas, F_GAS);
  reachCode(callee);
  set64(word, load<u32>(load<u32>(callee, A_PROGRAM), P_CODE_LENGTH));
  return fp;
}

/** Address of the operand of a frame with the window pointer. */
// @ts-ignore: decorator
@inline
function operand(sp: u32, index: u32): u32 {
  return sp - ((index + 1) << 5);
}

// @ts-ignore: decorator
@inline
function inputOf(form: u32): u32 {
  return (form >> CALL_INPUT_SHIFT) & CALL_INPUT_BITS;
}

/** Begins the frame of a call, as the host would; 0: it has to. */
function enterCallee(fp: u32, form: u32): u32 {
  const sp = load<u32>(fp, F_SP);
  const first = inputOf(form);
  if (first > 2 && !iszero256(operand(sp, 2))) return 0;
  if (fp >= CALLERS_END) return 0;
  const callee = findCallee(operand(sp, 1));
  if (callee == 0) return 0;
  const program = load<u32>(callee, A_PROGRAM);
  const callsLeft = load<u32>(program, P_CALLS_LEFT);
  if (callsLeft == 0) return 0;
  const offset = operand(sp, first);
  const size = operand(sp, first + 1);
  if (!chargeRange(fp, offset, size)) return 0;
  if (!chargeRange(fp, operand(sp, first + 2), operand(sp, first + 3))) return 0;
  reachCode(callee);
  const left = load<i64>(fp, F_GAS) - load<i64>(MACHINE_BASE, M_ACCOUNT_WARM);
  if (left < 0) return 0;
  // EIP-150: it gets what it asks for, but at most all but one part in 64.
  const most = <u64>left - (<u64>left >> 6);
  const gas = isOffset(operand(sp, 0), most) ? load<u64>(operand(sp, 0)) : most;
  store<i64>(fp, left - <i64>gas, F_GAS);
  store<u32>(program, callsLeft - 1, P_CALLS_LEFT);
  const length = load<u32>(size);
  const input = length == 0 ? HEAP_BASE : load<u32>(fp + F_REGIONS, R_BASE) + load<u32>(offset);
  const isOnSelf = (form & CALL_ON_SELF) != 0;
  const isAsCaller = (form & CALL_AS_CALLER) != 0;
  const owner = load<u32>(callee, A_OWNER);
  const self = wordOf(fp, W_SELF);
  const isStatic = load<u32>(fp, F_FLAGS) & FLAG_STATIC || form & CALL_STATIC;
  enterFrame(
    fp + FRAME_BYTES,
    program,
    input,
    length,
    isOnSelf ? load<u32>(fp, F_OWNER) : owner,
    isStatic ? FLAG_CALLED | FLAG_STATIC : FLAG_CALLED,
    isOnSelf ? self : ownerPtr(owner),
    isAsCaller ? wordOf(fp, W_CALLER) : self,
    isAsCaller ? wordOf(fp, W_VALUE) : ZERO_WORD,
    gas,
  );
  return fp + FRAME_BYTES;
}

/** Ends a frame that `enterCallee` began; gives the one below it, or 0 for the host to end it. */
function leaveCallee(fp: u32, status: u32): u32 {
  const isTrap = status == STATUS_TRAP;
  const length = isTrap ? 0 : load<u32>(fp, F_OUT_LENGTH);
  if (length > RETURN_END - RETURN_BASE) return 0;
  if (status != STATUS_FINISH) rollback(fp + F_CHECKPOINT);
  const below = fp - FRAME_BYTES;
  const sp = load<u32>(below, F_SP);
  const form = load<u32>(HOST_CALLS_BASE + (load<u32>(below, F_DETAIL) << 2));
  const offset = load<u64>(operand(sp, inputOf(form) + 2));
  const size = load<u64>(operand(sp, inputOf(form) + 3));
  setReturn(below, load<u32>(fp, F_OUT_BASE), length, offset, size);
  if (!isTrap) store<i64>(below, load<i64>(below, F_GAS) + load<i64>(fp, F_GAS), F_GAS);
  const result = sp - ((form & CALL_OPERANDS) << 5);
  set64(result, status == STATUS_FINISH ? 1 : 0);
  store<u32>(below, result + 32, F_SP);
  return below;
}

// @ts-ignore: decorator
@inline
function isEnd(status: u32): bool {
  return status == STATUS_FINISH || status == STATUS_REVERT || status == STATUS_TRAP;
}

/** Runs the frame as `runFrame` does; where it stands before compiled code, without the loop. */
// @ts-ignore: decorator
@inline
function runOne(fp: u32, steps: u64): u32 {
  const pc = load<u32>(fp, F_PC);
  // An ENTER word stands behind an empty header; bit 0 is set inside a block.
  if (
    (pc & 1) == 0 &&
    load<u64>(pc) == 0 &&
    <i32>load<u16>(pc, HEADER_BYTES) == Op.ENTER &&
    steps < load<u64>(MACHINE_BASE, M_YIELD)
  ) {
    const place = load<u32>(pc, HEADER_BYTES + 4);
    const sp = load<u32>(fp, F_SP);
    const status = call_indirect<u32>(place, fp, sp, load<i64>(fp, F_GAS), steps);
    if (status != STATUS_CONTINUE) return status;
  }
  return runFrame(fp);
}

/**
 * Runs the frame, and those that it calls, for about `budget` operations; returns a STATUS_*, which
 * is that of the frame at M_CURRENT.
 */
export function run(fp: u32, budget: u32): u32 {
  let steps = load<u64>(MACHINE_BASE, M_STEPS);
  const yieldAt = min(steps + <u64>budget, load<u64>(MACHINE_BASE, M_STEP_LIMIT));
  store<u64>(MACHINE_BASE, yieldAt, M_YIELD);
  let next = fp;
  let status: u32 = 0;
  do {
    const frame = next;
    store<u32>(MACHINE_BASE, frame, M_CURRENT);
    status = runOne(frame, steps);
    const program = load<u32>(frame, F_PROGRAM);
    const before = <u32>steps;
    steps = load<u64>(MACHINE_BASE, M_STEPS);
    if (program != 0) {
      store<u32>(program, load<u32>(program, P_STEPS) + <u32>steps - before, P_STEPS);
    }
    next = 0;
    if (status == STATUS_SUSPEND) next = answer(frame);
    else if ((load<u32>(frame, F_FLAGS) & FLAG_CALLED) != 0 && isEnd(status)) {
      next = leaveCallee(frame, status);
    }
  } while (next != 0);
  return status;
}
