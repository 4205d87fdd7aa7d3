//! Values that others read, structures, arrays and several results.
use lockstep::{lockstep, msg, this, Address, Array, U256};

lockstep! {
  struct Point { int32 x; int32 y; }

  contract Open {
    struct Note { bytes text; uint64[] times; Point at; }

    string public constant name = "Open; \"really\"";
    uint8 public constant decimals = 18;
    uint256 public constant cap = 1_000_000e18;

    uint256 public total = 7;
    address public owner;
    mapping(address holder => mapping(string => uint64)) public marks;

    event Moved(address indexed by, Point[] path, Note note);

    error Bad(Note[] notes, Point at, uint8[] codes);

    constructor();
    function pair(uint256 a, address b) pure returns (address first, uint256 second);
    function points(Point[] path) pure returns (Point[] back, uint256 count);
    function again(Point[] path) view returns (uint256 count, Point[] back);
    function notes(Note[] all) pure returns (Note[]);
    function texts(bytes[] all) pure returns (bytes[]);
    function nested(uint256[][] all, bool last) pure returns (bool, uint256[][]);
    function bad(Note note, Point at) pure;
    function moved(Point[] path, Note note);
    function mark(string key);
  }

  interface Other { function points(Point[] path) pure returns (Point[] back, uint256 count); }
}

fn constructor() {
    OWNER.set(msg::sender());
}

fn pair(a: U256, b: Address) -> (Address, U256) {
    (b, a)
}

fn points(path: Array<Point>) -> (Array<Point>, U256) {
    (path.iter().rev().copied().collect(), U256::from(path.len() as u64))
}

fn again(path: Array<Point>) -> (U256, Array<Point>) {
    let (back, count) = Other(this()).points(path);
    (count, back)
}

fn notes(all: Array<Note>) -> Array<Note> {
    all
}

fn texts(all: Array<&'static [u8]>) -> Array<&'static [u8]> {
    all
}

fn nested(all: Array<Array<U256>>, last: bool) -> (bool, Array<Array<U256>>) {
    (last, all)
}

fn bad(note: Note, at: Point) {
    let notes = [note, note].into_iter().collect();
    Bad { notes, at, codes: Array(&[1, 2, 3]) }.revert();
}

fn moved(path: Array<Point>, note: Note) {
    Moved { by: msg::sender(), path, note }.emit();
}

fn mark(key: &'static str) {
    MARKS.at(msg::sender()).at(key).set(3);
    TOTAL.set(CAP);
}
