/** Codes of `Panic(uint256)`, as the Solidity documentation lists them (Control Structures). */
export const PANICS: ReadonlyMap<bigint, string> = new Map([
  [0x00n, 'a generic panic that the compiler inserted'],
  [0x01n, 'an assertion is false'],
  [0x11n, 'arithmetic overflow or underflow outside of an unchecked block'],
  [0x12n, 'division or modulo by zero'],
  [0x21n, 'a value is too large or negative for its enum'],
  [0x22n, 'a byte array in storage is wrongly encoded'],
  [0x31n, 'pop() on an empty array'],
  [0x32n, 'an array index is out of bounds or negative'],
  [0x41n, 'too much memory was allocated, or an array is too large'],
  [0x51n, 'a call of a zero-initialised variable of internal function type'],
]);
