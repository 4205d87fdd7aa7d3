/** Arithmetic, and every type of the ABI that contracts have, in and out. */
import {
  type Address,
  type Bytes32,
  Contract,
  type Mapping,
  msg,
  payable,
  pure,
  u256,
} from 'lockstep/contract';

export class Everything extends Contract {
  private counts!: Mapping<string, u64>;

  @pure add(a: u256, b: u256): u256 {
    return a + b;
  }
  @pure sub(a: u256, b: u256): u256 {
    return a - b;
  }
  @pure mul(a: u256, b: u256): u256 {
    return a * b;
  }
  @pure div(a: u256, b: u256): u256 {
    return a / b;
  }
  @pure rem(a: u256, b: u256): u256 {
    return a % b;
  }
  @pure pow(a: u256, b: u32): u256 {
    return a ** u256.from(b);
  }
  @pure less(a: u256, b: u256): bool {
    return a < b;
  }
  @pure echoBool(a: bool): bool {
    return a;
  }
  @pure echoUint8(a: u8): u8 {
    return a;
  }
  @pure echoUint32(a: u32): u32 {
    return a;
  }
  @pure echoUint64(a: u64): u64 {
    return a;
  }
  @pure echoInt16(a: i16): i16 {
    return a;
  }
  @pure echoInt64(a: i64): i64 {
    return a;
  }
  @pure echoAddress(a: Address): Address {
    return a;
  }
  @pure echoBytes32(a: Bytes32): Bytes32 {
    return a;
  }
  @pure echoString(a: string): string {
    return a;
  }
  @pure echoBytes(a: Uint8Array): Uint8Array {
    return a;
  }
  @pure second(_a: Uint8Array, _n: u8, b: string): string {
    return b;
  }
  count(key: string): u64 {
    this.counts[key] += 1;
    return this.counts[key];
  }
  @payable paid(): u256 {
    return msg.value;
  }
}
