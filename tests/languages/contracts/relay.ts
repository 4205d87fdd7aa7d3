/** Sends tokens that it has, of a contract in any language; what that reverts with, it does too. */
import {
  type Address,
  Contract,
  type Event,
  type Indexed,
  Remote,
  remote,
  type u256,
  view,
} from 'lockstep/contract';

declare function Relayed(token: Indexed<Address>, value: u256): Event;

class Erc20 extends Remote {
  transfer(_to: Address, _value: u256): bool {
    return remote();
  }
  @view balanceOf(_account: Address): u256 {
    return remote();
  }
}

export class Relay extends Contract {
  relay(token: Address, to: Address, value: u256): bool {
    Relayed(token, value).emit();
    return new Erc20(token).transfer(to, value);
  }

  @view sum(token: Address, a: Address, b: Address): u256 {
    const erc20 = new Erc20(token);
    return erc20.balanceOf(a) + erc20.balanceOf(b);
  }
}
