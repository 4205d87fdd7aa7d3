/**
 * Stands in for compiled code: functions of the kernel's table that are written in TypeScript, so
 * that a test can look at a frame from inside a run, and functions of WebAssembly made by hand.
 */

import { bytesToBigint } from '../../src/base/u256.ts';
import type { EvmMachine } from '../../src/chain/machine.ts';
import type { Kernel } from '../../src/engines/interpreter/kernel.ts';
import type { Program } from '../../src/engines/interpreter/program.ts';
import * as L from '../../src/kernel/layout.ts';
import type { Assembler } from '../oracle/assembly.ts';
import { CASE_BLOCK, TARGET } from '../oracle/case.ts';
import { createTestMachine } from '../oracle/machine.ts';

/** What every compiled region is: frame, window pointer, gas and steps to a STATUS_*. */
export type CompiledBody = (fp: number, sp: number, gas: bigint, steps: bigint) => number;

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** (i32, i32, i64, i64) -> i32 */
const SIGNATURE = [0x60, 4, 0x7f, 0x7f, 0x7e, 0x7e, 1, 0x7f];
const TYPES = [1, SIGNATURE.length + 1, 1, ...SIGNATURE];
/** Function 0 is "f". */
const EXPORTS = [7, 5, 1, 1, 0x66, 0, 0];

function instantiate(bytes: readonly number[], imports: WebAssembly.Imports): CallableFunction {
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  return new WebAssembly.Instance(module, imports).exports.f as CallableFunction;
}

/** A function that a table takes: WebAssembly exports what it imports as a function of its own. */
export function wrapBody(body: CompiledBody): CallableFunction {
  const imports = [2, 7, 1, 1, 0x65, 1, 0x66, 0, 0];
  return instantiate([...MAGIC, ...TYPES, ...imports, ...EXPORTS], { e: { f: body } });
}

/** Signed LEB128 of up to 64 bits. */
export function leb(value: bigint | number): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    const isLast = rest >> 6n === 0n || rest >> 6n === -1n;
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

/** A function of the instructions over the kernel's memory; locals are the four parameters. */
export function assembleFunction(kernel: Kernel, code: readonly number[]): CallableFunction {
  const memory = [1, 1, 0x65, 1, 0x6d, 2, 0, 1];
  const body = [0, ...code, 0x0b];
  const entry = [...unsignedLeb(body.length), ...body];
  const section = [10, ...unsignedLeb(entry.length + 1), 1, ...entry];
  const bytes = [...MAGIC, ...TYPES, 2, memory.length, ...memory, 3, 2, 1, 0, ...EXPORTS];
  return instantiate([...bytes, ...section], { e: { m: kernel.exports.memory } });
}

function unsignedLeb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, value >> 7];
}

/** Gas of a hop. */
export const HOP_GAS = 15n;

/** Jumps to the label if there is call data: to a block of its own, since nobody knows before. */
export function hop(code: Assembler, label: number): void {
  code.op('CALLDATASIZE').pushLabel(label).op('JUMPI', 'STOP').place(label);
}

/** A machine at Osaka whose account TARGET has the code, and its program. */
export function createTarget(code: Uint8Array): { machine: EvmMachine; program: Program } {
  const machine = createTestMachine(CASE_BLOCK);
  machine.state.setCode(TARGET, code);
  const { codes, keccak256 } = machine.executor;
  return { machine, program: codes.programOf(bytesToBigint(keccak256(code))) as Program };
}

/** Gas and steps that a block counts at its entry. */
export function headerOf(kernel: Kernel, address: number): { gas: bigint; steps: bigint } {
  const at = (offset: number) => BigInt(kernel.u32[(address + offset) / 4]!);
  return { gas: at(L.H_GAS), steps: at(L.H_STEPS) };
}

/** Leaves compiled code with the frame saved. */
export function leave(
  kernel: Kernel,
  fp: number,
  state: { pc: number; sp: number; gas: bigint; steps: bigint },
  status: number,
): number {
  kernel.refresh();
  kernel.u32[(fp + L.F_PC) / 4] = state.pc;
  kernel.u32[(fp + L.F_SP) / 4] = state.sp;
  kernel.u64[(fp + L.F_GAS) / 8] = state.gas;
  kernel.u64[(L.MACHINE_BASE + L.M_STEPS) / 8] = state.steps;
  return status;
}
