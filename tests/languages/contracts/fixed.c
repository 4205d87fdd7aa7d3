/* Arrays of a fixed count, with items of fixed size and of any. */
#include <lockstep.h>

LOCKSTEP(contract Fixed {
  struct Row { uint8[2] cells; bool isLast; }

  function flags(bool[2] a) pure returns (bool[2]);
  function grid(uint16[2][3] a, bool last) pure returns (bool, uint16[2][3]);
  function rows(Row[2] a) pure returns (Row[2]);
  function mixed(uint256[2][] a, bytes[2] b) pure returns (uint256[2][], bytes[2]);
})

bool_array2 flags(bool_array2 a) { return a; }
grid_results grid(uint16_array2_array3 a, bool last) { return (grid_results){last, a}; }
Row_array2 rows(Row_array2 a) { return a; }
mixed_results mixed(uint256_array2_array a, bytes_array2 b) { return (mixed_results){a, b}; }
