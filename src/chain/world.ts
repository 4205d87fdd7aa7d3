/**
 * The state of a chain under the rules of one fork, and what a block does to it: transactions,
 * system calls, credits (Yellow Paper, section 6 and 11).
 *
 * A world keeps the journal ahead of its backend; `flush` brings the backend up to date, which
 * whoever reads the backend, or commits to it, has to do first.
 */
import { LockstepError } from '../base/errors.ts';
import { requireBits } from '../base/u256.ts';
import type { FrameEnd, Owner } from '../dmir/host.ts';
import type { EngineName, TierOptions } from '../engines/tiering.ts';
import type { Backend } from '../state/backends/backend.ts';
import type { Fork, ForkRules, Overrides } from '../vms/evm/forks.ts';
import type { HostCosts } from '../vms/evm/gas.ts';
import { SPACE } from '../vms/evm/host/accounts.ts';
import type { Precompile } from '../vms/evm/precompiles/types.ts';
import { applyAuthorizations } from './delegations.ts';
import { setBlock, setTransaction, toAddress, warmUp } from './environment.ts';
import { Executor } from './executor.ts';
import type { LazyOutcome, LogBytes } from './outcome.ts';
import { intrinsicGas, settleGas } from './transactions/gas.ts';
import type { Rejection } from './transactions/rejections.ts';
import type { Transaction } from './transactions/types.ts';
import { checkSender, checkTransaction, type SenderAccount } from './transactions/validate.ts';
import type { BlockEnv, Outcome } from './types.ts';

export interface WorldOptions {
  readonly fork?: Fork;
  readonly overrides?: Overrides;
  readonly backend: Backend;
  /** 1 unless told. */
  readonly chainId?: bigint;
  /** The interpreter unless told. */
  readonly engine?: EngineName;
  readonly tier?: TierOptions;
  /** EVM instructions of a lowered block at most; 1 for traces that tell failures exactly. */
  readonly lengthMax?: number;
  /** Cells that the journal keeps from one transaction to the next. */
  readonly cellsMax?: number;
  /** Lets accounts with code send transactions, against EIP-3607: where nobody has to sign. */
  readonly contractSenders?: boolean;
  /** As in `ExecutorOptions`. */
  readonly ownPrecompiles?: ReadonlyMap<bigint, Precompile>;
}

/** A transaction that is paid for and whose outermost frame is started. */
interface BegunTransaction {
  readonly from: Owner;
  readonly price: bigint;
  readonly blobGasUsed: bigint;
  /** Of the outermost frame. */
  readonly gas: bigint;
  /** The least gas that is paid for (EIP-7623). */
  readonly floor: bigint;
  /** What authorisations add to the refund. */
  readonly authorized: bigint;
  /** How the frame ended, where it did at once. */
  readonly end: FrameEnd | undefined;
  readonly created: Uint8Array | undefined;
}

/** What a block has left for its next transaction. */
export interface BlockLimits {
  readonly gas: bigint;
  readonly blobGas: bigint;
  /** The highest gas limit of a transaction, where it is not the fork's (EIP-7825). */
  readonly txGasMax?: bigint;
}

export type TransactionResult =
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | ExecutedTransaction;

export interface ExecutedTransaction {
  readonly kind: 'executed';
  /** The outermost frame; its gas is before refunds and without the intrinsic gas. */
  readonly outcome: Outcome;
  readonly status: Outcome['status'];
  /** What the sender paid for, refunds and the floor included. */
  readonly gasUsed: bigint;
  readonly logs: Outcome['logs'];
  /** The same in bytes, as a receipt has them. */
  readonly logBytes: readonly LogBytes[];
  readonly output: Uint8Array;
  /** Address of the contract that the transaction creates, 20 bytes. */
  readonly created: Uint8Array | undefined;
  /** Wei that the sender paid for a unit of gas. */
  readonly effectiveGasPrice: bigint;
  readonly blobGasUsed: bigint;
}

/** The caller of system calls (EIP-4788). */
const SYSTEM_ADDRESS = Uint8Array.of(...new Array<number>(19).fill(0xff), 0xfe);
const SYSTEM_GAS = 30_000_000n;
/** The kernel counts gas in a signed register. */
const GAS_MAX = (1n << 63n) - 1n;
const NO_HASHES: readonly Uint8Array[] = [];

export class EvmWorld {
  readonly executor: Executor;
  readonly rules: ForkRules;
  readonly costs: HostCosts;
  readonly chainId: bigint;
  readonly backend: Backend;
  readonly #contractSenders: boolean;
  #block: BlockEnv | undefined;
  #coinbase = new Uint8Array(20);

  constructor({ chainId = 1n, contractSenders = false, ...options }: WorldOptions) {
    this.executor = new Executor(options);
    this.#contractSenders = contractSenders;
    const { rules, costs } = this.executor.host.options;
    this.rules = rules;
    this.costs = costs;
    this.chainId = chainId;
    this.backend = options.backend;
  }

  /** Begins a block: what contracts can learn of it. The same object again changes nothing. */
  setBlock(block: BlockEnv): void {
    if (block === this.#block) return;
    setBlock(this.executor, block, this.chainId);
    this.#block = block;
    this.#coinbase = toAddress(block.coinbase, 'the coinbase').slice();
  }

  get block(): BlockEnv {
    if (this.#block === undefined) throw new Error('BUG: a world without a block runs nothing');
    return this.#block;
  }

  // ---- accounts

  getBalance(address: Uint8Array): bigint {
    return this.executor.readWord(SPACE.balance, address, 0n);
  }

  getNonce(address: Uint8Array): bigint {
    return this.executor.readWord(SPACE.nonce, address, 0n);
  }

  /** Hash of the account's code; zero for none. */
  codeHash(address: Uint8Array): bigint {
    const { machine, host } = this.executor;
    return host.accounts.code(machine, machine.ownerOf(address))?.hash ?? 0n;
  }

  areSlotsZero(address: Uint8Array, slots: readonly bigint[]): boolean {
    const { executor } = this;
    const { machine } = executor;
    const owner = machine.ownerOf(address);
    return slots.every((slot) =>
      machine.kernel.isZeroWord(machine.valueAddress(executor.slotCell(owner, slot))),
    );
  }

  /** Sets slots of an account outside a transaction, as its code would. */
  setSlots(address: Uint8Array, writes: readonly (readonly [bigint, bigint])[]): void {
    const { executor } = this;
    const { machine } = executor;
    this.#change(() => {
      const owner = machine.ownerOf(address);
      for (const [slot, value] of writes) machine.writeCell(executor.slotCell(owner, slot), value);
    });
  }

  getCode(address: Uint8Array): Uint8Array {
    return this.executor.codes.code(this.executor.readWord(SPACE.codeHash, address, 0n));
  }

  /** Adds wei outside a transaction: rewards and withdrawals. Nothing added is a touch too. */
  credit(address: Uint8Array, wei: bigint): void {
    this.#change(() => this.#addBalance(this.executor.machine.ownerOf(address), wei));
  }

  /** Sets a balance outside a transaction: an irregular change of the state. */
  setBalance(address: Uint8Array, wei: bigint): void {
    const { machine, host } = this.executor;
    this.#change(() => host.accounts.setBalance(machine, machine.ownerOf(address), wei));
  }

  #addBalance(owner: Owner, wei: bigint): void {
    const { machine, host } = this.executor;
    const { accounts } = host;
    accounts.touch(machine, owner);
    if (wei === 0n) return;
    const sum = requireBits(accounts.balance(machine, owner) + wei, 256, 'the balance');
    accounts.setBalance(machine, owner, sum);
  }

  /** Runs a change as a transaction of the journal; leaves nothing of one that fails. */
  #change<T>(change: () => T): T {
    const { executor } = this;
    executor.begin();
    let isDone = false;
    try {
      const result = change();
      isDone = true;
      return result;
    } finally {
      if (!isDone) executor.undo();
    }
  }

  /** Brings the backend up to date. */
  flush(): void {
    this.executor.flush();
  }

  /** Forgets the journal: the backend was put back, or changed by others. */
  reset(): void {
    this.executor.reset();
  }

  // ---- what a block runs

  /** A call by the system, without fee, nonce or effect on the block's gas (EIP-4788, 7002). */
  systemCall(to: Uint8Array, data: Uint8Array): Pick<Outcome, 'status' | 'output'> {
    const { executor } = this;
    return this.#change(() => {
      const from = executor.machine.ownerOf(SYSTEM_ADDRESS);
      this.#setTransaction(from, 0n, NO_HASHES);
      executor.warm.begin(SYSTEM_ADDRESS, to);
      const message = { from, to, data, value: 0n, gas: SYSTEM_GAS, isStatic: false };
      return executor.finish(SYSTEM_GAS, executor.startCall(message));
    });
  }

  #setTransaction(origin: Owner, gasPrice: bigint, blobHashes: readonly Uint8Array[]): void {
    setTransaction(this.executor, origin, blobHashes);
    this.executor.setEnv('GASPRICE', gasPrice);
  }

  /**
   * Applies a transaction to the state, or says which rule it breaks, and then changes nothing.
   *
   * @param sender the account that signed it, 20 bytes
   * @throws LockstepError L2002 for a gas limit of 2^63 or more, L1003 and L1004 for fields out of
   *   range
   */
  apply(tx: Transaction, sender: Uint8Array, limits: BlockLimits): TransactionResult {
    const rejection = this.check(tx, sender, limits);
    if (rejection !== undefined) return { kind: 'rejected', rejection };
    if (tx.gasLimit > GAS_MAX) throw new LockstepError('L2002', { what: 'gas than 2^63' });
    return this.#change(() => this.#execute(tx, sender));
  }

  /** The first rule of validity that a transaction breaks. */
  check(tx: Transaction, sender: Uint8Array, limits: BlockLimits): Rejection | undefined {
    const { rules, costs, chainId, block } = this;
    const { baseFee, blobBaseFee } = block;
    const { gas, blobGas, txGasMax = costs.txGasMax } = limits;
    const context = { rules, costs, chainId, baseFee, blobBaseFee, gas, blobGas, txGasMax };
    const rejection = checkTransaction(tx, context);
    return rejection ?? checkSender(tx, this.#senderAccount(sender), costs, rules);
  }

  #senderAccount(sender: Uint8Array): SenderAccount {
    const { machine, host } = this.executor;
    const { accounts } = host;
    const owner = machine.ownerOf(sender);
    const code = accounts.code(machine, owner);
    return {
      nonce: accounts.nonce(machine, owner),
      balance: accounts.balance(machine, owner),
      hasCode: code !== undefined && !this.#contractSenders,
      isDelegated: code?.delegate !== undefined,
    };
  }

  /**
   * The same bit by bit, for who has other things to do in between: each step is a few runs of the
   * loop. Nothing else may be done with the world until the last one.
   *
   * @param patience - Runs of the loop in a step.
   */
  *applySlowly(
    tx: Transaction,
    sender: Uint8Array,
    limits: BlockLimits,
    patience: number,
  ): Generator<undefined, TransactionResult> {
    const rejection = this.check(tx, sender, limits);
    if (rejection !== undefined) return { kind: 'rejected', rejection };
    const { executor } = this;
    const { machine } = executor;
    executor.begin();
    let isDone = false;
    try {
      const begun = this.#begin(tx, sender);
      let { end } = begun;
      while (end === undefined) {
        machine.patience = patience;
        end = machine.advance();
        if (end === undefined) yield;
      }
      const result = this.#settle(tx, begun, executor.run(end));
      isDone = true;
      return result;
    } finally {
      machine.patience = Number.POSITIVE_INFINITY;
      if (!isDone) executor.undo();
    }
  }

  /** Pays, runs the outermost frame, and settles. */
  #execute(tx: Transaction, sender: Uint8Array): ExecutedTransaction {
    const begun = this.#begin(tx, sender);
    return this.#settle(tx, begun, this.executor.run(begun.end));
  }

  /** Pays, and starts the outermost frame, which may have ended at once. */
  #begin(tx: Transaction, sender: Uint8Array): BegunTransaction {
    const { executor, costs, rules, block } = this;
    const { machine } = executor;
    const from = machine.ownerOf(sender);
    const price = effectiveGasPrice(tx, rules.eip1559 ? block.baseFee : 0n);
    const blobGasUsed = BigInt(tx.blobHashes.length) * costs.blobGas;
    this.#setTransaction(from, price, tx.blobHashes);
    this.#buyGas(from, tx.gasLimit * price + blobGasUsed * block.blobBaseFee);
    const { intrinsic, floor } = intrinsicGas(tx, costs, rules);
    const gas = tx.gasLimit - intrinsic;
    executor.warm.begin(sender, tx.to ?? sender);
    for (const entry of tx.accessList) {
      warmUp(executor, machine.ownerOf(entry.address), entry.slots);
    }
    const authorized = applyAuthorizations(executor, tx.authorizations, this.chainId);
    return { from, price, blobGasUsed, gas, floor, authorized, ...this.#startFrame(tx, from, gas) };
  }

  #settle(tx: Transaction, begun: BegunTransaction, end: FrameEnd): ExecutedTransaction {
    const { executor, costs, rules, block } = this;
    const { machine } = executor;
    const { from, price, blobGasUsed, gas, floor, authorized, created } = begun;
    const counter = authorized + (end.status === 'success' ? executor.refund : 0n);
    const { used: gasUsed } = settleGas(tx.gasLimit - end.gas, counter, floor, costs);
    this.#addBalance(from, (tx.gasLimit - gasUsed) * price);
    const reward = rules.eip1559 ? price - block.baseFee : price;
    this.#addBalance(machine.ownerOf(this.#coinbase), gasUsed * reward);
    const reason = created === undefined ? undefined : 'create-collision';
    const outcome = executor.outcome(gas, end, reason);
    return new Executed(outcome, gasUsed, created, price, blobGasUsed);
  }

  /** Takes the price of all gas and uses the sender's nonce. */
  #buyGas(from: Owner, wei: bigint): void {
    const { machine, host } = this.executor;
    const { accounts } = host;
    accounts.touch(machine, from);
    accounts.setBalance(machine, from, accounts.balance(machine, from) - wei);
    accounts.set(machine, SPACE.nonce, from, accounts.nonce(machine, from) + 1n);
  }

  #startFrame(
    tx: Transaction,
    from: Owner,
    gas: bigint,
  ): Pick<BegunTransaction, 'end' | 'created'> {
    const { executor } = this;
    const { to, data, value } = tx;
    if (to !== undefined) {
      const end = executor.startCall({ from, to, data, value, gas, isStatic: false });
      return { end, created: undefined };
    }
    const { nonce } = tx;
    const creation = { from, code: data, value, gas, salt: undefined, nonce };
    const { address, end } = executor.startCreate(creation);
    return { end, created: address };
  }
}

/** Most never tell their logs and their output, which are read when they are asked for. */
class Executed implements ExecutedTransaction {
  readonly kind = 'executed';
  readonly outcome: LazyOutcome;
  readonly status: Outcome['status'];
  readonly gasUsed: bigint;
  readonly created: Uint8Array | undefined;
  readonly effectiveGasPrice: bigint;
  readonly blobGasUsed: bigint;

  constructor(
    outcome: LazyOutcome,
    gasUsed: bigint,
    created: Uint8Array | undefined,
    effectiveGasPrice: bigint,
    blobGasUsed: bigint,
  ) {
    this.outcome = outcome;
    this.status = outcome.status;
    this.gasUsed = gasUsed;
    this.created = created;
    this.effectiveGasPrice = effectiveGasPrice;
    this.blobGasUsed = blobGasUsed;
  }

  get logs(): Outcome['logs'] {
    return this.outcome.logs;
  }

  get logBytes(): readonly LogBytes[] {
    return this.outcome.logBytes;
  }

  get output(): Uint8Array {
    return this.outcome.output;
  }
}

/** Wei for a unit of gas: the base fee and as much above it as both limits allow (EIP-1559). */
export function effectiveGasPrice(
  tx: Pick<Transaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'>,
  baseFee: bigint,
): bigint {
  const { maxFeePerGas: most, maxPriorityFeePerGas: priority } = tx;
  const wanted = priority + baseFee;
  if (wanted > most) return most;
  return wanted;
}
