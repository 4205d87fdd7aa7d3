//! Arithmetic, and every type of the ABI that contracts have, in and out.
use lockstep::{lockstep, msg, Address, Bytes32, U256};

lockstep! {
    contract Everything {
        mapping(string => uint64) counts;

        function add(uint256 a, uint256 b) pure returns (uint256);
        function sub(uint256 a, uint256 b) pure returns (uint256);
        function mul(uint256 a, uint256 b) pure returns (uint256);
        function div(uint256 a, uint256 b) pure returns (uint256);
        function rem(uint256 a, uint256 b) pure returns (uint256);
        function pow(uint256 a, uint32 b) pure returns (uint256);
        function less(uint256 a, uint256 b) pure returns (bool);
        function echoBool(bool a) pure returns (bool);
        function echoUint8(uint8 a) pure returns (uint8);
        function echoUint32(uint32 a) pure returns (uint32);
        function echoUint64(uint64 a) pure returns (uint64);
        function echoInt16(int16 a) pure returns (int16);
        function echoInt64(int64 a) pure returns (int64);
        function echoAddress(address a) pure returns (address);
        function echoBytes32(bytes32 a) pure returns (bytes32);
        function echoString(string a) pure returns (string);
        function echoBytes(bytes a) pure returns (bytes);
        function second(bytes a, uint8 n, string b) pure returns (string);
        function count(string key) returns (uint64);
        function paid() payable returns (uint256);
    }
}

fn add(a: U256, b: U256) -> U256 { a + b }
fn sub(a: U256, b: U256) -> U256 { a - b }
fn mul(a: U256, b: U256) -> U256 { a * b }
fn div(a: U256, b: U256) -> U256 { a / b }
fn rem(a: U256, b: U256) -> U256 { a % b }
fn pow(a: U256, b: u32) -> U256 { a.pow(b) }
fn less(a: U256, b: U256) -> bool { a < b }
fn echo_bool(a: bool) -> bool { a }
fn echo_uint8(a: u8) -> u8 { a }
fn echo_uint32(a: u32) -> u32 { a }
fn echo_uint64(a: u64) -> u64 { a }
fn echo_int16(a: i16) -> i16 { a }
fn echo_int64(a: i64) -> i64 { a }
fn echo_address(a: Address) -> Address { a }
fn echo_bytes32(a: Bytes32) -> Bytes32 { a }
fn echo_string(a: &'static str) -> &'static str { a }
fn echo_bytes(a: &'static [u8]) -> &'static [u8] { a }
fn second(_a: &'static [u8], _n: u8, b: &'static str) -> &'static str { b }

fn count(key: &'static str) -> u64 {
    let entry = COUNTS.at(key);
    entry.set(entry.get() + 1);
    entry.get()
}

fn paid() -> U256 { msg::value() }
