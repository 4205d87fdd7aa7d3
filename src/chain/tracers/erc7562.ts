/**
 * geth's `erc7562Tracer`, in the layout of its JSON: the frames of a transaction, as `callTracer`
 * has them, each with the opcodes it ran, the slots it used and the code it looked at. Bundlers
 * check user operations against the rules of ERC-7562 with it.
 */
import { bytesToHex } from '../../base/bytes.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import type { MachineAccess, Owner } from '../../dmir/host.ts';
import { ADDRESS_MASK, bigintToAddress, SPACE } from '../../vms/evm/host/accounts.ts';
import type { FrameEntry } from '../../vms/evm/host/observer.ts';
import { OP, type OpName } from '../../vms/evm/opcodes.ts';
import type { Transaction } from '../transactions/types.ts';
import type { Hex, TraceStep } from '../types.ts';
import type { BlockLimits, TransactionResult } from '../world.ts';
import { type CallFrame, callTracer } from './call.ts';
import { FrameRecorder } from './observer.ts';
import type { StepWatcher, StepWorld } from './steps.ts';

export interface Erc7562Config {
  /** Opcodes that are not counted; those that compute with the stack alone unless told. */
  readonly ignoredOpcodes?: readonly number[];
  /** With the logs of frames that did not fail. */
  readonly withLog?: boolean;
}

/** Slots that a frame used, each a word of 32 bytes. */
export interface AccessedSlots {
  /** What the first load found, where no store of the frame came before it. */
  reads: Record<Hex, [value: Hex]>;
  /** How often. */
  writes: Record<Hex, number>;
  transientReads: Record<Hex, number>;
  transientWrites: Record<Hex, number>;
}

/** What a frame did besides calls. */
interface FrameUse {
  readonly accessedSlots: AccessedSlots;
  /** Whose code was looked at, but for a look whether there is any. */
  readonly extCodeAccessInfo: readonly Hex[];
  /** How often each opcode was met; GAS counts where no call follows. */
  readonly usedOpcodes: Readonly<Record<Hex, number>>;
  /** Bytes of the code of each account that was called or looked at, and the first opcode. */
  readonly contractSize: Readonly<
    Record<Hex, { readonly contractSize: number; readonly opcode: number }>
  >;
}

export interface Erc7562Frame extends Omit<CallFrame, 'calls'>, FrameUse {
  /** Whether an inner frame failed for want of gas. */
  readonly outOfGas: boolean;
  /** Of the outermost frame: what was hashed in the transaction, in order, each once. */
  readonly keccak?: readonly Hex[];
  readonly calls?: readonly Erc7562Frame[];
}

export interface Erc7562Trace {
  readonly result: TransactionResult;
  /** Undefined for a transaction that was rejected. */
  readonly trace: Erc7562Frame | undefined;
}

/**
 * Applies a transaction and reports what its frames used.
 *
 * @throws what `EvmWorld.apply` throws
 */
export function traceErc7562(
  stepped: StepWorld,
  tx: Transaction,
  sender: Uint8Array,
  limits: BlockLimits,
  { ignoredOpcodes, withLog }: Erc7562Config = {},
): Erc7562Trace {
  const { host, machine } = stepped.world.executor;
  const recorder = new UseRecorder(host, machine);
  const ignored = ignoredOpcodes === undefined ? IGNORED : new Set(ignoredOpcodes);
  const watcher = new UseWatcher(stepped, recorder, ignored);
  host.observer = recorder;
  try {
    const result = stepped.apply(tx, sender, limits, watcher);
    if (result.kind === 'rejected') return { result, trace: undefined };
    const { outermost } = recorder;
    if (outermost === undefined) throw new Error('BUG: a transaction ran no frame to its end');
    const frame = { ...outermost, gas: tx.gasLimit, gasUsed: result.gasUsed };
    const options = withLog === undefined ? {} : { withLog };
    const call = callTracer({ kind: 'traced', result, frame }, options);
    const keccak = [...watcher.preimages].sort();
    const root = { ...join(call, recorder.uses.values()), outOfGas: false };
    return { result, trace: keccak.length === 0 ? root : { ...root, keccak } };
  } finally {
    host.observer = undefined;
  }
}

/** The frame with its uses, which come in the order in which frames began. */
function join({ calls, ...frame }: CallFrame, uses: Iterator<OpenUse>): Erc7562Frame {
  const { value } = uses.next();
  if (value === undefined) throw new Error('BUG: a frame has no record of its uses');
  const { reads, writes, transientReads, transientWrites } = value;
  const use: FrameUse = {
    accessedSlots: {
      reads: ordered(reads),
      writes: ordered(writes),
      transientReads: ordered(transientReads),
      transientWrites: ordered(transientWrites),
    },
    extCodeAccessInfo: value.looks,
    usedOpcodes: ordered(value.opcodes),
    contractSize: ordered(value.sizes),
  };
  const { error } = frame;
  const outOfGas = error?.startsWith(OUT_OF_GAS) === true || error === CODE_UNPAID;
  const inner = calls?.map((call) => join(call, uses));
  return { ...frame, ...use, outOfGas, ...(inner === undefined ? {} : { calls: inner }) };
}

const OUT_OF_GAS = 'out of gas';
const CODE_UNPAID = 'contract creation code storage out of gas';

function ordered<T>(values: ReadonlyMap<Hex, T>): Record<Hex, T> {
  return Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What a frame has used so far. */
class OpenUse {
  readonly reads = new Map<Hex, [value: Hex]>();
  readonly writes = new Map<Hex, number>();
  readonly transientReads = new Map<Hex, number>();
  readonly transientWrites = new Map<Hex, number>();
  readonly looks: Hex[] = [];
  readonly opcodes = new Map<Hex, number>();
  readonly sizes = new Map<Hex, { readonly contractSize: number; readonly opcode: number }>();
}

/** Records frames, and keeps a record of uses for each. */
class UseRecorder extends FrameRecorder {
  /** Of all frames, in the order in which they began. */
  readonly uses: OpenUse[] = [];
  readonly #open: OpenUse[] = [];

  /** Of the frame that runs. */
  get current(): OpenUse {
    const use = this.#open.at(-1);
    if (use === undefined) throw new Error('BUG: an instruction runs outside of all frames');
    return use;
  }

  override enter(machine: MachineAccess, entry: FrameEntry): void {
    super.enter(machine, entry);
    const use = new OpenUse();
    this.uses.push(use);
    this.#open.push(use);
  }

  override exit(...end: Parameters<FrameRecorder['exit']>): void {
    super.exit(...end);
    this.#open.pop();
  }

  override selfDestruct(machine: MachineAccess, from: Owner, to: Owner, balance: bigint): void {
    super.selfDestruct(machine, from, to, balance);
    this.uses.push(new OpenUse());
  }
}

/** Notes what instructions use, which their operands tell, whether or not they fail. */
class UseWatcher implements StepWatcher {
  /** Texts of what was hashed. */
  readonly preimages = new Set<Hex>();
  readonly #stepped: StepWorld;
  readonly #recorder: UseRecorder;
  readonly #ignored: ReadonlySet<number>;
  /** The instruction before, in whatever frame; none before the end of a frame. */
  #last: TraceStep | undefined;

  constructor(stepped: StepWorld, recorder: UseRecorder, ignored: ReadonlySet<number>) {
    this.#stepped = stepped;
    this.#recorder = recorder;
    this.#ignored = ignored;
  }

  before(step: TraceStep): void {
    const { op } = step;
    const use = this.#recorder.current;
    const isEnd = op === OP.RETURN || op === OP.REVERT;
    if (this.#last !== undefined && !isEnd) noteLast(use, this.#last, op);
    this.#noteSize(use, step);
    if (op !== OP.GAS && !this.#ignored.has(op)) count(use.opcodes, opcodeText(op));
    this.#noteSlot(use, step);
    this.#notePreimage(step);
    this.#last = step;
  }

  #noteSize(use: OpenUse, { op, stack }: TraceStep): void {
    const isLook = LOOKS.has(op);
    if (!isLook && !CALLS.has(op)) return;
    const operand = stack.at(isLook ? -1 : -2);
    if (operand === undefined) return;
    const address = bigintToAddress(operand & ADDRESS_MASK);
    const text = bytesToHex(address);
    if (use.sizes.has(text)) return;
    const contractSize = this.#stepped.world.getCode(address).length;
    use.sizes.set(text, { contractSize, opcode: op });
  }

  #noteSlot(use: OpenUse, { op, stack }: TraceStep): void {
    const slot = stack.at(-1);
    if (slot === undefined) return;
    const text = wordToHex(slot);
    if (op === OP.SSTORE) count(use.writes, text);
    else if (op === OP.TLOAD) count(use.transientReads, text);
    else if (op === OP.TSTORE) count(use.transientWrites, text);
    else if (op === OP.SLOAD && !use.reads.has(text) && !use.writes.has(text)) {
      const { world, address } = this.#stepped;
      use.reads.set(text, [wordToHex(world.executor.readWord(SPACE.slot, address, slot))]);
    }
  }

  #notePreimage({ op, stack }: TraceStep): void {
    const [size, offset] = stack.slice(-2);
    if (op !== OP.KECCAK256 || size === undefined || offset === undefined) return;
    const preimage = this.#stepped.readMemory(offset, size);
    if (preimage !== undefined) this.preimages.add(bytesToHex(preimage));
  }
}

/** What the instruction before used, which depends on the one that follows it. */
function noteLast(use: OpenUse, { op, stack }: TraceStep, next: number): void {
  const operand = stack.at(-1);
  const isExistenceCheck = op === OP.EXTCODESIZE && next === OP.ISZERO;
  if (LOOKS.has(op) && operand !== undefined && !isExistenceCheck) {
    use.looks.push(bytesToHex(bigintToAddress(operand & ADDRESS_MASK)));
  }
  if (op === OP.GAS && !CALLS.has(next)) count(use.opcodes, opcodeText(OP.GAS));
}

function count(counts: Map<Hex, number>, key: Hex): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const opcodeText = (op: number): Hex => `0x${op.toString(16)}`;
const wordToHex = (word: bigint): Hex => bytesToHex(bigintToBytes32(word, 'a word'));
const opcodes = (...names: OpName[]): ReadonlySet<number> => new Set(names.map((name) => OP[name]));

const LOOKS = opcodes('EXTCODEHASH', 'EXTCODESIZE', 'EXTCODECOPY');
const CALLS = opcodes('CALL', 'CALLCODE', 'DELEGATECALL', 'STATICCALL');
const STACK_ONLY = opcodes(
  ...(['POP', 'ADD', 'SUB', 'MUL', 'DIV', 'EQ', 'LT', 'GT'] as const),
  ...(['SLT', 'SGT', 'SHL', 'SHR', 'AND', 'OR', 'NOT', 'ISZERO'] as const),
);
/** Besides those, all that push, duplicate and swap. */
const IGNORED: ReadonlySet<number> = new Set([
  ...STACK_ONLY,
  ...Array.from({ length: OP.SWAP16 - OP.PUSH0 + 1 }, (_, index) => OP.PUSH0 + index),
]);
