/**
 * The precompiles: one table by address and fork.
 *
 * All 18 of Osaka are here: 0x01 to 0x11 and 0x100. None needs a native addon; see `curves.ts` for
 * when the curve libraries load.
 */
import type { Fork, Overrides } from '../forks.ts';
import { forkRules } from '../forks.ts';
import { BLAKE2F } from './blake2f.ts';
import { createBls12381 } from './bls12-381.ts';
import { createBn254 } from './bn254.ts';
import type { PrecompileCosts } from './costs.ts';
import { precompileCostsOf } from './costs.ts';
import type { CurveSource } from './curves.ts';
import { lazyCurves } from './curves.ts';
import { IDENTITY, RIPEMD160, SHA256 } from './hashes.ts';
import { createPointEvaluation } from './kzg.ts';
import { MODEXP } from './modexp.ts';
import { createEcrecover, createP256Verify } from './signatures.ts';
import type { Precompile, PrecompileRow } from './types.ts';

export type { PrecompileCosts } from './costs.ts';
export { precompileCostsOf } from './costs.ts';
export type { CurveLibs, CurveName, CurveSource } from './curves.ts';
export { lazyCurves, loadCurves } from './curves.ts';
export type { Precompile, PrecompileRow } from './types.ts';

/** All precompiles, ascending by address, on the curves of the source. */
export function createPrecompiles(curves: CurveSource): readonly PrecompileRow[] {
  return [
    createEcrecover(),
    SHA256,
    RIPEMD160,
    IDENTITY,
    MODEXP,
    ...createBn254(curves),
    BLAKE2F,
    createPointEvaluation(curves),
    ...createBls12381(curves),
    createP256Verify(curves),
  ];
}

/** All precompiles of all forks, on curves that load at their first use. */
export const PRECOMPILES: readonly PrecompileRow[] = createPrecompiles(lazyCurves);

/** The highest address of a precompile: a quick test for all other addresses. */
export const PRECOMPILE_ADDRESS_MAX = 0x100;

const CACHE = new Map<Fork, ReadonlyMap<number, Precompile>>();

/**
 * The precompiles of a fork by address, ascending, at its amounts; their addresses are warm from
 * the start (EIP-2929). Cached unless overrides or another table are given.
 */
export function precompilesOf(
  fork: Fork,
  overrides?: Overrides,
  table: readonly PrecompileRow[] = PRECOMPILES,
): ReadonlyMap<number, Precompile> {
  if (overrides !== undefined || table !== PRECOMPILES) return select(fork, overrides, table);
  const known = CACHE.get(fork) ?? select(fork, undefined, table);
  CACHE.set(fork, known);
  return known;
}

function select(
  fork: Fork,
  overrides: Overrides | undefined,
  table: readonly PrecompileRow[],
): ReadonlyMap<number, Precompile> {
  const rules = forkRules(fork, overrides);
  const active = table.filter(({ since }) => since === 'frontier' || rules[since]);
  const costs = precompileCostsOf(fork, overrides);
  return new Map(active.map((row) => [row.address, bind(row, costs)]));
}

function bind(row: PrecompileRow, costs: PrecompileCosts): Precompile {
  return {
    address: row.address,
    name: row.name,
    gas: (input) => row.gas(input, costs),
    run: (input) => row.run(input, costs),
  };
}
