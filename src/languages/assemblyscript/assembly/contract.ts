/** `lockstep/contract`: what a contract in AssemblyScript is written with. */
import { readWord, Writer } from './abi';
import * as env from './env';
import { u256 } from './u256';
import { Address, Bytes32 } from './words';

export { CustomError, Event } from './outcome';
export { Mapping, Value } from './storage';
export { u256 } from './u256';
export { Address, Bytes32 } from './words';

/**
 * The base of a contract: its fields are state variables, its public methods its functions. The
 * method `deploy` runs once, when the contract is deployed.
 */
export abstract class Contract {}

/**
 * A parameter of an event by which it is found. Events and errors are declared, and the compiler
 * knows what they do:
 *
 *     declare function Transfer(from: Indexed<Address>, to: Indexed<Address>, value: u256): Event;
 *     declare function InvalidReceiver(receiver: Address): Error;
 */
export type Indexed<T> = T;

/** The base of structures: their fields are those of a tuple. */
export abstract class Struct {}

/** The base of what functions give that have several results: its fields. */
export abstract class Results {}

/** The base of other contracts: methods without a body of their own are calls. */
export abstract class Remote {
  constructor(readonly address: Address) {}
}

/** The body of a method of another contract, which the compiler replaces. */
export function remote<T>(): T {
  unreachable();
}

/** Marks of methods; see the ABI's `stateMutability`. */
export function view(): void {}
export function pure(): void {}
export function payable(): void {}

/** The call. */
export class msg {
  /** Who calls: an account or a contract. */
  static get sender(): Address {
    const address = new Address();
    env.getCaller(changetype<usize>(address));
    return address;
  }

  /** Wei that came with the call. */
  static get value(): u256 {
    return word(env.getCallValue);
  }

  static get data(): Uint8Array {
    const length = env.getCallDataSize();
    const data = new Uint8Array(length);
    env.callDataCopy(data.dataStart, 0, length);
    return data;
  }
}

/** The transaction. */
export class tx {
  static get origin(): Address {
    const address = new Address();
    env.getTxOrigin(changetype<usize>(address));
    return address;
  }

  static get gasPrice(): u256 {
    return word(env.getTxGasPrice);
  }
}

/** The block. */
export class block {
  static get number(): u64 {
    return env.getBlockNumber();
  }

  /** Seconds since 1970. */
  static get timestamp(): u64 {
    return env.getBlockTimestamp();
  }

  static get gasLimit(): u64 {
    return env.getBlockGasLimit();
  }

  static get baseFee(): u256 {
    return word(env.getBaseFee);
  }

  static get chainId(): u256 {
    return word(env.getChainId);
  }
}

function word(read: (result: usize) => void): u256 {
  const data = memory.data(32, 8);
  read(data);
  return readWord<u256>(data);
}

/** The contract's own address. */
export function self(): Address {
  const address = new Address();
  env.getAddress(changetype<usize>(address));
  return address;
}

/** Wei that an account has. */
export function balanceOf(account: Address): u256 {
  const data = memory.data(32, 8);
  env.getExternalBalance(changetype<usize>(account), data);
  return readWord<u256>(data);
}

/** keccak-256 of bytes. */
export function keccak256(data: Uint8Array): Bytes32 {
  return Bytes32.hash(data.dataStart, data.byteLength);
}

/** Undoes what the call did, and ends it with `Error(string)`. */
export function revert(message: string): void {
  const writer = Writer.withSelector(0xa079_c308, 1);
  writer.put<string>(message);
  env.revert(writer.start, writer.length);
  unreachable();
}

/** Goes on where a condition holds, and else does as `revert`. */
export function require(condition: bool, message: string): void {
  if (!condition) revert(message);
}

/** Where `throw`, failed assertions and indices out of range lead. */
function abort(message: string | null, _file: string | null, _line: u32, _column: u32): void {
  revert(message === null ? 'abort' : message);
}
