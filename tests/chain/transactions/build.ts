/** Transactions for tests: all fields have a value, and a test names those that it is about. */
import type { Authorization, Transaction } from '../../../src/chain/transactions/types.ts';

/** A call of a contract with type 0 on the main net, with gas for the base cost. */
const CALL: Transaction = {
  type: 0,
  chainId: 1n,
  nonce: 7n,
  gasLimit: 100_000n,
  maxFeePerGas: 50n,
  maxPriorityFeePerGas: 50n,
  to: new Uint8Array(20).fill(0x35),
  value: 1000n,
  data: Uint8Array.of(1, 0, 2),
  accessList: [],
  maxFeePerBlobGas: 0n,
  blobHashes: [],
  authorizations: [],
};

export function buildTransaction(fields: Partial<Transaction> = {}): Transaction {
  return { ...CALL, ...fields };
}

export const BLOB_HASH = new Uint8Array(32).fill(0xab).fill(1, 0, 1);

export const AUTHORIZATION: Authorization = {
  chainId: 1n,
  address: new Uint8Array(20).fill(0x77),
  nonce: 3n,
  yParity: 1n,
  r: 12n,
  s: 34n,
};

const ACCESS = [
  { address: new Uint8Array(20).fill(0xaa), slots: [0n, (1n << 256n) - 1n] },
  { address: new Uint8Array(20).fill(0xbb), slots: [] },
];
const FEES = { maxFeePerGas: 50n, maxPriorityFeePerGas: 2n } as const;

/** One of each form. */
export const EXAMPLES: Readonly<Record<string, Transaction>> = {
  'legacy without chain id': buildTransaction({ chainId: undefined }),
  'legacy with chain id': buildTransaction(),
  'legacy creation': buildTransaction({ to: undefined, data: new Uint8Array(100).fill(0x60) }),
  'EIP-2930': buildTransaction({ type: 1, accessList: ACCESS }),
  'EIP-1559': buildTransaction({ type: 2, accessList: ACCESS, ...FEES }),
  'EIP-4844': buildTransaction({
    type: 3,
    maxFeePerBlobGas: 9n,
    blobHashes: [BLOB_HASH, BLOB_HASH],
    ...FEES,
  }),
  'EIP-7702': buildTransaction({ type: 4, authorizations: [AUTHORIZATION], ...FEES }),
};
