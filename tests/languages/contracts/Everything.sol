// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// Arithmetic, and every type of the ABI that contracts on WebAssembly have, in and out.
contract Everything {
    mapping(string => uint64) private counts;

    function add(uint256 a, uint256 b) external pure returns (uint256) { return a + b; }
    function sub(uint256 a, uint256 b) external pure returns (uint256) { return a - b; }
    function mul(uint256 a, uint256 b) external pure returns (uint256) { return a * b; }
    function div(uint256 a, uint256 b) external pure returns (uint256) { return a / b; }
    function rem(uint256 a, uint256 b) external pure returns (uint256) { return a % b; }
    function pow(uint256 a, uint32 b) external pure returns (uint256) { return a ** b; }
    function less(uint256 a, uint256 b) external pure returns (bool) { return a < b; }
    function echoBool(bool a) external pure returns (bool) { return a; }
    function echoUint8(uint8 a) external pure returns (uint8) { return a; }
    function echoUint32(uint32 a) external pure returns (uint32) { return a; }
    function echoUint64(uint64 a) external pure returns (uint64) { return a; }
    function echoInt16(int16 a) external pure returns (int16) { return a; }
    function echoInt64(int64 a) external pure returns (int64) { return a; }
    function echoAddress(address a) external pure returns (address) { return a; }
    function echoBytes32(bytes32 a) external pure returns (bytes32) { return a; }
    function echoString(string calldata a) external pure returns (string memory) { return a; }
    function echoBytes(bytes calldata a) external pure returns (bytes memory) { return a; }
    function second(bytes calldata, uint8, string calldata b) external pure returns (string memory) {
        return b;
    }
    function count(string calldata key) external returns (uint64) { return ++counts[key]; }
    function paid() external payable returns (uint256) { return msg.value; }
}
