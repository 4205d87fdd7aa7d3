/** What a transaction leaves for its outcome, copied out in one piece. */
import {
  C_KEY,
  C_ORIGINAL,
  C_OWNER,
  C_SPACE,
  C_VALUE,
  E_LOG_BYTES,
  E_OUTPUT_LENGTH,
  E_REFUND,
  E_STEPS,
  E_WRITTEN_BYTES,
  EFFECTS_HEADER_BYTES,
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
  const logs = load<u32>(MACHINE_BASE, M_LOG_TOP) - LOGS_BASE;
  store<i64>(target, load<i64>(MACHINE_BASE, M_REFUND), E_REFUND);
  store<u64>(target, load<u64>(MACHINE_BASE, M_STEPS), E_STEPS);
  store<u32>(target, length, E_OUTPUT_LENGTH);
  store<u32>(target, logs, E_LOG_BYTES);
  let at = target + EFFECTS_HEADER_BYTES;
  copyBytes(at, output, length);
  at += (length + 7) & ~7;
  copyBytes(at, LOGS_BASE, logs);
  at += logs;
  const written = collectWritten(space, at);
  store<u32>(target, written, E_WRITTEN_BYTES);
  return at + written - target;
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
