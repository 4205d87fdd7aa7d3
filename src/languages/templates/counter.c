/* Counts up, by at most ten at a time. */
#include <lockstep.h>

LOCKSTEP(contract Counter {
  uint256 public number;

  event Incremented(address indexed by, uint256 number);

  error TooMuch(uint256 amount);

  function increment(uint256 amount) returns (uint256);
})

u256 increment(u256 amount) {
  if (u256_less(u256_from(10), amount)) revert_TooMuch(amount);
  u256 sum = u256_add(number_get(), amount);
  number_set(sum);
  emit_Incremented(msg_sender(), sum);
  return sum;
}
