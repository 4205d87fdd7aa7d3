/**
 * Trace lines of EIP-3155: one JSON object for each instruction, before its effect, and one for the
 * end. Quantities that can pass 2^53 (`gas`, `gasCost`, stack items) are hexadecimal text.
 */
import { bytesToHex } from '../base/bytes.ts';
import type { CallOptions, Machine, Outcome, TraceStep } from '../chain/types.ts';
import { formatQuantity } from './format.ts';

/** Written at once, so that a long trace is neither slow nor held in memory. */
const CHUNK_CHARACTERS = 1 << 16;

function formatStep(step: TraceStep): string {
  return JSON.stringify({
    pc: step.pc,
    op: step.op,
    gas: formatQuantity(step.gas),
    gasCost: formatQuantity(step.gasCost),
    memSize: step.memorySize,
    stack: step.stack.map(formatQuantity),
    depth: step.depth,
    refund: Number(step.refund),
    opName: step.opName,
  });
}

function formatEnd(outcome: Outcome, fork: string): string {
  return JSON.stringify({
    output: bytesToHex(outcome.output),
    gasUsed: formatQuantity(outcome.gasUsed),
    pass: outcome.status === 'success',
    fork,
  });
}

/** Runs a message and writes its trace. */
export function writeTrace(
  machine: Machine,
  options: CallOptions,
  fork: string,
  write: (text: string) => void,
): Outcome {
  let chunk = '';
  const outcome = machine.trace(options, (step) => {
    chunk += `${formatStep(step)}\n`;
    if (chunk.length < CHUNK_CHARACTERS) return;
    write(chunk);
    chunk = '';
  });
  write(`${chunk}${formatEnd(outcome, fork)}\n`);
  return outcome;
}
