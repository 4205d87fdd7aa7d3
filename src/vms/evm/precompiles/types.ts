/** What a precompile is: a function of its input alone, with a price, at a low address. */
import type { Eip } from '../forks.ts';
import type { PrecompileCosts } from './costs.ts';

/** A precompile for all forks. */
export interface PrecompileRow {
  readonly address: number;
  readonly name: string;
  /** The switch that turns it on; `frontier` for the first four. */
  readonly since: 'frontier' | Eip;
  /** Gas for the input, at most 2^64 - 1; charged before the input is looked at further. */
  gas(input: Uint8Array, costs: PrecompileCosts): bigint;
  /**
   * Output for the input, as a fresh array or a view of the input; `null` is failure, which takes
   * all gas of the call.
   *
   * @throws Error if a curve library that it needs is not loaded (`curves.ts`); the frame has no
   *   outcome then
   */
  run(input: Uint8Array, costs: PrecompileCosts): Uint8Array | null;
}

/** A precompile at the amounts of one fork. */
export interface Precompile {
  readonly address: number | bigint;
  readonly name: string;
  /** As in `PrecompileRow`. */
  gas(input: Uint8Array): bigint;
  /** As in `PrecompileRow`. */
  run(input: Uint8Array): Uint8Array | null;
}
