/** `lockstep wast`: runs scripts of the WebAssembly specification. */
import { LockstepError } from '../../base/errors.ts';
import type { WastResult } from '../../conformance/wast/run.ts';
import type { EngineName } from '../../engines/names.ts';
import { type Args, usageError } from '../args.ts';
import { createPaint } from '../format.ts';
import type { Io } from '../io.ts';
import { createProgress, readPattern } from './conformance.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const { positionals } = args;
  if (positionals.length === 0) {
    throw usageError('wast needs a file or folder of WebAssembly scripts', 'wast');
  }
  const pattern = readPattern(args.value('run'), 'wast');
  const isWanted = new RegExp(pattern ?? '');
  const isJson = args.flag('json');
  const { runScripts } = await import('../../conformance/wast/scripts.ts');
  const { formatCounts } = await import('../../conformance/report.ts');
  const progress = createProgress(io);
  const paint = createPaint(io.color);
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const skips = new Map<string, number>();
  const problems: LockstepError[] = [];
  let count = 0;
  const engine = (args.value('engine') ?? 'auto') as EngineName;
  for await (const result of runScripts(positionals, (path) => isWanted.test(path), engine)) {
    if (result instanceof LockstepError) {
      problems.push(result);
      continue;
    }
    counts[result.outcome]++;
    const { outcome, reason = '' } = result;
    if (outcome === 'skipped') skips.set(reason, (skips.get(reason) ?? 0) + 1);
    if (isJson || outcome === 'failed') {
      progress.clear();
      io.out(isJson ? `${toJson(result)}\n` : formatFailure(result, paint('red', 'failed:')));
    }
    progress.show(++count, counts.failed);
  }
  progress.clear();
  if (count === 0) throw problems[0] ?? nothingLeft(pattern);
  for (const problem of problems) io.err(`lockstep: ${problem.message}\n  ${problem.remedy}\n`);
  // A file that could not be read as a script counts as one.
  counts.failed += problems.length;
  if (!isJson) for (const [reason, skipped] of skips) io.out(`skipped ${skipped}: ${reason}\n`);
  io.out(`${formatCounts(counts)}\n`);
  return counts.failed === 0 ? 0 : 1;
}

function nothingLeft(pattern: string | undefined): LockstepError {
  const filter = pattern === undefined ? 'these files, which hold no commands' : `--run ${pattern}`;
  return new LockstepError('L3006', { filter });
}

function placeOf({ path, index, line, type }: WastResult): string {
  return `${path}${line === undefined ? `, command ${index}` : `:${line}`}: ${type}`;
}

function formatFailure(result: WastResult, label: string): string {
  const reason = (result.reason ?? '').split('\n').map((line) => `  ${line}\n`);
  return `${label} ${placeOf(result)}\n${reason.join('')}`;
}

function toJson({ path, index, line, type, outcome, reason }: WastResult): string {
  return JSON.stringify({
    path,
    index,
    ...(line === undefined ? {} : { line }),
    command: type,
    pass: outcome === 'passed',
    ...(outcome === 'skipped' ? { skipped: reason } : {}),
    ...(outcome === 'failed' ? { error: reason } : {}),
  });
}
