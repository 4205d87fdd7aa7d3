/**
 * Operations on 32-bit and 64-bit integers and on floats that are more than one WebAssembly
 * instruction. The cases of the interpreter loop that call them are generated, so a function is
 * named by its operation and type.
 *
 * Arguments are addresses of registers: destination (and the flag's), then operands. A register
 * holds its value with zeros up to 64 bits. Every function reads its operands before it writes.
 * Those that can trap return the trap kind and then have written nothing; 0 is no trap.
 */
import { TRAP_BAD_CONVERSION, TRAP_DIVISION_BY_ZERO, TRAP_INTEGER_OVERFLOW } from '../layout';
import { mulHi64 } from './u256';

/** High 64 bits of the signed product. */
// @ts-ignore: decorator
@inline
function signedHigh(x: u64, y: u64): u64 {
  return mulHi64(x, y) - ((<u64>(<i64>x >> 63)) & y) - ((<u64>(<i64>y >> 63)) & x);
}

/** Writes a value and its flag. */
// @ts-ignore: decorator
@inline
function setFlagged(d: u32, e: u32, value: u64, flag: bool): void {
  store<u64>(d, value);
  store<u64>(e, <u64>flag);
}

/** Writes the value, or tells of the overflow. */
// @ts-ignore: decorator
@inline
function setChecked(d: u32, value: u64, overflows: bool): u32 {
  if (overflows) return TRAP_INTEGER_OVERFLOW;
  store<u64>(d, value);
  return 0;
}

/** Whether a signed sum wrapped: both operands have the sign that the sum has not. */
// @ts-ignore: decorator
@inline
function sumWraps(x: u64, y: u64, sum: u64): bool {
  return <i64>((x ^ sum) & (y ^ sum)) < 0;
}

// @ts-ignore: decorator
@inline
function differenceWraps(x: u64, y: u64, difference: u64): bool {
  return <i64>((x ^ y) & (x ^ difference)) < 0;
}

// @ts-ignore: decorator
@inline
function productWraps(x: u64, y: u64): bool {
  return signedHigh(x, y) != <u64>(<i64>(x * y) >> 63);
}

// @ts-ignore: decorator
@inline
function fitsI32(value: i64): bool {
  return value == <i64>(<i32>value);
}

// @ts-ignore: decorator
@inline
function low(value: i64): u64 {
  return <u64>(<u32>value);
}

// 64-bit products

export function umulhiI64(d: u32, a: u32, b: u32): void {
  store<u64>(d, mulHi64(load<u64>(a), load<u64>(b)));
}

export function smulhiI64(d: u32, a: u32, b: u32): void {
  store<u64>(d, signedHigh(load<u64>(a), load<u64>(b)));
}

export function powI64(d: u32, a: u32, b: u32): void {
  let square = load<u64>(a);
  let result: u64 = 1;
  for (let exponent = load<u64>(b); exponent != 0; exponent >>= 1) {
    if (exponent & 1) result *= square;
    square *= square;
  }
  store<u64>(d, result);
}

// 64-bit arithmetic that tells of overflow

// @ts-ignore: decorator
@inline
export function uaddTrapI64(d: u32, a: u32, b: u32): u32 {
  const x = load<u64>(a);
  const sum = x + load<u64>(b);
  return setChecked(d, sum, sum < x);
}

// @ts-ignore: decorator
@inline
export function saddTrapI64(d: u32, a: u32, b: u32): u32 {
  const x = load<u64>(a);
  const y = load<u64>(b);
  return setChecked(d, x + y, sumWraps(x, y, x + y));
}

// @ts-ignore: decorator
@inline
export function usubTrapI64(d: u32, a: u32, b: u32): u32 {
  const x = load<u64>(a);
  const y = load<u64>(b);
  return setChecked(d, x - y, x < y);
}

// @ts-ignore: decorator
@inline
export function ssubTrapI64(d: u32, a: u32, b: u32): u32 {
  const x = load<u64>(a);
  const y = load<u64>(b);
  return setChecked(d, x - y, differenceWraps(x, y, x - y));
}

export function umulTrapI64(d: u32, a: u32, b: u32): u32 {
  const x = load<u64>(a);
  const y = load<u64>(b);
  return setChecked(d, x * y, mulHi64(x, y) != 0);
}

export function smulTrapI64(d: u32, a: u32, b: u32): u32 {
  const x = load<u64>(a);
  const y = load<u64>(b);
  return setChecked(d, x * y, productWraps(x, y));
}

// @ts-ignore: decorator
@inline
export function uaddOverflowI64(d: u32, e: u32, a: u32, b: u32): void {
  const x = load<u64>(a);
  const sum = x + load<u64>(b);
  setFlagged(d, e, sum, sum < x);
}

// @ts-ignore: decorator
@inline
export function saddOverflowI64(d: u32, e: u32, a: u32, b: u32): void {
  const x = load<u64>(a);
  const y = load<u64>(b);
  setFlagged(d, e, x + y, sumWraps(x, y, x + y));
}

// @ts-ignore: decorator
@inline
export function usubOverflowI64(d: u32, e: u32, a: u32, b: u32): void {
  const x = load<u64>(a);
  const y = load<u64>(b);
  setFlagged(d, e, x - y, x < y);
}

// @ts-ignore: decorator
@inline
export function ssubOverflowI64(d: u32, e: u32, a: u32, b: u32): void {
  const x = load<u64>(a);
  const y = load<u64>(b);
  setFlagged(d, e, x - y, differenceWraps(x, y, x - y));
}

export function umulOverflowI64(d: u32, e: u32, a: u32, b: u32): void {
  const x = load<u64>(a);
  const y = load<u64>(b);
  setFlagged(d, e, x * y, mulHi64(x, y) != 0);
}

export function smulOverflowI64(d: u32, e: u32, a: u32, b: u32): void {
  const x = load<u64>(a);
  const y = load<u64>(b);
  setFlagged(d, e, x * y, productWraps(x, y));
}

// 32-bit products and overflow, exact in 64 bits

export function umulhiI32(d: u32, a: u32, b: u32): void {
  store<u64>(d, (load<u64>(a) * load<u64>(b)) >> 32);
}

export function smulhiI32(d: u32, a: u32, b: u32): void {
  store<u64>(d, low((<i64>load<i32>(a) * <i64>load<i32>(b)) >> 32));
}

// @ts-ignore: decorator
@inline
export function uaddTrapI32(d: u32, a: u32, b: u32): u32 {
  const sum = load<u64>(a) + load<u64>(b);
  return setChecked(d, sum, sum >> 32 != 0);
}

// @ts-ignore: decorator
@inline
export function saddTrapI32(d: u32, a: u32, b: u32): u32 {
  const sum = <i64>load<i32>(a) + <i64>load<i32>(b);
  return setChecked(d, low(sum), !fitsI32(sum));
}

// @ts-ignore: decorator
@inline
export function usubTrapI32(d: u32, a: u32, b: u32): u32 {
  const difference = load<u64>(a) - load<u64>(b);
  return setChecked(d, difference, difference >> 32 != 0);
}

// @ts-ignore: decorator
@inline
export function ssubTrapI32(d: u32, a: u32, b: u32): u32 {
  const difference = <i64>load<i32>(a) - <i64>load<i32>(b);
  return setChecked(d, low(difference), !fitsI32(difference));
}

export function umulTrapI32(d: u32, a: u32, b: u32): u32 {
  const product = load<u64>(a) * load<u64>(b);
  return setChecked(d, product, product >> 32 != 0);
}

export function smulTrapI32(d: u32, a: u32, b: u32): u32 {
  const product = <i64>load<i32>(a) * <i64>load<i32>(b);
  return setChecked(d, low(product), !fitsI32(product));
}

// @ts-ignore: decorator
@inline
export function uaddOverflowI32(d: u32, e: u32, a: u32, b: u32): void {
  const sum = load<u64>(a) + load<u64>(b);
  setFlagged(d, e, low(sum), sum >> 32 != 0);
}

// @ts-ignore: decorator
@inline
export function saddOverflowI32(d: u32, e: u32, a: u32, b: u32): void {
  const sum = <i64>load<i32>(a) + <i64>load<i32>(b);
  setFlagged(d, e, low(sum), !fitsI32(sum));
}

// @ts-ignore: decorator
@inline
export function usubOverflowI32(d: u32, e: u32, a: u32, b: u32): void {
  const difference = load<u64>(a) - load<u64>(b);
  setFlagged(d, e, low(difference), difference >> 32 != 0);
}

// @ts-ignore: decorator
@inline
export function ssubOverflowI32(d: u32, e: u32, a: u32, b: u32): void {
  const difference = <i64>load<i32>(a) - <i64>load<i32>(b);
  setFlagged(d, e, low(difference), !fitsI32(difference));
}

export function umulOverflowI32(d: u32, e: u32, a: u32, b: u32): void {
  const product = load<u64>(a) * load<u64>(b);
  setFlagged(d, e, low(product), product >> 32 != 0);
}

export function smulOverflowI32(d: u32, e: u32, a: u32, b: u32): void {
  const product = <i64>load<i32>(a) * <i64>load<i32>(b);
  setFlagged(d, e, low(product), !fitsI32(product));
}

// Division. The least number over -1 would trap in WebAssembly, so -1 is a case of its own.

// @ts-ignore: decorator
@inline
function quotient64(x: i64, y: i64): i64 {
  return y == -1 ? 0 - x : x / y;
}

// @ts-ignore: decorator
@inline
function remainder64(x: i64, y: i64): i64 {
  return y == -1 ? 0 : x % y;
}

export function udivI64(d: u32, a: u32, b: u32): u32 {
  const y = load<u64>(b);
  if (y == 0) return TRAP_DIVISION_BY_ZERO;
  store<u64>(d, load<u64>(a) / y);
  return 0;
}

export function sdivI64(d: u32, a: u32, b: u32): u32 {
  const x = load<i64>(a);
  const y = load<i64>(b);
  if (y == 0) return TRAP_DIVISION_BY_ZERO;
  if (y == -1 && x == i64.MIN_VALUE) return TRAP_INTEGER_OVERFLOW;
  store<i64>(d, quotient64(x, y));
  return 0;
}

export function uremI64(d: u32, a: u32, b: u32): u32 {
  const y = load<u64>(b);
  if (y == 0) return TRAP_DIVISION_BY_ZERO;
  store<u64>(d, load<u64>(a) % y);
  return 0;
}

export function sremI64(d: u32, a: u32, b: u32): u32 {
  const y = load<i64>(b);
  if (y == 0) return TRAP_DIVISION_BY_ZERO;
  store<i64>(d, remainder64(load<i64>(a), y));
  return 0;
}

export function udivZeroI64(d: u32, a: u32, b: u32): void {
  const y = load<u64>(b);
  store<u64>(d, y == 0 ? 0 : load<u64>(a) / y);
}

export function sdivZeroI64(d: u32, a: u32, b: u32): void {
  const y = load<i64>(b);
  store<i64>(d, y == 0 ? 0 : quotient64(load<i64>(a), y));
}

export function uremZeroI64(d: u32, a: u32, b: u32): void {
  const y = load<u64>(b);
  store<u64>(d, y == 0 ? 0 : load<u64>(a) % y);
}

export function sremZeroI64(d: u32, a: u32, b: u32): void {
  const y = load<i64>(b);
  store<i64>(d, y == 0 ? 0 : remainder64(load<i64>(a), y));
}

export function udivOnesI64(d: u32, a: u32, b: u32): void {
  const y = load<u64>(b);
  store<u64>(d, y == 0 ? u64.MAX_VALUE : load<u64>(a) / y);
}

export function sdivOnesI64(d: u32, a: u32, b: u32): void {
  const y = load<i64>(b);
  store<i64>(d, y == 0 ? -1 : quotient64(load<i64>(a), y));
}

export function uremOnesI64(d: u32, a: u32, b: u32): void {
  const y = load<u64>(b);
  const x = load<u64>(a);
  store<u64>(d, y == 0 ? x : x % y);
}

export function sremOnesI64(d: u32, a: u32, b: u32): void {
  const y = load<i64>(b);
  const x = load<i64>(a);
  store<i64>(d, y == 0 ? x : remainder64(x, y));
}

export function udivI32(d: u32, a: u32, b: u32): u32 {
  const y = load<u32>(b);
  if (y == 0) return TRAP_DIVISION_BY_ZERO;
  store<u64>(d, <u64>(load<u32>(a) / y));
  return 0;
}

export function sdivI32(d: u32, a: u32, b: u32): u32 {
  const y = load<i32>(b);
  if (y == 0) return TRAP_DIVISION_BY_ZERO;
  const quotient = <i64>load<i32>(a) / <i64>y;
  return setChecked(d, low(quotient), !fitsI32(quotient));
}

export function uremI32(d: u32, a: u32, b: u32): u32 {
  const y = load<u32>(b);
  if (y == 0) return TRAP_DIVISION_BY_ZERO;
  store<u64>(d, <u64>(load<u32>(a) % y));
  return 0;
}

export function sremI32(d: u32, a: u32, b: u32): u32 {
  const y = load<i32>(b);
  if (y == 0) return TRAP_DIVISION_BY_ZERO;
  store<u64>(d, low(<i64>load<i32>(a) % <i64>y));
  return 0;
}

export function udivZeroI32(d: u32, a: u32, b: u32): void {
  const y = load<u32>(b);
  store<u64>(d, y == 0 ? 0 : <u64>(load<u32>(a) / y));
}

export function sdivZeroI32(d: u32, a: u32, b: u32): void {
  const y = load<i32>(b);
  store<u64>(d, y == 0 ? 0 : low(<i64>load<i32>(a) / <i64>y));
}

export function uremZeroI32(d: u32, a: u32, b: u32): void {
  const y = load<u32>(b);
  store<u64>(d, y == 0 ? 0 : <u64>(load<u32>(a) % y));
}

export function sremZeroI32(d: u32, a: u32, b: u32): void {
  const y = load<i32>(b);
  store<u64>(d, y == 0 ? 0 : low(<i64>load<i32>(a) % <i64>y));
}

export function udivOnesI32(d: u32, a: u32, b: u32): void {
  const y = load<u32>(b);
  store<u64>(d, y == 0 ? 0xffffffff : <u64>(load<u32>(a) / y));
}

export function sdivOnesI32(d: u32, a: u32, b: u32): void {
  const y = load<i32>(b);
  store<u64>(d, y == 0 ? 0xffffffff : low(<i64>load<i32>(a) / <i64>y));
}

export function uremOnesI32(d: u32, a: u32, b: u32): void {
  const y = load<u32>(b);
  const x = load<u32>(a);
  store<u64>(d, <u64>(y == 0 ? x : x % y));
}

export function sremOnesI32(d: u32, a: u32, b: u32): void {
  const y = load<i32>(b);
  const x = load<i32>(a);
  store<u64>(d, y == 0 ? <u64>(<u32>x) : low(<i64>x % <i64>y));
}

// Shifts that saturate

// @ts-ignore: decorator
@inline
export function shlSatI64(d: u32, a: u32, b: u32): void {
  const count = load<u64>(b);
  store<u64>(d, count >= 64 ? 0 : load<u64>(a) << count);
}

// @ts-ignore: decorator
@inline
export function ushrSatI64(d: u32, a: u32, b: u32): void {
  const count = load<u64>(b);
  store<u64>(d, count >= 64 ? 0 : load<u64>(a) >> count);
}

// @ts-ignore: decorator
@inline
export function sshrSatI64(d: u32, a: u32, b: u32): void {
  store<i64>(d, load<i64>(a) >> <i64>min(load<u64>(b), 63));
}

// @ts-ignore: decorator
@inline
export function shlSatI32(d: u32, a: u32, b: u32): void {
  const count = load<u32>(b);
  const x = load<u32>(a);
  store<u64>(d, count >= 32 ? 0 : <u64>(<u32>(x << count)));
}

// @ts-ignore: decorator
@inline
export function ushrSatI32(d: u32, a: u32, b: u32): void {
  const count = load<u32>(b);
  store<u64>(d, count >= 32 ? 0 : <u64>(load<u32>(a) >> count));
}

// @ts-ignore: decorator
@inline
export function sshrSatI32(d: u32, a: u32, b: u32): void {
  store<u64>(d, <u64>(<u32>(load<i32>(a) >> <i32>min(load<u32>(b), 31))));
}

// Bytes

/** The bytes of a value in the opposite order. */
// @ts-ignore: decorator
@inline
export function reverse64(x: u64): u64 {
  const pairs = ((x >> 8) & 0x00ff00ff00ff00ff) | ((x & 0x00ff00ff00ff00ff) << 8);
  const quads = ((pairs >> 16) & 0x0000ffff0000ffff) | ((pairs & 0x0000ffff0000ffff) << 16);
  return (quads >> 32) | (quads << 32);
}

export function bswapI64(d: u32, a: u32): void {
  store<u64>(d, reverse64(load<u64>(a)));
}

export function bswapI32(d: u32, a: u32): void {
  store<u64>(d, reverse64(load<u64>(a)) >> 32);
}

/** The index comes first, counted from the most significant byte. */
export function byteBeI64(d: u32, a: u32, b: u32): void {
  const index = load<u64>(a);
  store<u64>(d, index >= 8 ? 0 : (load<u64>(b) >> ((7 - index) << 3)) & 0xff);
}

/** The index comes first, counted from the least significant byte. */
export function sextByteI64(d: u32, a: u32, b: u32): void {
  const index = load<u64>(a);
  const shift = <i64>((7 - index) << 3);
  store<i64>(d, index >= 8 ? load<i64>(b) : (load<i64>(b) << shift) >> shift);
}

// Floats

/** Bits of a float that an operation made: every NaN is the canonical one. */
// @ts-ignore: decorator
@inline
export function bitsF32(value: f32): u64 {
  return value == value ? <u64>reinterpret<u32>(value) : 0x7fc00000;
}

// @ts-ignore: decorator
@inline
export function bitsF64(value: f64): u64 {
  return value == value ? reinterpret<u64>(value) : 0x7ff8000000000000;
}

// Integer parts. A bound that is no float is replaced by the comparison that is exact.

export function f32ToUintI32(d: u32, a: u32): u32 {
  const x = load<f32>(a);
  if (!(x > -1.0 && x < 4294967296.0)) return TRAP_BAD_CONVERSION;
  store<u64>(d, <u64>(<u32>x));
  return 0;
}

export function f32ToSintI32(d: u32, a: u32): u32 {
  const x = load<f32>(a);
  if (!(x >= -2147483648.0 && x < 2147483648.0)) return TRAP_BAD_CONVERSION;
  store<u64>(d, <u64>(<u32>(<i32>x)));
  return 0;
}

export function f32ToUintI64(d: u32, a: u32): u32 {
  const x = load<f32>(a);
  if (!(x > -1.0 && x < 18446744073709551616.0)) return TRAP_BAD_CONVERSION;
  store<u64>(d, <u64>x);
  return 0;
}

export function f32ToSintI64(d: u32, a: u32): u32 {
  const x = load<f32>(a);
  if (!(x >= -9223372036854775808.0 && x < 9223372036854775808.0)) return TRAP_BAD_CONVERSION;
  store<i64>(d, <i64>x);
  return 0;
}

export function f64ToUintI32(d: u32, a: u32): u32 {
  const x = load<f64>(a);
  if (!(x > -1.0 && x < 4294967296.0)) return TRAP_BAD_CONVERSION;
  store<u64>(d, <u64>(<u32>x));
  return 0;
}

export function f64ToSintI32(d: u32, a: u32): u32 {
  const x = load<f64>(a);
  if (!(x > -2147483649.0 && x < 2147483648.0)) return TRAP_BAD_CONVERSION;
  store<u64>(d, <u64>(<u32>(<i32>x)));
  return 0;
}

export function f64ToUintI64(d: u32, a: u32): u32 {
  const x = load<f64>(a);
  if (!(x > -1.0 && x < 18446744073709551616.0)) return TRAP_BAD_CONVERSION;
  store<u64>(d, <u64>x);
  return 0;
}

export function f64ToSintI64(d: u32, a: u32): u32 {
  const x = load<f64>(a);
  if (!(x >= -9223372036854775808.0 && x < 9223372036854775808.0)) return TRAP_BAD_CONVERSION;
  store<i64>(d, <i64>x);
  return 0;
}
