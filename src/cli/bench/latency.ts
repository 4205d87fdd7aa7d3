/**
 * The first call of a contract that was just deployed, in a warm process.
 *
 * Every sample is a contract of its own: the deployed code with other bytes of metadata behind it,
 * so that nothing made for an earlier one serves it. Timed are wall milliseconds from the call to
 * its outcome; the deposit of the code is timed apart.
 */
import type { EvmMachine } from '../../chain/machine.ts';
import type { EngineName } from '../../engines/tiering.ts';
import { quantile } from './measure.ts';
import { copyOf, fillCopy, loadMachine, prove, type Subject } from './subject.ts';

const WARM_UP_CALLS = 60;

export interface LatencyRow {
  readonly name: string;
  readonly codeBytes: number;
  readonly engine: EngineName;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly depositMs: number;
}

interface Sample {
  readonly depositMs: number;
  readonly callMs: number;
}

/** The rows of an engine; all subjects are warm before the first is measured. */
export function measureLatency(
  subjects: readonly Subject[],
  engine: EngineName,
  samples: number,
): LatencyRow[] {
  let number = 0;
  const machines = subjects.map((subject) => {
    prove(subject, engine);
    const machine = loadMachine(subject, engine);
    for (let i = 0; i < WARM_UP_CALLS; i++) callCopy(machine, subject, number++);
    return machine;
  });
  return subjects.map((subject, i) => {
    const machine = machines[i] as EvmMachine;
    const taken = Array.from({ length: samples }, () => callCopy(machine, subject, number++));
    const calls = taken.map(({ callMs }) => callMs);
    const deposits = taken.map(({ depositMs }) => depositMs);
    return {
      name: subject.name,
      codeBytes: copyOf(subject, 0).code.length,
      engine,
      p50Ms: quantile(calls, 0.5),
      p95Ms: quantile(calls, 0.95),
      p99Ms: quantile(calls, 0.99),
      depositMs: quantile(deposits, 0.5),
    };
  });
}

function callCopy(machine: EvmMachine, subject: Subject, number: number): Sample {
  const copy = copyOf(subject, number);
  fillCopy(machine, subject, copy);
  const call = { ...subject.calls[0], to: copy.address };
  const start = performance.now();
  machine.state.setCode(copy.address, copy.code);
  const deposited = performance.now();
  const { status } = machine.call(call);
  const ended = performance.now();
  if (status !== 'success') throw new Error(`BUG: a copy of ${subject.name} ends with ${status}`);
  return { depositMs: deposited - start, callMs: ended - deposited };
}
