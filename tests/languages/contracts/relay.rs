//! Sends tokens that it has, of a contract in any language; what that reverts with, it does too.
use lockstep::{lockstep, Address, U256};

lockstep! {
    contract Relay {
        event Relayed(address indexed token, uint256 value);

        function relay(address token, address to, uint256 value) returns (bool);
        function sum(address token, address a, address b) view returns (uint256);
    }

    interface Erc20 {
        function transfer(address to, uint256 value) returns (bool);
        function balanceOf(address account) view returns (uint256);
    }
}

fn relay(token: Address, to: Address, value: U256) -> bool {
    Relayed { token, value }.emit();
    Erc20(token).transfer(to, value)
}

fn sum(token: Address, a: Address, b: Address) -> U256 {
    Erc20(token).balance_of(a) + Erc20(token).balance_of(b)
}
