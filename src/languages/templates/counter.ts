/** Counts up, by at most ten at a time. */
import {
  Address,
  Contract,
  CustomError,
  Event,
  Indexed,
  msg,
  u256,
  Value,
  view,
} from 'lockstep/contract';

declare function Incremented(by: Indexed<Address>, number: u256): Event;
declare function TooMuch(amount: u256): CustomError;

export class Counter extends Contract {
  private readonly stored!: Value<u256>;

  @view number(): u256 {
    return this.stored.get();
  }

  increment(amount: u256): u256 {
    if (amount > u256.from(10)) TooMuch(amount).revert();
    const number = this.stored.get() + amount;
    this.stored.set(number);
    Incremented(msg.sender, number).emit();
    return number;
  }
}
