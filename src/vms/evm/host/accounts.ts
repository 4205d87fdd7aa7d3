/**
 * EVM accounts over the machine's cells: what the host reads and writes of them, and their warmth.
 *
 * An account is three cells: balance, nonce, code hash (zero stands for no code). The balance cell
 * carries the account's warmth (EIP-2929). Marks of the transaction — created, destroyed — are
 * cells of transient spaces, so that a revert undoes them like anything else.
 *
 * An account that is empty and exists all the same has a fourth cell. Before EIP-161 whatever was
 * touched exists; since then a touch of an empty account removes it.
 */
import type { Cell, MachineAccess, Owner } from '../../../dmir/host.ts';
import type { ForkRules } from '../forks.ts';
import type { HostCosts } from '../gas.ts';

/** Cell spaces of the EVM view, as `state/cells.ts` numbers them. */
export const SPACE = {
  slot: 0,
  transient: 1,
  balance: 2,
  nonce: 3,
  codeHash: 4,
  created: 6,
  destroyed: 7,
  exists: 8,
} as const;

export const ADDRESS_MASK = (1n << 160n) - 1n;
/** Prefix of a delegation, followed by 20 bytes of address (EIP-7702). */
const DELEGATION_PREFIX = [0xef, 0x01, 0x00] as const;
const DELEGATION_BYTES = 23;
/** Address of the precompile. */
export const RIPEMD160 = 3;

/** Code that an account has. */
export interface Code {
  readonly hash: bigint;
  readonly bytes: Uint8Array;
  /** The address that the code delegates to (EIP-7702). */
  readonly delegate: Uint8Array | undefined;
}

/** Code by hash; a code hash of zero is empty code. */
export interface CodeStore {
  code(hash: bigint): Uint8Array;
  /** The code whose hash stands as a word in the machine's memory; undefined for none. */
  codeAt(address: number): Code | undefined;
  /** Keeps the code and returns its hash. */
  put(code: Uint8Array): bigint;
}

/** Addresses that are warm from the start of every transaction, besides accessed ones. */
export interface WarmSet extends Iterable<bigint> {
  has(machine: MachineAccess, owner: Owner): boolean;
}

/** A warm set of listed addresses. */
export function listedWarmSet(addresses: Iterable<bigint>): WarmSet {
  const set = new Set(addresses);
  return {
    has: (machine, owner) => set.has(addressToBigint(machine.ownerId(owner))),
    [Symbol.iterator]: () => set.values(),
  };
}

export class Accounts {
  readonly #codes: CodeStore;
  readonly #costs: HostCosts;
  readonly #rules: ForkRules;
  warm: WarmSet = listedWarmSet([]);
  /** Whether there may be empty accounts that exist: without them touches need no look. */
  hasEmptyAccounts = true;
  /**
   * Whether the account of RIPEMD-160 was touched since EIP-161, in a frame that failed or not. It
   * stays touched: an accident of the main net's block 2675119 that became the rule.
   */
  isRipemdTouched = false;

  constructor(codes: CodeStore, costs: HostCosts, rules: ForkRules) {
    this.#codes = codes;
    this.#costs = costs;
    this.#rules = rules;
  }

  balanceCell(machine: MachineAccess, owner: Owner): Cell {
    return machine.cell(SPACE.balance, owner, 0n);
  }

  balance(machine: MachineAccess, owner: Owner): bigint {
    return machine.readCell(this.balanceCell(machine, owner));
  }

  nonce(machine: MachineAccess, owner: Owner): bigint {
    return machine.readCell(machine.cell(SPACE.nonce, owner, 0n));
  }

  codeHash(machine: MachineAccess, owner: Owner): bigint {
    return machine.readCell(machine.cell(SPACE.codeHash, owner, 0n));
  }

  code(machine: MachineAccess, owner: Owner): Code | undefined {
    const cell = machine.cell(SPACE.codeHash, owner, 0n);
    return this.#codes.codeAt(machine.valueAddress(cell));
  }

  /** EIP-161: no balance, no nonce, no code. */
  isEmpty(machine: MachineAccess, owner: Owner): boolean {
    return (
      this.balance(machine, owner) === 0n &&
      this.nonce(machine, owner) === 0n &&
      this.codeHash(machine, owner) === 0n
    );
  }

  /** Whether value makes it a new account: it does not exist, or is empty (EIP-161). */
  isNew(machine: MachineAccess, owner: Owner): boolean {
    if (!this.isEmpty(machine, owner)) return false;
    return this.#rules.eip158 || machine.readCell(machine.cell(SPACE.exists, owner, 0n)) === 0n;
  }

  /** What may transfer value to an account does to its existence (EIP-161), even without value. */
  touch(machine: MachineAccess, owner: Owner): void {
    if (!this.hasEmptyAccounts) return;
    const cell = machine.cell(SPACE.exists, owner, 0n);
    const mark = this.#rules.eip158 ? 0n : 1n;
    if (machine.readCell(cell) === mark) return;
    machine.writeCell(cell, mark);
    if (mark === 0n && machine.ownerNumber(owner) === RIPEMD160) this.isRipemdTouched = true;
  }

  set(machine: MachineAccess, space: number, owner: Owner, value: bigint): void {
    const cell = machine.cell(space, owner, 0n);
    machine.touch(cell);
    machine.writeCell(cell, value);
  }

  /** Sets the balance without making the account warm. */
  setBalance(machine: MachineAccess, owner: Owner, balance: bigint): void {
    machine.writeCell(this.balanceCell(machine, owner), balance);
  }

  setCode(machine: MachineAccess, owner: Owner, code: Uint8Array): void {
    const hash = code.length === 0 ? 0n : this.#codes.put(code);
    this.set(machine, SPACE.codeHash, owner, hash);
  }

  /** Moves value and touches who gets it; the caller has checked the balance. */
  transfer(machine: MachineAccess, from: Owner, to: Owner, value: bigint): void {
    this.touch(machine, to);
    if (value === 0n || from === to) return;
    this.setBalance(machine, from, this.balance(machine, from) - value);
    this.setBalance(machine, to, this.balance(machine, to) + value);
  }

  /** Cost of an access to the account, which makes it warm. */
  accessCost(machine: MachineAccess, owner: Owner): bigint {
    const cell = this.balanceCell(machine, owner);
    const wasWarm = machine.touch(cell) || this.warm.has(machine, owner);
    return wasWarm ? this.#costs.accountWarm : this.#costs.accountCold;
  }

  isMarked(machine: MachineAccess, space: number, owner: Owner): boolean {
    const cell = machine.cell(space, owner, 0n);
    machine.touch(cell);
    return machine.readCell(cell) !== 0n;
  }
}

/** The address that a delegation names, or undefined for any other code (EIP-7702). */
export function delegationOf(code: Uint8Array): Uint8Array | undefined {
  if (code.length !== DELEGATION_BYTES) return undefined;
  for (let i = 0; i < DELEGATION_PREFIX.length; i++) {
    if (code[i] !== DELEGATION_PREFIX[i]) return undefined;
  }
  return code.subarray(DELEGATION_PREFIX.length);
}

/** The code of an account that delegates to an address. */
export function delegationCode(address: Uint8Array): Uint8Array {
  return Uint8Array.of(...DELEGATION_PREFIX, ...address);
}

export function addressToBigint(address: Uint8Array): bigint {
  let value = 0n;
  for (const byte of address) value = (value << 8n) | BigInt(byte);
  return value;
}

export function bigintToAddress(value: bigint): Uint8Array {
  const bytes = new Uint8Array(20);
  let rest = value;
  for (let i = 19; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
