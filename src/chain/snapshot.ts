/**
 * Runs that stop at a step and go on elsewhere: the machine's state as bytes, with its hash.
 *
 * A snapshot is the state (`dmir/state`) and, behind it, the code that the state names by hash. The
 * hash of a snapshot is that of its state; code proves itself by its own.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, compareBytes } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { bigintToBytes32, bytesToBigint } from '../base/u256.ts';
import { type FrameEnd, PendingError } from '../dmir/host.ts';
import { ByteReader, ByteWriter } from '../dmir/state/byte-stream.ts';
import { decodeState } from '../dmir/state/decode.ts';
import { encodeState } from '../dmir/state/encode.ts';
import { hashState } from '../dmir/state/hash.ts';
import type { FrameState, MachineState, TapeEntry } from '../dmir/state/machine-state.ts';
import { Program } from '../engines/interpreter/program.ts';
import { captureState, restoreState } from '../engines/interpreter/snapshot.ts';
import * as L from '../kernel/layout.ts';
import { MODULE_BYTES_MAX } from '../vms/evm/gas.ts';
import { SPACE } from '../vms/evm/host/accounts.ts';
import type { EvmContext } from '../vms/evm/host/host.ts';
import { Executor, type ExecutorOptions } from './executor.ts';
import { DEFAULT_GAS, type EvmMachine } from './machine.ts';
import type { CallOptions, DeployOptions, Hex, Outcome } from './types.ts';

/** `LKSNAP`, a zero and the version of the container. */
const SNAPSHOT_MAGIC = Uint8Array.from([0x4c, 0x4b, 0x53, 0x4e, 0x41, 0x50, 0, 1]);

const STEPS_MAX = (1n << 64n) - 1n;

/** A stopped run. */
export interface StateSnapshot {
  readonly state: MachineState;
  readonly bytes: Uint8Array;
  /** Hash of the state. */
  readonly hash: Hex;
  /** dMIR operations done since the transaction began. */
  readonly steps: bigint;
}

/** Where a run came to: a stop, or its end with the hash of the state in which it ended. */
export type RunProgress =
  | { readonly kind: 'paused'; readonly snapshot: StateSnapshot }
  | {
      readonly kind: 'ended';
      readonly outcome: Outcome;
      readonly state: MachineState;
      readonly hash: Hex;
    };

export interface ResumeOptions extends ExecutorOptions {
  /** Hash that the state must have. Without it the bytes are trusted. */
  readonly hash?: Hex;
  /** Recorded tape of the whole run: what is behind the state's own is answered from it. */
  readonly tape?: readonly TapeEntry[];
  /** Answers what no recorded tape does. */
  readonly blockHash?: EvmContext['blockHash'];
}

/**
 * Runs a message, or a creation, until the first block entry at which so many operations are done.
 *
 * A run that is not taken on must be given up with `abandonRun` before the machine is used again.
 */
export function runUntil(
  machine: EvmMachine,
  options: CallOptions | DeployOptions,
  steps: bigint,
): RunProgress {
  const { executor } = machine;
  const isDeploy = 'code' in options;
  const end = isDeploy ? machine.startDeploy(options).end : machine.start(options);
  if (end === undefined) return continueUntil(executor, steps);
  executor.machine.gasStart = options.gas ?? DEFAULT_GAS;
  const isTaken = isDeploy && end.gas === 0n;
  return endRun(executor, end, isTaken ? 'create-collision' : 'insufficient-balance');
}

/** Takes a stopped run on, to another stop or, without a number of steps, to its end. */
export function continueUntil(executor: Executor, steps = STEPS_MAX): RunProgress {
  const { machine } = executor;
  const done = machine.kernel.u64[(L.MACHINE_BASE + L.M_STEPS) / 8] as bigint;
  machine.pauseAfter(steps > done ? steps - done : 0n);
  const end = machine.advance();
  if (end !== undefined) return endRun(executor, end);
  return { kind: 'paused', snapshot: takeSnapshot(executor) };
}

function endRun(executor: Executor, end: FrameEnd, reason?: Outcome['reason']): RunProgress {
  const state = captureState(executor.machine, end);
  const outcome = executor.outcome(state.gasStart, end, reason);
  return { kind: 'ended', outcome, state, hash: bytesToHex(hashState(state)) };
}

/** Undoes all changes of a stopped run. */
export function abandonRun(executor: Executor): void {
  executor.machine.kernel.exports.rollbackAll();
}

/** The snapshot of a run that has stopped. */
export function takeSnapshot(executor: Executor): StateSnapshot {
  const state = captureState(executor.machine);
  const codes = new Map<Hex, Uint8Array>();
  state.frames.forEach((frame, depth) => {
    const { program } = executor.machine.frameAt(depth);
    if (program !== undefined) codes.set(bytesToHex(frame.codeHash), program.source.code);
  });
  for (const hash of accountCodes(state)) {
    const code = knownCode(executor, hash);
    if (code !== undefined) codes.set(hash, code);
  }
  const out = new ByteWriter().raw(SNAPSHOT_MAGIC).blob(encodeState(state)).u32(codes.size);
  for (const [, code] of [...codes].sort(([a], [b]) => (a < b ? -1 : 1))) out.blob(code);
  return { state, bytes: out.bytes(), hash: bytesToHex(hashState(state)), steps: state.steps };
}

/** Hashes of code that accounts have, had, or get back when a frame fails. */
function accountCodes(state: MachineState): Set<Hex> {
  const hashes = new Set<bigint>();
  for (const { space, value, original } of state.cells) {
    if (space === SPACE.codeHash) hashes.add(value).add(original);
  }
  for (const { cell, value } of state.undo) {
    if (state.cells[cell]?.space === SPACE.codeHash) hashes.add(value);
  }
  hashes.delete(0n);
  return new Set([...hashes].map((hash) => bytesToHex(bigintToBytes32(hash))));
}

/** Code that is at hand: what is not yet fetched a resumed run fetches itself. */
function knownCode(executor: Executor, hash: Hex): Uint8Array | undefined {
  try {
    return executor.codes.code(BigInt(hash));
  } catch (error) {
    if (error instanceof PendingError) return undefined;
    throw error;
  }
}

/**
 * The state of a snapshot, and its code by hash.
 *
 * @throws LockstepError L1101 with the offset of what is wrong
 */
export function decodeSnapshot(bytes: Uint8Array): {
  state: MachineState;
  codes: ReadonlyMap<Hex, Uint8Array>;
} {
  const from = new ByteReader(bytes);
  const magic = from.raw(SNAPSHOT_MAGIC.length, 'the magic');
  if (compareBytes(magic, SNAPSHOT_MAGIC) !== 0) from.fail('this is no snapshot of version 1', 0);
  const state = decodeState(from.blob('the state'));
  const named = accountCodes(state);
  for (const { codeHash } of state.frames) named.add(bytesToHex(codeHash));
  const codes = new Map<Hex, Uint8Array>();
  let last = '';
  from.list('codes', 4, () => {
    const at = from.offset;
    const code = from.blob('a code');
    const hash = bytesToHex(keccak_256(code));
    if (!named.has(hash)) from.fail('the state does not name this code', at);
    if (hash <= last) from.fail('codes are out of order', at);
    last = hash;
    codes.set(hash, code);
  });
  from.finish('the snapshot');
  return { state, codes };
}

/**
 * A new executor in the state of a snapshot, for `continueUntil`. It serves this one transaction.
 *
 * @throws LockstepError L1101 for malformed bytes, L1102 for a state with another hash or one that
 *   does not fit the executor's rules
 */
export function resumeSnapshot(bytes: Uint8Array, options: ResumeOptions): Executor {
  const { state, codes } = decodeSnapshot(bytes);
  if (options.hash !== undefined && options.hash !== bytesToHex(hashState(state))) {
    throw new LockstepError('L1102', { problem: `its hash is not ${options.hash}` });
  }
  const moduleBytesMax = options.overrides?.costs?.moduleBytesMax ?? MODULE_BYTES_MAX;
  const executor = new Executor({ moduleBytesMax, ...options });
  const stored = accountCodes(state);
  for (const [hash, code] of codes) if (stored.has(hash)) executor.codes.put(code);
  restoreState(executor.machine, state, (frame) => programOf(executor, frame, codes, stored));
  if (options.blockHash !== undefined) executor.host.context.blockHash = options.blockHash;
  const { tape } = options;
  if (tape !== undefined) loadTape(executor, state, tape);
  return executor;
}

/** Code that an account has is kept; init code lives as long as its frame. */
function programOf(
  executor: Executor,
  { codeHash }: FrameState,
  codes: ReadonlyMap<Hex, Uint8Array>,
  stored: ReadonlySet<Hex>,
): Program {
  const hash = bytesToHex(codeHash);
  const code = codes.get(hash);
  if (code === undefined) {
    throw new LockstepError('L1102', { problem: `the code ${hash} of a frame is missing` });
  }
  const program = stored.has(hash)
    ? executor.codes.programOf(bytesToBigint(codeHash))
    : executor.host.options.loader.load(code);
  if (program instanceof Program) return program;
  throw new LockstepError('L1102', { problem: `the code ${hash} of a frame is a module` });
}

function loadTape(executor: Executor, state: MachineState, tape: readonly TapeEntry[]): void {
  const isSame = state.tape.every(({ kind, question, answer }, index) => {
    const entry = tape[index];
    return entry?.kind === kind && entry.question === question && entry.answer === answer;
  });
  if (!isSame) {
    throw new LockstepError('L1102', { problem: 'the recorded tape does not begin with its own' });
  }
  executor.machine.tape.load(tape, state.tape.length);
}
