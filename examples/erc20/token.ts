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
  private readonly supply!: Value<u256>;
  private readonly balances!: Mapping<Address, u256>;
  private readonly allowances!: Mapping<Address, Mapping<Address, u256>>;

  deploy(): void {
    const supply = u256.from(1_000_000) * u256.from(10) ** u256.from(18);
    this.supply.set(supply);
    this.balances.set(msg.sender, supply);
    Transfer(Address.zero, msg.sender, supply).emit();
  }

  @view name(): string {
    return 'Lockstep Token';
  }
  @view symbol(): string {
    return 'LOCK';
  }
  @view decimals(): u8 {
    return 18;
  }
  @view totalSupply(): u256 {
    return this.supply.get();
  }
  @view balanceOf(account: Address): u256 {
    return this.balances.get(account);
  }
  @view allowance(owner: Address, spender: Address): u256 {
    return this.allowances.get(owner).get(spender);
  }

  transfer(to: Address, value: u256): bool {
    this.move(msg.sender, to, value);
    return true;
  }

  approve(spender: Address, value: u256): bool {
    if (spender.isZero) InvalidSpender(spender).revert();
    this.allowances.get(msg.sender).set(spender, value);
    Approval(msg.sender, spender, value).emit();
    return true;
  }

  /** An allowance of the greatest number is unlimited and does not shrink. */
  transferFrom(from: Address, to: Address, value: u256): bool {
    const spender = msg.sender;
    const allowed = this.allowances.get(from).get(spender);
    if (allowed != u256.max) {
      if (allowed < value) InsufficientAllowance(spender, allowed, value).revert();
      this.allowances.get(from).set(spender, allowed - value);
    }
    this.move(from, to, value);
    return true;
  }

  private move(from: Address, to: Address, value: u256): void {
    if (to.isZero) InvalidReceiver(to).revert();
    const balance = this.balances.get(from);
    if (balance < value) InsufficientBalance(from, balance, value).revert();
    this.balances.set(from, balance - value);
    this.balances.set(to, this.balances.get(to) + value);
    Transfer(from, to, value).emit();
  }
}
