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
  /** The 95th percentile of CPU time, which a busy machine disturbs less. */
  readonly p95CpuMs: number;
  readonly depositMs: number;
}

export interface LatencySample {
  readonly depositMs: number;
  readonly callMs: number;
  readonly cpuMs: number;
}

/** Runs a call; gives its outcome, and the wall and CPU time that it took. */
export function timeCall<T>(call: () => T): Pick<LatencySample, 'callMs' | 'cpuMs'> & { of: T } {
  const cpu = process.cpuUsage();
  const called = performance.now();
  const of = call();
  const callMs = performance.now() - called;
  const { user, system } = process.cpuUsage(cpu);
  return { of, callMs, cpuMs: (user + system) / 1000 };
}

export function latencyRow(
  subject: Pick<LatencyRow, 'name' | 'codeBytes' | 'engine'>,
  samples: readonly LatencySample[],
): LatencyRow {
  const at = (key: keyof LatencySample, part: number): number => {
    const values = samples.map((sample) => sample[key]);
    return quantile(values, part);
  };
  return {
    ...subject,
    p50Ms: at('callMs', 0.5),
    p95Ms: at('callMs', 0.95),
    p99Ms: at('callMs', 0.99),
    p95CpuMs: at('cpuMs', 0.95),
    depositMs: at('depositMs', 0.5),
  };
}

/** One contract on one engine, with a machine of its own. */
class Course {
  readonly #subject: Subject;
  readonly #engine: EngineName;
  readonly #machine: EvmMachine;
  readonly #samples: LatencySample[] = [];
  #number = 0;

  constructor(subject: Subject, engine: EngineName) {
    prove(subject, engine);
    this.#subject = subject;
    this.#engine = engine;
    this.#machine = loadMachine(subject, engine);
    for (let i = 0; i < WARM_UP_CALLS; i++) this.#callCopy();
  }

  sample(): void {
    this.#samples.push(this.#callCopy());
  }

  #callCopy(): LatencySample {
    const machine = this.#machine;
    const copy = copyOf(this.#subject, this.#number++);
    fillCopy(machine, this.#subject, copy);
    const call = { ...this.#subject.calls[0], to: copy.address };
    const start = performance.now();
    machine.state.setCode(copy.address, copy.code);
    const depositMs = performance.now() - start;
    const { of, callMs, cpuMs } = timeCall(() => machine.call(call));
    if (of.status !== 'success') {
      throw new Error(`BUG: a copy of ${this.#subject.name} ends with ${of.status}`);
    }
    return { depositMs, callMs, cpuMs };
  }

  get row(): LatencyRow {
    const { name } = this.#subject;
    const codeBytes = copyOf(this.#subject, 0).code.length;
    return latencyRow({ name, codeBytes, engine: this.#engine }, this.#samples);
  }
}

/** All are warm before the first is measured, and then take turns. */
export function measureLatency(
  subjects: readonly Subject[],
  engines: readonly EngineName[],
  samples: number,
): LatencyRow[] {
  const courses = subjects.flatMap((subject) =>
    engines.map((engine) => new Course(subject, engine)),
  );
  for (let i = 0; i < samples; i++) for (const course of courses) course.sample();
  return courses.map(({ row }) => row);
}
