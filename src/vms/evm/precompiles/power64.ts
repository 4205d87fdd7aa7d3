/** Powers modulo a number below 2^64, by WebAssembly (`assembly/modexp.ts`). */
import { MODEXP_BASE64 } from './modexp.generated.ts';
import { instantiate } from './wasm.ts';

interface PowerExports {
  readonly memory: WebAssembly.Memory;
  reserve(size: number): number;
  power(base: bigint, odd: bigint, exponent: number, size: number): bigint;
  powerWrapped(base: bigint, exponent: number, size: number): bigint;
}

let exports: PowerExports | undefined;

/**
 * `base ** exponent % modulus`.
 *
 * @param modulus from 1 to 2^64 - 1
 * @param exponent big-endian bytes
 */
export function powMod64(base: bigint, exponent: Uint8Array, modulus: bigint): bigint {
  exports ??= instantiate(MODEXP_BASE64) as unknown as PowerExports;
  const size = exponent.length;
  const at = exports.reserve(size);
  new Uint8Array(exports.memory.buffer).set(exponent, at);
  let twos = 0n;
  let odd = modulus;
  for (; (odd & 1n) === 0n; odd >>= 1n) twos++;
  // The results of signed 64 bits are taken as unsigned.
  const oddPower = BigInt.asUintN(64, exports.power(base % odd, odd, at, size));
  if (twos === 0n) return oddPower;
  // The number that is oddPower modulo the odd part and evenPower modulo the power of two.
  const bits = Number(twos);
  const evenPower = exports.powerWrapped(BigInt.asUintN(64, base), at, size);
  let inverse = odd;
  for (let i = 0; i < 5; i++) inverse = BigInt.asUintN(64, inverse * (2n - odd * inverse));
  return oddPower + odd * BigInt.asUintN(bits, (evenPower - oddPower) * inverse);
}
