/**
 * The receipt of a transaction as the trie of receipts has it (Yellow Paper, section 4.4.1;
 * EIP-658 for the status, EIP-2718 for the type), written from the logs of the journal.
 *
 * Sizes are found first, since RLP tells them in front. The hashes for the bloom of the logs are of
 * addresses and topics, which come again transaction after transaction: a table has the last ones.
 * A hit compares the whole preimage, so the table changes no result, whatever it holds.
 */
import {
  L_DATA_LENGTH,
  L_OWNER,
  L_TOPIC_COUNT,
  LOG_HEADER_BYTES,
  LOGS_BASE,
  M_LOG_TOP,
  MACHINE_BASE,
} from '../layout';
import { ownerPtr } from './journal';
import { keccak256 } from './keccak';
import { copyBytes } from './memory';
import { copy256, eq256, storeBe256 } from './u256';

const STRING: u32 = 0x80;
const LIST: u32 = 0xc0;
/** The longest payload whose length stands in the first byte. */
const SHORT_MAX: u32 = 55;
const ADDRESS_BYTES: u32 = 20;
const ADDRESS_ITEM_BYTES: u32 = 21;
const TOPIC_BYTES: u32 = 32;
const TOPIC_ITEM_BYTES: u32 = 33;
const BLOOM_BYTES: u32 = 256;
const BLOOM_ITEM_BYTES: u32 = 259;

/** 2^9 entries: 32 bytes of preimage, the first 8 of its hash, and its length, 0 where none is. */
const MEMO_BITS: u64 = 9;
const MEMO_BYTES: u32 = 48;
const MEMO: u32 = u32(memory.data(24576, 16));
const DIGEST: u32 = u32(memory.data(32, 16));
/** An address in the order of its bytes, and zeros. */
const ADDRESS: u32 = u32(memory.data(32, 16));
/** Odd and without a pattern: 2^64 divided by the golden ratio. */
const MIX: u64 = 0x9e3779b97f4a7c15;

/** Bytes of a number without zeros in front. */
// @ts-ignore: decorator
@inline
function bytesOf(value: u64): u32 {
  return (71 - u32(clz<u64>(value))) >> 3;
}

function headerSize(length: u32): u32 {
  return length <= SHORT_MAX ? 1 : 1 + bytesOf(length);
}

/** Of a number as an item: one below 128 stands for itself. */
function numberSize(value: u64): u32 {
  return value < STRING ? 1 : 1 + bytesOf(value);
}

/** Of bytes as an item: one below 128 stands for itself. */
function stringSize(bytes: u32, length: u32): u32 {
  if (length == 1 && load<u8>(bytes) < STRING) return 1;
  return headerSize(length) + length;
}

function listSize(payload: u32): u32 {
  return headerSize(payload) + payload;
}

/** Writes so many low bytes of a number, the highest first; returns where they end. */
function writeBytes(at: u32, value: u64, count: u32): u32 {
  for (let i = count; i > 0; at++) {
    i--;
    store<u8>(at, u8(value >> (u64(i) << 3)));
  }
  return at;
}

function writeHeader(at: u32, kind: u32, length: u32): u32 {
  if (length <= SHORT_MAX) {
    store<u8>(at, kind + length);
    return at + 1;
  }
  const count = bytesOf(length);
  store<u8>(at, kind + SHORT_MAX + count);
  return writeBytes(at + 1, length, count);
}

function writeNumber(at: u32, value: u64): u32 {
  if (value == 0) return writeHeader(at, STRING, 0);
  const count = bytesOf(value);
  if (value >= STRING) at = writeHeader(at, STRING, count);
  return writeBytes(at, value, count);
}

function writeString(at: u32, bytes: u32, length: u32): u32 {
  if (length != 1 || load<u8>(bytes) >= STRING) at = writeHeader(at, STRING, length);
  copyBytes(at, bytes, length);
  return at + length;
}

/** Where the record of the next log begins. */
// @ts-ignore: decorator
@inline
function nextLog(log: u32): u32 {
  const topics = load<u32>(log, L_TOPIC_COUNT) << 5;
  return log + LOG_HEADER_BYTES + topics + ((load<u32>(log, L_DATA_LENGTH) + 7) & ~7);
}

function logPayload(log: u32): u32 {
  const count = load<u32>(log, L_TOPIC_COUNT);
  const data = log + LOG_HEADER_BYTES + (count << 5);
  const topics = listSize(count * TOPIC_ITEM_BYTES);
  return ADDRESS_ITEM_BYTES + topics + stringSize(data, load<u32>(log, L_DATA_LENGTH));
}

function logsPayload(end: u32): u32 {
  let payload: u32 = 0;
  for (let log: u32 = LOGS_BASE; log < end; log = nextLog(log)) {
    payload += listSize(logPayload(log));
  }
  return payload;
}

/** The first 8 bytes of the hash of 20 or 32 bytes; behind fewer than 32 there are zeros. */
function hashOf(src: u32, length: u32): u64 {
  const high = rotl<u64>(load<u64>(src), 11) ^ rotl<u64>(load<u64>(src, 8), 23);
  const value = high ^ rotl<u64>(load<u64>(src, 16), 43) ^ load<u64>(src, 24);
  const entry = MEMO + u32((value * MIX) >> (64 - MEMO_BITS)) * MEMO_BYTES;
  if (load<u64>(entry, 40) != length || !eq256(entry, src)) {
    copy256(entry, src);
    keccak256(DIGEST, src, length);
    store<u64>(entry, load<u64>(DIGEST), 32);
    store<u64>(entry, length, 40);
  }
  return load<u64>(entry, 32);
}

/** The low eleven bits of the first three pairs of bytes say which bits, counted from the end. */
function setBits(bloom: u32, hash: u64): void {
  for (let pair = 0; pair < 3; pair++) {
    const high = u32(hash) & 7;
    const low = (u32(hash) >> 8) & 255;
    const at = bloom + BLOOM_BYTES - 1 - ((high << 5) | (low >> 3));
    store<u8>(at, load<u8>(at) | (u8(1) << u8(low & 7)));
    hash >>= 16;
  }
}

/** Writes a log, and adds what it names to a bloom. */
function writeLog(at: u32, log: u32, bloom: u32): u32 {
  const count = load<u32>(log, L_TOPIC_COUNT);
  at = writeHeader(at, LIST, logPayload(log));
  // In the order of its bytes an id is 12 zeros and the address.
  storeBe256(DIGEST, ownerPtr(load<u32>(log, L_OWNER)));
  copyBytes(ADDRESS, DIGEST + 12, ADDRESS_BYTES);
  setBits(bloom, hashOf(ADDRESS, ADDRESS_BYTES));
  at = writeString(at, ADDRESS, ADDRESS_BYTES);
  at = writeHeader(at, LIST, count * TOPIC_ITEM_BYTES);
  let from = log + LOG_HEADER_BYTES;
  for (let i: u32 = 0; i < count; i++) {
    setBits(bloom, hashOf(from, TOPIC_BYTES));
    at = writeString(at, from, TOPIC_BYTES);
    from += TOPIC_BYTES;
  }
  return writeString(at, from, load<u32>(log, L_DATA_LENGTH));
}

/**
 * Writes the receipt of the transaction to `target`; returns its size, or 0, and writes nothing,
 * where that is more than `room`.
 *
 * @param type - Of the transaction.
 * @param status - 1 or 0; not looked at with a root.
 * @param root - Address of the state root that stands in place of the status; 0 for none.
 * @param gas - Gas of the block up to and with this transaction.
 */
export function encodeReceipt(
  target: u32,
  room: u32,
  type: u32,
  status: u32,
  root: u32,
  gas: u64,
): u32 {
  const end = load<u32>(MACHINE_BASE, M_LOG_TOP);
  const logs = logsPayload(end);
  const result = root == 0 ? 1 : TOPIC_ITEM_BYTES;
  const payload = result + numberSize(gas) + BLOOM_ITEM_BYTES + listSize(logs);
  const size = listSize(payload) + u32(type != 0);
  if (size > room) return 0;
  let at = target;
  if (type != 0) at = writeBytes(at, type, 1);
  at = writeHeader(at, LIST, payload);
  at = root == 0 ? writeNumber(at, status) : writeString(at, root, TOPIC_BYTES);
  at = writeNumber(at, gas);
  at = writeHeader(at, STRING, BLOOM_BYTES);
  const bloom = at;
  memory.fill(bloom, 0, BLOOM_BYTES);
  at = writeHeader(at + BLOOM_BYTES, LIST, logs);
  for (let log: u32 = LOGS_BASE; log < end; log = nextLog(log)) at = writeLog(at, log, bloom);
  return size;
}
