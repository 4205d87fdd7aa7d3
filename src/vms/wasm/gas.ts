/**
 * What instructions cost. A schedule is data: gas for each cost class of the opcode table, and what
 * grows with an operand. Words copied by bulk instructions are charged by the machine's schedule.
 */
import { createInstruction, readInstruction } from './instructions.ts';
import type { CostClass } from './opcodes.ts';
import { Reader } from './reader.ts';

export interface WasmGas {
  /** Gas of an instruction by its class. */
  readonly classes: Readonly<Record<CostClass, number>>;
  /** For each page by which a memory grows. */
  readonly page: bigint;
  /** For each entry that `table.grow` and `table.fill` write. */
  readonly entry: bigint;
}

export const DEFAULT_GAS: WasmGas = {
  classes: {
    free: 0,
    value: 1,
    alu: 1,
    mul: 2,
    div: 8,
    float: 2,
    float_div: 8,
    memory: 2,
    vector: 40,
    branch: 1,
    call: 8,
    indirect: 12,
    bulk: 16,
    grow: 64,
  },
  page: 2048n,
  entry: 4n,
};

/**
 * Ranges of code that are charged at once: pairs of the offsets of the first and of the last
 * instruction, ascending.
 */
export type Ranges = readonly number[];

/** Gas of the instructions behind an offset in the range that holds it. */
export function gasBehind(
  bytes: Uint8Array,
  ranges: Ranges,
  offset: number,
  { classes }: WasmGas,
): bigint {
  const at = ranges.findIndex((last, i) => i % 2 === 1 && offset <= last);
  if (at < 0 || offset < (ranges[at - 1] as number)) return 0n;
  const reader = new Reader(bytes, offset);
  const instruction = createInstruction();
  readInstruction(reader, instruction);
  let gas = 0;
  while (reader.offset <= (ranges[at] as number)) {
    readInstruction(reader, instruction);
    gas += classes[instruction.op.cost];
  }
  return BigInt(gas);
}
