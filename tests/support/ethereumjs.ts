/**
 * The oracle: messages on `@ethereumjs/evm`, with the meaning of `Machine.call` and `.deploy`.
 *
 * A message is one transaction without its intrinsic gas. What the package's `runCall` leaves to
 * the caller is done here as a transaction does it:
 *   - warm at the start: the sender, the called account, every precompile of the fork, the coinbase
 *     (EIP-3651), the access list; at depth 0 the package adds the target of a delegated account
 *     (EIP-7702) and the address of a creation, both without charge
 *   - the nonce of the sender is left alone by a call; a creation takes its address from it and
 *     then raises it by one, even if the creation fails
 *   - at the end: destroyed accounts are deleted, since EIP-6780 only those created here; touched
 *     empty accounts are deleted (EIP-161), transient storage is cleared
 *   - the state keeps no gas payment: neither sender nor coinbase pay or earn
 */
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVM, type EVMResult } from '@ethereumjs/evm';
import { Address, bytesToHex, hexToBytes } from '@ethereumjs/util';
import type {
  AccountDump,
  BlockEnv,
  BytesLike,
  CallOptions,
  DeployOptions,
  Hex,
  Log,
  Outcome,
  StorageWrite,
} from '../../src/chain/types.ts';
import { type Fork, type ForkRules, forkRules } from '../../src/vms/evm/forks.ts';
import { UndoState } from '../oracle/undo-state.ts';

/** What both sides tell of one message. */
export interface Observed
  extends Pick<Outcome, 'status' | 'gasUsed' | 'gasRefund' | 'output' | 'logs' | 'writes'> {
  /** Address of a creation. */
  address?: Hex;
  /** Accounts after the message, as `StateAccess.dump` gives them. */
  accounts: AccountDump[];
  /** What ended the frame, for people; never compared. */
  detail?: string;
}

const ZERO_ADDRESS = new Address(new Uint8Array(20));
const GAS_DEFAULT = 30_000_000n;

export function toBytes(value: BytesLike): Uint8Array {
  return typeof value === 'string' ? Uint8Array.from(Buffer.from(value.slice(2), 'hex')) : value;
}

function toAddress(value: BytesLike | undefined): Address {
  return value === undefined ? ZERO_ADDRESS : new Address(toBytes(value));
}

function toWord(value: bigint): Uint8Array {
  return toBytes(`0x${value.toString(16).padStart(64, '0')}`);
}

function toSlotValue(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const hex = value.toString(16);
  return toBytes(`0x${hex.length % 2 === 1 ? '0' : ''}${hex}`);
}

function toBigint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(bytesToHex(bytes));
}

/** Compares text by code units, which orders equal-length hexadecimal by value. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The oracle cannot run a message: it has no KZG library for the precompile of EIP-4844. */
export class OracleLimitError extends Error {}

/** The package's names of the forks. */
export const HARDFORKS: Readonly<Record<Fork, string>> = {
  frontier: Hardfork.Chainstart,
  homestead: Hardfork.Homestead,
  tangerineWhistle: Hardfork.TangerineWhistle,
  spuriousDragon: Hardfork.SpuriousDragon,
  byzantium: Hardfork.Byzantium,
  constantinople: Hardfork.Constantinople,
  petersburg: Hardfork.Petersburg,
  istanbul: Hardfork.Istanbul,
  berlin: Hardfork.Berlin,
  london: Hardfork.London,
  paris: Hardfork.Paris,
  shanghai: Hardfork.Shanghai,
  cancun: Hardfork.Cancun,
  prague: Hardfork.Prague,
  osaka: Hardfork.Osaka,
  bpo1: Hardfork.Bpo1,
  bpo2: Hardfork.Bpo2,
  bpo3: Hardfork.Bpo3,
  bpo4: Hardfork.Bpo4,
};

/** `@ethereumjs/evm` with a state of its own. Messages run one after another, never at once. */
export class Oracle {
  readonly evm: EVM;
  readonly state: UndoState;
  readonly #precompiles: string[];
  readonly #rules: ForkRules;
  #block: BlockEnv;

  constructor(evm: EVM, state: UndoState, block: BlockEnv, fork: Fork) {
    this.evm = evm;
    this.state = state;
    this.#block = block;
    this.#rules = forkRules(fork);
    this.#precompiles = [...evm.precompiles.keys()].map((address) => `0x${address}`);
  }

  setBlock(block: BlockEnv): void {
    this.#block = block;
  }

  get block(): BlockEnv {
    return this.#block;
  }

  setAccount(
    address: BytesLike,
    { balance = 0n, nonce = 0n, code = new Uint8Array(0) as BytesLike },
  ): void {
    const bytes = toBytes(code);
    const codeHash = this.state.hashCode(bytes);
    this.state.setAccount(toAddress(address).toString(), { balance, nonce, code: bytes, codeHash });
  }

  setStorage(address: BytesLike, slot: bigint, value: bigint): void {
    const owner = toAddress(address).toString();
    this.state.setSlot(owner, bytesToHex(toWord(slot)), toSlotValue(value));
  }

  getStorage(address: BytesLike, slot: bigint): bigint {
    return toBigint(this.state.readSlot(toAddress(address), toWord(slot)));
  }

  /** Runs a call and tells all of it. Throws on a failure of the package itself. */
  async call(options: CallOptions): Promise<Observed> {
    return this.#observe(options.commit !== false, () => this.executeCall(options));
  }

  /** Runs a creation and tells all of it. */
  async deploy(options: DeployOptions): Promise<Observed> {
    return this.#observe(options.commit !== false, () => this.executeDeploy(options));
  }

  /** A call as a transaction's journal has it, without looking at the state around it. */
  async executeCall(options: CallOptions): Promise<EVMResult> {
    const from = toAddress(options.from);
    const to = toAddress(options.to);
    this.#warm(options, from, to);
    const result = await this.evm.runCall({
      ...this.#environment(options, from),
      to,
      data: toBytes(options.data ?? '0x'),
      isStatic: options.static ?? false,
      skipNonceIncrement: true,
    });
    await this.#finish(result);
    return result;
  }

  /** A creation, the same way. */
  async executeDeploy(options: DeployOptions): Promise<EVMResult> {
    const from = toAddress(options.from);
    this.#warm(options, from, undefined);
    const result = await this.evm.runCall({
      ...this.#environment(options, from),
      data: toBytes(options.code),
      ...(options.salt === undefined ? {} : { salt: toWord(options.salt) }),
    });
    await this.#finish(result);
    return result;
  }

  #environment(options: Omit<CallOptions, 'to'>, from: Address) {
    return {
      block: this.#header(),
      caller: from,
      origin: options.origin === undefined ? from : toAddress(options.origin),
      gasPrice: options.gasPrice ?? 0n,
      gasLimit: options.gas ?? GAS_DEFAULT,
      value: options.value ?? 0n,
      blobVersionedHashes: (options.blobHashes ?? []).map((hash) => bytesToHex(toBytes(hash))),
    };
  }

  #header() {
    const { number, timestamp, gasLimit, coinbase, prevRandao, baseFee } = this.#block;
    const { blobBaseFee } = this.#block;
    return {
      header: {
        number,
        timestamp,
        gasLimit,
        coinbase: toAddress(coinbase),
        difficulty: this.#rules.eip3675 ? 0n : prevRandao,
        prevRandao: toWord(prevRandao),
        baseFeePerGas: baseFee,
        slotNumber: 0n,
        getBlobGasPrice: () => blobBaseFee,
      },
    };
  }

  #warm(options: Omit<CallOptions, 'to'>, from: Address, to: Address | undefined): void {
    const { journal } = this.evm;
    journal.addAlwaysWarmAddress(from.toString());
    if (to !== undefined) journal.addAlwaysWarmAddress(to.toString());
    for (const precompile of this.#precompiles) journal.addAlwaysWarmAddress(precompile);
    if (this.#rules.eip3651) {
      journal.addAlwaysWarmAddress(toAddress(this.#block.coinbase).toString());
    }
    for (const { address, slots } of options.accessList ?? []) {
      const owner = toAddress(address).toString();
      journal.addAlwaysWarmAddress(owner);
      for (const slot of slots) journal.addAlwaysWarmSlot(owner, bytesToHex(toWord(slot)));
    }
  }

  async #finish({ execResult }: EVMResult): Promise<void> {
    for (const destroyed of execResult.selfdestruct?.keys() ?? []) {
      const isCreated = execResult.createdAddresses?.has(destroyed) === true;
      if (this.#rules.eip6780 && !isCreated) continue;
      await this.evm.journal.deleteAccount(new Address(hexToBytes(destroyed as Hex)));
    }
    await this.evm.journal.cleanup();
    this.#clearTransaction();
  }

  #clearTransaction(): void {
    this.evm.transientStorage.clear();
    this.state.originalStorageCache.clear();
  }

  async #observe(commit: boolean, execute: () => Promise<EVMResult>): Promise<Observed> {
    this.#clearTransaction();
    const mark = this.state.mark();
    const before = this.#storage();
    let result: EVMResult;
    try {
      result = await execute();
    } catch (error) {
      this.evm.journal.cleanJournal();
      this.#clearTransaction();
      this.state.undoTo(mark);
      if (error instanceof Error && error.message.startsWith('kzg not initialized')) {
        throw new OracleLimitError(error.message);
      }
      throw error;
    }
    const observed = this.#describe(result, before);
    if (!commit) this.state.undoTo(mark);
    return observed;
  }

  #describe({ execResult, createdAddress }: EVMResult, before: Storage): Observed {
    const error = execResult.exceptionError?.error;
    const status = statusOf(error);
    return {
      status,
      gasUsed: execResult.executionGasUsed,
      gasRefund: status === 'success' ? (execResult.gasRefund ?? 0n) : 0n,
      output: execResult.returnValue,
      logs: status === 'success' ? (execResult.logs ?? []).map(toLog) : [],
      writes: listWrites(before, this.#storage()),
      ...(createdAddress === undefined ? {} : { address: createdAddress.toString() }),
      accounts: this.dump(),
      ...(error === undefined ? {} : { detail: String(error) }),
    };
  }

  #storage(): Storage {
    const storage: Storage = new Map();
    for (const [address, slots] of this.state.slots) {
      if (slots.size > 0) storage.set(address, new Map(slots));
    }
    return storage;
  }

  /** Every account that is not empty or has slots, ordered by address and slot. */
  dump(): AccountDump[] {
    const dumps: AccountDump[] = [];
    for (const [address, { balance, nonce, code }] of this.state.accounts) {
      const slots = [...(this.state.slots.get(address) ?? [])];
      if (balance === 0n && nonce === 0n && code.length === 0 && slots.length === 0) continue;
      slots.sort(([a], [b]) => order(a, b));
      dumps.push({
        address: address as Hex,
        balance,
        nonce,
        code: bytesToHex(code),
        storage: slots.map(([slot, value]) => ({ slot: BigInt(slot), value: toBigint(value) })),
      });
    }
    return dumps.sort((a, b) => order(a.address, b.address));
  }
}

/** Before EIP-2 who cannot pay for the code of a creation keeps an account without code. */
const UNPAID_CODE = 'code store out of gas';

/** What the package's error of a frame means. */
export function statusOf(error: string | undefined): Outcome['status'] {
  if (error === undefined || error === UNPAID_CODE) return 'success';
  return error === 'revert' ? 'revert' : 'halt';
}

type Storage = Map<string, Map<string, Uint8Array>>;

function toLog([address, topics, data]: [Uint8Array, Uint8Array[], Uint8Array]): Log {
  return { address: bytesToHex(address), topics: topics.map((topic) => bytesToHex(topic)), data };
}

function listWrites(before: Storage, after: Storage): StorageWrite[] {
  const writes: StorageWrite[] = [];
  const addresses = [...new Set([...before.keys(), ...after.keys()])].sort(order);
  for (const address of addresses) {
    const old = before.get(address);
    const now = after.get(address);
    const slots = [...new Set([...(old?.keys() ?? []), ...(now?.keys() ?? [])])].sort(order);
    for (const slot of slots) {
      const from = toBigint(old?.get(slot) ?? new Uint8Array(0));
      const to = toBigint(now?.get(slot) ?? new Uint8Array(0));
      if (from === to) continue;
      writes.push({ address: address as Hex, slot: BigInt(slot), before: from, after: to });
    }
  }
  return writes;
}

/** The internals of the package that `keepRevertedCode` goes around. */
interface CreateInternals {
  runInterpreter(
    message: { isCreate?: boolean },
    options?: object,
  ): Promise<EVMResult['execResult']>;
  _executeCreate(message: object): Promise<EVMResult>;
}

/**
 * Corrects a fault of the package: it refuses the *revert data* of init code that begin with 0xEF
 * as if they were code to deploy, and then takes all the gas. EIP-3541 speaks of deployed code
 * alone. The data are hidden from the check and put back after it.
 */
export function keepRevertedCode(evm: EVM): void {
  const internals = evm as unknown as CreateInternals;
  const runInterpreter = internals.runInterpreter.bind(evm);
  const executeCreate = internals._executeCreate.bind(evm);
  const hidden = new WeakMap<Uint8Array, Uint8Array>();
  internals.runInterpreter = async (message, options) => {
    const result = await runInterpreter(message, options);
    if (message.isCreate !== true || result.exceptionError === undefined) return result;
    if (result.returnValue[0] !== 0xef) return result;
    const cover = new Uint8Array(1);
    hidden.set(cover, result.returnValue);
    return { ...result, returnValue: cover };
  };
  internals._executeCreate = async (message) => {
    const result = await executeCreate(message);
    const returnValue = hidden.get(result.execResult.returnValue);
    if (returnValue === undefined) return result;
    return { ...result, execResult: { ...result.execResult, returnValue } };
  };
}

/** A new oracle with an empty state. */
export async function createOracle(block: BlockEnv, fork: Fork = 'osaka'): Promise<Oracle> {
  const state = new UndoState();
  const common = new Common({ chain: Mainnet, hardfork: HARDFORKS[fork] });
  const holder: { oracle?: Oracle } = {};
  const blockchain = {
    getBlock: async (number: number) => ({
      hash: () => holder.oracle?.block.blockHash(BigInt(number)) ?? new Uint8Array(32),
    }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const options = { common, stateManager: state, blockchain };
  const evm = (await createEVM(options as unknown as Parameters<typeof createEVM>[0])) as EVM;
  keepRevertedCode(evm);
  holder.oracle = new Oracle(evm, state, block, fork);
  return holder.oracle;
}

/** A value as text: numbers and bytes in hexadecimal. */
export function showField(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) => {
    if (typeof field === 'bigint') return `0x${field.toString(16)}`;
    return field instanceof Uint8Array ? bytesToHex(field) : field;
  });
}

const SCALARS = ['status', 'gasUsed', 'gasRefund', 'address', 'output', 'logs', 'writes'] as const;

/**
 * The fields in which two observations differ, one line each; none when they are equal.
 * The reason of a halt is diagnostic and never compared.
 */
export function compareOutcome(ours: Observed, theirs: Observed): string[] {
  const lines: string[] = [];
  for (const field of SCALARS) {
    const our = showField(ours[field]);
    const their = showField(theirs[field]);
    if (our !== their) lines.push(`${field}: ours ${our}, theirs ${their}`);
  }
  const ourAccounts = new Map(ours.accounts.map((account) => [account.address, account]));
  const theirAccounts = new Map(theirs.accounts.map((account) => [account.address, account]));
  const addresses = [...new Set([...ourAccounts.keys(), ...theirAccounts.keys()])].sort(order);
  for (const address of addresses) {
    lines.push(...compareAccounts(address, ourAccounts.get(address), theirAccounts.get(address)));
  }
  return lines;
}

/** The fields in which two accounts differ, one line each. */
export function compareAccounts(
  address: Hex,
  ours: AccountDump | undefined,
  theirs: AccountDump | undefined,
): string[] {
  if (ours === undefined || theirs === undefined) {
    const which = ours === undefined ? 'only theirs' : 'only ours';
    return [`account ${address}: ${which}: ${showField(ours ?? theirs)}`];
  }
  const lines: string[] = [];
  for (const field of ['balance', 'nonce', 'code', 'storage'] as const) {
    const our = showField(ours[field]);
    const their = showField(theirs[field]);
    if (our !== their) lines.push(`account ${address} ${field}: ours ${our}, theirs ${their}`);
  }
  return lines;
}
