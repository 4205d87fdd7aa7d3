/** Calls of every precompile, with good and with bad input, straight and by way of a contract. */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { bn254 } from '@noble/curves/bn254.js';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '../../src/base/bytes.ts';
import type { Hex } from '../../src/chain/types.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import type { Program, ProgramMessage } from './program.ts';

const SENDER: Hex = '0x00000000000000000000000000000000005e4de4';
const CALLER: Hex = '0x000000000000000000000000000000000000ca11';
const GAS = 3_000_000n;
const DRAWS = 2;

/**
 * Forwards its call data after the first word to the address in that word, stores what the call
 * gave, and returns the returned data.
 *
 * CALLDATACOPY(0, 32, size - 32); STATICCALL(gas, data[0], 0, size - 32, 0, 0); SSTORE(0, result);
 * RETURNDATACOPY(0, 0, all); RETURN(0, all)
 */
const FORWARDER: Hex =
  '0x602036036020600037600060006020360360006000355afa6000553d600060003e3d6000f3';

const hex = (bytes: Uint8Array): string => bytesToHex(bytes).slice(2);
const word = (value: bigint | number, bytes = 32): string =>
  value.toString(16).padStart(2 * bytes, '0');

interface Fp2 {
  readonly c0: bigint;
  readonly c1: bigint;
}

function signature(prng: Prng, curve: typeof secp256k1 | typeof p256) {
  const hash = prng.bytes(32);
  const key = prng.bytes(32);
  const made = curve.sign(hash, key, { prehash: false, format: 'recovered' });
  return {
    hash: hex(hash),
    key,
    v: 27 + (made[0] ?? 0),
    r: hex(made.slice(1, 33)),
    s: hex(made.slice(33)),
  };
}

function recoverInput(prng: Prng): string {
  const { hash, v, r, s } = signature(prng, secp256k1);
  return hash + word(v) + r + s;
}

function p256Input(prng: Prng): string {
  const { hash, key, r, s } = signature(prng, p256);
  return hash + r + s + hex(p256.getPublicKey(key, false).slice(1));
}

function modexpInput(prng: Prng): string {
  const sizes = [1 + prng.below(64), 1 + prng.below(8), 1 + prng.below(64)];
  return sizes.map((size) => word(size)).join('') + sizes.map((n) => hex(prng.bytes(n))).join('');
}

const bnG1 = (prng: Prng): string => {
  const { x, y } = bn254.G1.Point.BASE.multiply(1n + prng.bigint(128)).toAffine();
  return word(x) + word(y);
};

/** e(a P, Q) * e(-a P, Q) is one. */
function bnPairing(prng: Prng): string {
  const point = bn254.G1.Point.BASE.multiply(1n + prng.bigint(128));
  const q = bn254.G2.Point.BASE.multiply(1n + prng.bigint(64)).toAffine() as { x: Fp2; y: Fp2 };
  const second = word(q.x.c1) + word(q.x.c0) + word(q.y.c1) + word(q.y.c0);
  return [point, point.negate()]
    .map((each) => each.toAffine())
    .map(({ x, y }) => word(x) + word(y) + second)
    .join('');
}

const blsG1 = (prng: Prng): string => {
  const { x, y } = bls12_381.G1.Point.BASE.multiply(1n + prng.bigint(128)).toAffine();
  return word(x, 64) + word(y, 64);
};

const blsG2 = (prng: Prng): string => {
  const point = bls12_381.G2.Point.BASE.multiply(1n + prng.bigint(64)).toAffine();
  const { x, y } = point as { x: Fp2; y: Fp2 };
  return [x.c0, x.c1, y.c0, y.c1].map((part) => word(part, 64)).join('');
};

/** The commitment to the zero polynomial, which is zero at every point (EIP-4844). */
function kzgInput(prng: Prng): string {
  const infinity = `c0${'00'.repeat(47)}`;
  const versioned = sha256(Uint8Array.from({ length: 48 }, (_, i) => (i === 0 ? 0xc0 : 0)));
  versioned[0] = 1;
  return hex(versioned) + word(prng.bigint(250)) + word(0) + infinity + infinity;
}

type Draw = (prng: Prng) => string;
const bytes =
  (max: number): Draw =>
  (prng) =>
    hex(prng.bytes(prng.below(max)));
const scalar = (prng: Prng): string => word(prng.bigint(256));
const blsField = (prng: Prng): string => word(prng.bigint(380), 64);

const ROWS: readonly (readonly [name: string, address: number, draw: Draw])[] = [
  ['ecrecover', 0x01, recoverInput],
  ['sha256', 0x02, bytes(200)],
  ['ripemd160', 0x03, bytes(200)],
  ['identity', 0x04, bytes(200)],
  ['modexp', 0x05, modexpInput],
  ['bn254add', 0x06, (prng) => bnG1(prng) + bnG1(prng)],
  ['bn254mul', 0x07, (prng) => bnG1(prng) + scalar(prng)],
  ['bn254pairing', 0x08, bnPairing],
  ['blake2f', 0x09, (prng) => `${word(prng.below(20), 4)}${hex(prng.bytes(208))}01`],
  ['kzg', 0x0a, kzgInput],
  ['blsg1add', 0x0b, (prng) => blsG1(prng) + blsG1(prng)],
  ['blsg1msm', 0x0c, (prng) => blsG1(prng) + scalar(prng) + blsG1(prng) + scalar(prng)],
  ['blsg2add', 0x0d, (prng) => blsG2(prng) + blsG2(prng)],
  ['blsg2msm', 0x0e, (prng) => blsG2(prng) + scalar(prng)],
  ['blspairing', 0x0f, (prng) => blsG1(prng) + blsG2(prng)],
  ['blsmapg1', 0x10, blsField],
  ['blsmapg2', 0x11, (prng) => blsField(prng) + blsField(prng)],
  ['p256verify', 0x100, p256Input],
];

/** The input with one byte changed, or cut short. */
function spoil(prng: Prng, input: string): string {
  const size = input.length / 2;
  if (size === 0) return '00';
  const at = 2 * prng.below(size);
  if (prng.below(2) === 0) return input.slice(0, at);
  return input.slice(0, at) + word(prng.below(256), 1) + input.slice(at + 2);
}

/** One program a precompile. */
export function drawPrecompiles(): Program[] {
  return ROWS.map(([name, address, draw]) => {
    const prng = createPrng(address);
    const good = Array.from({ length: DRAWS }, () => draw(prng));
    const inputs = good.flatMap((input) => [input, spoil(prng, input)]);
    const common = { from: SENDER, value: 0n, gas: [GAS], static: false };
    const messages = inputs.flatMap((input): ProgramMessage[] => [
      { ...common, to: `0x${word(address, 20)}`, data: `0x${input}` },
      { ...common, to: CALLER, data: `0x${word(address)}${input}` },
    ]);
    const caller = { address: CALLER, balance: 0n, nonce: 1n, code: FORWARDER, storage: [] };
    return { name: `precompile-${name}`, accounts: [caller], messages };
  });
}
