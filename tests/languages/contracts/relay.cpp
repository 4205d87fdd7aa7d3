/* Sends tokens that it has, of a contract in any language; what that reverts with, it does too. */
#include <lockstep.hpp>

LOCKSTEP(contract Relay {
  event Relayed(address indexed token, uint256 value);

  function relay(address token, address to, uint256 value) returns (bool);
  function sum(address token, address a, address b) view returns (uint256);
}

interface Erc20 {
  function transfer(address to, uint256 value) returns (bool);
  function balanceOf(address account) view returns (uint256);
})

bool relay(address token, address to, u256 value) {
  emit_Relayed(token, value);
  return Erc20_transfer(token, to, value);
}

u256 sum(address token, address a, address b) {
  return Erc20_balanceOf(token, a) + Erc20_balanceOf(token, b);
}
