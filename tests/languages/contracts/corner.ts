/** What contracts have besides functions: a constructor that is paid, receive, fallback, messages. */
import {
  Address,
  Bytes32,
  Contract,
  CustomError,
  Event,
  Indexed,
  Mapping,
  msg,
  payable,
  pure,
  u256,
  Value,
  view,
} from 'lockstep/contract';

declare function Received(from: Indexed<Address>, value: u256): Event;
declare function Noted(
  title: Indexed<string>,
  note: Uint8Array,
  at: Indexed<i64>,
  mark: Indexed<Bytes32>,
): Event;
declare function Silent(): Event;
declare function Nothing(): CustomError;
declare function Refused(why: string, data: Uint8Array, code: i8): Error;

export class Corner extends Contract {
  private owner!: Address;
  private marks!: Mapping<u64, Mapping<Bytes32, bool>>;
  private limit!: Value<u64>;

  @payable deploy(first: Address, most: u64): void {
    this.owner = first;
    this.limit.set(most);
    Received(msg.sender, msg.value).emit();
  }

  @payable receive(): void {
    Received(msg.sender, msg.value).emit();
  }

  fallback(): void {
    Silent().emit();
  }

  @view state(at: u64, mark: Bytes32): bool {
    return this.marks[at][mark];
  }

  @view ownerOf(): Address {
    return this.owner;
  }

  note(title: string, text: Uint8Array, at: i64, mark: Bytes32): void {
    this.marks[this.limit.get()][mark] = true;
    Noted(title, text, at, mark).emit();
  }

  @pure refuse(why: string, data: Uint8Array): void {
    throw Refused(why, data, -7);
  }

  @pure nothing(): void {
    Nothing().revert();
  }

  @pure complain(why: string): void {
    throw new Error(why);
  }
}
