/**
 * What precompiles charge, as data, in the manner of `../gas.ts`: the amounts with which each came,
 * and the changes that an EIP made. All amounts are in gas unless a comment says other.
 *
 * Not here are the discounts for many points (EIP-2537), which are tables of `bls12-381.ts`.
 */
import { U256_MAX } from '../../../base/u256.ts';
import type { Fork, Overrides } from '../forks.ts';
import type { Changes } from '../gas.ts';
import { amend } from '../gas.ts';

export interface PrecompileCosts {
  readonly ecrecoverGas: bigint;
  readonly sha256Base: bigint;
  /** For a word of 32 bytes, here and below. */
  readonly sha256Word: bigint;
  readonly ripemd160Base: bigint;
  readonly ripemd160Word: bigint;
  readonly identityBase: bigint;
  readonly identityWord: bigint;
  /** How the sizes of base and modulus are priced: 0 as in EIP-198, 1 EIP-2565, 2 EIP-7883. */
  readonly modexpRule: bigint;
  /** Iterations for each exponent byte past the first 32. */
  readonly modexpTailByte: bigint;
  /** What complexity times iterations is divided by. */
  readonly modexpDivisor: bigint;
  readonly modexpMinimum: bigint;
  /** Highest size of an operand, in bytes; the input can name no greater than 2^256 - 1. */
  readonly modexpBytesMax: bigint;
  readonly bn254AddGas: bigint;
  readonly bn254MulGas: bigint;
  readonly bn254PairingBase: bigint;
  readonly bn254PairingPair: bigint;
  readonly blake2fRound: bigint;
  readonly kzgPointEvaluationGas: bigint;
  readonly blsG1AddGas: bigint;
  /** For a point of a multi-scalar multiplication, without its discount. */
  readonly blsG1MulGas: bigint;
  readonly blsG2AddGas: bigint;
  readonly blsG2MulGas: bigint;
  readonly blsPairingBase: bigint;
  readonly blsPairingPair: bigint;
  readonly blsMapG1Gas: bigint;
  readonly blsMapG2Gas: bigint;
  readonly p256VerifyGas: bigint;
}

const COSTS_FIRST: PrecompileCosts = {
  ecrecoverGas: 3000n,
  sha256Base: 60n,
  sha256Word: 12n,
  ripemd160Base: 600n,
  ripemd160Word: 120n,
  identityBase: 15n,
  identityWord: 3n,
  modexpRule: 0n,
  modexpTailByte: 8n,
  modexpDivisor: 20n,
  modexpMinimum: 0n,
  modexpBytesMax: U256_MAX,
  bn254AddGas: 500n,
  bn254MulGas: 40000n,
  bn254PairingBase: 100000n,
  bn254PairingPair: 80000n,
  blake2fRound: 1n,
  kzgPointEvaluationGas: 50000n,
  blsG1AddGas: 375n,
  blsG1MulGas: 12000n,
  blsG2AddGas: 600n,
  blsG2MulGas: 22500n,
  blsPairingBase: 37700n,
  blsPairingPair: 32600n,
  blsMapG1Gas: 5500n,
  blsMapG2Gas: 23800n,
  p256VerifyGas: 6900n,
};

const COST_CHANGES: Changes<PrecompileCosts> = [
  [
    'eip1108',
    { bn254AddGas: 150n, bn254MulGas: 6000n, bn254PairingBase: 45000n, bn254PairingPair: 34000n },
  ],
  ['eip2565', { modexpRule: 1n, modexpDivisor: 3n, modexpMinimum: 200n }],
  ['eip7823', { modexpBytesMax: 1024n }],
  ['eip7883', { modexpRule: 2n, modexpTailByte: 16n, modexpDivisor: 1n, modexpMinimum: 500n }],
];

/** Names of all amounts, for whoever checks what a user wants to change. */
export const PRECOMPILE_COST_NAMES: readonly string[] = Object.keys(COSTS_FIRST);

const CACHE = new Map<Fork, PrecompileCosts>();

/**
 * The amounts at a fork; `overrides` change switches, and by `costs` single amounts. Cached without
 * overrides.
 *
 * @throws Error if an override is none that the prices can be worked out with
 */
export function precompileCostsOf(fork: Fork, overrides?: Overrides): PrecompileCosts {
  if (overrides !== undefined) return check(amend(COSTS_FIRST, COST_CHANGES, fork, overrides));
  const known = CACHE.get(fork) ?? amend(COSTS_FIRST, COST_CHANGES, fork);
  CACHE.set(fork, known);
  return known;
}

function check(costs: PrecompileCosts): PrecompileCosts {
  const { modexpRule, modexpDivisor } = costs;
  if (modexpRule < 0n || modexpRule > 2n) {
    throw new Error(`modexpRule is 0, 1 or 2 (EIP-198, EIP-2565, EIP-7883), not ${modexpRule}`);
  }
  if (modexpDivisor <= 0n) throw new Error(`modexpDivisor is above 0, not ${modexpDivisor}`);
  return costs;
}
