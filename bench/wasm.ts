/**
 * The `wasm` suite: programs as WebAssembly, metered, beside the same modules in the platform's own
 * compiler. CPU time of a run after a warm-up of both; results must be equal.
 *
 * With `--peer PROGRAM` another machine runs them too, in turns. It reads lines: `module HEX`, the
 * bytes of a module, and `run SIZE`, which it answers with the number that the export `run` gives
 * for the size, and the CPU milliseconds that this took.
 */
import assert from 'node:assert/strict';
import { bytesToHex } from '../src/base/bytes.ts';
import { WasmStore } from '../src/chain/wasm/index.ts';
import { format, geometricMean, measureCpuMs, median } from '../src/cli/bench/measure.ts';
import { ENGINE_NAMES, type EngineName } from '../src/engines/names.ts';
import { assembleModule, readWasmModule } from '../src/vms/wasm/index.ts';
import { type BenchOptions, printTable } from './options.ts';
import { PeerProcess } from './peer-process.ts';
import { WASM_PROGRAMS, type WasmProgram } from './wasm/programs.ts';

const WARM_UP_COUNT = 3;

interface Row {
  readonly name: string;
  readonly engine: EngineName | 'peer';
  readonly theirsMs: number;
  readonly oursMs: number;
  readonly ratio: number;
  readonly gas: number;
}

interface Side {
  readonly engine: EngineName | 'peer' | 'platform';
  /** The result of a run, and its CPU time. */
  readonly run: () => Promise<{ readonly result: bigint; readonly ms: number }>;
  readonly gas: number;
  readonly end?: () => void;
}

function inProcess(run: () => bigint): Side['run'] {
  return async () => {
    let result = 0n;
    const ms = await measureCpuMs(() => {
      result = run();
    });
    return { result, ms };
  };
}

function ourSide(bytes: Uint8Array, size: number, engine: EngineName): Side {
  const store = new WasmStore({ engine });
  const made = store.instantiate(readWasmModule(bytes), () => undefined);
  assert.equal(made.kind, 'instance');
  const func = made.kind === 'instance' ? made.instance.exports.get('run') : undefined;
  if (func?.kind !== 'func') throw new Error('BUG: a program exports no run');
  const run = (): bigint => store.call(func, [BigInt(size)]).results[0] as bigint;
  const gas = Number(store.call(func, [BigInt(size)]).gasUsed);
  return { engine, run: inProcess(run), gas };
}

function theirSide(bytes: Uint8Array<ArrayBuffer>, size: number): Side {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const run = exports.run as (size: number) => number;
  return { engine: 'platform', run: inProcess(() => BigInt(run(size) >>> 0)), gas: 0 };
}

function peerSide(bytes: Uint8Array, size: number, command: string): Side {
  const peer = new PeerProcess(command);
  peer.say(`module ${bytesToHex(bytes)}`);
  const run: Side['run'] = async () => {
    peer.say(`run ${size}`);
    const [result = '', ms = ''] = (await peer.hear()).split(' ');
    return { result: BigInt(result), ms: Number(ms) };
  };
  return { engine: 'peer', run, gas: 0, end: () => peer.end() };
}

/**
 * Runs take turns, so that what else the machine does falls on all of them.
 *
 * @throws AssertionError where a result is not that of the platform
 */
export async function measureWasm(
  { name, size, text }: WasmProgram,
  engines: readonly EngineName[],
  { rounds, peer }: Pick<BenchOptions, 'rounds' | 'peer'>,
): Promise<Row[]> {
  const bytes = Uint8Array.from(assembleModule(text));
  const sides = [theirSide(bytes, size), ...engines.map((engine) => ourSide(bytes, size, engine))];
  if (peer !== undefined) sides.push(peerSide(bytes, size, peer));
  try {
    const expected = (await (sides[0] as Side).run()).result;
    const samples = sides.map((): number[] => []);
    for (let round = -WARM_UP_COUNT; round < rounds; round++) {
      for (const [i, { engine, run }] of sides.entries()) {
        const { result, ms } = await run();
        assert.equal(result, expected, `${name} on ${engine}`);
        if (round >= 0) samples[i]?.push(ms);
      }
    }
    const [theirsMs, ...ours] = samples.map(median) as [number, ...number[]];
    return ours.map((oursMs, i) => {
      const { engine, gas } = sides[i + 1] as Side;
      return {
        name,
        engine: engine as Row['engine'],
        theirsMs,
        oursMs,
        ratio: oursMs / theirsMs,
        gas,
      };
    });
  } finally {
    for (const { end } of sides) end?.();
  }
}

export async function benchWasm(options: BenchOptions): Promise<object> {
  const programs = WASM_PROGRAMS.filter(({ name }) => options.filter?.test(name) ?? true);
  const engines = ENGINE_NAMES.filter((name) => name !== 'chaos');
  const rows: Row[][] = [];
  for (const program of programs) rows.push(await measureWasm(program, engines, options));
  const columns = rows[0]?.map(({ engine }) => engine) ?? [];
  printTable(
    ['program', 'platform ms', ...columns, 'gas'],
    rows.map((each) => {
      const { name, theirsMs, gas } = each[0] as Row;
      const ratios = each.map(({ ratio }) => `${format(ratio)}×`);
      return [name, format(theirsMs), ...ratios, String(gas)];
    }),
  );
  const means = columns.map((engine, i) => {
    return [engine, geometricMean(rows.map((each) => (each[i] as Row).ratio))] as const;
  });
  const texts = means.map(([engine, mean]) => `${engine} ${format(mean)}×`);
  console.log(`geometric mean of the platform's own compiler: ${texts.join(', ')}`);
  return { suite: 'wasm', rows: rows.flat(), geometricMeans: Object.fromEntries(means) };
}
