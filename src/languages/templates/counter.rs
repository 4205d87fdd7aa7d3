//! Counts up, by at most ten at a time.
use lockstep::{lockstep, msg, U256};

lockstep! {
    contract Counter {
        uint256 public number;

        event Incremented(address indexed by, uint256 number);

        error TooMuch(uint256 amount);

        function increment(uint256 amount) returns (uint256);
    }
}

fn increment(amount: U256) -> U256 {
    if amount > U256::from(10) {
        TooMuch { amount }.revert();
    }
    let number = NUMBER.get() + amount;
    NUMBER.set(number);
    Incremented { by: msg::sender(), number }.emit();
    number
}
