// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// A contract with one owner, who may hand it on.
abstract contract Ownable {
    address public owner;

    event OwnershipTransferred(address indexed from, address indexed to);

    error NotOwner(address caller);

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    constructor(address first) {
        owner = first;
        emit OwnershipTransferred(address(0), first);
    }

    function transferOwnership(address to) external onlyOwner {
        emit OwnershipTransferred(owner, to);
        owner = to;
    }
}
