/** What a transaction leaves for its outcome, copied out in one piece. */
import {
  C_KEY,
  C_ORIGINAL,
  C_OWNER,
  C_SPACE,
  C_VALUE,
  LOGS_BASE,
  M_LOG_TOP,
  M_TOUCHED_TOP,
  MACHINE_BASE,
  TOUCHED_BASE,
  WRITTEN_BYTES,
} from '../layout';
import { copy256, eq256 } from './u256';

/** Bytes that `collectEffects` may write for the transaction, of which `output` are its output. */
export function effectsLimit(output: u32): u32 {
  const logs = load<u32>(MACHINE_BASE, M_LOG_TOP) - LOGS_BASE;
  const touched = (load<u32>(MACHINE_BASE, M_TOUCHED_TOP) - TOUCHED_BASE) >> 2;
  return ((output + 7) & ~7) + logs + touched * WRITTEN_BYTES;
}

/**
 * Writes the output, the logs and the changed cells of the space to `target`, each from a multiple
 * of 8 bytes. Returns the bytes that the changed cells take.
 */
export function collectEffects(target: u32, output: u32, length: u32, space: u32): u32 {
  memory.copy(target, output, length);
  const at = target + ((length + 7) & ~7);
  const logs = load<u32>(MACHINE_BASE, M_LOG_TOP) - LOGS_BASE;
  memory.copy(at, LOGS_BASE, logs);
  return collectWritten(space, at + logs) * WRITTEN_BYTES;
}

/**
 * Writes the cells of the space whose value differs from the original to `target`, in the order of
 * their first use: owner (8 bytes), key, original, value. Returns their count.
 */
function collectWritten(space: u32, target: u32): u32 {
  const end = load<u32>(MACHINE_BASE, M_TOUCHED_TOP);
  let count: u32 = 0;
  for (let at: u32 = TOUCHED_BASE; at < end; at += 4) {
    const cell = load<u32>(at);
    if (load<u32>(cell, C_SPACE) != space) continue;
    if (eq256(cell + C_VALUE, cell + C_ORIGINAL)) continue;
    const to = target + count * WRITTEN_BYTES;
    store<u64>(to, <u64>load<u32>(cell, C_OWNER));
    copy256(to + 8, cell + C_KEY);
    copy256(to + 40, cell + C_ORIGINAL);
    copy256(to + 72, cell + C_VALUE);
    count++;
  }
  return count;
}
