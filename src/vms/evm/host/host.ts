/**
 * The host of the EVM: answers the suspensions that `abi.ts` lists.
 *
 * A read whose item is still being fetched makes the whole function run again; the machine undoes
 * what it did before. So a function has nothing else to change before its last read.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import type {
  FrameBelow,
  FrameEnd,
  MachineAccess,
  Owner,
  ProgramHandle,
  Range,
  VmHost,
} from '../../../dmir/host.ts';
import { TAPE_BLOCK_HASH } from '../../../dmir/state/tape.ts';
import { ENV_WORD, FRAME_WORD, HOST_NAMES, type HostName } from '../abi.ts';
import type { ForkRules } from '../forks.ts';
import type { HostCosts, KernelSchedule } from '../gas.ts';
import type { PrecompileCosts } from '../precompiles/costs.ts';
import type { Precompile } from '../precompiles/types.ts';
import { Accounts, addressToBigint, type Code, type CodeStore, SPACE } from './accounts.ts';
import { callHost, settleCall } from './calls.ts';
import { createHost, type InitCodeLoader, settleCreate } from './creates.ts';
import { decodeContext, decodeNote, encodeContext, encodeNote } from './notes.ts';
import type { FrameObserver } from './observer.ts';

/** What the host knows besides the machine. */
export interface EvmHostOptions {
  readonly rules: ForkRules;
  readonly costs: HostCosts;
  readonly schedule: KernelSchedule;
  /** Static gas by opcode. */
  readonly opcodeGas: Uint32Array;
  readonly codes: CodeStore & { program(code: Code): ProgramHandle };
  readonly precompiles: ReadonlyMap<number, Precompile>;
  /** Those of whoever runs the machine, above the addresses of the fork's. */
  readonly ownPrecompiles?: ReadonlyMap<bigint, Precompile> | undefined;
  /** What their prices are made of. */
  readonly precompileCosts: PrecompileCosts;
  /** Of code that is not stored. */
  readonly loader: InitCodeLoader;
  /** Instructions of a lowered block at most, if not the usual number; steps depend on it. */
  readonly lengthMax?: number | undefined;
}

/** What changes by transaction or block. */
export interface EvmContext {
  blockNumber: bigint;
  blockHash: (number: bigint) => Uint8Array | undefined;
  blobHashes: readonly Uint8Array[];
}

/** What a frame carries for its end: a call's output range, or a creation's account. */
export type EvmNote =
  | {
      readonly kind: 'call';
      readonly offset: bigint;
      readonly size: bigint;
      readonly operands: number;
    }
  | {
      readonly kind: 'create';
      readonly owner: Owner;
      readonly address: bigint;
      readonly operands: number;
    };

export type HostFunction = (host: EvmHost, machine: MachineAccess) => void;

const BLOCK_HASH_WINDOW = 256n;
const CALL_DEPTH_MAX = 1024;
const SHA256_ADDRESS = 2;
const NOTHING: Range = { base: 0, length: 0 };

export class EvmHost implements VmHost {
  readonly name = 'evm';
  readonly frameWords = Object.keys(FRAME_WORD).length;
  readonly envWords = Object.keys(ENV_WORD).length;
  readonly options: EvmHostOptions;
  readonly accounts: Accounts;
  /** Set when the transaction marks an account for removal. */
  isDestroying = false;
  /** Hears of every frame; not part of the machine's state. */
  observer: FrameObserver | undefined;
  /** Hears of calls to accounts without code, which is where contracts write their notes. */
  onCodelessCall: ((address: bigint, input: Uint8Array) => void) | undefined;
  /** Hears of what modules print. */
  onPrint: ((stream: number, bytes: Uint8Array) => void) | undefined;
  /** Precompiles by address in place of the fork's: where somebody tries what is not. */
  movedPrecompiles: ReadonlyMap<bigint, Precompile> | undefined;
  context: EvmContext = { blockNumber: 0n, blockHash: () => undefined, blobHashes: [] };

  constructor(options: EvmHostOptions) {
    this.options = options;
    this.accounts = new Accounts(options.codes, options.costs, options.rules);
  }

  /** Where empty accounts exist, a call may change that they do. */
  get isPlain(): boolean {
    const isUsual = this.observer === undefined && this.movedPrecompiles === undefined;
    return isUsual && !this.accounts.hasEmptyAccounts;
  }

  noteCall(operands: number, offset: bigint, size: bigint): EvmNote {
    return { kind: 'call', offset, size, operands };
  }

  suspend(machine: MachineAccess, host: number): void {
    FUNCTIONS[HOST_NAMES[host] as HostName](this, machine);
  }

  leave(machine: MachineAccess, end: FrameEnd, note: unknown): void {
    this.observer?.exit(machine, end);
    const { kind } = note as EvmNote;
    if (kind === 'call') settleCall(machine, end, note as EvmNote & { kind: 'call' });
    else createLeave(machine, end, note as EvmNote & { kind: 'create' });
  }

  settle(machine: MachineAccess, end: FrameEnd, note: unknown): FrameEnd {
    if ((note as EvmNote).kind !== 'create') return end;
    return settleCreate(this, machine, end, note as EvmNote & { kind: 'create' });
  }

  encodeNote(machine: MachineAccess, note: unknown): Uint8Array {
    return encodeNote(machine, note as EvmNote);
  }

  decodeNote(machine: MachineAccess, bytes: Uint8Array, below: FrameBelow | undefined): EvmNote {
    return decodeNote(machine, bytes, below);
  }

  encodeContext(): Uint8Array {
    return encodeContext(this);
  }

  decodeContext(bytes: Uint8Array): void {
    decodeContext(this, bytes);
  }

  /** Whether a call or creation may go one level deeper. */
  hasDepth(machine: MachineAccess): boolean {
    return machine.depth < CALL_DEPTH_MAX;
  }

  /** The precompile at the address, if any. */
  precompile(address: bigint): Precompile | undefined {
    const { precompiles, ownPrecompiles } = this.options;
    const fixed = this.movedPrecompiles ? undefined : precompiles.get(Number(address));
    return fixed ?? (this.movedPrecompiles ?? ownPrecompiles)?.get(address);
  }

  /** The same by the owner that the address is in the machine. */
  precompileOf(machine: MachineAccess, owner: Owner): Precompile | undefined {
    const { precompiles, ownPrecompiles } = this.options;
    const number = machine.ownerNumber(owner);
    const fixed = this.movedPrecompiles || number < 0 ? undefined : precompiles.get(number);
    const table = this.movedPrecompiles ?? ownPrecompiles;
    return fixed ?? table?.get(addressToBigint(machine.ownerId(owner)));
  }

  /** All precompiles by address. */
  allPrecompiles(): ReadonlyMap<bigint, Precompile> {
    const { precompiles, ownPrecompiles = [] } = this.options;
    const fixed = [...precompiles].map(([at, row]) => [BigInt(at), row] as const);
    return this.movedPrecompiles ?? new Map([...fixed, ...ownPrecompiles]);
  }
}

/** A creation's end: the address or zero on the caller's stack, return data only of a revert. */
function createLeave(
  machine: MachineAccess,
  end: FrameEnd,
  note: EvmNote & { kind: 'create' },
): void {
  machine.gas = machine.gas + end.gas;
  machine.setReturnData(end.status === 'revert' ? end.output : NOTHING);
  machine.resume(note.operands, end.status === 'success' ? note.address : 0n);
}

/** Charges an access to the account whose address is the operand; undefined: out of gas. */
function accessOperand(host: EvmHost, machine: MachineAccess, index: number): Owner | undefined {
  const owner = machine.ownerAt(machine.operandAddress(index));
  const cost = host.accounts.accessCost(machine, owner);
  if (machine.charge(cost)) return owner;
  machine.trap('out-of-gas');
  return undefined;
}

const balance: HostFunction = (host, machine) => {
  const owner = accessOperand(host, machine, 0);
  if (owner !== undefined) machine.resume(1, host.accounts.balance(machine, owner));
};

const extCodeSize: HostFunction = (host, machine) => {
  const owner = accessOperand(host, machine, 0);
  if (owner === undefined) return;
  machine.resume(1, BigInt(host.accounts.code(machine, owner)?.bytes.length ?? 0));
};

/** keccak-256 of no bytes: the code hash of an account without code (EIP-1052). */
const EMPTY_HASH = addressToBigint(keccak_256(new Uint8Array(0)));

const extCodeHash: HostFunction = (host, machine) => {
  const owner = accessOperand(host, machine, 0);
  if (owner === undefined) return;
  const { accounts } = host;
  const hash = accounts.codeHash(machine, owner);
  if (hash !== 0n) machine.resume(1, hash);
  else machine.resume(1, accounts.isEmpty(machine, owner) ? 0n : EMPTY_HASH);
};

const extCodeCopy: HostFunction = (host, machine) => {
  const owner = accessOperand(host, machine, 0);
  if (owner === undefined) return;
  const target = machine.operand(1);
  const source = machine.operand(2);
  const size = machine.operand(3);
  const words = (size + 31n) / 32n;
  if (
    !machine.chargeMemory(target, size) ||
    !machine.charge(words * host.options.schedule.copyWord)
  ) {
    machine.trap('out-of-gas');
    return;
  }
  copyCode(
    machine,
    host.accounts.code(machine, owner)?.bytes,
    machine.memory(target, size),
    source,
  );
  machine.resume(4);
};

/** Writes code from an offset to a range of memory, with zeros past the end. */
function copyCode(
  machine: MachineAccess,
  code: Uint8Array | undefined,
  range: Range,
  source: bigint,
): void {
  const copy = new Uint8Array(range.length);
  if (code !== undefined && source < BigInt(code.length)) {
    copy.set(code.subarray(Number(source), Number(source) + range.length));
  }
  machine.write(range.base, copy);
}

const ownCodeCopy: HostFunction = (host, machine) => {
  const [target, source, size] = [0, 1, 2].map((index) => machine.operand(index)) as [
    ...[bigint, bigint, bigint],
  ];
  if (!machine.charge(((size + 31n) / 32n) * host.options.schedule.copyWord)) {
    machine.trap('out-of-gas');
    return;
  }
  copyCode(machine, machine.code, machine.memory(target, size), source);
  machine.resume(3);
};

/** The precompile's hash at its price, without a call. */
const sha256: HostFunction = (host, machine) => {
  const precompile = host.options.precompiles.get(SHA256_ADDRESS) as Precompile;
  const input = machine.view(machine.memory(machine.operand(0), machine.operand(1)));
  if (machine.charge(precompile.gas(input))) {
    machine.resume(2, addressToBigint(precompile.run(input) as Uint8Array));
  } else machine.trap('out-of-gas');
};

const blockHash: HostFunction = (host, machine) => {
  const number = machine.operand(0);
  const { blockNumber } = host.context;
  const known = number < blockNumber && number + BLOCK_HASH_WINDOW >= blockNumber;
  const ask = (): bigint => {
    const hash = host.context.blockHash(number);
    return hash === undefined ? 0n : addressToBigint(hash);
  };
  machine.resume(1, known ? machine.outside(TAPE_BLOCK_HASH, number, ask) : 0n);
};

const blobHash: HostFunction = (host, machine) => {
  const index = machine.operand(0);
  const { blobHashes } = host.context;
  const hash = index < BigInt(blobHashes.length) ? blobHashes[Number(index)] : undefined;
  machine.resume(1, hash === undefined ? 0n : addressToBigint(hash));
};

const selfDestruct: HostFunction = (host, machine) => {
  if (machine.isStatic) {
    machine.trap('static-violation');
    return;
  }
  const { accounts, options } = host;
  const { costs, rules } = options;
  const target = machine.ownerAt(machine.operandAddress(0));
  const self = machine.owner;
  const held = accounts.balance(machine, self);
  const isNew = accounts.isNew(machine, target) && (!rules.eip158 || held !== 0n);
  const isCreated = accounts.isMarked(machine, SPACE.created, self);
  const access = accounts.accessCost(machine, target);
  let cost = costs.selfdestruct + (rules.eip2929 && access === costs.accountCold ? access : 0n);
  if (isNew) cost += costs.selfdestructNewAccount;
  if (!machine.charge(cost)) {
    machine.trap('out-of-gas');
    return;
  }
  host.observer?.selfDestruct(machine, self, target, held);
  const isDestroyed = !rules.eip6780 || isCreated;
  accounts.transfer(machine, self, target, held);
  if (isDestroyed) {
    if (target === self) accounts.setBalance(machine, self, 0n);
    if (!accounts.isMarked(machine, SPACE.destroyed, self)) {
      machine.refund(costs.selfdestructRefund);
      accounts.set(machine, SPACE.destroyed, self, 1n);
      host.isDestroying = true;
    }
  }
  machine.resume(1);
  machine.stop();
};

const FUNCTIONS: Readonly<Record<HostName, HostFunction>> = {
  BALANCE: balance,
  EXTCODESIZE: extCodeSize,
  EXTCODECOPY: extCodeCopy,
  EXTCODEHASH: extCodeHash,
  BLOCKHASH: blockHash,
  SELFBALANCE: (host, machine) => machine.resume(0, host.accounts.balance(machine, machine.owner)),
  BLOBHASH: blobHash,
  CREATE: createHost('CREATE', false),
  CALL: callHost('CALL'),
  CALLCODE: callHost('CALLCODE'),
  DELEGATECALL: callHost('DELEGATECALL'),
  CREATE2: createHost('CREATE2', false),
  STATICCALL: callHost('STATICCALL'),
  SELFDESTRUCT: selfDestruct,
  OWN_CODE: ownCodeCopy,
  SHA256_RANGE: sha256,
  PRINT: (host, machine) => {
    const range = machine.memory(machine.operand(1), machine.operand(2));
    host.onPrint?.(Number(machine.operand(0)), machine.bytes(range));
    machine.resume(3);
  },
  CREATE_JOINED: createHost('CREATE', true),
  CREATE2_JOINED: createHost('CREATE2', true),
};
