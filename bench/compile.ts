/**
 * The `compile` suite: what the compilers make of contracts, all that a call could reach of each,
 * and what that takes.
 *
 * Before it is timed, what a compiler makes is validated and made twice, to the same bytes. Times
 * are CPU time, without and with the platform's making a module of the bytes; it translates a
 * function when that is first called.
 */
import assert from 'node:assert/strict';
import { COMPILERS, type CompilerName, reachable } from '../src/engines/tiering.ts';
import { Lowerer } from '../src/vms/evm/lower.ts';
import { createEvmSource } from '../src/vms/evm/source.ts';
import { findArtifact } from '../tests/lives/compile.ts';
import { type BenchOptions, format, measureCpuMsSync, median, printTable } from './measure.ts';

const CONTRACTS = ['LifeToken', 'LifeVotes', 'LifeFullToken', 'LifeParliament'] as const;
const ROUND_MS_MIN = 30;
const WARM_UP_MS = 500;

interface CompileRow {
  readonly name: string;
  readonly engine: string;
  /** Of the contract, and of the WebAssembly for it. */
  readonly codeBytes: number;
  readonly wasmBytes: number;
  /** dMIR operations and EVM instructions of the blocks. */
  readonly operations: number;
  readonly instructions: number;
  /** Microseconds for an operation, and with the platform's part. */
  readonly usPerOperation: number;
  readonly usWithModule: number;
}

/** Median CPU milliseconds of one run. */
function time(run: () => unknown, rounds: number): number {
  let times = 1;
  while (measureCpuMsSync(() => repeat(run, times)) < ROUND_MS_MIN) times *= 2;
  const round = (): number => measureCpuMsSync(() => repeat(run, times)) / times;
  return median(Array.from({ length: rounds }, round));
}

function repeat(run: () => unknown, times: number): void {
  for (let i = 0; i < times; i++) run();
}

/** A contract for a compiler. */
interface Subject {
  readonly name: string;
  readonly engine: CompilerName;
  readonly code: Uint8Array;
  readonly compile: () => Uint8Array<ArrayBuffer>;
  readonly operations: number;
  readonly instructions: number;
}

function createSubject(name: string, code: Uint8Array, engine: CompilerName): Subject {
  const source = createEvmSource(new Lowerer(code, { fork: 'osaka' }));
  const blocks = reachable(source);
  let operations = 0;
  let instructions = 0;
  for (const id of blocks) {
    const { block, instructionCount } = source.lower(id);
    operations += block.insts.length;
    instructions += instructionCount;
  }
  const compile = (): Uint8Array<ArrayBuffer> => {
    const made = COMPILERS[engine]({ source, blocks, addressOf: (id) => 0x300_0000 + id * 16 });
    if (made === undefined) throw new Error(`BUG: nothing of ${name} is compiled`);
    return made.bytes;
  };
  return { name, engine, code, compile, operations, instructions };
}

function measure(subject: Subject, rounds: number): CompileRow {
  const { name, engine, code, compile, operations, instructions } = subject;
  const us = (ms: number): number => (ms * 1000) / operations;
  return {
    ...{ name, engine, operations, instructions },
    codeBytes: code.length,
    wasmBytes: compile().length,
    usPerOperation: us(time(compile, rounds)),
    usWithModule: us(time(() => new WebAssembly.Module(compile()), rounds)),
  };
}

export async function benchCompile(options: BenchOptions): Promise<object> {
  const engines = options.engines.filter((engine) => engine !== 'interpreter');
  const subjects: Subject[] = [];
  for (const name of CONTRACTS) {
    if (options.filter !== undefined && !options.filter.test(name)) continue;
    const { runtime } = await findArtifact(name);
    for (const engine of engines) subjects.push(createSubject(name, runtime, engine));
  }
  for (const { name, engine, compile } of subjects) {
    const bytes = compile();
    assert(WebAssembly.validate(bytes), `${engine} makes no module of ${name}`);
    for (let spent = 0; spent < WARM_UP_MS; ) {
      spent += measureCpuMsSync(() => assert.deepEqual(compile(), bytes, `${engine} of ${name}`));
    }
  }
  const rows = subjects.map((subject) => measure(subject, options.rounds));
  printTable(
    ['contract', 'engine', 'bytes', 'operations', 'µs/op', 'with module', 'B/op', 'B/instruction'],
    rows.map((row) => [
      row.name,
      row.engine,
      String(row.codeBytes),
      String(row.operations),
      format(row.usPerOperation),
      format(row.usWithModule),
      format(row.wasmBytes / row.operations),
      format(row.wasmBytes / row.instructions),
    ]),
  );
  return { suite: 'compile', rows };
}
