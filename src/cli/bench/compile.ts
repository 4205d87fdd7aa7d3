/**
 * Compiling: what the calls of a subject have compiled, made again and again in a warm process.
 *
 * Our generation and the platform's are timed apart. The platform keeps modules by their bytes, so
 * that each gets other bytes in a section that means nothing.
 */

import { COMPILERS, type CompilerName } from '../../engines/tiers/compilers.ts';
import { ByteSink } from '../../engines/wasm/byte-sink.ts';
import { countCodeBytes, countOperations, createNotingMachine, programOf } from '../compiled.ts';
import { median } from './measure.ts';
import { codeOf, loadWorld, type Subject } from './subject.ts';

/** Rounds of the calls: more than any engine waits for. */
const LIFE_ROUNDS = 200;
const WARM_UP_ROUNDS = 30;

export interface CompileRow {
  readonly name: string;
  readonly engine: CompilerName;
  readonly codeBytes: number;
  /** Bytes of the code that the compiled blocks run through. */
  readonly compiledCodeBytes: number;
  readonly blocks: number;
  /** dMIR operations of them. */
  readonly operations: number;
  readonly wasmBytes: number;
  /** Milliseconds from blocks to bytes. */
  readonly generateMs: number;
  /** Milliseconds of `new WebAssembly.Module`. */
  readonly moduleMs: number;
  readonly wasmPerCompiledByte: number;
  readonly wasmPerCodeByte: number;
}

/** Undefined where nothing of the contract is compiled. */
export function measureCompile(
  subject: Subject,
  engine: CompilerName,
  rounds: number,
): CompileRow | undefined {
  const { name, fork, block, world, calls } = subject;
  const { machine, notes } = createNotingMachine({ fork, block, engine });
  loadWorld(machine, world);
  for (let i = 0; i < LIFE_ROUNDS; i++) {
    for (const call of calls) machine.call({ ...call, commit: false });
  }
  const code = codeOf(subject);
  const program = programOf(machine, code);
  const note = notes.get(program);
  if (note === undefined) return undefined;
  const { blocks } = note;
  const { source } = program;
  const generate = () => COMPILERS[engine]({ source, blocks });
  const { bytes } = note.module;
  const generateMs = timeRounds(rounds, generate);
  const moduleMs = timeRounds(
    rounds,
    (round) => void new WebAssembly.Module(markModule(bytes, round)),
  );
  const compiledCodeBytes = countCodeBytes(code, fork, blocks);
  return {
    name,
    engine,
    codeBytes: code.length,
    compiledCodeBytes,
    blocks: blocks.length,
    operations: countOperations(program, blocks),
    wasmBytes: bytes.length,
    generateMs,
    moduleMs,
    wasmPerCompiledByte: bytes.length / compiledCodeBytes,
    wasmPerCodeByte: bytes.length / code.length,
  };
}

/** Median wall milliseconds, the first rounds apart. */
function timeRounds(rounds: number, run: (round: number) => unknown): number {
  const samples: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    const start = performance.now();
    run(round);
    if (round >= WARM_UP_ROUNDS) samples.push(performance.now() - start);
  }
  return median(samples);
}

/** The module with a custom section that holds a number. */
export function markModule(bytes: Uint8Array, number: number): Uint8Array<ArrayBuffer> {
  const content = new ByteSink().text('round').u32(number);
  return new ByteSink().append(bytes).byte(0).sized(content).bytes();
}
