// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// What contracts have besides functions: a constructor that is paid, receive, fallback, messages.
contract Corner {
    address private owner;
    mapping(uint64 => mapping(bytes32 => bool)) private marks;
    uint64 private limit;

    event Received(address indexed from, uint256 value);
    event Noted(string indexed title, bytes note, int64 indexed at, bytes32 indexed mark);
    event Silent();

    error Nothing();
    error Refused(string why, bytes data, int8 code);

    constructor(address first, uint64 most) payable {
        owner = first;
        limit = most;
        emit Received(msg.sender, msg.value);
    }

    receive() external payable { emit Received(msg.sender, msg.value); }
    fallback() external { emit Silent(); }

    function state(uint64 at, bytes32 mark) external view returns (bool) { return marks[at][mark]; }
    function ownerOf() external view returns (address) { return owner; }
    function note(string calldata title, bytes calldata text, int64 at, bytes32 mark) external {
        marks[limit][mark] = true;
        emit Noted(title, text, at, mark);
    }
    function refuse(string calldata why, bytes calldata data) external pure {
        revert Refused(why, data, -7);
    }
    function nothing() external pure { revert Nothing(); }
    function complain(string calldata why) external pure { revert(why); }
}
