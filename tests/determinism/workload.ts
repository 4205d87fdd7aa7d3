/**
 * The workload of the determinism test: the same programs on any platform, observed to the last
 * gas, log, slot and traced instruction. It uses nothing but the language and `TextEncoder`, so
 * that Node and a browser run this very file.
 *
 * Each message runs twice: traced with its changes undone, then for good. What they show goes to
 * the record, and a line more where the two disagree.
 */
import { bytesToHex } from '../../src/base/bytes.ts';
import { createMachine } from '../../src/chain/machine.ts';
import type {
  BlockEnv,
  CallOptions,
  DeployOutcome,
  Machine,
  Outcome,
  TraceStep,
} from '../../src/chain/types.ts';
import { recordOperations } from './operations.ts';
import { type Program, type ProgramMessage, parsePrograms } from './program.ts';
import { createRecorder, type WorkloadReport, type Write } from './record.ts';

/** The block of every program. */
export const BLOCK: BlockEnv = {
  number: 1_000n,
  timestamp: 1_700_000_000n,
  gasLimit: 30_000_000n,
  coinbase: '0x00000000000000000000000000000000000c01ba',
  prevRandao: 0x1234_5678_9abc_def0n << 190n,
  baseFee: 7n,
  blobBaseFee: 3n,
  blockHash: (number) => {
    const hash = new Uint8Array(32).fill(0xb1);
    hash[31] = Number(number & 0xffn);
    return hash;
  },
};

const BLOB_HASHES = [`0x01${'11'.repeat(31)}`, `0x01${'22'.repeat(31)}`] as const;

const toHex = (value: bigint): string => `0x${value.toString(16)}`;

export function createWorkloadMachine(): Machine {
  return createMachine({ fork: 'osaka', block: BLOCK });
}

function commonOptions(message: ProgramMessage, gas: bigint): Omit<CallOptions, 'to' | 'data'> {
  const { from, value, origin, accessList } = message;
  return {
    from,
    value,
    gas,
    gasPrice: 10n,
    blobHashes: BLOB_HASHES,
    ...(origin === undefined ? {} : { origin }),
    ...(accessList === undefined ? {} : { accessList }),
  };
}

export function setAccounts(machine: Machine, { accounts }: Program): void {
  const { state } = machine;
  for (const { address, balance, nonce, code, storage } of accounts) {
    state.setBalance(address, balance);
    state.setNonce(address, nonce);
    if (code !== '0x') state.setCode(address, code);
    for (const [slot, value] of storage) state.setStorage(address, slot, value);
  }
}

/** Runs a message for good. */
export function runMessage(
  machine: Machine,
  message: ProgramMessage,
  gas: bigint,
): Outcome | DeployOutcome {
  const { to, data, salt } = message;
  const common = commonOptions(message, gas);
  if (to !== undefined) return machine.call({ ...common, to, data, static: message.static });
  return machine.deploy({ ...common, code: data, ...(salt === undefined ? {} : { salt }) });
}

/** Traces a message and undoes it; a creation has no trace. */
export function traceMessage(
  machine: Machine,
  message: ProgramMessage,
  gas: bigint,
  onStep: (step: TraceStep) => void,
): Outcome | undefined {
  const { to, data } = message;
  if (to === undefined) return undefined;
  const options = { ...commonOptions(message, gas), to, data, static: message.static };
  return machine.trace({ ...options, commit: false }, onStep);
}

function showStep(step: TraceStep): string {
  const { pc, op, opName, gas, gasCost, depth, memorySize, refund, stack } = step;
  const numbers = `${pc} ${op} ${opName} ${gas} ${gasCost} ${depth} ${memorySize} ${refund}`;
  return `${numbers} [${stack.map(toHex).join(' ')}]`;
}

/** What a message did, apart from its state and its trace. */
function showOutcome(
  outcome: Outcome | DeployOutcome,
): Record<'outcome' | 'gas', string> & Record<'logs' | 'writes', string[]> {
  const { status, output, gasUsed, gasRefund, logs, writes } = outcome;
  const address = 'address' in outcome ? ` ${outcome.address}` : '';
  return {
    outcome: `${status} ${bytesToHex(output)}${address}`,
    gas: `${gasUsed} ${gasRefund}`,
    logs: logs.map((log) => `${log.address} [${log.topics.join(' ')}] ${bytesToHex(log.data)}`),
    writes: writes.map(({ address, slot, before, after }) =>
      [address, ...[slot, before, after].map(toHex)].join(' '),
    ),
  };
}

function recordState(machine: Machine, write: Write): void {
  for (const { address, balance, nonce, code, storage } of machine.state.dump()) {
    write('state', `${address} ${balance} ${nonce} ${code}`);
    for (const { slot, value } of storage) write('state', `  ${toHex(slot)} ${toHex(value)}`);
  }
}

function recordMessage(machine: Machine, message: ProgramMessage, gas: bigint, write: Write): void {
  const traced = traceMessage(machine, message, gas, (step) => write('trace', showStep(step)));
  const outcome = runMessage(machine, message, gas);
  const shown = showOutcome(outcome);
  if (traced !== undefined) {
    const whole = JSON.stringify(showOutcome(traced));
    // No digest without this line can be equal to one with it.
    if (whole !== JSON.stringify(shown)) write('outcome', `otherwise when traced: ${whole}`);
  }
  write('outcome', shown.outcome);
  write('gas', shown.gas);
  for (const line of shown.logs) write('logs', line);
  for (const line of shown.writes) write('writes', line);
  write('engine', `${outcome.steps} ${outcome.reason ?? ''}`);
}

export interface WorkloadOptions {
  /** The text of `programs.jsonl`. */
  readonly programs: string;
  /** Name of a program whose text is to be kept. */
  readonly textOf?: string;
  /** Every how many programs one is run; all unless told. */
  readonly every?: number;
}

/** Runs the workload. What a program shows depends on no program before it. */
export function runWorkload({ programs, textOf, every = 1 }: WorkloadOptions): WorkloadReport {
  const recorder = createRecorder(textOf);
  const machine = createWorkloadMachine();
  const empty = machine.snapshot();
  parsePrograms(programs).forEach((program, index) => {
    if (index % every !== 0) return;
    machine.restore(empty);
    setAccounts(machine, program);
    recorder.program(program.name, (write) => {
      for (const message of program.messages) {
        for (const gas of message.gas) {
          recordMessage(machine, message, gas, write);
          recordState(machine, write);
        }
      }
    });
  });
  recordOperations(recorder);
  return recorder.report();
}
