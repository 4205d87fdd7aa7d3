/* Values that others read, structures, arrays and several results. */
#include <lockstep.hpp>

LOCKSTEP(
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
)

void constructor() { owner = msg_sender(); }

pair_results pair(u256 a, address b) { return {b, a}; }

points_results points(Point_array path) {
  Point_array back = new_Point_array(path.size);
  for (uint32_t i = 0; i < path.size; i++) back[i] = path[path.size - 1 - i];
  return {back, path.size};
}

again_results again(Point_array path) {
  auto [back, count] = Other_points(self(), path);
  return {count, back};
}

Note_array notes(Note_array all) { return all; }
bytes_array texts(bytes_array all) { return all; }
nested_results nested(uint256_array_array all, bool last) { return {last, all}; }

void bad(Note note, Point at) {
  Note all[2] = {note, note};
  uint8_t codes[3] = {1, 2, 3};
  revert_Bad({all, 2}, at, {codes, 3});
}

void moved(Point_array path, Note note) { emit_Moved(msg_sender(), path, note); }

void mark(string key) {
  marks[msg_sender()][key] = 3;
  total = cap;
}
