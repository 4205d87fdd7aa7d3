/** `lockstep rpctest`: the official tests of JSON-RPC from a folder. */
import { type Args, onePositional, usageError } from '../args.ts';
import { createPaint } from '../format.ts';
import type { Io } from '../io.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const folder = onePositional(args, 'a folder of tests', 'rpctest');
  const { Tally, caseToJson, formatCounts, formatFailure } = await import(
    '../../conformance/report.ts'
  );
  const { runRpcTests } = await import('../../conformance/rpctest.ts');
  const { LockstepError } = await import('../../base/errors.ts');
  const paint = createPaint(io.color);
  const tally = new Tally();
  const pattern = readPattern(args.value('run'));
  for await (const result of runRpcTests(folder, pattern)) {
    tally.add(result);
    if (args.flag('json')) io.out(`${JSON.stringify(caseToJson(folder, result))}\n`);
    else if (result.outcome === 'failed') {
      io.out(formatFailure(folder, result).replace(/^failed:/, paint('red', 'failed:')));
    }
  }
  if (tally.cases === 0) throw new LockstepError('L3002', { path: folder });
  io.out(`${formatCounts(tally.total)}\n`);
  return tally.total.failed === 0 ? 0 : 1;
}

function readPattern(text: string | undefined): RegExp | undefined {
  if (text === undefined) return undefined;
  try {
    return new RegExp(text);
  } catch (error) {
    const problem = (error as SyntaxError).message.replace(/^Invalid regular expression: /, '');
    throw usageError(`--run is no regular expression: ${problem}`, 'rpctest');
  }
}
