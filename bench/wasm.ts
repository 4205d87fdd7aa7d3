/**
 * The `wasm` suite: programs as WebAssembly, metered, beside the same modules in the platform's own
 * compiler. CPU time of a run after a warm-up of both; results must be equal.
 */
import assert from 'node:assert/strict';
import { WasmStore } from '../src/chain/wasm/index.ts';
import { format, geometricMean, measureCpuMs, median } from '../src/cli/bench/measure.ts';
import { assembleModule, readWasmModule } from '../src/vms/wasm/index.ts';
import { type BenchOptions, printTable } from './options.ts';
import { WASM_PROGRAMS, type WasmProgram } from './wasm/programs.ts';

const WARM_UP_COUNT = 3;

interface Row {
  readonly name: string;
  readonly engine: 'interpreter';
  readonly theirsMs: number;
  readonly interpreterMs: number;
  readonly ratio: number;
  readonly gas: number;
}

async function sample(rounds: number, run: () => unknown): Promise<number> {
  for (let i = 0; i < WARM_UP_COUNT; i++) run();
  const samples: number[] = [];
  for (let round = 0; round < rounds; round++) samples.push(await measureCpuMs(run));
  return median(samples);
}

async function measure({ name, size, text }: WasmProgram, rounds: number): Promise<Row> {
  const bytes = Uint8Array.from(assembleModule(text));
  const store = new WasmStore();
  const made = store.instantiate(readWasmModule(bytes), () => undefined);
  assert.equal(made.kind, 'instance');
  const func = made.kind === 'instance' ? made.instance.exports.get('run') : undefined;
  if (func?.kind !== 'func') throw new Error(`BUG: ${name} exports no run`);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const theirs = exports.run as (size: number) => number;
  const outcome = store.call(func, [BigInt(size)]);
  assert.deepEqual(outcome.results, [BigInt(theirs(size) >>> 0)], name);
  const interpreterMs = await sample(rounds, () => store.call(func, [BigInt(size)]));
  const theirsMs = await sample(rounds, () => theirs(size));
  const ratio = interpreterMs / theirsMs;
  const gas = Number(outcome.gasUsed);
  return { name, engine: 'interpreter', theirsMs, interpreterMs, ratio, gas };
}

export async function benchWasm(options: BenchOptions): Promise<object> {
  const programs = WASM_PROGRAMS.filter(({ name }) => options.filter?.test(name) ?? true);
  const rows: Row[] = [];
  for (const program of programs) rows.push(await measure(program, options.rounds));
  printTable(
    ['program', 'platform ms', 'interpreter ms', 'times', 'gas'],
    rows.map(({ name, theirsMs, interpreterMs, ratio, gas }) => {
      return [name, format(theirsMs), format(interpreterMs), `${format(ratio)}×`, String(gas)];
    }),
  );
  const mean = geometricMean(rows.map(({ ratio }) => ratio));
  console.log(`geometric mean, interpreter: ${format(mean)}× the platform's own compiler`);
  return { suite: 'wasm', rows, geometricMean: mean };
}
