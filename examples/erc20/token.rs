//! An ERC-20 token with a fixed supply, all of which its creator receives.
use lockstep::{lockstep, msg, Address, U256};

lockstep! {
    contract Token {
        uint256 supply;
        mapping(address => uint256) balances;
        mapping(address => mapping(address => uint256)) allowances;

        event Transfer(address indexed from, address indexed to, uint256 value);
        event Approval(address indexed owner, address indexed spender, uint256 value);

        error InsufficientBalance(address account, uint256 balance, uint256 needed);
        error InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
        error InvalidReceiver(address receiver);
        error InvalidSpender(address spender);

        constructor();
        function name() view returns (string);
        function symbol() view returns (string);
        function decimals() view returns (uint8);
        function totalSupply() view returns (uint256);
        function balanceOf(address account) view returns (uint256);
        function allowance(address owner, address spender) view returns (uint256);
        function transfer(address to, uint256 value) returns (bool);
        function approve(address spender, uint256 value) returns (bool);
        function transferFrom(address from, address to, uint256 value) returns (bool);
    }
}

fn constructor() {
    let supply = U256::from(1_000_000) * U256::from(10).pow(18);
    SUPPLY.set(supply);
    BALANCES.at(msg::sender()).set(supply);
    Transfer { from: Address::ZERO, to: msg::sender(), value: supply }.emit();
}

fn name() -> &'static str {
    "Lockstep Token"
}

fn symbol() -> &'static str {
    "LOCK"
}

fn decimals() -> u8 {
    18
}

fn total_supply() -> U256 {
    SUPPLY.get()
}

fn balance_of(account: Address) -> U256 {
    BALANCES.at(account).get()
}

fn allowance(owner: Address, spender: Address) -> U256 {
    ALLOWANCES.at(owner).at(spender).get()
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
    ALLOWANCES.at(owner).at(spender).set(value);
    Approval { owner, spender, value }.emit();
    true
}

/// An allowance of the greatest number is unlimited and does not shrink.
fn transfer_from(from: Address, to: Address, value: U256) -> bool {
    let spender = msg::sender();
    let allowed = ALLOWANCES.at(from).at(spender);
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
    let balance = BALANCES.at(from).get();
    if balance < value {
        InsufficientBalance { account: from, balance, needed: value }.revert();
    }
    BALANCES.at(from).set(balance - value);
    let receiver = BALANCES.at(to);
    receiver.set(receiver.get() + value);
    Transfer { from, to, value }.emit();
}
