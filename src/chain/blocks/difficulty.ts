/**
 * The difficulty that a block of proof of work must have (Yellow Paper, section 4.4.4, with the
 * formulas of Frontier, EIP-2 and EIP-100, and the bomb's delays).
 */
import type { BlockRules } from './rules.ts';

/** The lowest difficulty. */
export const DIFFICULTY_MIN = 131_072n;

/** A change is a multiple of this part of the parent's difficulty. */
const STEP_DIVISOR = 2048n;
/** Blocks of a period of the bomb, which begins with the third. */
const BOMB_PERIOD = 100_000n;
/** The lowest multiple of the step. */
const STEPS_MIN = -99n;

/** What the difficulty of a block depends on. */
export interface DifficultyInput {
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly parentDifficulty: bigint;
  readonly parentTimestamp: bigint;
  /** Whether the parent has ommers; not looked at before EIP-100. */
  readonly parentHasOmmers: boolean;
}

type Steps = (seconds: bigint, parentHasOmmers: boolean) => bigint;

/** How many steps the difficulty goes up or down, by the seconds since the parent. */
const STEPS: Readonly<Record<BlockRules['difficulty'], Steps>> = {
  frontier: (seconds) => (seconds < 13n ? 1n : -1n),
  homestead: (seconds) => atLeast(1n - seconds / 10n, STEPS_MIN),
  byzantium: (seconds, hasOmmers) => atLeast((hasOmmers ? 2n : 1n) - seconds / 9n, STEPS_MIN),
};

/** The difficulty of a block. */
export function blockDifficulty(
  input: DifficultyInput,
  rules: Pick<BlockRules, 'difficulty' | 'bombDelay'>,
): bigint {
  const { parentDifficulty, timestamp, parentTimestamp } = input;
  const steps = STEPS[rules.difficulty](timestamp - parentTimestamp, input.parentHasOmmers);
  const base = parentDifficulty + (parentDifficulty / STEP_DIVISOR) * steps;
  return atLeast(base + bomb(input.number, rules.bombDelay), DIFFICULTY_MIN);
}

function bomb(number: bigint, delay: bigint): bigint {
  const periods = atLeast(number - delay, 0n) / BOMB_PERIOD;
  return periods > 1n ? 1n << (periods - 2n) : 0n;
}

function atLeast(value: bigint, minimum: bigint): bigint {
  return value < minimum ? minimum : value;
}
