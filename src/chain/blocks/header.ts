/**
 * The header of a block: its fields from Frontier to Osaka, their encoding, and its hash
 * (Yellow Paper, section 4.4).
 *
 * Fields that a fork added stand at the end, in order of activation, so that the count of fields
 * tells which of them a header has. Which ones it must have is a question to the fork's switches
 * (`checkHeaderFields`), and can only be asked once the fork is known.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { assert } from '../../base/assert.ts';
import type { Keccak256 } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { bigintOfRlp, RLP_LIST, type RlpItem, RlpWriter } from '../../base/rlp.ts';
import type { Eip, ForkRules } from '../../vms/evm/forks.ts';

/** Hashes have 32 bytes, numbers are unsigned. */
export interface Header {
  readonly parentHash: Uint8Array;
  /** Hash of the encoded list of ommer headers. */
  readonly ommersHash: Uint8Array;
  /** 20 bytes: who receives the fees. */
  readonly coinbase: Uint8Array;
  readonly stateRoot: Uint8Array;
  readonly transactionsRoot: Uint8Array;
  readonly receiptsRoot: Uint8Array;
  /** 256 bytes. */
  readonly logsBloom: Uint8Array;
  readonly difficulty: bigint;
  readonly number: bigint;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  /** Seconds. */
  readonly timestamp: bigint;
  readonly extraData: Uint8Array;
  /** From Paris on the value of PREVRANDAO (EIP-4399). */
  readonly mixHash: Uint8Array;
  /** 8 bytes. */
  readonly nonce: Uint8Array;
  /** Wei for a unit of gas (EIP-1559). */
  readonly baseFeePerGas?: bigint;
  readonly withdrawalsRoot?: Uint8Array;
  readonly blobGasUsed?: bigint;
  readonly excessBlobGas?: bigint;
  readonly parentBeaconBlockRoot?: Uint8Array;
  /** SHA-256 over the requests (EIP-7685). */
  readonly requestsHash?: Uint8Array;
}

export type HeaderField = keyof Header;

/** `size`: bytes of a byte string, undefined for any; `bits`: of a number. */
type FieldRow = readonly [name: HeaderField, kind: FieldKind, since?: Eip];
type FieldKind = { readonly size: number | undefined } | { readonly bits: number };

const HASH = { size: 32 };
const U64 = { bits: 64 };
const U256 = { bits: 256 };

/** The fields in the order of the encoding; those of a fork name the switch that added them. */
// biome-ignore format: one aligned row for each field
export const HEADER_FIELDS = [
  ['parentHash',            HASH],
  ['ommersHash',            HASH],
  ['coinbase',              { size: 20 }],
  ['stateRoot',             HASH],
  ['transactionsRoot',      HASH],
  ['receiptsRoot',          HASH],
  ['logsBloom',             { size: 256 }],
  ['difficulty',            U256],
  ['number',                U64],
  ['gasLimit',              U256], // above 2^63-1 it is a rule that refuses it
  ['gasUsed',               U64],
  ['timestamp',             U64],
  ['extraData',             { size: undefined }],
  ['mixHash',               HASH],
  ['nonce',                 { size: 8 }],
  ['baseFeePerGas',         U256, 'eip1559'],
  ['withdrawalsRoot',       HASH, 'eip4895'],
  ['blobGasUsed',           U64,  'eip4844'],
  ['excessBlobGas',         U64,  'eip4844'],
  ['parentBeaconBlockRoot', HASH, 'eip4788'],
  ['requestsHash',          HASH, 'eip7685'],
] as const satisfies readonly FieldRow[];

const ROWS: readonly FieldRow[] = HEADER_FIELDS;
const FIELDS_MIN = ROWS.filter((row) => row[2] === undefined).length;

/** Writes a header in front of what was written. */
export function addHeader(writer: RlpWriter, header: Header): void {
  const { size } = writer;
  let isBehind = false;
  for (let index = ROWS.length - 1; index >= 0; index--) {
    const [name] = ROWS[index] as FieldRow;
    const value = header[name];
    assert(value !== undefined || !isBehind, `a header lacks ${name} but has a field behind it`);
    if (value === undefined) continue;
    isBehind = true;
    writer.add(value);
  }
  writer.addHeader(RLP_LIST, size);
}

export function encodeHeader(header: Header): Uint8Array {
  own.clear();
  addHeader(own, header);
  return own.take();
}

const own = new RlpWriter();

/** The hash by which a block is known. */
export function headerHash(header: Header, keccak256: Keccak256 = keccak_256): Uint8Array {
  return keccak256(encodeHeader(header));
}

/**
 * A header of its RLP item; byte strings are views of the item.
 *
 * @throws LockstepError L1401 for a wrong count of fields, L1003 for a field of a wrong size, and
 *   what `bigintOfRlp` throws for numbers
 */
export function headerOfRlp(item: RlpItem): Header {
  if (item instanceof Uint8Array) throw malformed('the header is no list');
  if (item.length < FIELDS_MIN || item.length > ROWS.length) {
    const wanted = `${FIELDS_MIN} to ${ROWS.length}`;
    throw malformed(`the header has ${item.length} fields where ${wanted} are expected`);
  }
  const fields: Partial<Record<HeaderField, Uint8Array | bigint>> = {};
  for (const [index, [name, kind]] of ROWS.entries()) {
    const part = item[index];
    if (part !== undefined) fields[name] = readField(part, name, kind);
  }
  return fields as unknown as Header;
}

function readField(item: RlpItem, name: HeaderField, kind: FieldKind): Uint8Array | bigint {
  const what = `${name} of the header`;
  if ('bits' in kind) return bigintOfRlp(item, what, kind.bits);
  return bytesOfRlp(item, what, kind.size);
}

/**
 * The bytes of a decoded item.
 *
 * @throws LockstepError L1202 for a list, L1003 for another size
 */
export function bytesOfRlp(item: RlpItem, what: string, size?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new LockstepError('L1202', { what });
  if (size !== undefined && item.length !== size) {
    throw new LockstepError('L1003', { what, length: item.length, expected: size });
  }
  return item;
}

export function malformed(problem: string): LockstepError {
  return new LockstepError('L1401', { problem });
}

/** The first field that the header has or lacks against the switches, or undefined. */
export function checkHeaderFields(
  header: Header,
  rules: ForkRules,
): { readonly field: HeaderField; readonly isMissing: boolean } | undefined {
  for (const [name, , since] of ROWS) {
    const isWanted = since === undefined || rules[since];
    const isThere = header[name] !== undefined;
    if (isWanted !== isThere) return { field: name, isMissing: isWanted };
  }
  return undefined;
}
