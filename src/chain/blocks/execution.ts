/**
 * What a block does to the state, one step after another: its start, each transaction, its end
 * (Yellow Paper, section 11; EIP-4788, 2935, 4895, 6110, 7002, 7251; EIP-779 for the DAO).
 *
 * Nothing here compares with a header's results, so that who checks a block, who builds one, and
 * the transition tool all run the same steps.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ByteArena } from '../../base/arena.ts';
import { bytesToHex, hexToBytes, type Keccak256 } from '../../base/bytes.ts';
import { bytesToBigint } from '../../base/u256.ts';
import { type Rejection, reject } from '../transactions/rejections.ts';
import { checkSignature, recoverSender } from '../transactions/sender.ts';
import type { SignedTransaction, Transaction } from '../transactions/types.ts';
import type { BlockEnv } from '../types.ts';
import type { BlockLimits, EvmWorld, TransactionResult } from '../world.ts';
import type { Withdrawal } from './block.ts';
import { DAO_ACCOUNTS, DAO_REFUND_CONTRACT } from './dao-accounts.ts';
import { blobBaseFee, blobGasLimit } from './fees.ts';
import type { Header } from './header.ts';
import { blockRewards } from './ommers.ts';
import { BLOOM_BYTES, EncodedReceipt, isInBloom, mergeBloom, type Receipt } from './receipts.ts';
import { type BlockRejection, isBlockRejection, rejectBlock } from './rejections.ts';
import { DEPOSIT_CONTRACT, depositsOfLogs, REQUEST_TYPES, type Requests } from './requests.ts';
import type { BlockRules } from './rules.ts';
import { END_CALLS, QUEUE_SLOTS, START_CALLS } from './system-contracts.ts';

const NO_BYTES = new Uint8Array(0);
/** A buffer of its own takes a microsecond to make, which is much beside a small block. */
const BLOOMS = new ByteArena();

/** Wei of a gwei, the unit of withdrawals. */
const GWEI = 1_000_000_000n;

/** The fields of a header that decide how its block runs. */
export type BlockInput = Pick<
  Header,
  | 'parentHash'
  | 'coinbase'
  | 'difficulty'
  | 'number'
  | 'gasLimit'
  | 'timestamp'
  | 'mixHash'
  | 'baseFeePerGas'
  | 'excessBlobGas'
  | 'parentBeaconBlockRoot'
>;

/** What contracts learn of a block. */
export function blockEnvOf(
  input: Omit<BlockInput, 'parentHash' | 'parentBeaconBlockRoot'>,
  { rules, costs }: BlockRules,
  blockHash: BlockEnv['blockHash'],
): BlockEnv {
  const { number, timestamp, gasLimit, coinbase, difficulty, mixHash } = input;
  const { baseFeePerGas = 0n, excessBlobGas = 0n } = input;
  return {
    number,
    timestamp,
    gasLimit,
    coinbase,
    prevRandao: rules.eip4399 ? bytesToBigint(mixHash) : difficulty,
    baseFee: baseFeePerGas,
    blobBaseFee: rules.eip4844 ? blobBaseFee(excessBlobGas, costs) : 0n,
    blockHash,
  };
}

/** What the run of a block needs of the chain. */
export interface ExecutionContext {
  /** Of the block's fork; the world is one of the same fork. */
  readonly rules: BlockRules;
  /** Hash of an ancestor, or undefined where it is not known. */
  readonly ancestorHash: (number: bigint) => Uint8Array | undefined;
  /** What contracts learn of the block; it follows from the input unless told. */
  readonly env?: BlockEnv | undefined;
  /** Root of the state in the world's backend, which is up to date when it is called. */
  readonly stateRoot: () => Uint8Array;
  /** Block of the irregular state change, where the chain has one. */
  readonly daoBlock?: bigint | undefined;
  /** 20 bytes; that of the main net unless told. */
  readonly depositContract?: Uint8Array | undefined;
  readonly keccak256?: Keccak256 | undefined;
  /** The same for addresses and topics, which come again block after block. */
  readonly bloomHash?: Keccak256 | undefined;
}

/** The run of one block on a world, from `start` over `run` for each transaction to `end`. */
export class BlockExecution {
  readonly receipts: Receipt[] = [];
  /** Of all receipts. */
  readonly bloom: Uint8Array = BLOOMS.zeros(BLOOM_BYTES);
  readonly #world: EvmWorld;
  readonly #input: BlockInput;
  readonly #context: ExecutionContext;
  readonly #bloomHash: Keccak256;
  #gasUsed = 0n;
  #blobGasUsed = 0n;

  constructor(world: EvmWorld, input: BlockInput, context: ExecutionContext) {
    this.#world = world;
    this.#input = input;
    this.#context = context;
    this.#bloomHash = context.bloomHash ?? context.keccak256 ?? keccak_256;
  }

  get gasUsed(): bigint {
    return this.#gasUsed;
  }

  get blobGasUsed(): bigint {
    return this.#blobGasUsed;
  }

  /** Begins the block: its environment, the DAO's state change, the system calls at the start. */
  start(): void {
    const { rules, ancestorHash, env, daoBlock } = this.#context;
    this.#world.setBlock(env ?? blockEnvOf(this.#input, rules, ancestorHash));
    if (this.#input.number === daoBlock) moveDaoBalances(this.#world);
    for (const { eip, address, input, codeHash, writes } of START_CALLS) {
      if (!rules.rules[eip]) continue;
      const hash = this.#world.codeHash(address);
      if (this.#isKnown(hash, codeHash)) this.#world.setSlots(address, writes(this.#input));
      else if (hash !== 0n) this.#world.systemCall(address, input(this.#input));
    }
  }

  /** Whether a system contract has the code of its EIP, and runs as at the fork itself. */
  #isKnown(hash: bigint, codeHash: bigint): boolean {
    return hash === codeHash && this.#context.rules.runsAsFork;
  }

  /**
   * Runs a transaction within what the block has left; a rejected one changes nothing.
   *
   * @param limits - In place of that.
   */
  run(
    transaction: Transaction,
    sender: Uint8Array,
    limits: Partial<BlockLimits> = {},
  ): TransactionResult {
    const { rules, costs } = this.#context.rules;
    const result = this.#world.apply(transaction, sender, {
      gas: this.#input.gasLimit - this.#gasUsed,
      blobGas: blobGasLimit(costs) - this.#blobGasUsed,
      ...limits,
    });
    if (result.kind === 'rejected') return result;
    this.#gasUsed += result.gasUsed;
    this.#blobGasUsed += result.blobGasUsed;
    const cumulativeGasUsed = this.#gasUsed;
    const { type } = transaction;
    const { executor } = this.#world;
    const what = rules.eip658 ? result.status === 'success' : this.#stateRoot();
    const encoded = executor.receiptOf(type, what, cumulativeGasUsed);
    const receipt = new EncodedReceipt({ type, result: what, cumulativeGasUsed }, encoded);
    mergeBloom(this.bloom, receipt.logsBloom);
    this.receipts.push(receipt);
    return result;
  }

  #stateRoot(): Uint8Array {
    this.#world.flush();
    return this.#context.stateRoot();
  }

  /**
   * Ends the block: rewards, withdrawals, requests; then the backend is up to date.
   *
   * @returns the requests, none before EIP-7685, or why they cannot be made
   */
  end(
    ommers: readonly Pick<Header, 'coinbase' | 'number'>[],
    withdrawals: readonly Withdrawal[] = [],
  ): readonly Requests[] | BlockRejection {
    const world = this.#world;
    for (const { address, wei } of blockRewards(this.#input, ommers, this.#context.rules.reward)) {
      world.credit(address, wei);
    }
    for (const { address, amount } of withdrawals) world.credit(address, amount * GWEI);
    const requests = this.#requests();
    world.flush();
    return requests;
  }

  #requests(): readonly Requests[] | BlockRejection {
    const { rules } = this.#context.rules;
    const requests: Requests[] = [];
    if (rules.eip6110) {
      const data = this.#deposits();
      if (isBlockRejection(data)) return data;
      requests.push({ type: REQUEST_TYPES.deposit, data });
    }
    for (const { eip, address, type, codeHash } of END_CALLS) {
      if (!rules[eip]) continue;
      const hash = this.#world.codeHash(address);
      if (this.#isKnown(hash, codeHash) && this.#world.areSlotsZero(address, QUEUE_SLOTS)) {
        requests.push({ type, data: NO_BYTES });
        continue;
      }
      const where = () => ({ address: bytesToHex(address), eip: `EIP-${eip.slice(3)}` });
      if (hash === 0n) return rejectBlock('system-contract-empty', where());
      const { status, output } = this.#world.systemCall(address, NO_BYTES);
      if (status !== 'success') return rejectBlock('system-call-failed', where());
      requests.push({ type, data: output });
    }
    return requests;
  }

  #deposits(): Uint8Array | BlockRejection {
    const { depositContract = DEPOSIT_CONTRACT } = this.#context;
    // The logs of most blocks are not decoded for it.
    if (!isInBloom(this.bloom, this.#bloomHash(depositContract))) return NO_BYTES;
    const logs = this.receipts.flatMap((receipt) => receipt.logs);
    return depositsOfLogs(logs, depositContract);
  }

  /** Root of the state after `end`. */
  stateRoot(): Uint8Array {
    return this.#context.stateRoot();
  }
}

/** Accounts that did not exist do so afterwards, as those that every client touched. */
function moveDaoBalances(world: EvmWorld): void {
  const refund = hexToBytes(DAO_REFUND_CONTRACT);
  for (const text of DAO_ACCOUNTS) {
    const address = hexToBytes(text);
    const balance = world.getBalance(address);
    world.credit(address, 0n);
    world.setBalance(address, 0n);
    world.credit(refund, balance);
  }
}

/**
 * Who sent a transaction, 20 bytes, or why its signature is not valid under the rules.
 *
 * @param encoded - The bytes of the transaction, where they are at hand.
 */
export function senderOf(
  transaction: SignedTransaction,
  { rules }: BlockRules,
  keccak256: Keccak256 = keccak_256,
  encoded?: Uint8Array,
): Uint8Array | Rejection {
  const rejection = checkSignature(transaction, rules);
  if (rejection !== undefined) return rejection;
  const sender = recoverSender(transaction, keccak256, encoded);
  return sender ?? reject('signature-invalid', { problem: 'no key made it' });
}
