/* Counts up, by at most ten at a time. */
#include <lockstep.hpp>

LOCKSTEP(contract Counter {
  uint256 public number;

  event Incremented(address indexed by, uint256 number);

  error TooMuch(uint256 amount);

  function increment(uint256 amount) returns (uint256);
})

u256 increment(u256 amount) {
  if (amount > 10) revert_TooMuch(amount);
  number += amount;
  emit_Incremented(msg_sender(), number);
  return number;
}
