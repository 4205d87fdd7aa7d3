/** What a transaction leaves for its outcome, copied out in one piece. */
import {
  C_KEY,
  C_ORIGINAL,
  C_OWNER,
  C_SPACE,
  C_VALUE,
  E_GAS,
  E_LOG_BYTES,
  E_OUTPUT_LENGTH,
  E_REFUND,
  E_STEPS,
  EFFECTS_HEADER_BYTES,
  F_GAS,
  FRAMES_BASE,
  L_DATA_LENGTH,
  L_DATA_SKIP,
  L_OWNER,
  L_SKIP_BITS,
  LOG_HEADER_BYTES,
  LOGS_BASE,
  M_LOG_TOP,
  M_REFUND,
  M_STEPS,
  M_TOUCHED_TOP,
  MACHINE_BASE,
  TOUCHED_BASE,
  WRITTEN_BYTES_MAX,
  WRITTEN_COUNTS,
  WRITTEN_HEADER_BYTES,
  WRITTEN_OWNER,
} from '../layout';
import { copyBytes } from './memory';
import { copy256, eq256 } from './u256';

/** Bytes of all effects but what was written. */
function fixedBytes(output: u32): u32 {
  const logs = load<u32>(MACHINE_BASE, M_LOG_TOP) - LOGS_BASE;
  return EFFECTS_HEADER_BYTES + ((output + 7) & ~7) + logs;
}

// @ts-ignore: decorator
@inline
function isChanged(cell: u32, space: u32): bool {
  return load<u32>(cell, C_SPACE) == space && !eq256(cell + C_VALUE, cell + C_ORIGINAL);
}

/** Bytes that `collectEffects` writes at most for an output of the length. */
export function effectsSize(output: u32, space: u32): u32 {
  const end = load<u32>(MACHINE_BASE, M_TOUCHED_TOP);
  let bytes = fixedBytes(output);
  for (let at: u32 = TOUCHED_BASE; at < end; at += 4) {
    if (isChanged(load<u32>(at), space)) bytes += WRITTEN_BYTES_MAX;
  }
  return bytes;
}

/** Whether the effects fit; only where all touched cells would not, those that changed count. */
function isWithin(room: u32, output: u32, space: u32): bool {
  const touched = (load<u32>(MACHINE_BASE, M_TOUCHED_TOP) - TOUCHED_BASE) >> 2;
  if (fixedBytes(output) + touched * WRITTEN_BYTES_MAX <= room) return true;
  return effectsSize(output, space) <= room;
}

/**
 * Writes a header, the output, the logs and the changed cells of the space to `target`, each from a
 * multiple of 8 bytes. Returns the bytes that all take; 0, and nothing is written, where there are
 * more than `room`.
 */
export function collectEffects(
  target: u32,
  room: u32,
  output: u32,
  length: u32,
  space: u32,
): u32 {
  if (!isWithin(room, length, space)) return 0;
  store<i64>(target, load<i64>(MACHINE_BASE, M_REFUND), E_REFUND);
  store<u64>(target, load<u64>(MACHINE_BASE, M_STEPS), E_STEPS);
  store<u64>(target, load<u64>(FRAMES_BASE, F_GAS), E_GAS);
  const skip = skippable(output, length);
  store<u64>(target, <u64>length | (<u64>skip << 32), E_OUTPUT_LENGTH);
  let at = target + EFFECTS_HEADER_BYTES;
  at += copySkipped(at, output, length, skip);
  const logs = collectLogs(at);
  at += logs;
  const written = collectWritten(space, at);
  store<u64>(target, <u64>logs | (<u64>written << 32), E_LOG_BYTES);
  return at + written - target;
}

/** Limbs of a big-endian word below its lowest address that are zero. */
// @ts-ignore: decorator
@inline
function highZeros(word: u32): u32 {
  if (load<u64>(word) != 0) return 0;
  if (load<u64>(word, 8) != 0) return 1;
  return load<u64>(word, 16) != 0 ? 2 : 3;
}

/** Limbs at the start of bytes that need not be copied: those of a word, if there is one. */
// @ts-ignore: decorator
@inline
function skippable(bytes: u32, length: u32): u32 {
  return length < 32 ? 0 : highZeros(bytes);
}

/** Copies bytes but for so many limbs, padded to 8; returns how many were written. */
// @ts-ignore: decorator
@inline
function copySkipped(target: u32, bytes: u32, length: u32, skip: u32): u32 {
  const rest = length - (skip << 3);
  copyBytes(target, bytes + (skip << 3), rest);
  return (rest + 7) & ~7;
}

/** Writes the logs to `target`, and scratch behind them; returns the bytes that they take. */
function collectLogs(target: u32): u32 {
  const end = load<u32>(MACHINE_BASE, M_LOG_TOP);
  let to = target;
  for (let from: u32 = LOGS_BASE; from < end; ) {
    const first = load<u64>(from, L_OWNER);
    const record = to;
    const length = load<u64>(from, L_DATA_LENGTH);
    let skips: u32 = 0;
    to += LOG_HEADER_BYTES;
    from += LOG_HEADER_BYTES;
    const topics = <u32>(first >> 32);
    for (let i: u32 = 0; i < topics; i++) {
      const skip = highZeros(from);
      skips |= skip << (i * L_SKIP_BITS);
      copy256(to, from + (skip << 3));
      to += 32 - (skip << 3);
      from += 32;
    }
    const skip = skippable(from, <u32>length);
    to += copySkipped(to, from, <u32>length, skip);
    from += (<u32>length + 7) & ~7;
    skips |= skip << L_DATA_SKIP;
    store<u64>(record, first, L_OWNER);
    store<u64>(record, length | (<u64>skips << 32), L_DATA_LENGTH);
  }
  return to - target;
}

/** Limbs of a word up to the highest that is not zero. */
// @ts-ignore: decorator
@inline
function limbCount(word: u32): u32 {
  if (load<u64>(word, 24) != 0) return 4;
  if (load<u64>(word, 16) != 0) return 3;
  return load<u64>(word, 8) != 0 ? 2 : <u32>(load<u64>(word) != 0);
}

/**
 * Writes the cells of the space whose value differs from the original to `target`, in the order of
 * their first use, as the layout tells. Returns the bytes that they take; what is written behind
 * the last of them stays within WRITTEN_BYTES_MAX.
 */
function collectWritten(space: u32, target: u32): u32 {
  const end = load<u32>(MACHINE_BASE, M_TOUCHED_TOP);
  let to = target;
  for (let at: u32 = TOUCHED_BASE; at < end; at += 4) {
    const cell = load<u32>(at);
    if (!isChanged(cell, space)) continue;
    const key = limbCount(cell + C_KEY);
    const original = limbCount(cell + C_ORIGINAL);
    const value = limbCount(cell + C_VALUE);
    store<u32>(to, load<u32>(cell, C_OWNER), WRITTEN_OWNER);
    store<u32>(to, key | (original << 8) | (value << 16), WRITTEN_COUNTS);
    to += WRITTEN_HEADER_BYTES;
    copy256(to, cell + C_KEY);
    to += key << 3;
    copy256(to, cell + C_ORIGINAL);
    to += original << 3;
    copy256(to, cell + C_VALUE);
    to += value << 3;
  }
  return to - target;
}
