/**
 * One differential case: a world, a message, and nothing else. Equal cases run equally.
 *
 * The same shape is kept as JSON in `tests/regressions/`.
 */
import type { BlockEnv, Hex } from '../../src/chain/types.ts';

export interface CaseAccount {
  address: Hex;
  balance: bigint;
  nonce: bigint;
  code: Uint8Array;
  storage: readonly (readonly [slot: bigint, value: bigint])[];
}

export interface CaseMessage {
  kind: 'call' | 'create';
  /** The account that is called; of no meaning for a creation. */
  to: Hex;
  from: Hex;
  /** Call data, or the init code of a creation. */
  data: Uint8Array;
  value: bigint;
  gas: bigint;
  static: boolean;
  /** Another sender of the transaction than `from`. */
  origin?: Hex;
  accessList?: readonly { address: Hex; slots: readonly bigint[] }[];
}

export interface Case {
  accounts: CaseAccount[];
  message: CaseMessage;
}

export const SENDER: Hex = '0x00000000000000000000000000000000005e4de4';
/** A sender of transactions that is not the sender of the message. */
export const ORIGIN: Hex = '0x000000000000000000000000000000000000041c';
/** The account whose code is the generated program. */
export const TARGET: Hex = '0x000000000000000000000000000000000000c0de';
export const COINBASE: Hex = '0x00000000000000000000000000000000000c01ba';

/** Siblings that a program may call. */
export const SIBLINGS: readonly Hex[] = [
  '0x1000000000000000000000000000000000000001',
  '0x1000000000000000000000000000000000000002',
  '0x1000000000000000000000000000000000000003',
  '0x1000000000000000000000000000000000000004',
];

/** The block of every case. */
export const CASE_BLOCK: BlockEnv = {
  number: 1_000n,
  timestamp: 1_700_000_000n,
  gasLimit: 30_000_000n,
  coinbase: COINBASE,
  prevRandao: 0x1234_5678_9abc_def0n << 190n,
  baseFee: 7n,
  blobBaseFee: 3n,
  blockHash: (number) => {
    const hash = new Uint8Array(32).fill(0xb1);
    hash[31] = Number(number & 0xffn);
    return hash;
  },
};

export const CASE_GAS_PRICE = 10n;
export const CASE_BLOB_HASHES: readonly Hex[] = [
  `0x01${'11'.repeat(31)}`,
  `0x01${'22'.repeat(31)}`,
];

export function bytesToHexText(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')}`;
}

export function hexTextToBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/^0x/, ''), 'hex'));
}

/** A case as JSON: integers and bytes are `0x` texts. */
export function caseToJson(value: Case): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, field: unknown) => {
      if (typeof field === 'bigint') return `0x${field.toString(16)}`;
      return field instanceof Uint8Array ? bytesToHexText(field) : field;
    }),
  );
}

interface JsonCase {
  accounts: {
    address: Hex;
    balance: string;
    nonce: string;
    code: string;
    storage: [string, string][];
  }[];
  message: {
    kind: 'call' | 'create';
    to: Hex;
    from: Hex;
    static: boolean;
    origin?: Hex;
    accessList?: { address: Hex; slots: string[] }[];
  } & Record<'data' | 'value' | 'gas', string>;
}

function toAccessEntry({ address, slots }: { address: Hex; slots: string[] }) {
  return { address, slots: slots.map((slot) => BigInt(slot)) };
}

export function jsonToCase(json: unknown): Case {
  const { accounts, message: given } = json as JsonCase;
  const { accessList, ...message } = given;
  return {
    accounts: accounts.map(({ address, balance, nonce, code, storage }) => ({
      address,
      balance: BigInt(balance),
      nonce: BigInt(nonce),
      code: hexTextToBytes(code),
      storage: storage.map(([slot, value]) => [BigInt(slot), BigInt(value)] as const),
    })),
    message: {
      ...message,
      data: hexTextToBytes(message.data),
      value: BigInt(message.value),
      gas: BigInt(message.gas),
      ...(accessList === undefined ? {} : { accessList: accessList.map(toAccessEntry) }),
    },
  };
}
