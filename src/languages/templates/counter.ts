/** Counts up, by at most ten at a time. */
import { Address, Contract, Event, Indexed, msg, u256 } from 'lockstep/contract';

declare function Incremented(by: Indexed<Address>, number: u256): Event;
declare function TooMuch(amount: u256): Error;

export class Counter extends Contract {
  number!: u256;

  increment(amount: u256): u256 {
    if (amount > u256.from(10)) throw TooMuch(amount);
    this.number += amount;
    Incremented(msg.sender, this.number).emit();
    return this.number;
  }
}
