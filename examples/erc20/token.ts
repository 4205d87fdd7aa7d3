/** An ERC-20 token with a fixed supply, all of which its creator receives. */
import {
  Address,
  Contract,
  CustomError,
  Event,
  Indexed,
  Mapping,
  msg,
  u256,
  Value,
  view,
} from 'lockstep/contract';

declare function Transfer(from: Indexed<Address>, to: Indexed<Address>, value: u256): Event;
declare function Approval(owner: Indexed<Address>, spender: Indexed<Address>, value: u256): Event;
declare function InsufficientBalance(account: Address, balance: u256, needed: u256): CustomError;
declare function InsufficientAllowance(
  spender: Address,
  allowance: u256,
  needed: u256,
): CustomError;
declare function InvalidReceiver(receiver: Address): CustomError;
declare function InvalidSpender(spender: Address): CustomError;

export class Token extends Contract {
  @view readonly name: string = 'Lockstep Token';
  @view readonly symbol: string = 'LOCK';
  @view readonly decimals: u8 = 18;

  @view readonly totalSupply!: Value<u256>;
  @view readonly balanceOf!: Mapping<Address, u256>;
  @view readonly allowance!: Mapping<Address, Mapping<Address, u256>>;

  deploy(): void {
    const supply = u256.from(1_000_000) * u256.from(10) ** u256.from(18);
    this.totalSupply.set(supply);
    this.balanceOf.set(msg.sender, supply);
    Transfer(Address.zero, msg.sender, supply).emit();
  }

  transfer(to: Address, value: u256): bool {
    this.move(msg.sender, to, value);
    return true;
  }

  approve(spender: Address, value: u256): bool {
    if (spender.isZero) InvalidSpender(spender).revert();
    this.allowance.get(msg.sender).set(spender, value);
    Approval(msg.sender, spender, value).emit();
    return true;
  }

  /** An allowance of the greatest number is unlimited and does not shrink. */
  transferFrom(from: Address, to: Address, value: u256): bool {
    const spender = msg.sender;
    const allowed = this.allowance.get(from).get(spender);
    if (allowed != u256.max) {
      if (allowed < value) InsufficientAllowance(spender, allowed, value).revert();
      this.allowance.get(from).set(spender, allowed - value);
    }
    this.move(from, to, value);
    return true;
  }

  private move(from: Address, to: Address, value: u256): void {
    if (to.isZero) InvalidReceiver(to).revert();
    const balance = this.balanceOf.get(from);
    if (balance < value) InsufficientBalance(from, balance, value).revert();
    this.balanceOf.set(from, balance - value);
    this.balanceOf.set(to, this.balanceOf.get(to) + value);
    Transfer(from, to, value).emit();
  }
}
