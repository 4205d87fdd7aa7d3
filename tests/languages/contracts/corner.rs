//! What contracts have besides functions: a constructor that is paid, receive, fallback, messages.
use lockstep::{lockstep, msg, Address, Bytes32};

lockstep! {
    contract Corner {
        address owner;
        mapping(uint64 => mapping(bytes32 => bool)) marks;
        uint64 limit;

        event Received(address indexed from, uint256 value);
        event Noted(string indexed title, bytes note, int64 indexed at, bytes32 indexed mark);
        event Silent();

        error Nothing();
        error Refused(string why, bytes data, int8 code);

        constructor(address first, uint64 most) payable;
        receive() external payable;
        fallback() external;

        function state(uint64 at, bytes32 mark) view returns (bool);
        function ownerOf() view returns (address);
        function note(string title, bytes text, int64 at, bytes32 mark);
        function refuse(string why, bytes data) pure;
        function nothing() pure;
        function complain(string why) pure;
    }
}

fn constructor(first: Address, most: u64) {
    OWNER.set(first);
    LIMIT.set(most);
    receive();
}

fn receive() {
    Received { from: msg::sender(), value: msg::value() }.emit();
}

fn fallback() {
    Silent {}.emit();
}

fn state(at: u64, mark: Bytes32) -> bool {
    MARKS.at(at).at(mark).get()
}

fn owner_of() -> Address {
    OWNER.get()
}

fn note(title: &'static str, text: &'static [u8], at: i64, mark: Bytes32) {
    MARKS.at(LIMIT.get()).at(mark).set(true);
    Noted { title, note: text, at, mark }.emit();
}

fn refuse(why: &'static str, data: &'static [u8]) {
    Refused { why, data, code: -7 }.revert();
}

fn nothing() {
    Nothing {}.revert();
}

fn complain(why: &'static str) {
    lockstep::revert(why);
}
