/** An ERC-20 token with a fixed supply, all of which its creator receives. */
import { Address, Contract, Event, Indexed, Mapping, msg, u256 } from 'lockstep/contract';

declare function Transfer(from: Indexed<Address>, to: Indexed<Address>, value: u256): Event;
declare function Approval(owner: Indexed<Address>, spender: Indexed<Address>, value: u256): Event;
declare function InsufficientBalance(account: Address, balance: u256, needed: u256): Error;
declare function InsufficientAllowance(spender: Address, allowance: u256, needed: u256): Error;
declare function InvalidReceiver(receiver: Address): Error;
declare function InvalidSpender(spender: Address): Error;

export class Token extends Contract {
  readonly name: string = 'Lockstep Token';
  readonly symbol: string = 'LOCK';
  readonly decimals: u8 = 18;

  totalSupply!: u256;
  balanceOf!: Mapping<Address, u256>;
  allowance!: Mapping<Address, Mapping<Address, u256>>;

  deploy(): void {
    this.totalSupply = u256.from(1_000_000) * u256.from(10) ** u256.from(this.decimals);
    this.balanceOf[msg.sender] = this.totalSupply;
    Transfer(Address.zero, msg.sender, this.totalSupply).emit();
  }

  transfer(to: Address, value: u256): bool {
    this.move(msg.sender, to, value);
    return true;
  }

  approve(spender: Address, value: u256): bool {
    if (spender.isZero) throw InvalidSpender(spender);
    this.allowance[msg.sender][spender] = value;
    Approval(msg.sender, spender, value).emit();
    return true;
  }

  /** An allowance of the greatest number is unlimited and does not shrink. */
  transferFrom(from: Address, to: Address, value: u256): bool {
    const allowed = this.allowance[from][msg.sender];
    if (allowed != u256.max) {
      if (allowed < value) throw InsufficientAllowance(msg.sender, allowed, value);
      this.allowance[from][msg.sender] = allowed - value;
    }
    this.move(from, to, value);
    return true;
  }

  private move(from: Address, to: Address, value: u256): void {
    if (to.isZero) throw InvalidReceiver(to);
    const balance = this.balanceOf[from];
    if (balance < value) throw InsufficientBalance(from, balance, value);
    this.balanceOf[from] = balance - value;
    this.balanceOf[to] += value;
    Transfer(from, to, value).emit();
  }
}
