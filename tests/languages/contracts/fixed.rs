//! Arrays of a fixed count, with items of fixed size and of any.
use lockstep::{lockstep, Array, U256};

lockstep! {
    contract Fixed {
        struct Row { uint8[2] cells; bool isLast; }

        function flags(bool[2] a) pure returns (bool[2]);
        function grid(uint16[2][3] a, bool last) pure returns (bool, uint16[2][3]);
        function rows(Row[2] a) pure returns (Row[2]);
        function mixed(uint256[2][] a, bytes[2] b) pure returns (uint256[2][], bytes[2]);
    }
}

fn flags(a: [bool; 2]) -> [bool; 2] {
    a
}

fn grid(a: [[u16; 2]; 3], last: bool) -> (bool, [[u16; 2]; 3]) {
    (last, a)
}

fn rows(a: [Row; 2]) -> [Row; 2] {
    a
}

fn mixed(a: Array<[U256; 2]>, b: [&'static [u8]; 2]) -> (Array<[U256; 2]>, [&'static [u8]; 2]) {
    (a, b)
}
