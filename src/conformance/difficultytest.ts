/**
 * Runner of the official difficulty tests: what the difficulty of a block is, by its number, time
 * and parent, under the formula of one network.
 */
import { LockstepError } from '../base/errors.ts';
import { blockDifficulty } from '../chain/blocks/difficulty.ts';
import { type ForkSchedule, networkSchedule, rulesAt } from '../chain/blocks/schedule.ts';
import { readNumber, readObject, readText } from './fixture.ts';
import type { CaseResult, RunOptions } from './types.ts';

/** Hash of an empty list of ommers; before EIP-100 the tests have hashes where now is a flag. */
const NO_OMMERS = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';

/** Name of the network in that of an old file, whose tests are single cases. */
const OLD_FILE = /difficulty(?:Custom)?([A-Z][A-Za-z0-9]*?)?(?:_\w+)?\.json$/;

/**
 * Runs the cases of a difficulty test: lists of cases by name, under the name of a network, or in
 * old files a single case.
 */
export function* runDifficultyTest(
  path: string,
  name: string,
  value: unknown,
  options: RunOptions,
): Generator<CaseResult> {
  const test = readObject(value, 'the test');
  if (test.currentBlockNumber !== undefined) {
    const network = OLD_FILE.exec(path)?.[1] ?? 'MainNetwork';
    if (!options.isWanted(path, name, network)) return;
    yield { name, fork: network, ...runCase(test, findSchedule(network), network) };
    return;
  }
  for (const [network, cases] of Object.entries(test)) {
    if (network === '_info') continue;
    const schedule = findSchedule(network);
    for (const [index, fields] of Object.values(readObject(cases, network)).entries()) {
      if (!options.isWanted(path, name, network, index)) continue;
      yield { name, fork: network, index, ...runCase(fields, schedule, network) };
    }
  }
}

function findSchedule(network: string): ForkSchedule | undefined {
  try {
    return networkSchedule(network);
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'L1402') return undefined;
    throw error;
  }
}

function runCase(
  value: unknown,
  schedule: ForkSchedule | undefined,
  network: string,
): Omit<CaseResult, 'name' | 'fork' | 'index'> {
  if (schedule === undefined) {
    const reason = `there are no rules for the network ${network}`;
    return { outcome: 'failed', field: 'network', reason };
  }
  const fields = readObject(value, 'a case');
  const number = readNumber(fields.currentBlockNumber, 'currentBlockNumber');
  const timestamp = readNumber(fields.currentTimestamp, 'currentTimestamp');
  const input = {
    number,
    timestamp,
    parentDifficulty: readNumber(fields.parentDifficulty, 'parentDifficulty'),
    parentTimestamp: readNumber(fields.parentTimestamp, 'parentTimestamp'),
    parentHasOmmers: readOmmers(fields.parentUncles),
  };
  const got = blockDifficulty(input, rulesAt(schedule, { number, timestamp }));
  const expected = readNumber(fields.currentDifficulty, 'currentDifficulty');
  if (got === expected) return { outcome: 'passed' };
  return {
    outcome: 'failed',
    field: 'difficulty',
    expected: expected.toString(),
    got: got.toString(),
  };
}

/** Whether the parent has ommers: a number, or the hash of their list. */
function readOmmers(value: unknown): boolean {
  if (value === undefined) return false;
  const text = readText(value, 'parentUncles');
  return text.length === NO_OMMERS.length
    ? text !== NO_OMMERS
    : readNumber(text, 'parentUncles') > 0n;
}
