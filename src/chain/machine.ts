/** The library's face: a machine with a state, to call, deploy and trace contracts. */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex } from '../base/bytes.ts';
import { requireBits } from '../base/u256.ts';
import { type FrameEnd, type Owner, PendingError } from '../dmir/host.ts';
import { ENGINE_NAMES, type EngineName, type TierOptions } from '../engines/tiering.ts';
import {
  type Backend,
  isPending,
  type Snapshot,
  type SnapshotBackend,
} from '../state/backends/backend.ts';
import { createMemoryBackend } from '../state/backends/memory.ts';
import { SPACES } from '../state/cells.ts';
import { createEvmView } from '../state/views/evm.ts';
import { type Fork, LATEST_FORK, parseFork } from '../vms/evm/forks.ts';
import { MODULE_BYTES_MAX } from '../vms/evm/gas.ts';
import type { FrameObserver } from '../vms/evm/host/observer.ts';
import { checkOverrides, type ScheduleOverrides } from '../vms/evm/overrides.ts';
import { setBlock, setTransaction, toAddress, toBytes, warmUp } from './environment.ts';
import { Executor, type Message } from './executor.ts';
import { runSteps, type StepWatcher, traceFrames } from './trace.ts';
import type {
  AccountDump,
  BlockEnv,
  BytesLike,
  CallOptions,
  DeployOptions,
  DeployOutcome,
  Hex,
  Machine,
  Outcome,
  StateAccess,
  TraceStep,
} from './types.ts';

export interface MachineOptions {
  /** The fork's name in any spelling; the latest unless told. */
  fork?: string;
  /** Rules and costs of the fork that are to be different. */
  overrides?: ScheduleOverrides;
  /** 1 unless told. */
  chainId?: bigint;
  block?: Partial<BlockEnv>;
  /** Where the state rests; memory unless told. */
  backend?: Backend;
  /** What runs the code; `auto` unless told. The outcomes are the same. */
  engine?: EngineName;
  /** When the engine compiles. */
  tier?: TierOptions;
}

/** Makes what looks at the frames of an executor and at their instructions. */
export type CreateWatcher = (executor: Executor) => FrameObserver & StepWatcher;

/** Gas of the outermost frame unless told. */
export const DEFAULT_GAS = 30_000_000n;
const DEFAULT_SENDER = '0x00000000000000000000000000000000000000a0';
const GAS_MAX = (1n << 63n) - 1n;
const NO_BYTES = new Uint8Array(0);
const NO_HASHES: readonly Uint8Array[] = [];

const DEFAULT_BLOCK: BlockEnv = {
  number: 1n,
  timestamp: 1n,
  gasLimit: DEFAULT_GAS,
  coinbase: '0x0000000000000000000000000000000000000000',
  prevRandao: 0n,
  baseFee: 0n,
  blobBaseFee: 1n,
  blockHash: () => undefined,
};

/**
 * A machine over an empty state, or over the backend that is given.
 *
 * Each machine has a kernel instance of its own, which reserves three quarters of a gibibyte of
 * address space and uses of it what contracts touch; keep a machine rather than make one a call.
 *
 * @throws RangeError for a fork that does not exist, LockstepError L1501 or L1502 for overrides
 *   that name what does not exist
 */
export function createMachine(options: MachineOptions = {}): EvmMachine {
  return new EvmMachine(options);
}

function readValue({ value = 0n }: Pick<CallOptions, 'value'>): bigint {
  return value === 0n ? value : requireBits(value, 256, 'the value');
}

/** The kernel counts gas in a signed register, so that its comparisons take one instruction. */
function readGas({ gas = DEFAULT_GAS }: Pick<CallOptions, 'gas'>): bigint {
  if (gas < 0n || gas > GAS_MAX) requireBits(gas, 63, 'the gas');
  return gas;
}

function chooseFork(name: string | undefined): Fork {
  if (name === undefined) return LATEST_FORK;
  const fork = parseFork(name);
  if (fork === undefined) throw new RangeError(`There is no fork "${name}".`);
  return fork;
}

export class EvmMachine implements Machine {
  readonly executor: Executor;
  readonly state: StateAccess;
  readonly fork: Fork;
  readonly #overrides: ScheduleOverrides | undefined;
  readonly #backend: Backend;
  readonly #block: BlockEnv;
  readonly #chainId: bigint;
  readonly #snapshots: Snapshot[] = [];
  readonly #addresses = new Map<string, Uint8Array>();
  readonly #engine: Pick<MachineOptions, 'engine' | 'tier'>;
  #tracer: Executor | undefined;
  /** The latest call: one record for all of them, as their frames have in the executor. */
  readonly #message: { -readonly [Key in keyof Message]: Message[Key] } = {
    from: 0,
    to: NO_BYTES,
    data: NO_BYTES,
    value: 0n,
    gas: 0n,
    isStatic: false,
  };
  /** Whose environment holds which gas price, so that a call like the last sets none. */
  readonly #last: { executor: Executor | undefined; gasPrice: bigint } = {
    executor: undefined,
    gasPrice: -1n,
  };

  constructor(options: MachineOptions) {
    this.fork = chooseFork(options.fork);
    if (options.overrides !== undefined) checkOverrides(options.overrides);
    this.#overrides = options.overrides;
    this.#backend = options.backend ?? createMemoryBackend();
    this.#block = { ...DEFAULT_BLOCK, ...options.block };
    this.#chainId = options.chainId ?? 1n;
    const { engine, tier } = options;
    if (engine !== undefined && !ENGINE_NAMES.includes(engine)) {
      const names = ENGINE_NAMES.join(', ');
      throw new RangeError(`There is no engine "${engine}"; there are ${names}.`);
    }
    this.#engine = {
      ...(engine === undefined ? {} : { engine }),
      ...(tier === undefined ? {} : { tier }),
    };
    this.executor = this.#createExecutor();
    this.state = createStateAccess(this.executor);
  }

  #createExecutor(lengthMax?: number): Executor {
    const executor = new Executor({
      fork: this.fork,
      backend: this.#backend,
      ...(this.#overrides === undefined ? {} : { overrides: this.#overrides }),
      moduleBytesMax: this.#overrides?.costs?.moduleBytesMax ?? MODULE_BYTES_MAX,
      ...(lengthMax === undefined ? this.#engine : { lengthMax }),
    });
    setBlock(executor, this.#block, this.#chainId);
    return executor;
  }

  /** Bytes of an address, remembered by its text. */
  #address(value: BytesLike, what: string): Uint8Array {
    if (typeof value !== 'string') return toAddress(value, what);
    const known = this.#addresses.get(value);
    if (known !== undefined) return known;
    const bytes = toAddress(value, what);
    if (this.#addresses.size > 10_000) this.#addresses.clear();
    this.#addresses.set(value, bytes);
    return bytes;
  }

  /** Begins a transaction with its environment; gives the sender. */
  #prepare(executor: Executor, options: Omit<CallOptions, 'to'>, from: Uint8Array): Owner {
    executor.begin();
    const { machine } = executor;
    executor.host.onPrint = options.onPrint;
    const sender = machine.ownerOf(from);
    const { origin } = options;
    setTransaction(
      executor,
      origin === undefined ? sender : machine.ownerOf(this.#address(origin, 'the origin')),
      options.blobHashes?.map((hash) => toBytes(hash, 'a blob hash')) ?? NO_HASHES,
    );
    const gasPrice = options.gasPrice ?? 0n;
    const last = this.#last;
    if (executor !== last.executor || gasPrice !== last.gasPrice) {
      executor.setEnv('GASPRICE', requireBits(gasPrice, 256, 'the gas price'));
      last.executor = executor;
      last.gasPrice = gasPrice;
    }
    return sender;
  }

  #applyAccessList(executor: Executor, options: Omit<CallOptions, 'to'>): void {
    for (const { address, slots } of options.accessList ?? []) {
      const bytes = this.#address(address, 'an address of the access list');
      warmUp(executor, executor.machine.ownerOf(bytes), slots);
    }
  }

  /** Begins the transaction of a message and prepares its outermost frame. */
  #start(executor: Executor, options: CallOptions): FrameEnd | undefined {
    const from = this.#address(options.from ?? DEFAULT_SENDER, 'the sender');
    const to = this.#address(options.to, 'the callee');
    const data = options.data === undefined ? NO_BYTES : toBytes(options.data, 'the call data');
    const sender = this.#prepare(executor, options, from);
    executor.warm.begin(from, to);
    if (options.accessList !== undefined) this.#applyAccessList(executor, options);
    const message = this.#message;
    message.from = sender;
    message.to = to;
    message.data = data;
    message.value = readValue(options);
    message.gas = readGas(options);
    message.isStatic = options.static ?? false;
    return executor.startCall(message);
  }

  call(options: CallOptions): Outcome {
    const { executor } = this;
    executor.isOpen = false;
    try {
      const end = this.#start(executor, options);
      const gas = options.gas ?? DEFAULT_GAS;
      return this.#close(options, executor.finish(gas, end, 'insufficient-balance'));
    } finally {
      this.#undoOpen();
    }
  }

  /** Prepares a message for whoever drives the executor: how it ended already, or undefined. */
  start(options: CallOptions): FrameEnd | undefined {
    return this.#start(this.executor, options);
  }

  async callAsync(options: CallOptions): Promise<Outcome> {
    for (;;) {
      try {
        return this.call(options);
      } catch (error) {
        if (!(error instanceof PendingError)) throw error;
        await error.ready;
      }
    }
  }

  deploy(options: DeployOptions): DeployOutcome {
    const { executor } = this;
    executor.isOpen = false;
    try {
      const { address, end } = this.startDeploy(options);
      const reason = end?.gas === 0n ? 'create-collision' : 'insufficient-balance';
      const outcome = executor.finish(options.gas ?? DEFAULT_GAS, end, reason);
      return this.#close(options, Object.assign(outcome, { address: bytesToHex(address) as Hex }));
    } finally {
      this.#undoOpen();
    }
  }

  /** The same for a creation; gives its address. */
  startDeploy(options: DeployOptions): { address: Uint8Array; end: FrameEnd | undefined } {
    return this.#startDeploy(this.executor, options);
  }

  #startDeploy(
    executor: Executor,
    options: DeployOptions,
  ): { address: Uint8Array; end: FrameEnd | undefined } {
    const from = this.#address(options.from ?? DEFAULT_SENDER, 'the sender');
    const code = toBytes(options.code, 'the init code');
    const sender = this.#prepare(executor, options, from);
    executor.warm.begin(from, from);
    this.#applyAccessList(executor, options);
    return executor.startCreate({
      from: sender,
      code,
      value: readValue(options),
      gas: readGas(options),
      salt: options.salt,
    });
  }

  /** Ends a transaction that came to an outcome, which is kept unless told. */
  #close<T>({ commit }: Pick<CallOptions, 'commit'>, outcome: T): T {
    if (commit !== false) this.executor.isOpen = false;
    return outcome;
  }

  /** What was rejected before it began has nothing to undo; the journal's is an earlier one's. */
  #undoOpen(): void {
    if (this.executor.isOpen) this.executor.undo();
  }

  trace(options: CallOptions, onStep: (step: TraceStep) => void): Outcome {
    this.executor.flush();
    this.#tracer ??= this.#createExecutor(1);
    const executor = this.#tracer;
    executor.reset();
    const started = this.#start(executor, options);
    const end: FrameEnd = started ?? traceFrames(executor, onStep);
    const gas = readGas(options);
    const outcome = executor.outcome(gas, end, 'insufficient-balance');
    void outcome.logs;
    void outcome.writes;
    if (options.commit !== false) executor.flush();
    executor.reset();
    this.executor.reset();
    return outcome;
  }

  /** Runs a message once more for who watches its steps and frames; nothing of it stays. */
  watch(message: CallOptions | DeployOptions, createWatcher: CreateWatcher): void {
    this.executor.flush();
    this.#tracer ??= this.#createExecutor(1);
    const executor = this.#tracer;
    executor.reset();
    const watcher = createWatcher(executor);
    executor.host.observer = watcher;
    try {
      const ended =
        'code' in message
          ? this.#startDeploy(executor, message).end
          : this.#start(executor, message);
      executor.run(ended ?? runSteps(executor, watcher));
    } finally {
      executor.host.observer = undefined;
      executor.reset();
    }
  }

  snapshot(): number {
    this.executor.flush();
    if (!('snapshot' in this.#backend)) {
      throw new Error('The backend of this machine takes no snapshots.');
    }
    this.#snapshots.push((this.#backend as SnapshotBackend).snapshot());
    return this.#snapshots.length - 1;
  }

  restore(snapshot: number): void {
    const mark = this.#snapshots[snapshot];
    if (mark === undefined) throw new RangeError(`There is no snapshot ${snapshot}.`);
    (this.#backend as SnapshotBackend).restore(mark);
    this.#snapshots.length = snapshot + 1;
    this.executor.reset();
  }
}

/** Accounts of the committed state, through the journal, which is ahead of the backend. */
function createStateAccess(executor: Executor): StateAccess {
  const read = (space: number, address: BytesLike, key = 0n): bigint =>
    executor.readWord(space, toAddress(address, 'the address'), requireBits(key, 256, 'the slot'));
  const write = (space: number, address: BytesLike, value: bigint, key = 0n): void =>
    executor.writeWord(
      space,
      toAddress(address, 'the address'),
      requireBits(key, 256, 'the slot'),
      value,
    );
  return {
    getBalance: (address) => read(SPACES.balance.number, address),
    setBalance: (address, balance) =>
      write(SPACES.balance.number, address, requireBits(balance, 256, 'the balance')),
    getNonce: (address) => read(SPACES.nonce.number, address),
    setNonce: (address, nonce) =>
      write(SPACES.nonce.number, address, requireBits(nonce, 64, 'the nonce')),
    getCode: (address) => executor.codes.code(read(SPACES.codeHash.number, address)),
    setCode(address, code) {
      const bytes = toBytes(code, 'the code');
      const hash = bytes.length === 0 ? 0n : executor.codes.put(bytes);
      write(SPACES.codeHash.number, address, hash);
    },
    getStorage: (address, slot) => read(SPACES.slot.number, address, slot),
    setStorage: (address, slot, value) =>
      write(SPACES.slot.number, address, requireBits(value, 256, 'the value of the slot'), slot),
    dump: () => dump(executor),
  };
}

function dump(executor: Executor): AccountDump[] {
  executor.flush();
  const accounts = createEvmView({ backend: executor.backend, keccak256: keccak_256 }).dump();
  if (isPending(accounts)) throw new PendingError(accounts.ready);
  return accounts.map((account) => ({
    address: bytesToHex(account.address) as Hex,
    balance: account.balance,
    nonce: account.nonce,
    code: bytesToHex(account.code) as Hex,
    storage: [...account.storage],
  }));
}
