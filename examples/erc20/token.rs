//! An ERC-20 token with a fixed supply, all of which its creator receives.
use lockstep::{lockstep, msg, Address, U256};

lockstep! {
    contract Token {
        string public constant name = "Lockstep Token";
        string public constant symbol = "LOCK";
        uint8 public constant decimals = 18;

        uint256 public totalSupply;
        mapping(address account => uint256) public balanceOf;
        mapping(address owner => mapping(address spender => uint256)) public allowance;

        event Transfer(address indexed from, address indexed to, uint256 value);
        event Approval(address indexed owner, address indexed spender, uint256 value);

        error InsufficientBalance(address account, uint256 balance, uint256 needed);
        error InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
        error InvalidReceiver(address receiver);
        error InvalidSpender(address spender);

        constructor();
        function transfer(address to, uint256 value) returns (bool);
        function approve(address spender, uint256 value) returns (bool);
        function transferFrom(address from, address to, uint256 value) returns (bool);
    }
}

fn constructor() {
    let supply = U256::from(1_000_000) * U256::from(10).pow(DECIMALS as u32);
    TOTAL_SUPPLY.set(supply);
    BALANCE_OF.at(msg::sender()).set(supply);
    Transfer { from: Address::ZERO, to: msg::sender(), value: supply }.emit();
}

fn transfer(to: Address, value: U256) -> bool {
    move_tokens(msg::sender(), to, value);
    true
}

fn approve(spender: Address, value: U256) -> bool {
    if spender.is_zero() {
        InvalidSpender { spender }.revert();
    }
    let owner = msg::sender();
    ALLOWANCE.at(owner).at(spender).set(value);
    Approval { owner, spender, value }.emit();
    true
}

/// An allowance of the greatest number is unlimited and does not shrink.
fn transfer_from(from: Address, to: Address, value: U256) -> bool {
    let spender = msg::sender();
    let allowed = ALLOWANCE.at(from).at(spender);
    let allowance = allowed.get();
    if allowance != U256::MAX {
        if allowance < value {
            InsufficientAllowance { spender, allowance, needed: value }.revert();
        }
        allowed.set(allowance - value);
    }
    move_tokens(from, to, value);
    true
}

fn move_tokens(from: Address, to: Address, value: U256) {
    if to.is_zero() {
        InvalidReceiver { receiver: to }.revert();
    }
    let balance = BALANCE_OF.at(from).get();
    if balance < value {
        InsufficientBalance { account: from, balance, needed: value }.revert();
    }
    BALANCE_OF.at(from).set(balance - value);
    let receiver = BALANCE_OF.at(to);
    receiver.set(receiver.get() + value);
    Transfer { from, to, value }.emit();
}
