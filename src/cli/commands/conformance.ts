/** `lockstep statetest`, `blocktest`, `txtest`, `vmtest`: the official tests from files. */

import { availableParallelism } from 'node:os';
import type { LockstepError } from '../../base/errors.ts';
import type { RunEvent } from '../../conformance/run.ts';
import type { RunnerKind, RunRequest } from '../../conformance/types.ts';
import type { EngineName } from '../../engines/names.ts';
import { didYouMean } from '../../languages/suggest.ts';
import { FORKS, parseFork } from '../../vms/evm/forks.ts';
import { type Args, usageError } from '../args.ts';
import type { Run } from '../cli.ts';
import { createPaint, formatCount, formatTable } from '../format.ts';
import type { Io } from '../io.ts';

/** What each command reads, for its messages. */
const READS: Readonly<Record<ConformanceCommand, string>> = {
  statetest: 'state tests',
  blocktest: 'blockchain tests',
  txtest: 'transaction tests',
  vmtest: 'VM tests',
};

export type ConformanceCommand = Exclude<RunnerKind, 'difficultytest'>;

const JOBS_MAX = 256;

/** The code of one of the commands. */
export function runnerOf(command: ConformanceCommand): { readonly run: Run } {
  return { run: (args, io) => runTests(command, args, io) };
}

async function runTests(command: ConformanceCommand, args: Args, io: Io): Promise<number> {
  if (args.positionals.length === 0) {
    throw usageError(`${command} needs a file or folder of ${READS[command]}`, command);
  }
  const jobs = readJobs(args.value('jobs'), command);
  const request: RunRequest = {
    engine: (args.value('engine') ?? 'auto') as EngineName,
    fork: readFork(args.value('fork'), command),
    run: readPattern(args.value('run'), command),
  };
  const { runCases } = await import('../../conformance/run.ts');
  const { Tally, formatCounts } = await import('../../conformance/report.ts');
  const output = await createOutput(args.flag('json'), io);
  const tally = new Tally();
  // Problems wait for the first case: a run without one is a mistake in the command line.
  const problems: LockstepError[] = [];
  for await (const event of runCases(command, args.positionals, request, jobs)) {
    if (event.kind === 'problem') {
      problems.push(event.error);
      if (tally.cases > 0) output.problem(event.error);
      continue;
    }
    if (tally.cases === 0) problems.forEach(output.problem);
    tally.add(event.result);
    output.case(event, tally.cases, tally.total.failed);
  }
  output.end();
  if (tally.cases === 0) throw problems[0] ?? (await nothingLeft(request));
  // A file that could not be read as tests counts as one.
  tally.total.failed += problems.length;
  if (!args.flag('json')) io.out(formatSummary(tally));
  io.out(`${formatCounts(tally.total)}\n`);
  return tally.total.failed === 0 ? 0 : 1;
}

async function nothingLeft({ fork, run }: RunRequest): Promise<LockstepError> {
  const { LockstepError } = await import('../../base/errors.ts');
  const filters = [
    ...(fork === undefined ? [] : [`--fork ${fork}`]),
    ...(run === undefined ? [] : [`--run ${run}`]),
  ];
  const filter = filters.length === 0 ? 'these files, which hold none' : filters.join(' ');
  return new LockstepError('L3006', { filter });
}

interface Output {
  case(event: RunEvent & { kind: 'case' }, count: number, failedCount: number): void;
  problem(error: LockstepError): void;
  end(): void;
}

async function createOutput(isJson: boolean, io: Io): Promise<Output> {
  const { caseToJson, formatFailure } = await import('../../conformance/report.ts');
  const progress = createProgress(io);
  const paint = createPaint(io.color);
  const paintError = createPaint(io.errorColor);
  return {
    case({ path, result }, count, failedCount) {
      if (isJson) {
        progress.clear();
        io.out(`${JSON.stringify(caseToJson(path, result))}\n`);
      } else if (result.outcome === 'failed') {
        progress.clear();
        io.out(formatFailure(path, result).replace(/^failed:/, paint('red', 'failed:')));
      }
      progress.show(count, failedCount);
    },
    problem({ code, message, remedy }) {
      progress.clear();
      if (isJson) io.out(`${JSON.stringify({ pass: false, error: message, code })}\n`);
      else io.err(`${paintError('red', 'lockstep:')} ${message}\n  ${paintError('dim', remedy)}\n`);
    },
    end: () => progress.clear(),
  };
}

const PROGRESS_MS = 200;
const CLEAR_LINE = '\r\u001b[K';

/** A line that is written anew while a person looks on; nothing for a program. */
export function createProgress(io: Io): {
  show(count: number, failedCount: number): void;
  clear(): void;
} {
  const started = performance.now();
  let shown = started;
  let isShown = false;
  return {
    show(count, failedCount) {
      const now = performance.now();
      if (!io.errorColor || now - shown < PROGRESS_MS) return;
      shown = now;
      isShown = true;
      const rate = formatCount(Math.round((count * 1000) / (now - started)));
      const failed = failedCount === 0 ? '' : `, ${formatCount(failedCount)} failed`;
      io.err(`${CLEAR_LINE}${formatCount(count)} cases${failed}, ${rate}/s`);
    },
    clear() {
      if (isShown) io.err(CLEAR_LINE);
      isShown = false;
    },
  };
}

/** Forks in a table where there are several, and why cases were skipped. */
function formatSummary(tally: {
  readonly forks: ReadonlyMap<string, { passed: number; failed: number; skipped: number }>;
  readonly skips: ReadonlyMap<string, number>;
}): string {
  const rows = [...tally.forks].map(([fork, { passed, failed, skipped }]) => {
    return [fork, String(passed), String(failed), String(skipped)];
  });
  const head = ['fork', 'passed', 'failed', 'skipped'];
  const table = rows.length < 2 ? '' : formatTable([head, ...rows], [1, 2, 3], '');
  const skips = [...tally.skips].map(([reason, count]) => `skipped ${count}: ${reason}\n`);
  return table + skips.join('');
}

function readJobs(text: string | undefined, command: string): number {
  if (text === undefined) return availableParallelism();
  const jobs = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (jobs >= 1 && jobs <= JOBS_MAX) return jobs;
  throw usageError(`--jobs ${text}: write a number of threads from 1 to ${JOBS_MAX}`, command);
}

/** A fork, or for blocks also a transition such as ParisToShanghaiAtTime15k. */
function readFork(text: string | undefined, command: ConformanceCommand): string | undefined {
  if (text === undefined || parseFork(text) !== undefined) return text;
  const [, from, to] = /^(\w+?)To(\w+?)At\w+$/i.exec(text) ?? [];
  const isTransition = [from, to].every((name) => parseFork(name ?? '') !== undefined);
  if (command === 'blocktest' && isTransition) return text;
  throw usageError(
    `there is no fork ${text}${didYouMean(text, FORKS)}; the forks are: ${FORKS.join(', ')}`,
    command,
  );
}

export function readPattern(text: string | undefined, command: string): string | undefined {
  if (text === undefined) return undefined;
  try {
    new RegExp(text);
  } catch (error) {
    const problem = (error as SyntaxError).message.replace(/^Invalid regular expression: /, '');
    throw usageError(`--run is no regular expression: ${problem}`, command);
  }
  return text;
}
