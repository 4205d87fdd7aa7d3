/** Inputs of precompiles: good ones, good ones with one part spoiled, and lengths at the edges. */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { p256 } from '@noble/curves/nist.js';
import { Secp256k1 } from 'ox';
import type { Prng } from '../support/prng.ts';
import { hexTextToBytes } from './case.ts';
import { edgeValue, oneIn, pick } from './operands.ts';

type Input = (prng: Prng) => Uint8Array;

function words(...values: readonly bigint[]): Uint8Array {
  return hexTextToBytes(values.map((value) => value.toString(16).padStart(64, '0')).join(''));
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

const HASH = `0x${'5e'.repeat(32)}` as const;
const SIGNATURE = Secp256k1.sign({ payload: HASH, privateKey: `0x${'11'.repeat(32)}` });

function bytes(prng: Prng): Uint8Array {
  return prng.bytes(pick(prng, [0, 1, 31, 32, 33, 63, 64, 65, 100, 128, 130]));
}

function ecrecover(prng: Prng): Uint8Array {
  const { r, s, yParity } = SIGNATURE;
  const v = BigInt(27 + (oneIn(prng, 4) ? prng.below(4) : (yParity ?? 0)));
  return words(BigInt(HASH), v, BigInt(r), oneIn(prng, 6) ? edgeValue(prng) : BigInt(s));
}

/** Operands around the 1024 bytes of EIP-7823; what is missing of them is zero. */
function longModexp(prng: Prng): Uint8Array {
  const sizes = [0, 1, 2].map(() => pick(prng, [0, 1, 1, 32, 1024, 1025]));
  const data = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0)).fill(prng.below(2));
  return concat(words(...sizes.map((size) => BigInt(size))), data.slice(0, prng.below(1200)));
}

function modexp(prng: Prng): Uint8Array {
  const sizes = [0, 1, 2].map(() => pick(prng, [0, 1, 2, 31, 32, 33, 40, 64]));
  const head = words(...sizes.map((size) => BigInt(size)));
  if (oneIn(prng, 5)) return longModexp(prng);
  if (oneIn(prng, 12)) return words(edgeValue(prng), edgeValue(prng), edgeValue(prng));
  return concat(head, ...sizes.map((size) => prng.bytes(size)));
}

const BN_ORDER = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001n;
const BN_FIELD = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47n;
const BN_G2 = [
  0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2n,
  0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6edn,
  0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975bn,
  0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daan,
];

function bnPoint(prng: Prng): bigint[] {
  return pick(prng, [
    [1n, 2n],
    [1n, BN_FIELD - 2n],
    [0n, 0n],
    [1n, 3n],
    [BN_FIELD, 2n],
  ]);
}

function bnScalar(prng: Prng): bigint {
  return pick(prng, [0n, 1n, 2n, BN_ORDER, BN_ORDER - 1n, edgeValue(prng)]);
}

function bnPairing(prng: Prng): Uint8Array {
  const pair = () => words(...bnPoint(prng), ...(oneIn(prng, 4) ? [0n, 0n, 0n, 0n] : BN_G2));
  if (oneIn(prng, 3)) return new Uint8Array(0);
  if (oneIn(prng, 3)) return concat(words(1n, 2n, ...BN_G2), words(1n, BN_FIELD - 2n, ...BN_G2));
  return pair();
}

function blake2f(prng: Prng): Uint8Array {
  const input = prng.bytes(213);
  input.set([0, 0, 0, prng.below(16)]);
  input[212] = oneIn(prng, 6) ? 2 : prng.below(2);
  return input;
}

/** A field element of BLS12-381 as the precompiles have it: 16 zeros in front. */
function element(value: bigint): Uint8Array {
  return hexTextToBytes(value.toString(16).padStart(128, '0'));
}

function g1(prng: Prng): Uint8Array {
  if (oneIn(prng, 5)) return new Uint8Array(128);
  const { x, y } = bls12_381.G1.Point.BASE.multiply(1n + BigInt(prng.below(3))).toAffine();
  return concat(element(x), element(oneIn(prng, 8) ? x : y));
}

function g2(prng: Prng): Uint8Array {
  if (oneIn(prng, 5)) return new Uint8Array(256);
  const { x, y } = bls12_381.G2.Point.BASE.multiply(1n + BigInt(prng.below(3))).toAffine();
  return concat(...[x.c0, x.c1, y.c0, oneIn(prng, 8) ? y.c0 : y.c1].map(element));
}

function msm(point: Input): Input {
  return (prng) =>
    concat(
      ...Array.from({ length: 1 + prng.below(2) }, () =>
        concat(point(prng), words(edgeValue(prng))),
      ),
    );
}

function p256Verify(prng: Prng): Uint8Array {
  const key = new Uint8Array(32).fill(0x51);
  const hash = new Uint8Array(32).fill(0x52);
  const signature = p256.sign(hash, key, { prehash: false });
  const input = concat(hash, signature, p256.getPublicKey(key, false).slice(1));
  if (oneIn(prng, 2)) input[prng.below(input.length)] = prng.below(256);
  return input;
}

/** By address; the point evaluation gets only lengths that it refuses before any work. */
const INPUTS: ReadonlyMap<number, Input> = new Map<number, Input>([
  [1, ecrecover],
  [2, bytes],
  [3, bytes],
  [4, bytes],
  [5, modexp],
  [6, (prng) => words(...bnPoint(prng), ...bnPoint(prng))],
  [7, (prng) => words(...bnPoint(prng), bnScalar(prng))],
  [8, bnPairing],
  [9, blake2f],
  [0x0a, bytes],
  [0x0b, (prng) => concat(g1(prng), g1(prng))],
  [0x0c, msm(g1)],
  [0x0d, (prng) => concat(g2(prng), g2(prng))],
  [0x0e, msm(g2)],
  [0x0f, (prng) => concat(g1(prng), g2(prng))],
  [0x10, (prng) => element(prng.bigint(381))],
  [0x11, (prng) => concat(element(prng.bigint(381)), element(prng.bigint(381)))],
  [0x100, p256Verify],
]);

/** Cheap ones many times; those whose oracle takes milliseconds once. */
const BAG: readonly number[] = [...INPUTS.keys()].flatMap((address) =>
  address === 8 || (address >= 0x0b && address <= 0x11)
    ? [address]
    : Array(address === 3 ? 10 : 6).fill(address),
);

/** A precompile's address and an input for it. */
export function drawPrecompile(prng: Prng): { address: number; input: Uint8Array } {
  const address = pick(prng, BAG);
  const input = (INPUTS.get(address) ?? bytes)(prng);
  const kind = prng.below(12);
  if (kind === 0) return { address, input: input.slice(0, prng.below(input.length + 1)) };
  if (kind === 1) return { address, input: concat(input, prng.bytes(1 + prng.below(40))) };
  if (kind === 2 && input.length > 0) input[prng.below(input.length)] = prng.below(256);
  return { address, input };
}
