/** Begins frames of open functions: the record, its regions, and the words that every VM has. */
import {
  F_CALL_DEPTH,
  F_CHECKPOINT,
  F_FLAGS,
  F_GAS,
  F_JUMPS,
  F_JUMPS_MASK,
  F_OUT_LENGTH,
  F_OWNER,
  F_PC,
  F_PROGRAM,
  F_REGIONS,
  F_SP,
  F_WINDOW_BASE,
  F_WINDOW_LIMIT,
  F_WORDS,
  FRAME_BYTES,
  FRAMES_BASE,
  HEAP_BASE,
  P_CODE,
  P_CODE_LENGTH,
  P_ENTRY,
  P_JUMPS,
  P_JUMPS_MASK,
  R_BASE,
  R_FLAGS,
  R_LENGTH,
  REGION_BOUNDS_CHARGE,
  REGION_BOUNDS_TRAP,
  REGION_BOUNDS_ZERO,
  REGION_BYTES,
  REGION_WRITABLE,
  RETURN_BASE,
  W_CALLER,
  W_CODE_LENGTH,
  W_INPUT_LENGTH,
  W_RETURN_LENGTH,
  W_SELF,
  W_VALUE,
  WINDOW_BASE,
  WINDOW_BYTES,
} from '../layout';
import { checkpoint } from './journal';
import { copyBytes, growMemory256 } from './memory';
import { copy256, set64 } from './u256-word';

// @ts-ignore: decorator
@inline
function setRegion(fp: u32, index: u32, base: u32, length: u32, flags: u32): void {
  const region = fp + F_REGIONS + index * REGION_BYTES;
  store<u32>(region, base, R_BASE);
  store<u32>(region, length, R_LENGTH);
  store<u32>(region, flags, R_FLAGS);
}

// @ts-ignore: decorator
@inline
export function wordOf(fp: u32, index: u32): u32 {
  return fp + F_WORDS + (index << 5);
}

/** Charges the frame for the memory under a range, which two words tell; false: out of gas. */
export function chargeRange(fp: u32, offset: u32, size: u32): bool {
  const left = growMemory256(fp, offset, size, load<i64>(fp, F_GAS));
  if (left >= 0) store<i64>(fp, left, F_GAS);
  return left >= 0;
}

/**
 * Makes bytes the return data of the frame, and copies as many of them as fit to a range of its
 * memory, which covers it.
 */
export function setReturn(fp: u32, source: u32, length: u32, offset: u64, size: u64): void {
  copyBytes(RETURN_BASE, source, length);
  store<u32>(fp + F_REGIONS + 3 * REGION_BYTES, length, R_LENGTH);
  set64(wordOf(fp, W_RETURN_LENGTH), length);
  const count = <u32>min<u64>(size, length);
  if (count == 0) return;
  copyBytes(load<u32>(fp + F_REGIONS, R_BASE) + <u32>offset, RETURN_BASE, count);
}

/**
 * Makes the record of a frame above the one below it, if any, whose window and memory it begins
 * behind, and sets the journal's mark. The words of self, caller and value are read at addresses;
 * gas of 2^63 and more becomes the most that the loop can count.
 */
export function enterFrame(
  fp: u32,
  program: u32,
  input: u32,
  inputLength: u32,
  owner: u32,
  flags: u32,
  self: u32,
  caller: u32,
  value: u32,
  gas: u64,
): void {
  let window: u32 = WINDOW_BASE + 32;
  let heap: u32 = HEAP_BASE;
  if (fp != FRAMES_BASE) {
    const below = fp - FRAME_BYTES;
    window = load<u32>(below, F_SP);
    heap = load<u32>(below + F_REGIONS, R_BASE) + load<u32>(below + F_REGIONS, R_LENGTH);
  }
  const codeLength = load<u32>(program, P_CODE_LENGTH);
  store<u32>(fp, load<u32>(program, P_ENTRY), F_PC);
  store<u32>(fp, window, F_SP);
  store<u32>(fp, window, F_WINDOW_BASE);
  store<u32>(fp, window + WINDOW_BYTES, F_WINDOW_LIMIT);
  store<u64>(fp, min(gas, <u64>i64.MAX_VALUE), F_GAS);
  store<u32>(fp, load<u32>(program, P_JUMPS), F_JUMPS);
  store<u32>(fp, load<u32>(program, P_JUMPS_MASK), F_JUMPS_MASK);
  store<u32>(fp, program, F_PROGRAM);
  store<u32>(fp, 0, F_CALL_DEPTH);
  store<u32>(fp, flags, F_FLAGS);
  store<u32>(fp, owner, F_OWNER);
  store<u32>(fp, 0, F_OUT_LENGTH);
  setRegion(fp, 0, heap, 0, REGION_BOUNDS_CHARGE | REGION_WRITABLE);
  setRegion(fp, 1, input, inputLength, REGION_BOUNDS_ZERO);
  setRegion(fp, 2, load<u32>(program, P_CODE), codeLength, REGION_BOUNDS_ZERO);
  setRegion(fp, 3, RETURN_BASE, 0, REGION_BOUNDS_TRAP);
  copy256(wordOf(fp, W_SELF), self);
  copy256(wordOf(fp, W_CALLER), caller);
  copy256(wordOf(fp, W_VALUE), value);
  set64(wordOf(fp, W_INPUT_LENGTH), inputLength);
  set64(wordOf(fp, W_CODE_LENGTH), codeLength);
  set64(wordOf(fp, W_RETURN_LENGTH), 0);
  checkpoint(fp + F_CHECKPOINT);
}
