/** The suites that measure any contract and need nothing but the package: a table. */
import { ENGINE_NAMES, type EngineName } from '../../engines/names.ts';
import { COMPILER_NAMES } from '../../engines/tiers/compilers.ts';
import { measureCalls } from './calls.ts';
import { type CompileRow, measureCompile } from './compile.ts';
import { type LatencyRow, measureLatency } from './latency.ts';
import { format, tableText } from './measure.ts';
import { measureMemory } from './memory.ts';
import { prove, type Subject } from './subject.ts';
import { measureEngines } from './transfers.ts';

/** What a suite found: rows for programs, and the same for people. */
export interface Measured {
  readonly rows: readonly BenchRow[];
  readonly text: string;
}

/** A row has a name and an engine, which identify it in a suite; what else it has are figures. */
export interface BenchRow {
  readonly name: string;
  readonly engine: string;
}

export interface ContractSuite {
  readonly about: string;
  /** Rounds, samples or copies unless told. */
  readonly rounds: number;
  readonly run: (
    subjects: readonly Subject[],
    engines: readonly EngineName[],
    rounds: number,
  ) => Promise<Measured>;
}

/** Columns of a table: the head, and the cell of a row. */
type Columns<T> = readonly (readonly [head: string, cell: (row: T) => string])[];

function measured<T extends BenchRow>(rows: readonly T[], columns: Columns<T>): Measured {
  const all: Columns<T> = [
    ['contract', ({ name }) => name],
    ['engine', ({ engine }) => engine],
    ...columns,
  ];
  const cells = rows.map((row) => all.map(([, cell]) => cell(row)));
  return {
    rows,
    text: tableText(
      all.map(([head]) => head),
      cells,
      2,
    ),
  };
}

/** How first calls are printed. */
export function latencyTable(rows: readonly LatencyRow[]): Measured {
  return measured(rows, [
    ['bytes', (row) => String(row.codeBytes)],
    ['p50 ms', (row) => format(row.p50Ms)],
    ['p95 ms', (row) => format(row.p95Ms)],
    ['p99 ms', (row) => format(row.p99Ms)],
    ['p95 CPU ms', (row) => format(row.p95CpuMs)],
    ['deposit ms', (row) => format(row.depositMs)],
  ]);
}

/** A line for each compiler: its rows as if they were one contract. */
function compileTotals(rows: readonly CompileRow[], compilers: readonly string[]): string {
  const lines = compilers.map((compiler) => {
    const own = rows.filter(({ engine }) => engine === compiler);
    if (own.length === 0) return '';
    const sum = (of: (row: CompileRow) => number): number =>
      own.reduce((total, row) => total + of(row), 0);
    const wasm = sum((row) => row.wasmBytes);
    const us = (1000 * sum((row) => row.generateMs)) / sum((row) => row.operations);
    const compiled = format(wasm / sum((row) => row.compiledCodeBytes));
    const whole = format(wasm / sum((row) => row.codeBytes));
    const bytes = `${compiled} bytes of WebAssembly for a compiled byte, ${whole} for a byte of code`;
    return `${compiler}, all: ${bytes}; ours ${format(us)} µs for an operation\n`;
  });
  return lines.join('');
}

const ratio = (value: number | null): string => (value === null ? '' : `${format(value)}×`);
const kilobytes = (bytes: number): string => format(bytes / 1000);

function proveAll(subjects: readonly Subject[], engines: readonly EngineName[]): void {
  for (const subject of subjects) for (const engine of engines) prove(subject, engine);
}

export const CONTRACT_SUITES = {
  call: {
    about: 'calls in steady state: CPU time of one, and how many times that the interpreter takes',
    rounds: 9,
    run: async (subjects, engines, rounds) => {
      const rows = [];
      for (const subject of subjects) rows.push(...(await measureCalls(subject, engines, rounds)));
      return measured(rows, [
        ['µs', (row) => format(row.us)],
        ['ratio', (row) => ratio(row.ratio)],
      ]);
    },
  },
  latency: {
    about: 'the first call of a contract just deployed, in a warm process',
    rounds: 300,
    run: async (subjects, engines, rounds) => {
      return latencyTable(measureLatency(subjects, engines, rounds));
    },
  },
  compile: {
    about: 'time and size of what calls have compiled, by compiler',
    rounds: 30,
    run: async (subjects, engines, rounds) => {
      const compilers = COMPILER_NAMES.filter((name) => engines.includes(name));
      proveAll(subjects, compilers);
      const rows = subjects.flatMap((subject) =>
        compilers.flatMap((engine) => measureCompile(subject, engine, rounds) ?? []),
      );
      const { text, ...rest } = measured(rows, [
        ['bytes', (row) => String(row.codeBytes)],
        ['compiled', (row) => String(row.compiledCodeBytes)],
        ['operations', (row) => String(row.operations)],
        ['ours ms', (row) => format(row.generateMs)],
        ['module ms', (row) => format(row.moduleMs)],
        ['wasm', (row) => String(row.wasmBytes)],
        ['per compiled byte', (row) => format(row.wasmPerCompiledByte)],
        ['per byte', (row) => format(row.wasmPerCodeByte)],
      ]);
      return { ...rest, text: text + compileTotals(rows, compilers) };
    },
  },
  memory: {
    about: 'resident memory that a contract adds, called until an engine compiles it',
    rounds: 192,
    run: async (subjects, engines, copies) => {
      // Under `auto` no copy is called often enough to be compiled.
      const measurable = engines.filter((name) => name !== 'auto');
      proveAll(subjects, measurable);
      const rows = [];
      for (const subject of subjects) {
        for (const engine of measurable)
          rows.push(await measureMemory({ subject, engine, copies }));
      }
      return measured(rows, [
        ['bytes', (row) => String(row.codeBytes)],
        ['copies', (row) => String(row.copies)],
        ['compiled', (row) => String(row.compiledCopies)],
        ['resident kB', (row) => kilobytes(row.residentBytes)],
        ['code area kB', (row) => kilobytes(row.areaBytes)],
        ['wasm kB', (row) => kilobytes(row.wasmBytes)],
      ]);
    },
  },
} as const satisfies Record<string, ContractSuite>;

export type ContractSuiteName = keyof typeof CONTRACT_SUITES;

/** Transfers of the built-in token, which no other contract can stand in for. */
export const TRANSFER_SUITE: ContractSuite = {
  about: 'ERC-20 transfers between 2,000 accounts, set-up included',
  rounds: 15,
  run: async (subjects, engines, rounds) => {
    const rows = [];
    for (const subject of subjects) rows.push(...(await measureEngines(subject, engines, rounds)));
    return measured(rows, [
      ['µs', (row) => format(row.us)],
      ['best µs', (row) => format(row.bestUs)],
    ]);
  },
};

/** What is measured unless told: all but what moves frames for tests. */
export const BENCH_ENGINES = ENGINE_NAMES.filter((name) => name !== 'chaos');

/** The engines of a name, or all. */
export function enginesOf(name: string | undefined): readonly EngineName[] | undefined {
  if (name === undefined) return BENCH_ENGINES;
  const engine = BENCH_ENGINES.find((each) => each === name);
  return engine && [engine];
}
