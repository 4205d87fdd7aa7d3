// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Ownable} from "./Ownable.sol";

/// Locks tokens for their owners until a block number. Shows imports, structs and arrays.
contract Vault is Ownable {
    struct Lock {
        uint128 amount;
        uint64 until;
        string note;
    }

    IERC20 public immutable token;
    mapping(address owner => Lock[]) private _locks;

    event Locked(address indexed owner, uint256 indexed index, uint256 amount, string note);
    event Released(address indexed owner, uint256 indexed index, uint256 amount);

    error StillLocked(uint256 blockNumber, uint256 until);

    constructor(IERC20 token_, address owner_) Ownable(owner_) {
        token = token_;
    }

    function lock(uint128 amount, uint64 blocks, string calldata note) external {
        uint64 until = uint64(block.number) + blocks;
        _locks[msg.sender].push(Lock(amount, until, note));
        emit Locked(msg.sender, _locks[msg.sender].length - 1, amount, note);
        require(token.transferFrom(msg.sender, address(this), amount), "transfer refused");
    }

    function release(uint256 index) external {
        Lock storage entry = _locks[msg.sender][index];
        if (block.number < entry.until) revert StillLocked(block.number, entry.until);
        uint256 amount = entry.amount;
        entry.amount = 0;
        emit Released(msg.sender, index, amount);
        require(token.transfer(msg.sender, amount), "transfer refused");
    }

    function locksOf(address owner) external view returns (Lock[] memory) {
        return _locks[owner];
    }

    /// The sum of a list of locks, none of which needs to exist.
    function total(Lock[] calldata locks) external pure returns (uint256 sum) {
        for (uint256 i = 0; i < locks.length; i++) sum += locks[i].amount;
    }
}
