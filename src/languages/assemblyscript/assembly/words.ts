/** Values of fixed size that are no numbers: addresses and words of 32 bytes. */
import { keccak256 as hostKeccak } from './env';

/** An account: 20 bytes. */
export class Address {
  private part0: u64 = 0;
  private part1: u64 = 0;
  private part2: u32 = 0;

  static get zero(): Address {
    return new Address();
  }

  /** Takes the low 20 bytes of a word. */
  read(p: usize): void {
    memory.copy(changetype<usize>(this), p + 12, 20);
  }

  write(p: usize): void {
    store<u64>(p, 0);
    store<u32>(p, 0, 8);
    memory.copy(p + 12, changetype<usize>(this), 20);
  }

  get isZero(): bool {
    return (this.part0 | this.part1 | this.part2) == 0;
  }

  @operator('==')
  equals(other: Address): bool {
    return (
      this.part0 == other.part0 && this.part1 == other.part1 && this.part2 == other.part2
    );
  }

  @operator('!=')
  differs(other: Address): bool {
    return !this.equals(other);
  }
}

/** 32 bytes, such as a hash. */
export class Bytes32 {
  private part0: u64 = 0;
  private part1: u64 = 0;
  private part2: u64 = 0;
  private part3: u64 = 0;

  /** From four numbers, the highest first. */
  static of(a: u64, b: u64, c: u64, d: u64): Bytes32 {
    const word = new Bytes32();
    word.part0 = bswap(a);
    word.part1 = bswap(b);
    word.part2 = bswap(c);
    word.part3 = bswap(d);
    return word;
  }

  read(p: usize): void {
    memory.copy(changetype<usize>(this), p, 32);
  }

  /** keccak-256 of a range of the memory. */
  static hash(data: usize, length: i32): Bytes32 {
    const word = new Bytes32();
    hostKeccak(data, length, changetype<usize>(word));
    return word;
  }

  write(p: usize): void {
    memory.copy(p, changetype<usize>(this), 32);
  }

  get isZero(): bool {
    return (this.part0 | this.part1 | this.part2 | this.part3) == 0;
  }

  @operator('==')
  equals(other: Bytes32): bool {
    return (
      this.part0 == other.part0 &&
      this.part1 == other.part1 &&
      this.part2 == other.part2 &&
      this.part3 == other.part3
    );
  }

  @operator('!=')
  differs(other: Bytes32): bool {
    return !this.equals(other);
  }
}
