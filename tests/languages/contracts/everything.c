/* Arithmetic, and every type of the ABI that contracts have, in and out. */
#include <lockstep.h>

LOCKSTEP(contract Everything {
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
})

u256 add(u256 a, u256 b) { return u256_add(a, b); }
u256 sub(u256 a, u256 b) { return u256_sub(a, b); }
u256 mul(u256 a, u256 b) { return u256_mul(a, b); }
u256 div(u256 a, u256 b) { return u256_div(a, b); }
u256 rem(u256 a, u256 b) { return u256_rem(a, b); }
u256 pow(u256 a, uint32_t b) { return u256_pow(a, b); }
bool less(u256 a, u256 b) { return u256_less(a, b); }
bool echoBool(bool a) { return a; }
uint8_t echoUint8(uint8_t a) { return a; }
uint32_t echoUint32(uint32_t a) { return a; }
uint64_t echoUint64(uint64_t a) { return a; }
int16_t echoInt16(int16_t a) { return a; }
int64_t echoInt64(int64_t a) { return a; }
address echoAddress(address a) { return a; }
bytes32 echoBytes32(bytes32 a) { return a; }
string echoString(string a) { return a; }
bytes echoBytes(bytes a) { return a; }

string second(bytes a, uint8_t n, string b) {
  (void)a, (void)n;
  return b;
}

uint64_t count(string key) {
  uint64_t count = counts_get(key) + 1;
  counts_set(key, count);
  return count;
}

u256 paid(void) { return msg_value(); }
