/**
 * The arithmetic of 256-bit words, under one name for the interpreter loop.
 *
 * `u256-word.ts` states the conventions that all of these functions keep.
 */
export {
  add256,
  and256,
  bswap256,
  byte256,
  clz256,
  clzCount256,
  copy256,
  ctz256,
  ctzCount256,
  eq256,
  fits64,
  iszero256,
  loadBe256,
  neg256,
  not256,
  or256,
  popcnt256,
  popcntCount256,
  set64,
  setLimbs,
  sext256,
  shl256,
  shl256i,
  slt256,
  sshr256,
  sshr256i,
  storeBe256,
  sub256,
  ult256,
  ushr256,
  ushr256i,
  xor256,
  zero256,
} from './u256-word';
export { exp256, mul64, mul256, mul512, mulHi64, smulhi256, sqr256, umulhi256 } from './u256-mul';
export {
  addmod256,
  sdiv256,
  srem256,
  udiv256,
  udivrem256,
  urem256,
} from './u256-div';
export { mulmod256 } from './u256-mulmod';
