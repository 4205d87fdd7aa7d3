// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Values that others read, structures, arrays and several results.
contract Open {
    struct Point { int32 x; int32 y; }
    struct Note { bytes text; uint64[] times; Point at; }

    string public constant name = "Open; \"really\"";
    uint8 public constant decimals = 18;
    uint256 public constant cap = 1_000_000e18;

    uint256 public total = 7;
    address public owner;
    mapping(address holder => mapping(string => uint64)) public marks;

    event Moved(address indexed by, Point[] path, Note note);

    error Bad(Note[] notes, Point at, uint8[] codes);

    constructor() { owner = msg.sender; }

    function pair(uint256 a, address b) external pure returns (address first, uint256 second) {
        return (b, a);
    }
    function points(Point[] memory path) public pure returns (Point[] memory back, uint256 count) {
        back = new Point[](path.length);
        for (uint256 i = 0; i < path.length; i++) back[i] = path[path.length - 1 - i];
        return (back, path.length);
    }
    function again(Point[] memory path) external view returns (uint256 count, Point[] memory back) {
        (back, count) = this.points(path);
    }
    function notes(Note[] memory all) external pure returns (Note[] memory) { return all; }
    function texts(bytes[] memory all) external pure returns (bytes[] memory) { return all; }
    function nested(uint256[][] memory all, bool last) external pure returns (bool, uint256[][] memory) {
        return (last, all);
    }
    function bad(Note memory note, Point memory at) external pure {
        Note[] memory all = new Note[](2);
        (all[0], all[1]) = (note, note);
        uint8[] memory codes = new uint8[](3);
        (codes[0], codes[1], codes[2]) = (1, 2, 3);
        revert Bad(all, at, codes);
    }
    function moved(Point[] memory path, Note memory note) external {
        emit Moved(msg.sender, path, note);
    }
    function mark(string memory key) external {
        marks[msg.sender][key] = 3;
        total = cap;
    }
}
