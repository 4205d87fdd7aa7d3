// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

interface Erc20 {
    function transfer(address to, uint256 value) external returns (bool);
    function balanceOf(address account) external view returns (uint256);
}

/// Sends tokens that it has, of a contract in any language; what that reverts with, it does too.
contract Relay {
    event Relayed(address indexed token, uint256 value);

    function relay(address token, address to, uint256 value) external returns (bool) {
        emit Relayed(token, value);
        return Erc20(token).transfer(to, value);
    }

    function sum(address token, address a, address b) external view returns (uint256) {
        return Erc20(token).balanceOf(a) + Erc20(token).balanceOf(b);
    }
}
