// SPDX-License-Identifier: UNLICENSED
pragma solidity ^0.8.20;

/// Counts up, by at most ten at a time.
contract Counter {
    uint256 public number;

    event Incremented(address indexed by, uint256 number);

    error TooMuch(uint256 amount);

    function increment(uint256 amount) external returns (uint256) {
        if (amount > 10) revert TooMuch(amount);
        number += amount;
        emit Incremented(msg.sender, number);
        return number;
    }
}
