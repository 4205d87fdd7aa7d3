/**
 * What a transaction finds in the state: geth's `prestateTracer`, in the layout of its JSON.
 *
 * An account is reported if the transaction names it (sender, recipient or created address,
 * coinbase, authorities), or an instruction that was executed does; a slot if a load or a store
 * names it. That is less than what is touched: access lists and failing instructions add nothing.
 *
 * The code of a module shows no instructions: a transaction that touches an account with such code
 * reports all that it touches.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, equalBytes } from '../../base/bytes.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import { PendingError } from '../../dmir/host.ts';
import * as L from '../../kernel/layout.ts';
import { isPending, type Pending } from '../../state/backends/backend.ts';
import { createEvmView, type EvmView } from '../../state/views/evm.ts';
import { ADDRESS_MASK, bigintToAddress, delegationOf, SPACE } from '../../vms/evm/host/accounts.ts';
import { create2Address, createAddress } from '../../vms/evm/host/creates.ts';
import { toAddress } from '../environment.ts';
import { recoverAuthority } from '../transactions/sender.ts';
import type { Transaction } from '../transactions/types.ts';
import type { Hex, TraceStep } from '../types.ts';
import type { BlockLimits, EvmWorld, TransactionResult } from '../world.ts';
import type { StepWatcher, StepWorld } from './steps.ts';

export interface PrestateConfig {
  /** What changed, before and after, in place of everything that was there. */
  readonly diffMode?: boolean;
  readonly disableCode?: boolean;
  readonly disableStorage?: boolean;
  /** Accounts too that were not there; not with `diffMode`. */
  readonly includeEmpty?: boolean;
  /** geth's first layout: all four fields always, no coinbase, none of the options above. */
  readonly legacy?: boolean;
}

/** A field that is absent is zero or empty; in `post` it is unchanged. */
export interface PrestateAccount {
  balance?: Hex;
  /** A number, or its decimal text from 2^53 on. */
  nonce?: number | string;
  code?: Hex;
  /** Keccak-256 of the code. */
  codeHash?: Hex;
  /** Slots as words of 32 bytes, in order. */
  storage?: Record<Hex, Hex>;
}

/** Accounts by address, in order. */
export type Prestate = Record<Hex, PrestateAccount>;

/** What changed: a deleted account is in `pre` alone, a created one in `post` alone. */
export interface PrestateDiff {
  post: Prestate;
  pre: Prestate;
}

export interface PrestateTrace {
  readonly result: TransactionResult;
  /** Undefined for a transaction that was rejected. */
  readonly trace: Prestate | PrestateDiff | undefined;
}

interface Slot {
  readonly slot: bigint;
  readonly value: bigint;
}

/** An account before the transaction. */
interface Found {
  readonly address: Uint8Array;
  readonly balance: bigint;
  readonly nonce: bigint;
  readonly code: Uint8Array;
  readonly codeHash: Uint8Array | undefined;
  /** Slots that were named, with their values, by the text of their word. */
  readonly slots: Map<Hex, Slot>;
}

/** What an instruction names, held back until it is known to have been executed. */
interface Claim {
  /** Whose code runs. */
  readonly address: Uint8Array;
  readonly accounts: readonly Uint8Array[];
  readonly slot?: bigint;
  readonly created?: Uint8Array;
  readonly isDestroyed?: boolean;
}

/**
 * Applies a transaction and reports what it found, or what it changed.
 *
 * @param stepped - Its journal is flushed before, and holds the transaction's changes after.
 * @throws RangeError for options that exclude each other, and what `EvmWorld.apply` throws
 */
export function tracePrestate(
  stepped: StepWorld,
  tx: Transaction,
  sender: Uint8Array,
  limits: BlockLimits,
  config: PrestateConfig = {},
): PrestateTrace {
  if (config.diffMode && config.includeEmpty) {
    throw new RangeError('includeEmpty is for what was there: with diffMode it says nothing.');
  }
  stepped.world.flush();
  const watcher = new PrestateWatcher(stepped, config);
  watcher.start(tx, sender);
  const result = stepped.apply(tx, sender, limits, watcher);
  return { result, trace: result.kind === 'rejected' ? undefined : watcher.result() };
}

class PrestateWatcher implements StepWatcher {
  readonly #stepped: StepWorld;
  readonly #world: EvmWorld;
  readonly #config: PrestateConfig;
  /** The state before the transaction: what it changes stays in the journal. */
  readonly #view: EvmView;
  readonly #found = new Map<Hex, Found>();
  readonly #created = new Set<Hex>();
  readonly #destroyed = new Set<Hex>();
  #claim: Claim | undefined;

  constructor(stepped: StepWorld, config: PrestateConfig) {
    this.#stepped = stepped;
    this.#world = stepped.world;
    this.#config = config;
    this.#view = createEvmView({ backend: stepped.world.backend, keccak256: keccak_256 });
  }

  /** Names the accounts of the transaction itself. */
  start(tx: Transaction, sender: Uint8Array): void {
    this.#name(sender);
    const to = tx.to ?? createAddress(sender, this.#world.getNonce(sender));
    this.#name(to);
    if (tx.to === undefined) this.#created.add(bytesToHex(to));
    if (this.#config.legacy) return;
    for (const target of this.#delegates(to)) this.#name(target);
    this.#name(toAddress(this.#world.block.coinbase, 'the coinbase'));
    for (const authorization of tx.authorizations) {
      const authority = recoverAuthority(authorization);
      if (authority !== undefined) this.#name(authority);
    }
  }

  before(step: TraceStep): void {
    this.#claim = this.#claimOf(step);
  }

  after(_step: TraceStep, isFault: boolean): void {
    if (isFault || this.#claim === undefined) return;
    const { address, accounts, slot, created, isDestroyed } = this.#claim;
    for (const account of accounts) this.#name(account);
    if (slot !== undefined) this.#nameSlot(address, slot);
    if (created !== undefined && !this.#config.legacy) this.#created.add(bytesToHex(created));
    if (!isDestroyed) return;
    // As geth has it: a revert of the caller does not take this back.
    const text = bytesToHex(address);
    if (!this.#world.rules.eip6780 || this.#created.has(text)) this.#destroyed.add(text);
  }

  #claimOf({ opName, stack }: TraceStep): Claim | undefined {
    const kind = KINDS[opName];
    if (kind === undefined || stack.length < kind.operands) return undefined;
    const address = this.#stepped.address;
    const operand = (index: number): bigint => stack[stack.length - 1 - index] as bigint;
    if (kind.names === 'slot') return { address, accounts: [], slot: operand(kind.at) };
    if (kind.names === 'created') {
      const created = this.#createdBy(opName, address, operand);
      return created === undefined ? undefined : { address, accounts: [created], created };
    }
    const isDestroyed = opName === 'SELFDESTRUCT';
    if (isDestroyed && this.#config.legacy) return undefined;
    const target = bigintToAddress(operand(kind.at) & ADDRESS_MASK);
    const delegates = kind.names === 'callee' ? this.#delegates(target) : [];
    return { address, accounts: [target, ...delegates], isDestroyed };
  }

  /** Address of what CREATE or CREATE2 is about to make. */
  #createdBy(
    opName: string,
    creator: Uint8Array,
    operand: (index: number) => bigint,
  ): Uint8Array | undefined {
    if (opName === 'CREATE') return createAddress(creator, this.#world.getNonce(creator));
    const initcode = this.#stepped.readMemory(operand(1), operand(2));
    return initcode && create2Address(creator, operand(3), keccak_256(initcode));
  }

  /** The account that the account's code delegates to now (EIP-7702). */
  #delegates(address: Uint8Array): Uint8Array[] {
    if (!this.#world.rules.eip7702 || this.#config.legacy) return [];
    const target = delegationOf(this.#world.getCode(address));
    return target === undefined ? [] : [target];
  }

  #name(address: Uint8Array): Found {
    const text = bytesToHex(address);
    const known = this.#found.get(text);
    if (known !== undefined) return known;
    const found: Found = {
      address: address.slice(),
      balance: requireNow(this.#view.getBalance(address)),
      nonce: requireNow(this.#view.getNonce(address)),
      code: requireNow(this.#view.getCode(address)),
      codeHash: requireNow(this.#view.getCodeHash(address)),
      slots: new Map(),
    };
    this.#found.set(text, found);
    return found;
  }

  #nameSlot(address: Uint8Array, slot: bigint): void {
    const { slots } = this.#name(address);
    const text = wordToHex(slot);
    if (slots.has(text)) return;
    slots.set(text, { slot, value: requireNow(this.#view.getSlot(address, slot)) });
  }

  // ---- results

  /** What was found; the transaction has ended, and the journal holds its changes. */
  result(): Prestate | PrestateDiff {
    if (this.#hasModules()) this.#nameTouched();
    const { diffMode, includeEmpty, legacy } = this.#config;
    const found = [...this.#found].sort(([a], [b]) => (a < b ? -1 : 1));
    if (legacy) {
      const kept = found.filter(([text]) => !this.#created.has(text));
      return Object.fromEntries(kept.map(([text, account]) => [text, legacyAccount(account)]));
    }
    if (diffMode) return this.#diff(found);
    const kept = found.filter(([, account]) => includeEmpty || !isEmpty(account));
    return Object.fromEntries(
      kept.map(([text, account]) => [text, this.#accountBefore(account, account.slots.values())]),
    );
  }

  #hasModules(): boolean {
    const { executor } = this.#world;
    const { host, codes, machine } = executor;
    for (const { space, cell } of executor.touchedCells()) {
      if (space !== SPACE.codeHash) continue;
      if (host.options.loader.isModule(codes.code(machine.readCell(cell)))) return true;
    }
    return false;
  }

  #nameTouched(): void {
    const { executor } = this.#world;
    const { machine } = executor;
    for (const { space, owner, cell } of [...executor.touchedCells()]) {
      const address = machine.ownerId(owner);
      if (space === SPACE.slot) {
        this.#nameSlot(address, machine.kernel.readWord(cell + L.C_KEY));
      } else if (ACCOUNT_SPACES.has(space)) this.#name(address);
    }
  }

  #diff(found: readonly (readonly [Hex, Found])[]): PrestateDiff {
    const pre: Prestate = {};
    const post: Prestate = {};
    for (const [text, account] of found) {
      let slots = [...account.slots.values()];
      if (!this.#destroyed.has(text)) {
        const change = this.#changeOf(account);
        if (change === undefined) continue;
        post[text] = change;
        slots = slots.filter((each) => each.value !== 0n && this.#isChanged(account, each));
      }
      if (!isEmpty(account)) pre[text] = this.#accountBefore(account, slots);
    }
    return { post, pre };
  }

  #isChanged({ address }: Found, { slot, value }: Slot): boolean {
    return this.#slotNow(address, slot) !== value;
  }

  #slotNow(address: Uint8Array, slot: bigint): bigint {
    return this.#world.executor.readWord(SPACE.slot, address, slot);
  }

  #accountBefore(
    { balance, nonce, code, codeHash }: Found,
    slots: Iterable<Slot>,
  ): PrestateAccount {
    const { disableCode, disableStorage } = this.#config;
    return {
      balance: numberToHex(balance),
      ...(code.length > 0 && !disableCode ? { code: bytesToHex(code) } : {}),
      ...(codeHash === undefined ? {} : { codeHash: bytesToHex(codeHash) }),
      ...(nonce === 0n ? {} : { nonce: numberToJson(nonce) }),
      ...(disableStorage ? {} : storageOf(slots)),
    };
  }

  /** What is different after the transaction; undefined if nothing is. */
  #changeOf(found: Found): PrestateAccount | undefined {
    const { disableCode, disableStorage } = this.#config;
    const { address } = found;
    const balance = this.#world.getBalance(address);
    const nonce = this.#world.getNonce(address);
    const code = this.#world.getCode(address);
    const isCoded = !equalBytes(code, found.code);
    const all = disableStorage ? [] : [...found.slots.values()];
    const slots = all.filter((each) => this.#isChanged(found, each));
    if (balance === found.balance && nonce === found.nonce && !isCoded && slots.length === 0) {
      return undefined;
    }
    const values = slots.map(({ slot }) => ({ slot, value: this.#slotNow(address, slot) }));
    return {
      ...(balance === found.balance ? {} : { balance: numberToHex(balance) }),
      ...(isCoded && !disableCode ? { code: bytesToHex(code) } : {}),
      ...(isCoded ? { codeHash: bytesToHex(keccak_256(code)) } : {}),
      ...(nonce === found.nonce || nonce === 0n ? {} : { nonce: numberToJson(nonce) }),
      ...storageOf(values.filter(({ value }) => value !== 0n)),
    };
  }
}

/** Spaces of cells that are touched where somebody asks for an account. */
const ACCOUNT_SPACES: ReadonlySet<number> = new Set([SPACE.balance, SPACE.nonce, SPACE.codeHash]);

/** What the operands of an instruction name. */
interface Kind {
  readonly names: 'slot' | 'created' | 'account' | 'callee';
  /** Words that have to be on the stack. */
  readonly operands: number;
  /** Place of the name below the top. */
  readonly at: number;
}

const SLOT_KIND: Kind = { names: 'slot', operands: 1, at: 0 };
const ACCOUNT_KIND: Kind = { names: 'account', operands: 1, at: 0 };
const CALLEE_KIND: Kind = { names: 'callee', operands: 5, at: 1 };

const KINDS: Readonly<Record<string, Kind>> = {
  SLOAD: SLOT_KIND,
  SSTORE: SLOT_KIND,
  BALANCE: ACCOUNT_KIND,
  EXTCODECOPY: ACCOUNT_KIND,
  EXTCODEHASH: ACCOUNT_KIND,
  EXTCODESIZE: ACCOUNT_KIND,
  SELFDESTRUCT: ACCOUNT_KIND,
  CALL: CALLEE_KIND,
  CALLCODE: CALLEE_KIND,
  DELEGATECALL: CALLEE_KIND,
  STATICCALL: CALLEE_KIND,
  CREATE: { names: 'created', operands: 3, at: 0 },
  CREATE2: { names: 'created', operands: 4, at: 0 },
};

function isEmpty({ balance, nonce, code }: Found): boolean {
  return balance === 0n && nonce === 0n && code.length === 0;
}

function legacyAccount({ balance, nonce, code, slots }: Found): PrestateAccount {
  return {
    balance: numberToHex(balance),
    nonce: numberToJson(nonce),
    code: bytesToHex(code),
    storage: storageOf(slots.values()).storage ?? {},
  };
}

/** The slots in order; no field where there are none. */
function storageOf(slots: Iterable<Slot>): Pick<PrestateAccount, 'storage'> {
  const rows = [...slots].map(({ slot, value }) => [wordToHex(slot), wordToHex(value)] as const);
  if (rows.length === 0) return {};
  return { storage: Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1))) };
}

const wordToHex = (word: bigint): Hex => bytesToHex(bigintToBytes32(word, 'a word'));
const numberToHex = (value: bigint): Hex => `0x${value.toString(16)}`;

function numberToJson(value: bigint): number | string {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString();
}

function requireNow<T>(answer: T | Pending): T {
  if (isPending(answer)) throw new PendingError(answer.ready);
  return answer;
}
