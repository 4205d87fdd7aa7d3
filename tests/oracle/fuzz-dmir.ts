/**
 * The `dmir` target of the fuzzer: random modules on the interpreter and on the reference. Each
 * function runs with plenty of gas, and then with gas that ends somewhere inside; how a run ended,
 * results, gas, steps, output, memory, cells and logs must be equal.
 */
import type { Module } from '../../src/dmir/ir.ts';
import { printModule } from '../../src/dmir/print.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import {
  type ModuleResult,
  ModuleRunner,
  type RunOptions,
} from '../../src/engines/interpreter/module.ts';
import type { EngineName } from '../../src/engines/names.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { type RandomModuleOptions, randomModule } from '../support/random-module.ts';
import { randomValue } from '../support/random-values.ts';
import { type ReferenceResult, runReference } from '../support/reference.ts';
import { cellName } from '../support/reference-machine.ts';

const GAS = 1_000_000n;
const GAS_REPEATS = 3;

export interface DmirDifference {
  readonly seed: number;
  readonly func: string;
  readonly args: readonly bigint[];
  readonly gas: bigint;
  readonly lines: readonly string[];
  readonly module: Module;
}

export interface DmirReport {
  readonly modules: number;
  readonly runs: number;
  /** How the runs ended. */
  readonly ends: ReadonlyMap<string, number>;
  readonly difference: DmirDifference | null;
}

/** One kernel serves all modules. */
let kernel: Kernel | undefined;

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** What must be equal, as text by name. */
type Facts = Readonly<Record<string, string>>;

function describe(
  result: Pick<ReferenceResult, 'trap' | 'output' | 'memory'> & {
    readonly end: string;
    readonly results: readonly bigint[];
    readonly gasLeft: bigint;
    readonly steps: bigint | number;
  },
  state: Facts,
): Facts {
  const memory = [...result.memory].map(([name, bytes]) => `${name}:${hex(bytes)}`);
  return {
    end: result.end,
    trap: String(result.trap),
    results: result.results.join(', '),
    gas: String(result.gasLeft),
    steps: String(result.steps),
    output: hex(result.output),
    memory: memory.join(' '),
    // A run that failed leaves no trace in the state.
    ...(result.trap === null && result.end !== 'revert' ? state : {}),
  };
}

function referenceFacts(result: ReferenceResult): Facts {
  const cells = [...result.cells]
    .filter(([, cell]) => cell.exists)
    .map(([name, cell]) => `${name}=${cell.value.toString(16)}`);
  const logs = result.logs.map(({ topics, data }) => `${topics.join()}:${hex(data)}`);
  const state = {
    cells: cells.sort().join(' '),
    logs: logs.join(' '),
    refund: String(result.refund),
  };
  return describe({ ...result, end: result.status }, state);
}

function kernelFacts(module: Module, result: ModuleResult): Facts {
  const cells = result.cells.map(({ space, key, value }) => {
    return `${cellName(module.spaces.indexOf(space), key)}=${value.toString(16)}`;
  });
  const logs = result.logs.map(({ topics, data }) => `${topics.join()}:${hex(data)}`);
  const state = {
    cells: cells.sort().join(' '),
    logs: logs.join(' '),
    refund: String(result.refund),
  };
  return describe(result, state);
}

/** Answers both sides alike: a mix of the arguments. */
function answer(args: readonly bigint[]): bigint[] {
  return [
    BigInt.asUintN(
      256,
      args.reduce((sum, each) => sum * 3n + each, 41n),
    ),
  ];
}

/** Names of the facts that differ, with both sides. */
export function compareRuns(
  module: Module,
  runner: ModuleRunner,
  func: string,
  args: readonly bigint[],
  options: Pick<RunOptions, 'gas' | 'isStatic'>,
): { readonly lines: string[]; readonly end: string; readonly gasUsed: bigint } {
  const { gas = GAS, isStatic = false } = options;
  const wanted = runReference(module, func, args, {
    gas,
    isStatic,
    host: (_, values) => answer(values),
  });
  const found = runner.run(func, args, { gas, isStatic, host: (_, values) => answer(values) });
  const [theirs, ours] = [referenceFacts(wanted), kernelFacts(module, found)];
  const names = new Set([...Object.keys(theirs), ...Object.keys(ours)]);
  const lines = [...names]
    .filter((name) => theirs[name] !== ours[name])
    // Compiled code counts no steps.
    .filter((name) => name !== 'steps' || runner.engine === 'interpreter')
    .map((name) => `${name}: reference ${theirs[name]}, ${runner.engine} ${ours[name]}`);
  return { lines, end: wanted.trap ?? wanted.status, gasUsed: gas - wanted.gasLeft };
}

/** Kinds of modules: everything, scalars alone, words alone. */
const KINDS: readonly RandomModuleOptions[] = [
  {},
  { closedCount: 5, openCount: 0, opsMax: 16 },
  { types: ['i32', 'i64', 'i1'], openCount: 0, opsMax: 24, bodiesMax: 6 },
  { types: ['i256', 'i1', 'i128'], opsMax: 24 },
];

/** Runs every function of the module of a seed. */
function runSeed(
  seed: number,
  engine: EngineName,
  count: (end: string) => void,
): DmirDifference | null {
  const random = createPrng(seed);
  const module = randomModule(random, random.pick(KINDS));
  kernel ??= new Kernel();
  const runner = new ModuleRunner(module, kernel, undefined, { engine, seed });
  for (const { name, params } of module.funcs) {
    const args = params.map((type) => randomValue(random, type));
    const isStatic = random.below(8) === 0;
    const difference = runFunction(seed, random, { module, runner, name, args, isStatic }, count);
    if (difference !== null) return difference;
  }
  return null;
}

interface FunctionCase {
  readonly module: Module;
  readonly runner: ModuleRunner;
  readonly name: string;
  readonly args: readonly bigint[];
  readonly isStatic: boolean;
}

function runFunction(
  seed: number,
  random: Prng,
  { module, runner, name, args, isStatic }: FunctionCase,
  count: (end: string) => void,
): DmirDifference | null {
  let gas = GAS;
  let used = 0n;
  for (let i = 0; i <= GAS_REPEATS; i++) {
    const { lines, end, gasUsed } = compareRuns(module, runner, name, args, { gas, isStatic });
    count(end);
    if (lines.length > 0) return { seed, func: name, args, gas, lines, module };
    if (i === 0) used = gasUsed;
    if (used === 0n) break;
    gas = BigInt(random.below(Number(used)));
  }
  return null;
}

/** Runs the modules of the seeds from `seed` on; the first difference ends it. */
export function fuzzDmir(
  seed: number,
  count: number,
  engine: EngineName = 'interpreter',
): DmirReport {
  const ends = new Map<string, number>();
  let runs = 0;
  for (let i = 0; i < count; i++) {
    const difference = runSeed(seed + i, engine, (end) => {
      runs++;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    });
    if (difference !== null) return { modules: i + 1, runs, ends, difference };
  }
  return { modules: count, runs, ends, difference: null };
}

/** What a difference is, for people: the call, the facts, the module. */
export function describeDifference({
  seed,
  func,
  args,
  gas,
  lines,
  module,
}: DmirDifference): string {
  return [
    `difference at seed ${seed}: @${func}(${args.join(', ')}) with gas ${gas}`,
    ...lines.map((line) => `  ${line}`),
    printModule(module),
  ].join('\n');
}
