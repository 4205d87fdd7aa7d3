/**
 * Transactions as bytes: RLP for legacy ones, a type byte in front for the others (EIP-2718).
 *
 * `FIELDS` says once how a field is written and read, `WIRE` which fields a type has, in their
 * order; encoding, decoding and what is signed all follow these two tables. Decoding is strict: RLP
 * in its one canonical form, numbers within their widths and without zeros in front, so that
 * decoded bytes encode to themselves. Rules beyond the form stand in `validate.ts`.
 */
import { LockstepError } from '../../base/errors.ts';
import {
  bigintOfRlp,
  decodeRlp,
  encodeRlp,
  itemEnd,
  payloadStart,
  RLP_LIST,
  type RlpItem,
  type RlpSource,
  RlpWriter,
} from '../../base/rlp.ts';
import { bigintToBytes32, bytesToBigint, requireBits } from '../../base/u256.ts';
import type {
  AccessListEntry,
  Authorization,
  Signature,
  SignedTransaction,
  Transaction,
  TransactionType,
} from './types.ts';

type Draft = { -readonly [K in keyof Transaction]: Transaction[K] };

/** How a field is written and read. */
interface Field {
  write(tx: Transaction): RlpSource;
  /** Sets what the item holds in the draft. */
  read(item: RlpItem, draft: Draft): void;
}

const EMPTY = new Uint8Array(0);
const ADDRESS_BYTES = 20;
const HASH_BYTES = 32;

type NumberKey = {
  [K in keyof Transaction]: Transaction[K] extends bigint | undefined ? K : never;
}[keyof Transaction];

function numberField(key: NumberKey, what: string, bits: number): Field {
  return {
    write: (tx) => writeNumber(tx[key], what, bits),
    read(item, draft) {
      draft[key] = bigintOfRlp(item, what, bits);
    },
  };
}

const FIELDS = {
  chainId: numberField('chainId', 'the chain id', 256),
  nonce: numberField('nonce', 'the nonce', 64),
  gasPrice: {
    write: (tx) => writeNumber(tx.maxFeePerGas, 'the gas price', 256),
    read(item, draft) {
      draft.maxFeePerGas = bigintOfRlp(item, 'the gas price', 256);
      draft.maxPriorityFeePerGas = draft.maxFeePerGas;
    },
  },
  maxPriorityFeePerGas: numberField('maxPriorityFeePerGas', 'the maximum priority fee', 256),
  maxFeePerGas: numberField('maxFeePerGas', 'the maximum fee', 256),
  gasLimit: numberField('gasLimit', 'the gas limit', 64),
  to: {
    write: ({ to }) => (to === undefined ? EMPTY : requireLength(to, ADDRESS_BYTES, RECIPIENT)),
    read(item, draft) {
      const bytes = bytesOf(item, RECIPIENT);
      draft.to = bytes.length === 0 ? undefined : requireLength(bytes, ADDRESS_BYTES, RECIPIENT);
    },
  },
  value: numberField('value', 'the value', 256),
  data: {
    write: (tx) => tx.data,
    read(item, draft) {
      draft.data = bytesOf(item, 'the data');
    },
  },
  accessList: {
    write: (tx) => tx.accessList.map(writeAccess),
    read(item, draft) {
      draft.accessList = listOf(item, 'the access list').map(readAccess);
    },
  },
  maxFeePerBlobGas: numberField('maxFeePerBlobGas', 'the maximum fee for blob gas', 256),
  blobHashes: {
    write: (tx) => tx.blobHashes.map((hash) => requireLength(hash, HASH_BYTES, BLOB_HASH)),
    read(item, draft) {
      const hashes = listOf(item, 'the list of blob hashes');
      draft.blobHashes = hashes.map((hash) => bytesOf(hash, BLOB_HASH, HASH_BYTES));
    },
  },
  authorizations: {
    write: (tx) => tx.authorizations.map(writeAuthorization),
    read(item, draft) {
      draft.authorizations = listOf(item, 'the authorization list').map(readAuthorization);
    },
  },
} as const satisfies Record<string, Field>;

const RECIPIENT = 'the recipient';
const BLOB_HASH = 'a blob hash';

const FEES = ['maxPriorityFeePerGas', 'maxFeePerGas'] as const;
const CALL = ['gasLimit', 'to', 'value', 'data'] as const;

/** The fields of each type in the order of the wire; the signature's three follow. */
const WIRE: Readonly<Record<TransactionType, readonly (keyof typeof FIELDS)[]>> = {
  0: ['nonce', 'gasPrice', ...CALL],
  1: ['chainId', 'nonce', 'gasPrice', ...CALL, 'accessList'],
  2: ['chainId', 'nonce', ...FEES, ...CALL, 'accessList'],
  3: ['chainId', 'nonce', ...FEES, ...CALL, 'accessList', 'maxFeePerBlobGas', 'blobHashes'],
  4: ['chainId', 'nonce', ...FEES, ...CALL, 'accessList', 'authorizations'],
};

const SIGNATURE_FIELDS = 3;
/** First byte of the RLP of a list; below it stands a type. */
const LIST_MIN = 0xc0;
const TYPE_MAX = 4;
/** v of a legacy signature: 27 and 28, or 35 and 36 added to twice the chain id (EIP-155). */
const V_PLAIN = 27n;
const V_CHAIN = 35n;

// ---- encoding

/** The bytes that a block's transaction list and its trie hold, and whose hash is the identity. */
export function encodeTransaction(tx: SignedTransaction): Uint8Array {
  const items = [...writeFields(tx), ...writeSignature(tx)];
  return tx.type === 0 ? encodeRlp(items) : encodeTyped(tx.type, items);
}

/**
 * The bytes whose hash the sender signs: all but the signature. A legacy transaction with a chain
 * id has it and two empty items in the signature's place (EIP-155).
 */
export function encodeForSigning(tx: Transaction): Uint8Array {
  const items = writeFields(tx);
  if (tx.type !== 0) return encodeTyped(tx.type, items);
  const isPlain = tx.chainId === undefined;
  return encodeRlp(isPlain ? items : [...items, FIELDS.chainId.write(tx), EMPTY, EMPTY]);
}

/**
 * The same from the bytes of a transaction whose signature stands behind what is signed; undefined
 * for a legacy one, of which something else is.
 *
 * @param bytes - Well-formed, as `decodeTransaction` takes them.
 */
export function signedPart(bytes: Uint8Array): Uint8Array | undefined {
  const type = bytes[0] as number;
  if (type >= LIST_MIN) return undefined;
  const start = payloadStart(bytes, 1);
  let end = start;
  for (const _ of WIRE[type as TransactionType]) end = itemEnd(bytes, end);
  writer.clear();
  writer.addRaw(bytes.subarray(start, end));
  writer.addHeader(RLP_LIST, 0);
  writer.add(BigInt(type));
  return writer.take();
}

/** The item that a block's body holds: a list for a legacy transaction, else bytes. */
export function transactionToRlp(tx: SignedTransaction): RlpSource {
  return tx.type === 0 ? [...writeFields(tx), ...writeSignature(tx)] : encodeTransaction(tx);
}

const writer = new RlpWriter();

function encodeTyped(type: number, items: readonly RlpSource[]): Uint8Array {
  writer.clear();
  writer.add(items);
  writer.add(BigInt(type));
  return writer.take();
}

function writeFields(tx: Transaction): RlpSource[] {
  return WIRE[tx.type].map((name) => FIELDS[name].write(tx));
}

function writeSignature({ type, chainId, signature }: SignedTransaction): RlpSource[] {
  const parity = BigInt(signature.yParity);
  const plain = chainId === undefined ? V_PLAIN : V_CHAIN + 2n * chainId;
  const v = type === 0 ? plain + parity : parity;
  return [v, signature.r, signature.s];
}

function writeNumber(value: bigint | undefined, what: string, bits: number): bigint {
  if (value === undefined) throw new LockstepError('L1313', { what, problem: 'is missing' });
  return requireBits(value, bits, what);
}

function writeAccess({ address, slots }: AccessListEntry): RlpSource {
  const keys = slots.map((slot) => bigintToBytes32(slot, SLOT));
  return [requireLength(address, ADDRESS_BYTES, ACCESS_ADDRESS), keys];
}

function writeAuthorization(auth: Authorization): RlpSource {
  const { yParity, r, s } = auth;
  return [...authorizationFields(auth), yParity, r, s];
}

/** The fields of an authorization that its authority signs (EIP-7702). */
export function authorizationFields(
  auth: Pick<Authorization, 'chainId' | 'address' | 'nonce'>,
): RlpSource[] {
  return [
    writeNumber(auth.chainId, `${AUTHORIZATION} chain id`, 256),
    requireLength(auth.address, ADDRESS_BYTES, `${AUTHORIZATION} address`),
    writeNumber(auth.nonce, `${AUTHORIZATION} nonce`, 64),
  ];
}

// ---- decoding

const SLOT = 'a slot of the access list';
const ACCESS_ADDRESS = 'an address of the access list';
const AUTHORIZATION = "an authorization's";

/**
 * A transaction of any type from its bytes. Byte strings of the result are views of the input.
 *
 * @throws LockstepError L1311 for bytes that are no transaction, L1312 for a wrong number of
 *   fields, L1313, L1003 and L1004 for a field's value, L1314 for a blob transaction with its
 *   blobs, L1201 to L1203 for malformed RLP
 */
export function decodeTransaction(bytes: Uint8Array): SignedTransaction {
  const first = bytes[0];
  if (first === undefined) throw noTransaction('there are none');
  if (first >= LIST_MIN) return readTransaction(0, decodeRlp(bytes));
  if (first === 0 || first > TYPE_MAX) {
    throw noTransaction(`they begin with 0x${first.toString(16).padStart(2, '0')}`);
  }
  return readTransaction(first as TransactionType, decodeRlp(bytes.subarray(1)));
}

/**
 * A transaction from the item of a block's body: a list is a legacy transaction, bytes are another.
 *
 * @throws LockstepError as `decodeTransaction`
 */
export function transactionOfRlp(item: RlpItem): SignedTransaction {
  if (!(item instanceof Uint8Array)) return readTransaction(0, item);
  if ((item[0] ?? 0) >= LIST_MIN) {
    throw noTransaction('a legacy transaction is a string in a list of transactions');
  }
  return decodeTransaction(item);
}

function noTransaction(problem: string): LockstepError {
  return new LockstepError('L1311', { problem });
}

function readTransaction(type: TransactionType, item: RlpItem): SignedTransaction {
  if (item instanceof Uint8Array) throw noTransaction('the RLP holds a string, not a list');
  if (type === 3 && item.length > 1 && !(item[0] instanceof Uint8Array)) {
    throw new LockstepError('L1314', {});
  }
  const names = WIRE[type];
  const what = type === 0 ? 'a legacy transaction' : `a transaction of type ${type}`;
  requireFields(item, names.length + SIGNATURE_FIELDS, what);
  const draft = createDraft(type);
  names.forEach((name, index) => {
    FIELDS[name].read(item[index] ?? EMPTY, draft);
  });
  const signature = readSignature(item.slice(names.length), draft);
  return { ...draft, signature };
}

function createDraft(type: TransactionType): Draft {
  return {
    type,
    chainId: undefined,
    nonce: 0n,
    gasLimit: 0n,
    maxFeePerGas: 0n,
    maxPriorityFeePerGas: 0n,
    to: undefined,
    value: 0n,
    data: EMPTY,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobHashes: [],
    authorizations: [],
  };
}

/** Reads v or the parity, r and s; v of a legacy transaction also tells its chain id. */
function readSignature(items: readonly RlpItem[], draft: Draft): Signature {
  const [first = EMPTY, second = EMPTY, third = EMPTY] = items;
  const isLegacy = draft.type === 0;
  const v = bigintOfRlp(first, isLegacy ? 'v of the signature' : 'the parity of the signature');
  const r = bigintOfRlp(second, 'r of the signature');
  const s = bigintOfRlp(third, 's of the signature');
  if (!isLegacy) return { r, s, yParity: parityOf(v, 0n, 'the parity of the signature') };
  if (v < V_CHAIN) return { r, s, yParity: parityOf(v, V_PLAIN, 'v of the signature') };
  draft.chainId = (v - V_CHAIN) / 2n;
  return { r, s, yParity: (v - V_CHAIN) % 2n === 0n ? 0 : 1 };
}

function parityOf(v: bigint, even: bigint, what: string): 0 | 1 {
  if (v === even) return 0;
  if (v === even + 1n) return 1;
  const values = even === 0n ? '0 nor 1' : '27, 28 nor at least 35';
  throw new LockstepError('L1313', { what, problem: `is ${v}, which is neither ${values}` });
}

function readAccess(item: RlpItem): AccessListEntry {
  const [address = EMPTY, slots = []] = fieldsOf(item, 2, 'an entry of the access list');
  return {
    address: bytesOf(address, ACCESS_ADDRESS, ADDRESS_BYTES),
    slots: listOf(slots, 'the slots of an access list entry').map((slot) =>
      bytesToBigint(bytesOf(slot, SLOT, HASH_BYTES)),
    ),
  };
}

function readAuthorization(item: RlpItem): Authorization {
  const [chainId = EMPTY, address = EMPTY, nonce = EMPTY, yParity = EMPTY, r = EMPTY, s = EMPTY] =
    fieldsOf(item, 6, 'an authorization');
  return {
    chainId: bigintOfRlp(chainId, `${AUTHORIZATION} chain id`, 256),
    address: bytesOf(address, `${AUTHORIZATION} address`, ADDRESS_BYTES),
    nonce: bigintOfRlp(nonce, `${AUTHORIZATION} nonce`, 64),
    // Other values than 0 and 1 void the authorization and not the transaction.
    yParity: bigintOfRlp(yParity, `${AUTHORIZATION} parity`, 8),
    r: bigintOfRlp(r, `${AUTHORIZATION} r`, 256),
    s: bigintOfRlp(s, `${AUTHORIZATION} s`, 256),
  };
}

function fieldsOf(item: RlpItem, expected: number, what: string): readonly RlpItem[] {
  return requireFields(listOf(item, what), expected, what);
}

function requireFields(
  items: readonly RlpItem[],
  expected: number,
  what: string,
): readonly RlpItem[] {
  if (items.length === expected) return items;
  throw new LockstepError('L1312', { what, found: items.length, expected });
}

function listOf(item: RlpItem, what: string): readonly RlpItem[] {
  if (!(item instanceof Uint8Array)) return item;
  throw new LockstepError('L1313', { what, problem: 'is a string of bytes, not a list' });
}

function bytesOf(item: RlpItem, what: string, length?: number): Uint8Array {
  if (!(item instanceof Uint8Array)) throw new LockstepError('L1202', { what });
  return length === undefined ? item : requireLength(item, length, what);
}

function requireLength(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new LockstepError('L1003', { what, length: bytes.length, expected: length });
}
