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
  @view readonly number!: Value<u256>;

  increment(amount: u256): u256 {
    if (amount > u256.from(10)) TooMuch(amount).revert();
    const number = this.number.get() + amount;
    this.number.set(number);
    Incremented(msg.sender, number).emit();
    return number;
  }
}
