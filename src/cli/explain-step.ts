/** Where a deployment or a call failed in the sources, for contracts whose compiler told. */
import type { EvmMachine } from '../chain/machine.ts';
import type { CallOptions, DeployOptions, Machine, Outcome } from '../chain/types.ts';
import type { ReadDebug } from '../languages/debug/info.ts';
import type { StackTrace } from '../node/stack/entry.ts';
import type { Insist } from './forked-machine.ts';

export interface ExplainOptions {
  readonly machine: Machine;
  readonly insist: Insist;
  readonly readDebug: ReadDebug | undefined;
}

/**
 * The stack trace of what failed, which runs once more, on the state that it began with.
 *
 * @returns undefined where it did not fail, or nothing is known of the sources
 */
export async function explainStep(
  { machine, insist, readDebug }: ExplainOptions,
  outcome: Outcome,
  message: CallOptions | DeployOptions,
): Promise<StackTrace | undefined> {
  if (outcome.status === 'success' || readDebug === undefined || !canWatch(machine))
    return undefined;
  const { DebugInfo } = await import('../languages/debug/info.ts');
  const { StackRecorder } = await import('../node/stack/recorder.ts');
  const { explainFailure } = await import('../node/stack/explain.ts');
  const info = new DebugInfo(readDebug());
  const recorders: InstanceType<typeof StackRecorder>[] = [];
  await insist(() =>
    machine.watch(message, (executor) => {
      const recorder = new StackRecorder(info, executor);
      recorders.push(recorder);
      return recorder;
    }),
  );
  const failure = recorders.at(-1)?.failure;
  return failure && explainFailure(failure, info);
}

function canWatch(machine: Machine): machine is EvmMachine {
  return 'watch' in machine;
}
