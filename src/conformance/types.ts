/**
 * What every conformance runner shares: what a test file's cases come out as, and what a runner is.
 *
 * A file of the official layouts is an object of tests by name. A runner takes one such test, which
 * may hold many cases (one for each fork and index), and gives one result for each case that is
 * wanted. A runner never throws for what a case does: an unexpected error is a failed case. It
 * throws `FormatError` where the test is of another format.
 */

import type { EngineName } from '../engines/names.ts';
/** Official formats, by the command that runs them. */
export const RUNNER_KINDS = [
  'statetest',
  'blocktest',
  'txtest',
  'vmtest',
  'difficultytest',
] as const;

export type RunnerKind = (typeof RUNNER_KINDS)[number];

export type CaseOutcome = 'passed' | 'failed' | 'skipped';

/** How one case ended. Plain data: results cross threads. */
export interface CaseResult {
  /** Key of the test in its file. */
  readonly name: string;
  /** The test's own name of the fork or network, such as `ConstantinopleFix`. */
  readonly fork: string;
  /** Position of the case among those of the test and fork; absent where there is only one. */
  readonly index?: number;
  readonly outcome: CaseOutcome;
  /** Of a failed case what differs: `state root`, `logs hash`, `gas used`, `exception`, … */
  readonly field?: string;
  readonly expected?: string;
  readonly got?: string;
  /** Why a case was skipped, or what is behind a difference, such as the message of an error. */
  readonly reason?: string;
  /** State root after the case, `0x` and 64 digits, where the runner knows it. */
  readonly stateRoot?: string;
}

/** What a run is asked for. Plain data: it crosses threads. */
export interface RunRequest {
  /** Only cases of this fork; any spelling that `isFork` takes. */
  readonly fork?: string | undefined;
  /** Only cases whose id (`caseId`) has a match of this regular expression. */
  readonly run?: string | undefined;
  /** Only a fixed sample: one case in about so many, chosen by the hash of its id. */
  readonly every?: number | undefined;
  readonly engine: EngineName;
}

export interface RunOptions {
  readonly engine: EngineName;
  /** Whether a case shall run; a runner asks before it does the work, and leaves others out. */
  isWanted(path: string, name: string, fork: string, index?: number): boolean;
}

/**
 * Runs one test of a file.
 *
 * @param path - Of the original file, for messages and skip lists.
 * @param name - Key of the test in the file.
 * @param test - The value under that key, as JSON gives it.
 * @throws FormatError where the test is not of this runner's format
 */
export type Runner = (
  path: string,
  name: string,
  test: unknown,
  options: RunOptions,
) => Iterable<CaseResult> | AsyncIterable<CaseResult>;

/** A test that is not of the runner's format; the framework tells which command fits. */
export class FormatError extends Error {
  /** @param message - What is missing or malformed, such as `post is missing`. */
  constructor(message: string) {
    super(message);
    this.name = 'FormatError';
  }
}
