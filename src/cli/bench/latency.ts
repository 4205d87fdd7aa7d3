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

interface Sample {
  readonly depositMs: number;
  readonly callMs: number;
  readonly cpuMs: number;
}

/** One contract on one engine, with a machine of its own. */
class Course {
  readonly #subject: Subject;
  readonly #engine: EngineName;
  readonly #machine: EvmMachine;
  readonly #samples: Sample[] = [];
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

  #callCopy(): Sample {
    const machine = this.#machine;
    const copy = copyOf(this.#subject, this.#number++);
    fillCopy(machine, this.#subject, copy);
    const call = { ...this.#subject.calls[0], to: copy.address };
    const start = performance.now();
    machine.state.setCode(copy.address, copy.code);
    const deposited = performance.now();
    const cpu = process.cpuUsage();
    const called = performance.now();
    const { status } = machine.call(call);
    const ended = performance.now();
    const { user, system } = process.cpuUsage(cpu);
    if (status !== 'success') {
      throw new Error(`BUG: a copy of ${this.#subject.name} ends with ${status}`);
    }
    return {
      depositMs: deposited - start,
      callMs: ended - called,
      cpuMs: (user + system) / 1000,
    };
  }

  get row(): LatencyRow {
    const samples = this.#samples;
    const calls = samples.map(({ callMs }) => callMs);
    return {
      name: this.#subject.name,
      codeBytes: copyOf(this.#subject, 0).code.length,
      engine: this.#engine,
      p50Ms: quantile(calls, 0.5),
      p95Ms: quantile(calls, 0.95),
      p99Ms: quantile(calls, 0.99),
      p95CpuMs: quantile(
        samples.map(({ cpuMs }) => cpuMs),
        0.95,
      ),
      depositMs: quantile(
        samples.map(({ depositMs }) => depositMs),
        0.5,
      ),
    };
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
