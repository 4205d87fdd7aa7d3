/** The public types of the machine: what goes in, what comes out. */
import type { TrapKind } from '../dmir/ops.ts';

/** `0x` and an even number of hexadecimal digits. */
export type Hex = `0x${string}`;
/** Bytes, or their hexadecimal text. */
export type BytesLike = Hex | Uint8Array;

/** What a contract can learn of its block. Numbers are unsigned 256-bit. */
export interface BlockEnv {
  number: bigint;
  /** Seconds. */
  timestamp: bigint;
  gasLimit: bigint;
  coinbase: BytesLike;
  prevRandao: bigint;
  baseFee: bigint;
  blobBaseFee: bigint;
  /** Hash of an ancestor, or undefined where it is not known. */
  blockHash: (number: bigint) => Uint8Array | undefined;
}

/** A message to an account; the whole of it is one transaction of the journal. */
export interface CallOptions {
  to: BytesLike;
  from?: BytesLike;
  data?: BytesLike;
  value?: bigint;
  /** Gas of the outermost frame; 30,000,000 unless told. */
  gas?: bigint;
  gasPrice?: bigint;
  origin?: BytesLike;
  /** No state change is allowed. */
  static?: boolean;
  /** False: the state is put back after the call. */
  commit?: boolean;
  /** Addresses and their slots that are warm from the start (EIP-2930). */
  accessList?: readonly { address: BytesLike; slots: readonly bigint[] }[];
  blobHashes?: readonly BytesLike[];
  /** Hears what modules print by WASI: the stream, 1 or 2, and bytes; of frames that failed too. */
  onPrint?: (stream: number, bytes: Uint8Array) => void;
}

/** A creation; `code` is the init code with its constructor arguments. */
export interface DeployOptions extends Omit<CallOptions, 'to' | 'data' | 'static'> {
  code: BytesLike;
  /** With a salt the address is that of CREATE2. */
  salt?: bigint;
}

export interface Log {
  address: Hex;
  topics: Hex[];
  data: Uint8Array;
}

export interface StorageWrite {
  address: Hex;
  slot: bigint;
  before: bigint;
  after: bigint;
}

/** How a call ended. A value, never an exception: the same input gives the same outcome. */
export interface Outcome {
  status: 'success' | 'revert' | 'halt';
  /** Why a frame halted; diagnostic, absent unless `status` is `halt`. */
  reason?: TrapKind | 'insufficient-balance' | 'nonce-overflow' | 'create-collision' | 'bad-code';
  /** Gas of the outermost frame before refunds. */
  gasUsed: bigint;
  /** Refund counter at the end; zero unless the call succeeded. */
  gasRefund: bigint;
  /** Return data, revert data, or the deployed code. */
  output: Uint8Array;
  logs: readonly Log[];
  /** Slots whose value changed, ordered by address and slot. */
  writes: readonly StorageWrite[];
  /** dMIR operations executed; compiled functions of modules count none. */
  steps: bigint;
}

export interface DeployOutcome extends Outcome {
  /** Address of the new contract, whether or not the creation succeeded. */
  address: Hex;
}

/** One executed instruction, before its effect (the fields of EIP-3155). */
export interface TraceStep {
  pc: number;
  op: number;
  opName: string;
  gas: bigint;
  gasCost: bigint;
  depth: number;
  memorySize: number;
  /** Bottom first. */
  stack: bigint[];
  refund: bigint;
}

/** Accounts and slots of the committed state. */
export interface StateAccess {
  getBalance(address: BytesLike): bigint;
  setBalance(address: BytesLike, balance: bigint): void;
  getNonce(address: BytesLike): bigint;
  setNonce(address: BytesLike, nonce: bigint): void;
  getCode(address: BytesLike): Uint8Array;
  setCode(address: BytesLike, code: BytesLike): void;
  getStorage(address: BytesLike, slot: bigint): bigint;
  setStorage(address: BytesLike, slot: bigint, value: bigint): void;
  /** Every non-empty account with its non-zero slots, ordered by address and slot. */
  dump(): AccountDump[];
}

export interface AccountDump {
  address: Hex;
  balance: bigint;
  nonce: bigint;
  code: Hex;
  storage: { slot: bigint; value: bigint }[];
}

export interface Machine {
  readonly state: StateAccess;
  /** Runs a message. Throws only for a rejected argument or a host failure. */
  call(options: CallOptions): Outcome;
  /** The same over a state that may answer later. */
  callAsync(options: CallOptions): Promise<Outcome>;
  deploy(options: DeployOptions): DeployOutcome;
  /** Runs a message and hands every instruction to `onStep`; the state is as after `call`. */
  trace(options: CallOptions, onStep: (step: TraceStep) => void): Outcome;
  /** A mark of the committed state that `restore` goes back to. */
  snapshot(): number;
  restore(snapshot: number): void;
}
