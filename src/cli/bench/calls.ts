/** Calls in steady state: all of a subject's, one after another, each from the same state. */
import type { EvmMachine } from '../../chain/machine.ts';
import type { CallOptions } from '../../chain/types.ts';
import type { EngineName } from '../../engines/tiering.ts';
import { interleave, type Runner } from './measure.ts';
import { loadMachine, prove, type Subject } from './subject.ts';

const ROUND_MS_MIN = 60;
/** A compiler's code is first translated as it is, and translated well once it has run a while. */
const WARM_UP_MS = { interpreter: 150, compiler: 1500 } as const;

/** Runs calls on a machine and undoes them. */
export function callRunner(
  machine: EvmMachine,
  engine: EngineName,
  calls: readonly CallOptions[],
): Runner {
  const undone = calls.map((call) => ({ ...call, commit: false }));
  return {
    run: (times) => {
      for (let i = 0; i < times; i++) for (const call of undone) machine.call(call);
    },
    warmUpMs: engine === 'interpreter' ? WARM_UP_MS.interpreter : WARM_UP_MS.compiler,
    roundMsMin: ROUND_MS_MIN,
  };
}

/** A row of the suite `call`. */
export interface CallRow {
  readonly name: string;
  readonly engine: EngineName;
  /** CPU microseconds of one call. */
  readonly us: number;
  /** How many times that the interpreter takes, if it was measured. */
  readonly ratio: number | null;
}

export async function measureCalls(
  subject: Subject,
  engines: readonly EngineName[],
  rounds: number,
): Promise<CallRow[]> {
  for (const engine of engines) prove(subject, engine);
  const { name, calls } = subject;
  const runners = engines.map((engine) => callRunner(loadMachine(subject, engine), engine, calls));
  const cpuMs = await interleave(runners, rounds);
  const reference = cpuMs[engines.indexOf('interpreter')];
  return engines.map((engine, i) => {
    const own = cpuMs[i] as number;
    const ratio = reference === undefined ? null : reference / own;
    return { name, engine, us: (own * 1000) / calls.length, ratio };
  });
}
