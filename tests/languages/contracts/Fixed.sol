// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Arrays of a fixed count, with items of fixed size and of any.
contract Fixed {
    struct Row { uint8[2] cells; bool isLast; }

    function flags(bool[2] memory a) external pure returns (bool[2] memory) { return a; }
    function grid(uint16[2][3] memory a, bool last) external pure returns (bool, uint16[2][3] memory) {
        return (last, a);
    }
    function rows(Row[2] memory a) external pure returns (Row[2] memory) { return a; }
    function mixed(uint256[2][] memory a, bytes[2] memory b)
        external pure returns (uint256[2][] memory, bytes[2] memory) { return (a, b); }
}
