/**
 * The hot tables of the journal: every cell that the machine knows, with its value, the value at
 * the start of the transaction and its warmth; the undo log; the logs.
 *
 *   owners    32-byte ids by index, 0 reserved
 *   indexes   over owners and cells: open addressing, linear probing, at most half full; double in
 *             place. A slot has bits of the hash, so that a probe seldom reads another's entry, and
 *             an index is as small as it can be, so that it stays in the cache
 *   touched   addresses of the cells that the transaction reached, in order of first touch
 *   cells     128-byte entries in order of insertion, contiguous up to M_CELL_TOP
 *   undo      48-byte records: a cell's flags and value, and the refund counter, before a change
 *   logs      records as L_* tells, data padded with zeros to 8 bytes
 *
 * Invariants:
 * - A cell's original value and its flags WARM, READ and WRITTEN hold for the transaction C_TX
 *   only. A cell of an older transaction is brought to the current one when it is first reached, so
 *   that a transaction begins without visiting the cells.
 * - An operation that finds a range full changes nothing and leaves the range's name in
 *   M_JOURNAL_STATUS, where it stays until the next transaction. Who drives the machine reads it
 *   whenever control comes back and, when it is set, rolls back to the start of the transaction.
 * - Values, WARM, WRITTEN, DIRTY and EXISTS, the refund and the logs are undone by a rollback. READ
 *   and the touched list are not: what was read influenced the outcome even when it was reverted.
 * - Entries are never removed singly; `evictAll` forgets them together, between transactions.
 *
 * C_HASH and the index depend on M_HASH_SEED; nothing that leaves the machine does. A host that
 * runs strangers' transactions sets the seed before `initJournal`, so that nobody can choose keys
 * that collide.
 */
import {
  C_FLAGS,
  C_HASH,
  C_KEY,
  C_ORIGINAL,
  C_OWNER,
  C_TX,
  C_VALUE,
  CALLEE_BYTES,
  CALLEE_COUNT,
  CALLEES_BASE,
  CELL_BYTES,
  CELL_COUNT_MAX,
  CELL_DIRTY,
  CELL_EXISTS,
  CELL_INDEX_BASE,
  CELL_READ,
  CELL_WARM,
  CELL_WRITTEN,
  CELLS_BASE,
  JOURNAL_CELLS_FULL,
  JOURNAL_END,
  JOURNAL_LOGS_FULL,
  JOURNAL_OK,
  JOURNAL_OWNERS_FULL,
  JOURNAL_UNDO_FULL,
  K_LOG_COUNT,
  K_LOG_TOP,
  K_UNDO_TOP,
  L_DATA_LENGTH,
  L_OWNER,
  LOG_HEADER_BYTES,
  LOGS_BASE,
  M_CELL_COUNT,
  M_CELL_TOP,
  M_HASH_SEED,
  M_INDEX_MASK,
  M_JOURNAL_STATUS,
  M_LOG_COUNT,
  M_LOG_TOP,
  M_OWNER_COUNT,
  M_OWNER_MASK,
  M_REFUND,
  M_STEP_LIMIT,
  M_STEPS,
  M_TOUCHED_TOP,
  M_TX,
  M_UNDO_TOP,
  MACHINE_BASE,
  OWNER_BYTES,
  OWNER_COUNT_MAX,
  OWNER_INDEX_BASE,
  OWNERS_BASE,
  SPACE_CREATED,
  SPACE_DESTROYED,
  SPACE_TRANSIENT,
  TOUCHED_BASE,
  U_CELL,
  U_FLAGS,
  U_REFUND,
  U_VALUE,
  UNDO_BASE,
  UNDO_BYTES,
} from '../layout';
import { copyBytes } from './memory';
import { copy256, iszero256, setLimbs, storeBe256, zero256 } from './u256-word';

const INDEX_SLOTS_MIN: u32 = 4096;
/** A slot of the cells' index: the address of a cell, and bits of its hash in place of zeros. */
const CELL_TAG: u32 = CELL_BYTES - 1;
const HASH_TAG_SHIFT: u32 = 32 - u32(popcnt(CELL_TAG));
/** A slot of the owners' index: the index of an owner, and above it bits of its hash. */
const OWNER_TAG: u32 = ~(u32(OWNER_COUNT_MAX) - 1);

// Odd multipliers without structure: the golden ratio and first words of SHA-512.
const MIX_0: u64 = 0x9e3779b97f4a7c15;
const MIX_1: u64 = 0xbb67ae8584caa73b;
const MIX_2: u64 = 0x3c6ef372fe94f82b;
const MIX_3: u64 = 0xa54ff53a5f1d36f1;
const MIX_4: u64 = 0x510e527fade682d1;

/** Whether the cells of a space live for one transaction only. */
// @ts-ignore: decorator
@inline
function isLocal(space: u32): bool {
  return space == SPACE_TRANSIENT || space == SPACE_CREATED || space == SPACE_DESTROYED;
}

/** The four limbs and a tag, each multiplied on its own so that the multiplications overlap. */
// @ts-ignore: decorator
@inline
function hashLimbs(k0: u64, k1: u64, k2: u64, k3: u64, tag: u64): u32 {
  const seed = load<u64>(MACHINE_BASE, M_HASH_SEED);
  let h = (k0 ^ seed) * MIX_0;
  h ^= (k1 + seed) * MIX_1;
  h ^= k2 * MIX_2;
  h ^= k3 * MIX_3;
  h ^= tag * MIX_4;
  h ^= h >> 32;
  h *= MIX_0;
  return <u32>(h >> 32);
}

function fail(status: u32): void {
  store<u32>(MACHINE_BASE, status, M_JOURNAL_STATUS);
}

/** Forgets everything: owners, cells, logs. The memory must be fresh or hold a journal. */
export function initJournal(): void {
  memory.fill(OWNER_INDEX_BASE, 0, INDEX_SLOTS_MIN << 2);
  store<u32>(MACHINE_BASE, INDEX_SLOTS_MIN - 1, M_OWNER_MASK);
  store<u32>(MACHINE_BASE, 1, M_OWNER_COUNT);
  store<u32>(MACHINE_BASE, 0, M_TX);
  evictAll();
}

/**
 * Forgets every cell and begins a transaction. Dirty cells are lost unless they were written to the
 * backend before; owners keep their indexes; checkpoints and cell addresses are void.
 */
export function evictAll(): void {
  memory.fill(CELL_INDEX_BASE, 0, INDEX_SLOTS_MIN << 2);
  memory.fill(CALLEES_BASE, 0, CALLEE_COUNT * CALLEE_BYTES);
  store<u32>(MACHINE_BASE, INDEX_SLOTS_MIN - 1, M_INDEX_MASK);
  store<u32>(MACHINE_BASE, CELLS_BASE, M_CELL_TOP);
  store<u32>(MACHINE_BASE, 0, M_CELL_COUNT);
  txBegin();
}

/** Begins a transaction: all cells cold, no refund, no logs, nothing to undo, no steps done. */
export function txBegin(): void {
  let tx = load<u32>(MACHINE_BASE, M_TX) + 1;
  if (tx == 0) {
    // After 2^32 transactions an old generation could pass for the current one.
    const end = load<u32>(MACHINE_BASE, M_CELL_TOP);
    for (let cell: u32 = CELLS_BASE; cell < end; cell += CELL_BYTES) store<u32>(cell, 0, C_TX);
    tx = 1;
  }
  store<u32>(MACHINE_BASE, tx, M_TX);
  store<i64>(MACHINE_BASE, 0, M_REFUND);
  store<u32>(MACHINE_BASE, UNDO_BASE, M_UNDO_TOP);
  store<u32>(MACHINE_BASE, LOGS_BASE, M_LOG_TOP);
  store<u32>(MACHINE_BASE, 0, M_LOG_COUNT);
  store<u32>(MACHINE_BASE, TOUCHED_BASE, M_TOUCHED_TOP);
  store<u32>(MACHINE_BASE, JOURNAL_OK, M_JOURNAL_STATUS);
  store<u64>(MACHINE_BASE, 0, M_STEPS);
  store<u64>(MACHINE_BASE, u64.MAX_VALUE, M_STEP_LIMIT);
}

// Owners

/** Address of the 32-byte id of an owner. */
export function ownerPtr(index: u32): u32 {
  return OWNERS_BASE + index * OWNER_BYTES;
}

function placeOwner(index: u32, hash: u32, mask: u32): void {
  let slot = hash & mask;
  while (load<u32>(OWNER_INDEX_BASE + (slot << 2)) != 0) slot = (slot + 1) & mask;
  store<u32>(OWNER_INDEX_BASE + (slot << 2), index | (hash & OWNER_TAG));
}

function growOwnerIndex(count: u32): void {
  const mask = (load<u32>(MACHINE_BASE, M_OWNER_MASK) << 1) | 1;
  memory.fill(OWNER_INDEX_BASE, 0, (mask + 1) << 2);
  for (let i: u32 = 1; i < count; i++) {
    const id = ownerPtr(i);
    const high = load<u64>(id, 24);
    const hash = hashLimbs(load<u64>(id), load<u64>(id, 8), load<u64>(id, 16), high, 0);
    placeOwner(i, hash, mask);
  }
  store<u32>(MACHINE_BASE, mask, M_OWNER_MASK);
}

/** The index of a 32-byte id, the same for the same bytes; 0 when the owners are full. */
export function internOwner(ptr: u32): u32 {
  return internLimbs(load<u64>(ptr), load<u64>(ptr, 8), load<u64>(ptr, 16), load<u64>(ptr, 24));
}

/**
 * The same for an id of 20 bytes, in five parts with the least first. They come as arguments since
 * a load of 8 bytes waits until two stores of 4 have left the processor's queue.
 */
export function internAddress(a0: u32, a1: u32, a2: u32, a3: u32, a4: u32): u32 {
  const k0 = <u64>a0 | (<u64>a1 << 32);
  return internLimbs(k0, <u64>a2 | (<u64>a3 << 32), <u64>a4, 0);
}

/** The same for the limbs of an id. */
export function internLimbs(k0: u64, k1: u64, k2: u64, k3: u64): u32 {
  const hash = hashLimbs(k0, k1, k2, k3, 0);
  const mask = load<u32>(MACHINE_BASE, M_OWNER_MASK);
  let slot = hash & mask;
  while (true) {
    const entry = load<u32>(OWNER_INDEX_BASE + (slot << 2));
    if (entry == 0) return addOwner(k0, k1, k2, k3, hash);
    const index = entry & ~OWNER_TAG;
    const id = ownerPtr(index);
    if (
      ((entry ^ hash) & OWNER_TAG) == 0 &&
      ((load<u64>(id) ^ k0) |
        (load<u64>(id, 8) ^ k1) |
        (load<u64>(id, 16) ^ k2) |
        (load<u64>(id, 24) ^ k3)) ==
        0
    ) {
      return index;
    }
    slot = (slot + 1) & mask;
  }
}

function addOwner(k0: u64, k1: u64, k2: u64, k3: u64, hash: u32): u32 {
  const index = load<u32>(MACHINE_BASE, M_OWNER_COUNT);
  if (index >= <u32>OWNER_COUNT_MAX) {
    fail(JOURNAL_OWNERS_FULL);
    return 0;
  }
  if (index << 1 > load<u32>(MACHINE_BASE, M_OWNER_MASK)) growOwnerIndex(index);
  store<u32>(MACHINE_BASE, index + 1, M_OWNER_COUNT);
  setLimbs(ownerPtr(index), k0, k1, k2, k3);
  placeOwner(index, hash, load<u32>(MACHINE_BASE, M_OWNER_MASK));
  return index;
}

// The index over the cells

/** Address of the entry of a cell, or 0 where the journal does not know it. */
export function findCell(space: u32, owner: u32, keyPtr: u32): u32 {
  const k0 = load<u64>(keyPtr);
  const k1 = load<u64>(keyPtr, 8);
  const k2 = load<u64>(keyPtr, 16);
  const k3 = load<u64>(keyPtr, 24);
  // As one load reads C_OWNER and C_SPACE
  const tag = (<u64>space << 32) | <u64>owner;
  const hash = hashLimbs(k0, k1, k2, k3, tag);
  const mask = load<u32>(MACHINE_BASE, M_INDEX_MASK);
  let slot = hash & mask;
  while (true) {
    const entry = load<u32>(CELL_INDEX_BASE + (slot << 2));
    if (entry == 0) return 0;
    const cell = entry & ~CELL_TAG;
    if (
      (entry & CELL_TAG) == hash >> HASH_TAG_SHIFT &&
      ((load<u64>(cell, C_KEY) ^ k0) |
        (load<u64>(cell, C_KEY + 8) ^ k1) |
        (load<u64>(cell, C_KEY + 16) ^ k2) |
        (load<u64>(cell, C_KEY + 24) ^ k3) |
        (load<u64>(cell, C_OWNER) ^ tag)) ==
        0
    ) {
      return cell;
    }
    slot = (slot + 1) & mask;
  }
}

function placeInIndex(cell: u32, hash: u32, mask: u32): void {
  let slot = hash & mask;
  while (load<u32>(CELL_INDEX_BASE + (slot << 2)) != 0) slot = (slot + 1) & mask;
  store<u32>(CELL_INDEX_BASE + (slot << 2), cell | (hash >> HASH_TAG_SHIFT));
}

function growIndex(): void {
  const mask = (load<u32>(MACHINE_BASE, M_INDEX_MASK) << 1) | 1;
  memory.fill(CELL_INDEX_BASE, 0, (mask + 1) << 2);
  const end = load<u32>(MACHINE_BASE, M_CELL_TOP);
  for (let cell: u32 = CELLS_BASE; cell < end; cell += CELL_BYTES) {
    placeInIndex(cell, load<u32>(cell, C_HASH), mask);
  }
  store<u32>(MACHINE_BASE, mask, M_INDEX_MASK);
}

/**
 * Enters a cell as the backend knows it and returns its address, or 0 when the cells are full. A
 * cell that is there already stays as it is: the journal knows better than the backend.
 */
export function insertCell(
  space: u32,
  owner: u32,
  keyPtr: u32,
  valuePtr: u32,
  exists: bool,
): u32 {
  let cell = findCell(space, owner, keyPtr);
  if (cell != 0) return cell;
  const count = load<u32>(MACHINE_BASE, M_CELL_COUNT);
  if (count >= <u32>CELL_COUNT_MAX) {
    fail(JOURNAL_CELLS_FULL);
    return 0;
  }
  if (count << 1 > load<u32>(MACHINE_BASE, M_INDEX_MASK)) growIndex();
  cell = load<u32>(MACHINE_BASE, M_CELL_TOP);
  store<u32>(MACHINE_BASE, cell + CELL_BYTES, M_CELL_TOP);
  store<u32>(MACHINE_BASE, count + 1, M_CELL_COUNT);
  const tag = (<u64>space << 32) | <u64>owner;
  const hash = hashLimbs(
    load<u64>(keyPtr),
    load<u64>(keyPtr, 8),
    load<u64>(keyPtr, 16),
    load<u64>(keyPtr, 24),
    tag,
  );
  copy256(cell + C_KEY, keyPtr);
  copy256(cell + C_VALUE, valuePtr);
  zero256(cell + C_ORIGINAL);
  store<u64>(cell, tag, C_OWNER);
  store<u32>(cell, 0, C_TX);
  store<u32>(cell, exists ? CELL_EXISTS : 0, C_FLAGS);
  store<u64>(cell, <u64>hash, C_HASH);
  store<u64>(cell, 0, C_HASH + 8);
  placeInIndex(cell, hash, load<u32>(MACHINE_BASE, M_INDEX_MASK));
  return cell;
}

// Changes of a cell

/** Brings a cell to the current transaction. */
export function startCell(cell: u32): void {
  const tx = load<u32>(MACHINE_BASE, M_TX);
  if (load<u32>(cell, C_TX) == tx) return;
  let flags = load<u32>(cell, C_FLAGS) & ~(CELL_WARM | CELL_READ | CELL_WRITTEN);
  if (isLocal(load<u32>(cell, C_OWNER + 4))) {
    zero256(cell + C_VALUE);
    flags = 0;
  }
  // A value of zero does not outlive its transaction: the backend keeps no such cell either.
  if (iszero256(cell + C_VALUE)) flags &= ~CELL_EXISTS;
  copy256(cell + C_ORIGINAL, cell + C_VALUE);
  store<u32>(cell, flags, C_FLAGS);
  store<u32>(cell, tx, C_TX);
  const top = load<u32>(MACHINE_BASE, M_TOUCHED_TOP);
  store<u32>(top, cell);
  store<u32>(MACHINE_BASE, top + 4, M_TOUCHED_TOP);
}

/** As `findCell`, and brings the cell to the current transaction. */
export function reachCell(space: u32, owner: u32, keyPtr: u32): u32 {
  const cell = findCell(space, owner, keyPtr);
  if (cell != 0) startCell(cell);
  return cell;
}

/** Appends an undo record, for the refund alone where the cell is 0; false when the log is full. */
function pushUndo(cell: u32, flags: u32): bool {
  const top = load<u32>(MACHINE_BASE, M_UNDO_TOP);
  if (top + UNDO_BYTES > <u32>LOGS_BASE) {
    fail(JOURNAL_UNDO_FULL);
    return false;
  }
  store<u32>(top, cell, U_CELL);
  store<u32>(top, flags, U_FLAGS);
  store<i64>(top, load<i64>(MACHINE_BASE, M_REFUND), U_REFUND);
  if (cell != 0) copy256(top + U_VALUE, cell + C_VALUE);
  else zero256(top + U_VALUE);
  store<u32>(MACHINE_BASE, top + UNDO_BYTES, M_UNDO_TOP);
  return true;
}

function warmCell(cell: u32): bool {
  startCell(cell);
  const flags = load<u32>(cell, C_FLAGS) | CELL_READ;
  store<u32>(cell, flags, C_FLAGS);
  if (flags & CELL_WARM) return true;
  if (pushUndo(cell, flags)) store<u32>(cell, flags | CELL_WARM, C_FLAGS);
  return false;
}

/** Marks a cell as read and warm (EIP-2929); returns whether it was warm. */
export function touchCell(cell: u32): bool {
  // A warm cell is a read one: READ outlives every rollback.
  const isWarm =
    load<u32>(cell, C_TX) == load<u32>(MACHINE_BASE, M_TX) &&
    (load<u32>(cell, C_FLAGS) & CELL_WARM) != 0;
  return isWarm || warmCell(cell);
}

/** Makes the record for a change of the value, and sets the flags; false when the log is full. */
// @ts-ignore: decorator
@inline
function beginWrite(cell: u32, exists: u32): bool {
  startCell(cell);
  const flags = load<u32>(cell, C_FLAGS);
  if (!pushUndo(cell, flags)) return false;
  store<u32>(cell, (flags & ~CELL_EXISTS) | CELL_WRITTEN | CELL_DIRTY | exists, C_FLAGS);
  return true;
}

export function writeCell(cell: u32, valuePtr: u32): void {
  if (beginWrite(cell, CELL_EXISTS)) copy256(cell + C_VALUE, valuePtr);
}

/** The cell holds nothing afterwards, and reads as zero. */
export function deleteCell(cell: u32): void {
  if (beginWrite(cell, 0)) zero256(cell + C_VALUE);
}

/**
 * Adds a two's complement delta to the unsigned value. Returns whether the sum leaves 0..2^256-1;
 * then nothing changes.
 */
export function addCell(cell: u32, deltaPtr: u32): bool {
  startCell(cell);
  store<u32>(cell, load<u32>(cell, C_FLAGS) | CELL_READ, C_FLAGS);
  const a0 = load<u64>(cell, C_VALUE);
  const a1 = load<u64>(cell, C_VALUE + 8);
  const a2 = load<u64>(cell, C_VALUE + 16);
  const a3 = load<u64>(cell, C_VALUE + 24);
  const d3 = load<u64>(deltaPtr, 24);
  const s0 = a0 + load<u64>(deltaPtr);
  const c0 = <u64>(s0 < a0);
  const t1 = a1 + load<u64>(deltaPtr, 8);
  const s1 = t1 + c0;
  const c1 = <u64>(t1 < a1) | <u64>(s1 < c0);
  const t2 = a2 + load<u64>(deltaPtr, 16);
  const s2 = t2 + c1;
  const c2 = <u64>(t2 < a2) | <u64>(s2 < c1);
  const t3 = a3 + d3;
  const s3 = t3 + c2;
  const c3 = <u64>(t3 < a3) | <u64>(s3 < c2);
  // A carry out is due exactly when a negative delta stays at or above zero.
  if (c3 != d3 >> 63) return true;
  if (beginWrite(cell, CELL_EXISTS)) {
    store<u64>(cell, s0, C_VALUE);
    store<u64>(cell, s1, C_VALUE + 8);
    store<u64>(cell, s2, C_VALUE + 16);
    store<u64>(cell, s3, C_VALUE + 24);
  }
  return false;
}

/** Whether the cell holds a value, as a read of it. */
function readExists(cell: u32): bool {
  startCell(cell);
  const flags = load<u32>(cell, C_FLAGS);
  store<u32>(cell, flags | CELL_READ, C_FLAGS);
  return (flags & CELL_EXISTS) != 0;
}

/** Writes a cell that holds nothing; returns true, and changes nothing, where it holds a value. */
export function insertOnce(cell: u32, valuePtr: u32): bool {
  if (readExists(cell)) return true;
  writeCell(cell, valuePtr);
  return false;
}

/** Moves the value to `dst` and deletes the cell; returns true where it holds none. */
export function consumeCell(cell: u32, dst: u32): bool {
  if (!readExists(cell)) return true;
  copy256(dst, cell + C_VALUE);
  deleteCell(cell);
  return false;
}

export function refundAdd(delta: i64): void {
  if (!pushUndo(0, 0)) return;
  store<i64>(MACHINE_BASE, load<i64>(MACHINE_BASE, M_REFUND) + delta, M_REFUND);
}

// Checkpoints

/** Writes a checkpoint of CHECKPOINT_BYTES to `ptr`. Committing is forgetting it. */
export function checkpoint(ptr: u32): void {
  store<u32>(ptr, load<u32>(MACHINE_BASE, M_UNDO_TOP), K_UNDO_TOP);
  store<u32>(ptr, load<u32>(MACHINE_BASE, M_LOG_TOP), K_LOG_TOP);
  store<u32>(ptr, load<u32>(MACHINE_BASE, M_LOG_COUNT), K_LOG_COUNT);
}

/** Undoes what happened after the checkpoint, which stays valid; later ones are void. */
export function rollback(ptr: u32): void {
  const logTop = load<u32>(ptr, K_LOG_TOP);
  rollbackTo(load<u32>(ptr, K_UNDO_TOP), logTop, load<u32>(ptr, K_LOG_COUNT));
}

/** Undoes everything that the transaction changed; all checkpoints are void. */
export function rollbackAll(): void {
  rollbackTo(UNDO_BASE, LOGS_BASE, 0);
}

function rollbackTo(bottom: u32, logTop: u32, logCount: u32): void {
  let top = load<u32>(MACHINE_BASE, M_UNDO_TOP);
  while (top > bottom) {
    top -= UNDO_BYTES;
    const cell = load<u32>(top, U_CELL);
    store<i64>(MACHINE_BASE, load<i64>(top, U_REFUND), M_REFUND);
    if (cell != 0) {
      const isRead = load<u32>(cell, C_FLAGS) & CELL_READ;
      store<u32>(cell, load<u32>(top, U_FLAGS) | isRead, C_FLAGS);
      copy256(cell + C_VALUE, top + U_VALUE);
    }
  }
  store<u32>(MACHINE_BASE, bottom, M_UNDO_TOP);
  store<u32>(MACHINE_BASE, logTop, M_LOG_TOP);
  store<u32>(MACHINE_BASE, logCount, M_LOG_COUNT);
}

// Logs

/**
 * Appends a log. Topics are addresses of 32-byte words, of which the first `topicCount` are read
 * and stored big-endian. Returns false when the logs are full.
 */
export function appendLog(
  owner: u32,
  topicCount: u32,
  topic0: u32,
  topic1: u32,
  topic2: u32,
  topic3: u32,
  dataPtr: u32,
  dataLength: u32,
): bool {
  const top = load<u32>(MACHINE_BASE, M_LOG_TOP);
  const data = top + LOG_HEADER_BYTES + (topicCount << 5);
  const end = (<u64>data + <u64>dataLength + 7) & ~(<u64>7);
  if (end > <u64>JOURNAL_END) {
    fail(JOURNAL_LOGS_FULL);
    return false;
  }
  // In one store, as the header is copied in parts of 8 bytes
  store<u64>(top, <u64>owner | (<u64>topicCount << 32), L_OWNER);
  store<u64>(top, <u64>dataLength, L_DATA_LENGTH);
  const topics = top + LOG_HEADER_BYTES;
  if (topicCount > 0) storeBe256(topics, topic0);
  if (topicCount > 1) storeBe256(topics + 32, topic1);
  if (topicCount > 2) storeBe256(topics + 64, topic2);
  if (topicCount > 3) storeBe256(topics + 96, topic3);
  if (dataLength != 0) {
    store<u64>(<u32>end - 8, 0);
    copyBytes(data, dataPtr, dataLength);
  }
  store<u32>(MACHINE_BASE, <u32>end, M_LOG_TOP);
  store<u32>(MACHINE_BASE, load<u32>(MACHINE_BASE, M_LOG_COUNT) + 1, M_LOG_COUNT);
  return true;
}

/** The first dirty cell at or after the address of a cell; 0 where there is none. */
export function nextDirty(from: u32): u32 {
  const end = load<u32>(MACHINE_BASE, M_CELL_TOP);
  for (let cell = from; cell < end; cell += CELL_BYTES) {
    if (load<u32>(cell, C_FLAGS) & CELL_DIRTY) return cell;
  }
  return 0;
}
