/**
 * A transaction of Ethereum, all types in one shape, so that what works on transactions asks for
 * fields and not for types. Which fields a type has on the wire stands in the codec's table.
 */

/** 0 legacy, 1 EIP-2930, 2 EIP-1559, 3 EIP-4844, 4 EIP-7702. */
export type TransactionType = 0 | 1 | 2 | 3 | 4;

export interface AccessListEntry {
  /** 20 bytes. */
  readonly address: Uint8Array;
  /** Unsigned 256-bit slots. */
  readonly slots: readonly bigint[];
}

/** An account's consent to run the code of another (EIP-7702). */
export interface Authorization {
  /** 0: valid on every chain. */
  readonly chainId: bigint;
  /** 20 bytes: whose code; zeros remove the delegation. */
  readonly address: Uint8Array;
  readonly nonce: bigint;
  readonly yParity: bigint;
  readonly r: bigint;
  readonly s: bigint;
}

export interface Signature {
  readonly r: bigint;
  readonly s: bigint;
  readonly yParity: 0 | 1;
}

export interface Transaction {
  readonly type: TransactionType;
  /** Undefined for a legacy transaction without replay protection (before EIP-155). */
  readonly chainId: bigint | undefined;
  readonly nonce: bigint;
  readonly gasLimit: bigint;
  /** Wei for a unit of gas; for types 0 and 1 both are the gas price. */
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  /** 20 bytes; undefined creates a contract. */
  readonly to: Uint8Array | undefined;
  /** Wei. */
  readonly value: bigint;
  /** Input, or initcode. */
  readonly data: Uint8Array;
  /** Empty before type 1. */
  readonly accessList: readonly AccessListEntry[];
  /** Wei for a unit of blob gas; 0 except for type 3. */
  readonly maxFeePerBlobGas: bigint;
  /** Versioned hashes, 32 bytes each; empty except for type 3. */
  readonly blobHashes: readonly Uint8Array[];
  /** Empty except for type 4. */
  readonly authorizations: readonly Authorization[];
}

export interface SignedTransaction extends Transaction {
  readonly signature: Signature;
}
