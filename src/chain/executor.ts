/**
 * Runs messages and creations, of the EVM and of modules, over one backend of cells. The
 * interpreter runs them, with what the engine has compiled.
 *
 * The journal in the kernel is ahead of the backend: committed cells stay there, marked dirty,
 * until `flush`. A message is a transaction of the journal; a failed one leaves nothing.
 */

import { ByteArena } from '../base/arena.ts';
import { assert } from '../base/assert.ts';
import { bytesToHex, type Keccak256, readInt32 } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { bytesToBigint } from '../base/u256.ts';
import {
  type Cell,
  type FrameEnd,
  type FrameStart,
  type Owner,
  PendingError,
  type ProgramHandle,
  type Range,
} from '../dmir/host.ts';
import type { TrapKind } from '../dmir/ops.ts';
import type { CellLoader } from '../engines/interpreter/cell-loader.ts';
import { InterpreterMachine } from '../engines/interpreter/trampoline.ts';
import { createTier, type EngineName, type TierOptions } from '../engines/tiering.ts';
import * as L from '../kernel/layout.ts';
import { type Backend, isPending } from '../state/backends/backend.ts';
import { isPerTransaction, SPACES } from '../state/cells.ts';
import { ENV_WORD, type EnvWord, HOST_NAMES } from '../vms/evm/abi.ts';
import { type Fork, forkRules, LATEST_FORK, type Overrides } from '../vms/evm/forks.ts';
import { costsOf, type KernelSchedule, scheduleOf } from '../vms/evm/gas.ts';
import { bigintToAddress, type Code, RIPEMD160, SPACE } from '../vms/evm/host/accounts.ts';
import {
  applyPrecompile,
  plainCalls,
  precompileFailure,
  resolveCode,
} from '../vms/evm/host/calls.ts';
import {
  type CreateFailure,
  create2Address,
  createAddress,
  enterCreate,
} from '../vms/evm/host/creates.ts';
import { EvmHost } from '../vms/evm/host/host.ts';
import { opcodesOf } from '../vms/evm/opcodes.ts';
import { precompileCostsOf, precompilesOf } from '../vms/evm/precompiles/index.ts';
import type { Precompile } from '../vms/evm/precompiles/types.ts';
import { sharedCompiler } from './background.ts';
import { Codes } from './codes.ts';
import { ContractLoader } from './contracts.ts';
import { DirtyCells } from './dirty-cells.ts';
import { EffectStore, type KeptEffects, LazyOutcome } from './outcome.ts';
import type { Outcome } from './types.ts';
import { MessageWarmSet } from './warm-set.ts';

/** A message whose parts are bytes. */
export interface Message {
  readonly from: Owner;
  readonly to: Uint8Array;
  readonly data: Uint8Array;
  readonly value: bigint;
  readonly gas: bigint;
  readonly isStatic: boolean;
}

/** A creation whose parts are bytes; with a salt its address is that of CREATE2. */
export interface CreateMessage {
  readonly from: Owner;
  readonly code: Uint8Array;
  readonly value: bigint;
  readonly gas: bigint;
  readonly salt: bigint | undefined;
  /** Nonce that the creator used for it; without one the creation takes the next. */
  readonly nonce?: bigint;
}

/** A run took longer than its machine was patient, and has no outcome. */
export class LongRunError extends Error {}

export interface ExecutorOptions {
  readonly fork?: Fork;
  readonly overrides?: Overrides;
  /** In place of that of the schedule. */
  readonly moduleBytesMax?: bigint;
  readonly backend: Backend;
  /** EVM instructions of a lowered block at most; 1 for traces. */
  readonly lengthMax?: number;
  /** `auto` unless told; for traces the interpreter. */
  readonly engine?: EngineName;
  readonly tier?: TierOptions;
  /**
   * Cells that the journal keeps from one transaction to the next, for who flushes often: dirty
   * ones are noted then, so that a flush need not look at all.
   */
  readonly cellsMax?: number;
  /** Precompiles besides those of the fork, by address; each is a function of its input alone. */
  readonly ownPrecompiles?: ReadonlyMap<bigint, Precompile>;
}

/** Where each entry of the EVM's gas schedule stands in the kernel's. */
const SCHEDULE_ENTRIES: Readonly<Record<keyof KernelSchedule, number>> = {
  memoryLinear: L.S_MEMORY_LINEAR,
  memoryQuadratic: L.S_MEMORY_QUADRATIC,
  copyWord: L.S_COPY_WORD,
  keccakWord: L.S_KECCAK_WORD,
  logByte: L.S_LOG_BYTE,
  cellCold: L.S_CELL_COLD,
  cellWarm: L.S_CELL_WARM,
  storeSet: L.S_STORE_SET,
  storeReset: L.S_STORE_RESET,
  storeClearRefund: L.S_STORE_CLEAR_REFUND,
  storeSentry: L.S_STORE_SENTRY,
  storeCold: L.S_STORE_COLD,
  storeRule: L.S_STORE_RULE,
  transient: L.S_TRANSIENT,
};

/** Part of the code area after which programs are dropped between transactions. */
const AREA_FULL = 0.5;
/** Cells of the journal after which it is flushed and emptied between transactions, unless told. */
const CELLS_MAX = 500_000;
/** Accounts of the journal after which it is emptied between transactions. */
const OWNERS_MAX = L.OWNER_COUNT_MAX / 2;
/** Codes that are kept at hand, with their programs. */
const CODES_MAX = 2048;
const HEAP_LIMIT = 0xc000_0000;
/** What is large is gathered where return data were: no frame is left that could read them. */
const AFTERMATH_BASE = L.RETURN_BASE;
/** Index of the gas that the outermost frame has left. */
const OUTERMOST_GAS = (L.FRAMES_BASE + L.F_GAS) / 8;
const NOTHING = { base: L.HEAP_BASE, length: 0 };
const OUTERMOST = { kind: 'call', offset: 0n, size: 0n, operands: 0 } as const;

export class Executor {
  readonly machine: InterpreterMachine;
  readonly host: EvmHost;
  readonly codes: Codes;
  readonly backend: Backend;
  readonly fork: Fork;
  readonly #cellsMax: number;
  /** Addresses that are warm from the start of a message. */
  warm = new MessageWarmSet({ precompiles: new Map(), ownPrecompiles: undefined }, undefined);
  readonly #effects: EffectStore;
  readonly #receipts = new ByteArena();
  /** Whether a transaction began that can be undone. */
  isOpen = false;
  /** Whether it was looked up if there are empty accounts. */
  #knowsEmptiness = false;
  /**
   * How the latest outermost frame begins: one record for all of them, as they live no longer than
   * it takes to read them, and new ones would push cells out of the processor's caches.
   */
  readonly #start: { -readonly [Key in keyof FrameStart]: FrameStart[Key] } = {
    program: undefined as unknown as ProgramHandle,
    gas: 0n,
    isStatic: false,
    owner: 0,
    input: NOTHING,
    self: 0,
    caller: 0,
    value: 0,
    note: OUTERMOST,
  };
  /** Callee of the latest call, its address in parts of 32 bits; owner 0 is none. */
  readonly #lastCallee = { parts: new Int32Array(5), owner: 0 };
  /** Owners that were given storage from outside, without code or nonce. */
  readonly #storageOwners = new Set<string>();
  readonly #dirty: DirtyCells;

  constructor(options: ExecutorOptions) {
    const {
      fork = LATEST_FORK,
      overrides,
      backend,
      lengthMax,
      engine = lengthMax === undefined ? 'auto' : 'interpreter',
      tier = {},
    } = options;
    this.#cellsMax = options.cellsMax ?? CELLS_MAX;
    this.fork = fork;
    this.backend = backend;
    const loader: CellLoader = {
      load: (space, owner, key) => this.#loadCell(space, owner, key),
      hasStorage: (owner) => this.#hasStorage(owner),
    };
    const scheduled = costsOf(fork, overrides);
    const { moduleBytesMax = scheduled.moduleBytesMax } = options;
    const costs = { ...scheduled, moduleBytesMax };
    const contracts = new ContractLoader({ fork, overrides, costs, lengthMax }, () => this.machine);
    this.codes = new Codes(
      backend,
      (code) => contracts.loadCode(code),
      (code) => this.machine.keccak256(code),
    );
    const schedule = scheduleOf(fork, overrides);
    this.host = new EvmHost({
      rules: forkRules(fork, overrides),
      costs,
      schedule,
      opcodeGas: opcodesOf(fork, overrides).gas,
      codes: this.codes,
      precompiles: precompilesOf(fork, overrides),
      ownPrecompiles: options.ownPrecompiles,
      precompileCosts: precompileCostsOf(fork, overrides),
      loader: contracts,
      lengthMax,
    });
    this.machine = new InterpreterMachine(this.host, loader);
    this.machine.tier = createTier(this.machine, engine, tier, () =>
      sharedCompiler(tier.codeCache),
    );
    this.#dirty = new DirtyCells(this.machine, backend, options.cellsMax !== undefined);
    this.codes.kernel = this.machine.kernel;
    this.#effects = new EffectStore(this.machine.kernel, (owner) => this.machine.ownerId(owner));
    for (const [name, entry] of Object.entries(SCHEDULE_ENTRIES)) {
      this.machine.setSchedule(entry, schedule[name as keyof KernelSchedule]);
    }
    this.machine.setAccountCost(costs.accountWarm);
    for (const [name, call] of plainCalls(this.host.options)) {
      this.machine.setHostCall(HOST_NAMES.indexOf(name), call);
    }
    this.machine.kernel.u32[(L.MACHINE_BASE + L.M_HEAP_LIMIT) / 4] = HEAP_LIMIT;
  }

  #loadCell(
    space: number,
    owner: Uint8Array,
    key: Uint8Array,
  ): Uint8Array | undefined | { readonly pending: Promise<unknown> } {
    if (isPerTransaction(space)) return undefined;
    const found = this.backend.get({ space, owner, key });
    return isPending(found) ? { pending: found.ready } : found;
  }

  #hasStorage(owner: Uint8Array): boolean {
    if (this.#storageOwners.has(bytesToHex(owner))) return true;
    const found = this.backend.scan({ space: SPACES.slot.number, owner });
    if (isPending(found)) throw new PendingError(found.ready);
    const index = this.machine.ownerOf(owner);
    // The journal is ahead of the backend.
    for (const { cell } of found) if (this.#slot(index, cell.key) !== 0n) return true;
    return false;
  }

  #slot(owner: Owner, key: Uint8Array): bigint {
    return this.machine.readCell(this.slotCell(owner, bytesToBigint(key)));
  }

  /** The cell of a slot of an account. */
  slotCell(owner: Owner, slot: bigint): Cell {
    return this.machine.cell(SPACES.slot.number, owner, slot);
  }

  // ---- the state between transactions

  /** Begins a transaction of the journal; gives up memory that earlier ones filled. */
  begin(): void {
    const { machine } = this;
    const { u32, exports } = machine.kernel;
    if (machine.area.used > machine.area.size * AREA_FULL) machine.clearPrograms();
    const owners = u32[(L.MACHINE_BASE + L.M_OWNER_COUNT) / 4] as number;
    const cells = u32[(L.MACHINE_BASE + L.M_CELL_COUNT) / 4] as number;
    if (cells > this.#cellsMax || owners > OWNERS_MAX) {
      this.flush();
      this.#dirty.clear();
      exports.evictAll();
      // Outcomes that are not decoded yet name owners by index: those stay while there is room.
      if (owners > OWNERS_MAX) {
        exports.initJournal();
        this.#lastCallee.owner = 0;
      }
    }
    if (this.codes.size > CODES_MAX) {
      this.codes.clear();
      machine.clearPrograms();
    }
    if (!this.#knowsEmptiness) this.#noteEmptyAccounts();
    this.#dirty.note();
    machine.begin();
    this.isOpen = true;
    this.host.isDestroying = false;
    this.host.accounts.isRipemdTouched = false;
  }

  /** Keccak-256 by the kernel; not for code that runs, whose return data it takes. */
  readonly keccak256: Keccak256 = Object.assign(
    (bytes: Uint8Array) => this.machine.keccak256(bytes),
    { room: () => this.machine.hashRoom },
  );

  /** Undoes what the transaction changed. */
  undo(): void {
    this.isOpen = false;
    this.machine.kernel.exports.rollbackAll();
  }

  setEnv(name: EnvWord, value: bigint): void {
    this.machine.setEnvWord(ENV_WORD[name], value);
  }

  readWord(space: number, address: Uint8Array, key: bigint): bigint {
    const { machine } = this;
    return machine.readCell(machine.cell(space, machine.ownerOf(address), key));
  }

  writeWord(space: number, address: Uint8Array, key: bigint, value: bigint): void {
    const { machine } = this;
    this.begin();
    machine.writeCell(machine.cell(space, machine.ownerOf(address), key), value);
    if (space === SPACES.slot.number) this.#storageOwners.add(bytesToHex(address));
  }

  /** Brings the backend up to date with the journal. */
  flush(): void {
    this.#dirty.flush();
  }

  /** Forgets what the journal holds; the backend has been put back. */
  reset(): void {
    this.machine.kernel.exports.evictAll();
    this.#dirty.clear();
    this.#storageOwners.clear();
    this.#knowsEmptiness = false;
  }

  /** Since EIP-161 empty accounts come from a genesis or an earlier fork alone. */
  #noteEmptyAccounts(): void {
    this.#knowsEmptiness = true;
    const { accounts, options } = this.host;
    accounts.hasEmptyAccounts = !options.rules.eip158;
    if (accounts.hasEmptyAccounts) return;
    const found = this.backend.scan({ space: SPACES.exists.number });
    // What answers later is the state of a net on which none is left.
    if (isPending(found)) return;
    for (const _ of found) {
      accounts.hasEmptyAccounts = true;
      return;
    }
  }

  // ---- messages

  /** The owner of the address; calls often go where the last one went. */
  #ownerOfCallee(address: Uint8Array): Owner {
    const last = this.#lastCallee;
    for (let i = 0; i < 5; i++) {
      const part = readInt32(address, i * 4);
      if (part !== last.parts[i]) last.owner = 0;
      last.parts[i] = part;
    }
    if (last.owner === 0) last.owner = this.machine.ownerOf(address);
    return last.owner;
  }

  /** Prepares the outermost frame; undefined: it is to be run, else how it ended already. */
  startCall(message: Message): FrameEnd | undefined {
    const { machine, host } = this;
    const { accounts } = host;
    const { from, value, gas } = message;
    const to = this.#ownerOfCallee(message.to);
    const precompile = host.precompileOf(machine, to);
    if (host.observer !== undefined) this.#observeCall(message, to, precompile !== undefined);
    if (value !== 0n && accounts.balance(machine, from) < value) {
      host.observer?.reject('insufficient-balance');
      return { status: 'halt', reason: undefined, gas, output: NOTHING };
    }
    if (precompile !== undefined) return this.#callPrecompile(message, to, precompile);
    const { code } = resolveCode(host, machine, to);
    if (code !== undefined) {
      this.#enterCode(message, to, code);
      return undefined;
    }
    accounts.transfer(machine, from, to, value);
    return { status: 'success', reason: undefined, gas, output: NOTHING };
  }

  #observeCall(message: Message, to: Owner, isPrecompile: boolean): void {
    const { from, value, gas, data: input } = message;
    const { machine } = this;
    this.host.observer?.enter(machine, { type: 'CALL', from, to, value, gas, input, isPrecompile });
  }

  #callPrecompile(
    { from, data, value, gas }: Message,
    to: Owner,
    precompile: Precompile,
  ): FrameEnd {
    const { machine, host } = this;
    const { accounts } = host;
    const result = applyPrecompile(precompile, data, gas);
    if (result.output === undefined) {
      host.observer?.reject(precompileFailure(precompile, data, gas));
      // Such a touch outlives the failure, as it does in calls.
      const isRipemd = precompile.address === RIPEMD160;
      if (isRipemd && host.options.rules.eip158) accounts.touch(machine, to);
      return { status: 'halt', reason: 'out-of-gas', gas: 0n, output: NOTHING };
    }
    accounts.transfer(machine, from, to, value);
    const output = machine.input(result.output);
    return { status: 'success', reason: undefined, gas: result.gas, output };
  }

  #enterCode(message: Message, to: Owner, code: Code): void {
    const { machine, host } = this;
    const { from, value } = message;
    const start = this.#start;
    start.program = this.codes.program(code);
    start.gas = message.gas;
    start.isStatic = message.isStatic;
    start.owner = to;
    start.input = machine.input(message.data);
    start.self = machine.ownerAddress(to);
    start.caller = machine.ownerAddress(from);
    start.value = machine.wordAddress(value);
    machine.enter(start);
    // After the journal's mark, so that a failure of the frame undoes it.
    host.accounts.transfer(machine, from, to, value);
  }

  /** The same for a creation; gives its address. */
  startCreate(message: CreateMessage): { address: Uint8Array; end: FrameEnd | undefined } {
    const { machine, host } = this;
    const { accounts } = host;
    const { from: creator, code, value, gas, salt } = message;
    const from = machine.ownerId(creator);
    const nonce = message.nonce ?? accounts.nonce(machine, creator);
    const address =
      salt === undefined
        ? createAddress(from, nonce)
        : create2Address(from, salt, machine.keccak256(code));
    host.observer?.enter(machine, {
      type: salt === undefined ? 'CREATE' : 'CREATE2',
      from: creator,
      to: machine.ownerOf(address),
      value,
      gas,
      input: code,
      isPrecompile: false,
    });
    if (accounts.balance(machine, creator) < value) {
      host.observer?.reject('insufficient-balance');
      return { address, end: { status: 'halt', reason: undefined, gas, output: NOTHING } };
    }
    if (message.nonce === undefined) accounts.set(machine, SPACE.nonce, creator, nonce + 1n);
    const creation = { code, value, gas, address, operands: 0 };
    const failure = enterCreate(host, machine, creator, creation);
    if (failure === undefined) return { address, end: undefined };
    host.observer?.reject(failure);
    const reason = FAILURE_REASONS[failure];
    return { address, end: { status: 'halt', reason, gas: 0n, output: NOTHING } };
  }

  /** Runs what was started and closes the transaction. */
  finish(gas: bigint, ended: FrameEnd | undefined, reason?: Outcome['reason']): Outcome {
    return this.outcome(gas, this.run(ended), reason);
  }

  /** Runs what was started to its end. */
  run(ended: FrameEnd | undefined): FrameEnd {
    const end = ended ?? this.#advance();
    this.host.observer?.exit(this.machine, end);
    return end;
  }

  #advance(): FrameEnd {
    const end = this.machine.advance();
    if (end === undefined && this.machine.patience <= 0) throw new LongRunError();
    assert(end !== undefined, 'a run without a step limit paused');
    return end;
  }

  /** Closes the transaction: removes what it destroyed and gathers its effects. */
  outcome(gas: bigint, end: FrameEnd, reason?: Outcome['reason']): LazyOutcome {
    const { machine, host } = this;
    const isSuccess = end.status === 'success';
    if (isSuccess && host.isDestroying) this.#destroyAccounts();
    if (host.accounts.isRipemdTouched) {
      host.accounts.touch(machine, machine.ownerOf(bigintToAddress(BigInt(RIPEMD160))));
    }
    // What the machine ran has its gas in the frame's record still.
    if (!machine.isOwnEnd(end)) machine.kernel.u64[OUTERMOST_GAS] = end.gas;
    const effects = this.#keepEffects(end.output);
    const cause = end.status === 'halt' ? (end.reason ?? reason) : undefined;
    return new LazyOutcome(end.status, cause, gas, this.#effects, effects);
  }

  /** Refund counter of the transaction, in gas. */
  get refund(): bigint {
    const refund = this.machine.kernel.u64[(L.MACHINE_BASE + L.M_REFUND) / 8] as bigint;
    return BigInt.asIntN(64, refund);
  }

  /**
   * The receipt of the transaction that ran last, as the trie of receipts has it.
   *
   * @param result - Whether it succeeded, or the 32 bytes of a state root (EIP-658).
   * @param gas - Of the block up to and with it.
   */
  receiptOf(type: number, result: boolean | Uint8Array, gas: bigint): Uint8Array {
    const { kernel } = this.machine;
    const room = L.INPUT_END - AFTERMATH_BASE;
    const isRoot = typeof result !== 'boolean';
    if (isRoot) kernel.u8.set(result, L.SCRATCH_BASE);
    const root = isRoot ? L.SCRATCH_BASE : 0;
    const { encodeReceipt } = kernel.exports;
    const size = encodeReceipt(AFTERMATH_BASE, room, type, Number(result === true), root, gas);
    if (size === 0) throw new LockstepError('L2002', { what: 'logs' });
    return this.#receipts.keep(kernel.u8.subarray(AFTERMATH_BASE, AFTERMATH_BASE + size));
  }

  /** Puts output, logs and writes where the next transaction does not reach them. */
  #keepEffects({ base, length }: Range): KeptEffects {
    const { collectEffects, effectsSize } = this.machine.kernel.exports;
    const { number: space } = SPACES.slot;
    const bytes = collectEffects(L.EFFECTS_BASE, L.EFFECTS_BYTES, base, length, space);
    if (bytes !== 0) return this.#effects.keep(bytes);
    const size = L.INPUT_END - AFTERMATH_BASE;
    if (effectsSize(length, space) > size) {
      throw new LockstepError('L2002', { what: 'output, logs and writes' });
    }
    const all = collectEffects(AFTERMATH_BASE, size, base, length, space);
    return this.#effects.keepLarge(AFTERMATH_BASE, all);
  }

  /** Removes the accounts that SELFDESTRUCT marked, with their storage. */
  #destroyAccounts(): void {
    const { machine, host } = this;
    const owners = new Set<Owner>();
    for (const { space, owner, cell } of this.touchedCells()) {
      if (space === SPACE.destroyed && machine.readCell(cell) !== 0n) owners.add(owner);
    }
    // What a transaction creates has no older storage (EIP-6780, EIP-7610).
    if (!host.options.rules.eip6780) for (const owner of owners) this.#reachStorage(owner);
    const slots = host.options.rules.eip6780 ? this.touchedCells() : this.#allCells();
    for (const { space, owner, cell } of slots) {
      if (space === SPACE.slot && owners.has(owner)) machine.writeCell(cell, 0n);
    }
    for (const owner of owners) {
      for (const space of [SPACE.balance, SPACE.nonce, SPACE.codeHash]) {
        machine.writeCell(machine.cell(space, owner, 0n), 0n);
      }
      if (!host.accounts.hasEmptyAccounts) continue;
      machine.writeCell(machine.cell(SPACE.exists, owner, 0n), 0n);
    }
  }

  /** Brings every slot of the owner that the backend holds into the journal. */
  #reachStorage(owner: Owner): void {
    const id = this.machine.ownerId(owner);
    const found = this.backend.scan({ space: SPACES.slot.number, owner: id });
    if (isPending(found)) throw new PendingError(found.ready);
    for (const { cell } of found) this.#slot(owner, cell.key);
  }

  /** Cells that the transaction touched. */
  *touchedCells(): Generator<JournalCell> {
    const { u32 } = this.machine.kernel;
    const end = u32[(L.MACHINE_BASE + L.M_TOUCHED_TOP) / 4] as number;
    for (let at = L.TOUCHED_BASE; at < end; at += 4) yield this.#cellAt(u32[at / 4] as number);
  }

  /** Cells of the journal, with those of earlier transactions. */
  *#allCells(): Generator<JournalCell> {
    const { u32 } = this.machine.kernel;
    const end = u32[(L.MACHINE_BASE + L.M_CELL_TOP) / 4] as number;
    for (let cell = L.CELLS_BASE; cell < end; cell += L.CELL_BYTES) yield this.#cellAt(cell);
  }

  #cellAt(cell: number): JournalCell {
    const { u32 } = this.machine.kernel;
    return {
      cell,
      space: u32[(cell + L.C_SPACE) / 4] as number,
      owner: u32[(cell + L.C_OWNER) / 4] as number,
    };
  }
}

interface JournalCell {
  readonly cell: Cell;
  readonly space: number;
  readonly owner: Owner;
}

/** What the outcome of a creation says that did not begin; of a collision who runs it. */
const FAILURE_REASONS: Readonly<Record<CreateFailure, TrapKind | undefined>> = {
  'create-collision': undefined,
  'invalid-module': 'invalid-opcode',
  'code-unpaid': 'out-of-gas',
};
