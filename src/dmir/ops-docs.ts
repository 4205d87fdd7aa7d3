/**
 * What every operation means, edge cases included: the prose of the generated reference. It stands
 * apart from the table so that bundles leave it out; a row without prose does not compile.
 */
import type { OpName } from './ops.ts';

/** Groups of the reference, in order, each with the first operation of the group. */
export const OP_GROUPS: readonly (readonly [title: string, first: OpName])[] = [
  ['Values', 'copy'],
  ['Wrapping and modular arithmetic', 'add'],
  ['Arithmetic that traps on overflow', 'uadd_trap'],
  ['Arithmetic with an overflow flag', 'uadd_overflow'],
  ['Division', 'udiv'],
  ['Bits', 'and'],
  ['Comparison', 'eq'],
  ['Integer conversion', 'zext'],
  ['Floats', 'fadd'],
  ['Float conversion', 'fpromote'],
  ['Memory', 'load'],
  ['Gas', 'charge'],
  ['State', 'cell_load'],
  ['Logs', 'log'],
  ['Calls', 'call'],
  ['Terminators', 'br'],
];

export const OP_DOCS: Readonly<Record<OpName, string>> = {
  copy: 'The operand, bit for bit: a NaN keeps its payload.',
  select:
    'The second operand where the first is 1, else the third, bit for bit. Both are computed.',
  add: 'The sum modulo 2^width.',
  sub: 'The first operand minus the second, modulo 2^width.',
  mul: 'The product modulo 2^width.',
  umulhi: 'The upper half of the exact product of 2 × width bits, operands unsigned.',
  smulhi: 'The upper half of the exact product of 2 × width bits, operands signed.',
  addmod:
    'The exact sum of the first two operands modulo the third, unsigned; 0 where the third is 0.',
  mulmod:
    'The exact product of the first two operands modulo the third, unsigned; 0 where the third is 0.',
  pow: 'The first operand to the power of the second, unsigned, modulo 2^width; 0 to the power 0 is 1.',
  uadd_trap: 'The unsigned sum; traps where it is 2^width or more.',
  sadd_trap: 'The signed sum; traps where it is outside -2^(width-1) to 2^(width-1)-1.',
  usub_trap: 'The unsigned difference; traps where it is negative.',
  ssub_trap: 'The signed difference; traps where it does not fit the width.',
  umul_trap: 'The unsigned product; traps where it is 2^width or more.',
  smul_trap: 'The signed product; traps where it does not fit the width, as the least times -1.',
  uadd_overflow: 'The sum modulo 2^width, and 1 where the unsigned sum does not fit, else 0.',
  sadd_overflow: 'The sum modulo 2^width, and 1 where the signed sum does not fit, else 0.',
  usub_overflow:
    'The difference modulo 2^width, and 1 where the first operand is the lesser, unsigned, else 0.',
  ssub_overflow:
    'The difference modulo 2^width, and 1 where the signed difference does not fit, else 0.',
  umul_overflow:
    'The product modulo 2^width, and 1 where the unsigned product does not fit, else 0.',
  smul_overflow: 'The product modulo 2^width, and 1 where the signed product does not fit, else 0.',
  udiv: 'The unsigned quotient, rounded towards zero; traps where the divisor is 0.',
  sdiv: 'The signed quotient, rounded towards zero; traps with `division-by-zero` where the divisor is 0, and with `integer-overflow` for the least number over -1.',
  urem: 'The unsigned remainder; traps where the divisor is 0.',
  srem: 'The signed remainder, with the sign of the dividend; traps with `division-by-zero` where the divisor is 0. The least number over -1 gives 0 and does not trap.',
  udiv_zero: 'The unsigned quotient; 0 where the divisor is 0 (EVM `DIV`).',
  sdiv_zero:
    'The signed quotient, rounded towards zero; 0 where the divisor is 0; the least number over -1 gives the least number (EVM `SDIV`).',
  urem_zero: 'The unsigned remainder; 0 where the divisor is 0 (EVM `MOD`).',
  srem_zero:
    'The signed remainder, with the sign of the dividend; 0 where the divisor is 0 (EVM `SMOD`).',
  udiv_ones: 'The unsigned quotient; all ones where the divisor is 0 (RISC-V `DIVU`).',
  sdiv_ones:
    'The signed quotient, rounded towards zero; -1 where the divisor is 0; the least number over -1 gives the least number (RISC-V `DIV`).',
  urem_ones: 'The unsigned remainder; the dividend where the divisor is 0 (RISC-V `REMU`).',
  srem_ones:
    'The signed remainder, with the sign of the dividend; the dividend where the divisor is 0; the least number over -1 gives 0 (RISC-V `REM`).',
  and: 'The bits that are 1 in both operands.',
  or: 'The bits that are 1 in one operand or both.',
  xor: 'The bits that differ.',
  not: 'Every bit inverted.',
  shl: 'The first operand shifted left by the second modulo the width; zeros enter.',
  ushr: 'The first operand shifted right by the second modulo the width; zeros enter.',
  sshr: 'The first operand shifted right by the second modulo the width; copies of the sign bit enter.',
  shl_sat:
    'The first operand shifted left by the second, unsigned; 0 where the count is the width or more (EVM `SHL`).',
  ushr_sat:
    'The first operand shifted right by the second, unsigned; 0 where the count is the width or more (EVM `SHR`).',
  sshr_sat:
    'The first operand shifted right by the second, unsigned, copies of the sign bit entering; all sign bits where the count is the width or more (EVM `SAR`).',
  rotl: 'The first operand rotated left by the second modulo the width.',
  rotr: 'The first operand rotated right by the second modulo the width.',
  clz: 'The number of zeros above the highest 1; the width for 0.',
  ctz: 'The number of zeros below the lowest 1; the width for 0.',
  popcnt: 'The number of bits that are 1.',
  bswap: 'The bytes in reverse order; an `i8` is its own.',
  byte_be:
    'The byte of the second operand at the index that is the first, counted from the most significant; 0 where the index is past the end (EVM `BYTE`).',
  sext_byte:
    'The second operand with the sign of its byte at the index that is the first, counted from the least significant, extended above it; unchanged where the index is that of the top byte or more (EVM `SIGNEXTEND`).',
  eq: '1 where all bits are equal, else 0.',
  ne: '1 where a bit differs, else 0.',
  ult: '1 where the first operand is less than the second, unsigned, else 0.',
  ule: '1 where the first operand is at most the second, unsigned, else 0.',
  ugt: '1 where the first operand is greater than the second, unsigned, else 0.',
  uge: '1 where the first operand is at least the second, unsigned, else 0.',
  slt: '1 where the first operand is less than the second, signed, else 0.',
  sle: '1 where the first operand is at most the second, signed, else 0.',
  sgt: '1 where the first operand is greater than the second, signed, else 0.',
  sge: '1 where the first operand is at least the second, signed, else 0.',
  iszero: '1 where all bits are 0, else 0.',
  zext: 'The operand, a register of a narrower type, with zeros above it.',
  sext: 'The operand, a register of a narrower type, with copies of its top bit above it; an `i1` of 1 gives all ones.',
  trunc: 'The low bits of the operand, a register of a wider type.',
  fadd: 'The sum, rounded to nearest, ties to even.',
  fsub: 'The difference, rounded to nearest, ties to even.',
  fmul: 'The product, rounded to nearest, ties to even.',
  fdiv: 'The quotient, rounded to nearest, ties to even; a number over 0 is infinite, 0 over 0 is NaN.',
  fmin: 'The lesser operand, where -0 is less than +0; NaN where one is NaN.',
  fmax: 'The greater operand, where +0 is greater than -0; NaN where one is NaN.',
  fcopysign: 'The first operand with the sign bit of the second; a NaN keeps its payload.',
  fabs: 'The operand with its sign bit cleared; a NaN keeps its payload.',
  fneg: 'The operand with its sign bit inverted; a NaN keeps its payload.',
  fsqrt: 'The square root, rounded to nearest; NaN for less than -0; -0 for -0.',
  fceil: 'The least integer that is not less, as a float; keeps the sign of zero.',
  ffloor: 'The greatest integer that is not greater, as a float; keeps the sign of zero.',
  ftrunc: 'The integer part, as a float; keeps the sign of zero.',
  fnearest: 'The nearest integer, ties to even, as a float; keeps the sign of zero.',
  feq: '1 where the operands are equal, +0 and -0 being equal; 0 where one is NaN.',
  fne: '1 where the operands are not equal or one is NaN.',
  flt: '1 where the first operand is less; 0 where one is NaN.',
  fle: '1 where the first operand is less or equal; 0 where one is NaN.',
  fgt: '1 where the first operand is greater; 0 where one is NaN.',
  fge: '1 where the first operand is greater or equal; 0 where one is NaN.',
  fpromote: 'The same number in the wider format; every NaN gives the canonical one.',
  fdemote:
    'The number rounded to the narrower format, infinite where it is too great; every NaN gives the canonical one.',
  f32_to_uint:
    'The integer part as an unsigned integer; traps for NaN and where it does not fit. Above -1 the integer part is 0.',
  f32_to_sint: 'The integer part as a signed integer; traps for NaN and where it does not fit.',
  f64_to_uint:
    'The integer part as an unsigned integer; traps for NaN and where it does not fit. Above -1 the integer part is 0.',
  f64_to_sint: 'The integer part as a signed integer; traps for NaN and where it does not fit.',
  f32_to_uint_sat: 'The integer part as an unsigned integer, or the nearest that fits; 0 for NaN.',
  f32_to_sint_sat: 'The integer part as a signed integer, or the nearest that fits; 0 for NaN.',
  f64_to_uint_sat: 'The integer part as an unsigned integer, or the nearest that fits; 0 for NaN.',
  f64_to_sint_sat: 'The integer part as a signed integer, or the nearest that fits; 0 for NaN.',
  uint_to_f32: 'The unsigned integer, rounded once to nearest, ties to even.',
  sint_to_f32: 'The signed integer, rounded once to nearest, ties to even.',
  uint_to_f64: 'The unsigned integer, rounded once to nearest, ties to even.',
  sint_to_f64: 'The signed integer, rounded once to nearest, ties to even.',
  f32_bits: 'The IEEE 754 bits; a NaN keeps its payload.',
  f64_bits: 'The IEEE 754 bits; a NaN keeps its payload.',
  bits_f32: 'The float of the bits; a NaN keeps its payload.',
  bits_f64: 'The float of the bits; a NaN keeps its payload.',
  load: 'The bytes of the type at the address, least significant first.',
  load_be: 'The bytes of the type at the address, most significant first.',
  load8_u: 'The byte at the address, with zeros above it.',
  store: 'Writes the bytes of the value at the address, least significant first.',
  store_be: 'Writes the bytes of the value at the address, most significant first.',
  store8: 'Writes the low byte of the value at the address.',
  mem_size: 'The length of the region in bytes.',
  mem_grow:
    'Grows the region by as many bytes, which are zero, without a charge, and gives its length before; where it would pass its most bytes, changes nothing and gives all ones.',
  mem_copy:
    'Copies bytes between regions (destination, source; then destination address, source address, length); ranges that overlap copy as if through a buffer. Charges the schedule per 32-byte word.',
  mem_fill:
    'Sets bytes (address, value of which the low byte counts, length). Charges the schedule per 32-byte word, as a copy.',
  mem_compare:
    'Compares two ranges (address, address, length): -1, 0 or 1 as the first byte that differs is less, there is none, or it is greater. Charges the schedule per 32-byte word, as a copy.',
  keccak256:
    'The Keccak-256 hash of a range (address, length) as a number whose most significant byte is the first of the hash. Charges the schedule per 32-byte word.',
  charge: 'Takes the amount from the gas; where there is less, traps and takes nothing.',
  charge_dyn:
    'Takes the operand, unsigned, from the gas; where there is less, traps and takes nothing.',
  gas_left: 'The gas that is left, after all charges before this operation and none behind it.',
  cell_load:
    'The value of the cell, 0 where there is none. Charges a cold or a warm load and makes the cell warm.',
  cell_store:
    'Writes the cell. Traps in a static frame. Charges by current and original value (EIP-2200, EIP-2929, EIP-3529), moves the refund counter, and makes the cell warm.',
  cell_original:
    'The value that the cell had at the start of the transaction. No charge; the cell stays as cold as it is.',
  cell_is_warm: '1 where the transaction has touched the cell, else 0. No charge.',
  cell_delete: 'Stores 0, with what `cell_store` charges, and the cell is gone.',
  cell_add:
    'Adds a signed delta to the cell, with what a `cell_store` of the sum charges, and gives 0. Where the sum is negative or 2^256 or more, charges as for the old value, changes nothing and gives 1.',
  cell_insert_once:
    'Creates the cell, with what `cell_store` charges; traps with `cell-exists` where it exists, before the charge.',
  cell_consume:
    'The value of the cell, which then is gone, with what a `cell_store` of 0 charges; traps with `cell-missing` where there is none, before the charge.',
  refund_add: 'Adds the signed operand to the refund counter, modulo 2^64.',
  log: 'Records a log of a range (address, length) and up to four `i256` topics. Traps in a static frame. Charges the schedule per byte.',
  call: 'Calls a closed function with its arguments; its results are the results. Traps at the depth limit.',
  call_indirect:
    'Calls the function whose place in the module is the first operand. The immediate names a function whose signature it must have; traps with `bad-function` where there is none of it at the place, or it is open.',
  br: 'Goes to the target.',
  br_if: 'Goes to the first target where the operand is 1, else to the second.',
  br_table:
    'Goes to the target at the place that is the operand, unsigned; to the last where there is none.',
  dispatch:
    'Hands the arguments to the window and goes to the block of the function whose id is the operand; traps with `bad-jump` where there is none. Open functions only.',
  return: 'Ends the closed function with its results; in the outermost one, the frame.',
  tail_call:
    'Ends the closed function with the results of another, which takes its place: the depth does not grow.',
  trap: 'Ends the frame with the trap kind.',
  stop: 'Ends the frame successfully with an empty output.',
  finish: 'Ends the frame successfully with a range (address, length) as output.',
  revert:
    'Ends the frame with a range (address, length) as output, and its changes of the state are undone.',
  suspend:
    'Charges the gas of the host function, leaves the machine with the operands, and goes on at the target, whose parameters are the arguments and then the results of the host.',
  tail_call_indirect:
    'Ends the closed function with the results of the one whose place in the module is the first operand, which takes its place. The immediate is as for `call_indirect`, and so is the trap.',
};
