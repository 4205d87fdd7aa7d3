/**
 * A plain stepper of the core: the shortest honest statement of what one step does.
 *
 * Invariants:
 * - every step counts, also the one that traps; a step that waits for the host tape does not;
 * - with `checkBounds`, a step that reads, writes or accesses more than its row says is a `BUG:`
 *   error: that is how the provable profile is kept.
 */
import { type CoreInst, decodeCore } from './encoding.ts';
import { CORE_OPS, STEP_ACCESSES_MAX, STEP_READS_MAX, STEP_WRITES_MAX } from './ops.ts';
import { CORE_RULES } from './rules.ts';
import type { CoreMachine, CoreStatus } from './state.ts';

/** Decoded words by program; a program is read-only, so they never go stale. */
const decodedByCode = new WeakMap<BigUint64Array, (CoreInst | null | undefined)[]>();

function fetch(machine: CoreMachine): CoreInst | null {
  let decoded = decodedByCode.get(machine.code);
  if (decoded === undefined) {
    decoded = [];
    decodedByCode.set(machine.code, decoded);
  }
  const known = decoded[machine.pc];
  if (known !== undefined) return known;
  const word = machine.code[machine.pc];
  const inst = word === undefined ? null : decodeCore(word);
  decoded[machine.pc] = inst;
  return inst;
}

function assertBounds(machine: CoreMachine, inst: CoreInst): void {
  const { readCount, writeCount, accessCount } = machine;
  const row = CORE_OPS[inst.op];
  const kept =
    readCount <= Math.min(row.reads, STEP_READS_MAX) &&
    writeCount <= Math.min(row.writes, STEP_WRITES_MAX) &&
    accessCount <= Math.min(row.accesses, STEP_ACCESSES_MAX);
  if (kept) return;
  throw new Error(
    `BUG: ${inst.op} made ${readCount} register reads, ${writeCount} writes and ` +
      `${accessCount} accesses, more than its row allows`,
  );
}

/** One step. Does nothing unless the status is `running`. */
export function step(machine: CoreMachine): void {
  if (machine.status !== 'running') return;
  const inst = fetch(machine);
  machine.steps++;
  if (inst === null) {
    machine.trap('invalid-opcode');
    return;
  }
  machine.nextPc = machine.pc + 1;
  machine.readCount = 0;
  machine.writeCount = 0;
  machine.accessCount = 0;
  CORE_RULES[inst.op](machine, inst);
  if (machine.checkBounds) assertBounds(machine, inst);
  finishStep(machine, machine.status);
}

/** A step that found the tape empty is made again; one that ended the run keeps its place. */
function finishStep(machine: CoreMachine, status: CoreStatus): void {
  if (status === 'tape') machine.steps--;
  else if (status !== 'ended') machine.pc = machine.nextPc;
}

/** Steps until the run ends, waits for the host, or made `stepCountMax` more steps. */
export function run(machine: CoreMachine, stepCountMax: number): CoreStatus {
  const limit = machine.steps + stepCountMax;
  while (machine.status === 'running' && machine.steps < limit) step(machine);
  return machine.status;
}
