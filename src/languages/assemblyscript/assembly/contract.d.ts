/**
 * `lockstep/contract` as editors see it. AssemblyScript has operators on classes, which TypeScript
 * has not: here a `u256` is a number, and what may be an index a text, so that both accept the same
 * contracts, but not the methods of `u256`. What runs is `contract.ts`.
 */

/** An unsigned number of 256 bits; operators revert where the result does not fit. */
export type u256 = number;
export declare const u256: {
  readonly zero: u256;
  /** The greatest number, 2^256 - 1. */
  readonly max: u256;
  from(value: u64): u256;
};

/** An account: 20 bytes. */
export type Address = string & { readonly kind: 'address'; readonly isZero: bool };
export declare const Address: { readonly zero: Address };

/** 32 bytes, such as a hash. */
export type Bytes32 = string & { readonly kind: 'bytes32'; readonly isZero: bool };
export declare const Bytes32: {
  /** From four numbers, the highest first. */
  of(a: u64, b: u64, c: u64, d: u64): Bytes32;
};

/**
 * The base of a contract: its fields are state variables, and its methods its functions, as are the
 * fields that are not private. The method `deploy` runs once, when the contract is deployed.
 */
export declare abstract class Contract {}

/** A parameter of an event by which it is found. */
export type Indexed<T> = T;

/** What a function gives that is declared as an event. */
export declare class Event {
  private constructor();
  /** Writes the event to the log. */
  emit(): void;
}

/** What a function gives that is declared as an error; `Error` where it is only thrown. */
export declare class CustomError extends Error {
  private constructor();
  /** Undoes what the call did, and ends it with this error. */
  revert(): void;
}

/** One value of a type that takes a word, to hand on: a field of the type itself reads easier. */
export declare class Value<T> {
  private constructor();
  get(): T;
  set(value: T): void;
}

/**
 * Values by key, or mappings: `balances[account] += value`. An entry that was never set is zero.
 * An index is an `Address`, `Bytes32`, number or text; other keys go through `get` and `set`.
 */
export type Mapping<K, V> = Entries<K, V> & { [Index in K as Extract<Index, string | number>]: V };

interface Entries<K, V> {
  get(key: K): V;
  set(key: K, value: V): void;
}

type Extract<T, U> = T extends U ? T : never;

/** The base of structures: a class whose fields are those of a tuple of the ABI. */
export declare abstract class Struct {}

/** The base of what a function gives that has several results: a class with them as fields. */
export declare abstract class Results {}

/** The base of other contracts: methods that say `return remote()` are calls. */
export declare abstract class Remote {
  constructor(address: Address);
  readonly address: Address;
}

/** The body of a method of another contract. */
export declare function remote<T>(): T;

/** Marks of methods; see the ABI's `stateMutability`. */
export declare const view: Mark;
export declare const pure: Mark;
export declare const payable: Mark;

type Mark = (target: object, name: string, method?: TypedPropertyDescriptor<any>) => void;

/** The call. */
export declare const msg: {
  /** Who calls: an account or a contract. */
  readonly sender: Address;
  /** Wei that came with the call. */
  readonly value: u256;
  readonly data: Uint8Array;
};

/** The transaction. */
export declare const tx: { readonly origin: Address; readonly gasPrice: u256 };

/** The block. */
export declare const block: {
  readonly number: u64;
  /** Seconds since 1970. */
  readonly timestamp: u64;
  readonly gasLimit: u64;
  readonly baseFee: u256;
  readonly chainId: u256;
};

/** The contract's own address. */
export declare function self(): Address;

/** Wei that an account has. */
export declare function balanceOf(account: Address): u256;

/** keccak-256 of bytes. */
export declare function keccak256(data: Uint8Array): Bytes32;

/** Undoes what the call did, and ends it with `Error(string)`. */
export declare function revert(message: string): void;

/** Goes on where a condition holds, and else does as `revert`. */
export declare function require(condition: bool, message: string): void;
