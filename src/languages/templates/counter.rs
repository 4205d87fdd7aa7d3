//! Counts up, by at most ten at a time.
use lockstep::{lockstep, msg, U256};

lockstep! {
    contract Counter {
        uint256 stored;

        event Incremented(address indexed by, uint256 number);

        error TooMuch(uint256 amount);

        function number() view returns (uint256);
        function increment(uint256 amount) returns (uint256);
    }
}

fn number() -> U256 {
    STORED.get()
}

fn increment(amount: U256) -> U256 {
    if amount > U256::from(10) {
        TooMuch { amount }.revert();
    }
    let number = STORED.get() + amount;
    STORED.set(number);
    Incremented { by: msg::sender(), number }.emit();
    number
}
