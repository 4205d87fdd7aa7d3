/**
 * `eth_simulateV1` (execution-apis, as go-ethereum has it): blocks that are not, on top of one that
 * is, with calls, other balances and codes, and precompiles elsewhere.
 *
 * Without validation neither nonces nor fees that are not named are asked for.
 */
import { bytesToHex } from '../../base/bytes.ts';
import { bytesToBigint, maxOf, minOf } from '../../base/u256.ts';
import { type Block, type BlockTransaction, blockTransaction } from '../../chain/blocks/block.ts';
import { sealBlock } from '../../chain/blocks/build.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import { BlockExecution, type BlockInput, blockEnvOf } from '../../chain/blocks/execution.ts';
import { nextBaseFee, nextExcessBlobGas } from '../../chain/blocks/fees.ts';
import { type Header, headerHash } from '../../chain/blocks/header.ts';
import type { Receipt } from '../../chain/blocks/receipts.ts';
import type { BlockRules } from '../../chain/blocks/rules.ts';
import { FrameRecorder, type TracedFrame } from '../../chain/tracers/observer.ts';
import { intrinsicGas } from '../../chain/transactions/gas.ts';
import { type Rejection, reject } from '../../chain/transactions/rejections.ts';
import type { SignedTransaction } from '../../chain/transactions/types.ts';
import type { BlockEnv } from '../../chain/types.ts';
import type { EvmWorld, ExecutedTransaction } from '../../chain/world.ts';
import { blockToJson } from '../format/block.ts';
import { callRejection, SIMULATION_CODES } from '../format/rejection.ts';
import type { Json } from '../format/transaction.ts';
import type { Node } from '../node.ts';
import { RPC_CODE, RpcError, revertError } from '../rpc/errors.ts';
import { type CallRequest, NOBODY, type Simulation, toTransaction } from '../rpc/requests.ts';
import { toQuantity, toWord } from '../rpc/types.ts';
import { applyOverrides } from './overrides.ts';

const BLOCK_COUNT_MAX = 256n;
const NONCE_MAX = (1n << 64n) - 1n;
/** Seconds between blocks. */
const BLOCK_TIME = 12n;
const CODE = {
  number: -38020,
  time: -38021,
  count: -38026,
  gas: -38015,
  halted: -32015,
} as const;

type BlockCalls = Simulation['blockStateCalls'][number];

/** A block that is to be simulated, with its place in the chain. */
interface Planned {
  readonly calls: BlockCalls;
  readonly number: bigint;
  readonly timestamp: bigint;
}

/** Numbers and times for all blocks; empty ones fill gaps. */
function planBlocks(base: Header, blocks: readonly BlockCalls[]): Planned[] {
  const planned: Planned[] = [];
  let { number, timestamp } = base;
  for (const calls of blocks) {
    const { number: wanted = number + 1n, time } = calls.blockOverrides ?? {};
    if (wanted <= number) {
      throw new RpcError(CODE.number, `block numbers must be in order: ${wanted} <= ${number}`);
    }
    if (wanted - base.number > BLOCK_COUNT_MAX) {
      throw new RpcError(CODE.count, 'too many blocks');
    }
    for (let gap = number + 1n; gap < wanted; gap++) {
      timestamp += BLOCK_TIME;
      planned.push({ calls: {}, number: gap, timestamp });
    }
    const own = time ?? timestamp + BLOCK_TIME;
    if (own <= timestamp) {
      throw new RpcError(CODE.time, `block timestamps must be in order: ${own} <= ${timestamp}`);
    }
    number = wanted;
    timestamp = own;
    planned.push({ calls, number, timestamp });
  }
  return planned;
}

export function simulate(node: Node, request: Simulation, base: ChainEntry): Json[] {
  if (request.blockStateCalls.length === 0) {
    throw new RpcError(RPC_CODE.invalidParams, 'empty input');
  }
  if (BigInt(request.blockStateCalls.length) > BLOCK_COUNT_MAX) {
    throw new RpcError(CODE.count, 'too many blocks');
  }
  const planned = planBlocks(base.block.header, request.blockStateCalls);
  // All blocks run by the rules of the first one, for they share a world.
  const rules = node.chain.rulesAfter(base, planned[0] as Planned);
  const simulator = new Simulator(node, request, base, rules);
  return node.chain.withState(base, rules, (world) => {
    try {
      return planned.map((block) => simulator.run(world, block));
    } finally {
      world.executor.host.movedPrecompiles = undefined;
    }
  });
}

/** What came of a call, for the answer. */
interface CallResult extends Record<string, unknown> {
  readonly logs: Json[];
}

class Simulator {
  readonly #node: Node;
  readonly #request: Simulation;
  readonly #hashes = new Map<bigint, Uint8Array>();
  readonly #base: ChainEntry;
  readonly #rules: BlockRules;
  #parent: { readonly header: Header; readonly hash: Uint8Array };
  /** What all calls together may use. */
  #gasLeft: bigint;

  constructor(node: Node, request: Simulation, base: ChainEntry, rules: BlockRules) {
    this.#rules = rules;
    this.#node = node;
    this.#request = request;
    this.#base = base;
    this.#parent = { header: base.block.header, hash: base.hash };
    this.#gasLeft = node.options.callGasMax;
  }

  run(world: EvmWorld, planned: Planned): Json {
    const { stateOverrides, calls = [], blockOverrides = {} } = planned.calls;
    const { chain } = this.#node;
    const rules = this.#rules;
    world.executor.host.movedPrecompiles = undefined;
    world.flush();
    if (stateOverrides !== undefined) applyOverrides(this.#node, world, stateOverrides);
    const input = this.#input(planned, rules);
    const ancestorHash = (number: bigint) => this.#hashOf(number);
    const execution = new BlockExecution(world, input, {
      rules,
      ancestorHash,
      stateRoot: () => this.#node.dev.state.root(),
      keccak256: chain.keccak256,
    });
    execution.start();
    const known = blockEnvOf(input, rules, ancestorHash);
    const env = { ...known, blobBaseFee: blockOverrides.blobBaseFee ?? known.blobBaseFee };
    const run = new CallRun(this.#node, world, execution, env, this.#request);
    const results = calls.map((call) => {
      const result = run.call(call, rules, this.#gasLeft);
      this.#gasLeft -= run.lastGasUsed;
      return result;
    });
    const template = {
      ...(blockOverrides.withdrawals ? { withdrawals: blockOverrides.withdrawals } : {}),
    };
    const { transactions, senders } = run;
    const content = { transactions, senders, template, rules, input };
    const made = sealBlock(execution, { ...content, keccak256: chain.keccak256 });
    return this.#report(made.block, run, results, made.receipts);
  }

  #input({ calls, number, timestamp }: Planned, { rules, ...rest }: BlockRules): BlockInput {
    const { header, hash } = this.#parent;
    const override = calls.blockOverrides ?? {};
    const isPriced = this.#request.validation === true;
    const baseFee = override.baseFeePerGas ?? (isPriced ? nextBaseFee(header) : 0n);
    return {
      parentHash: hash,
      coinbase: override.feeRecipient ?? header.coinbase,
      difficulty: rules.eip3675 ? 0n : (override.difficulty ?? header.difficulty),
      number,
      gasLimit: override.gasLimit ?? header.gasLimit,
      timestamp,
      mixHash: override.prevRandao ?? new Uint8Array(32),
      ...(rules.eip1559 ? { baseFeePerGas: baseFee } : {}),
      ...(rules.eip4844 ? { excessBlobGas: nextExcessBlobGas(header, { rules, ...rest }) } : {}),
      ...(rules.eip4788
        ? { parentBeaconBlockRoot: override.beaconRoot ?? new Uint8Array(32) }
        : {}),
    };
  }

  #hashOf(number: bigint): Uint8Array | undefined {
    return this.#hashes.get(number) ?? this.#node.chain.ancestorHash(number, this.#base);
  }

  #report(
    block: Block,
    run: CallRun,
    results: readonly CallResult[],
    receipts: readonly Receipt[],
  ): Json {
    const { keccak256 } = this.#node.chain;
    const hash = headerHash(block.header, keccak256);
    this.#hashes.set(block.header.number, hash);
    this.#parent = { header: block.header, hash };
    const entry: ChainEntry = {
      ...this.#base,
      hash,
      block,
      parent: this.#base,
      receipts,
      senders: run.senders,
      hashes: run.transactions.map(({ encoded }) => keccak256(encoded)),
      ommerHashes: [],
    };
    for (const { logs } of results) {
      for (const log of logs) Object.assign(log, { blockHash: bytesToHex(hash) });
    }
    const json = blockToJson(entry, this.#request.returnFullTransactions === true);
    const { transactions } = json as { transactions: readonly unknown[] };
    return { ...json, transactions: transactions.map(withoutSignature), calls: results };
  }
}

/** Nobody signed: v, r and s are zero. */
function withoutSignature(transaction: unknown): unknown {
  if (typeof transaction !== 'object') return transaction;
  return { ...transaction, v: '0x0', r: '0x0', s: '0x0' };
}

/** The calls of one block. */
class CallRun {
  readonly transactions: BlockTransaction[] = [];
  readonly senders: Uint8Array[] = [];
  lastGasUsed = 0n;
  readonly #node: Node;
  readonly #world: EvmWorld;
  readonly #execution: BlockExecution;
  readonly #env: BlockEnv;
  readonly #request: Simulation;
  #logCount = 0;

  constructor(
    node: Node,
    world: EvmWorld,
    execution: BlockExecution,
    env: BlockEnv,
    request: Simulation,
  ) {
    this.#node = node;
    this.#world = world;
    this.#execution = execution;
    this.#env = env;
    this.#request = request;
  }

  call(request: CallRequest, rules: BlockRules, gasLeft: bigint): CallResult {
    const world = this.#world;
    const sender = request.from ?? NOBODY;
    const left = this.#env.gasLimit - this.#execution.gasUsed;
    const gas = request.gas ?? left;
    if (gas > left) {
      const used = this.#execution.gasUsed + gas;
      throw new RpcError(CODE.gas, `block gas limit reached: ${used} >= ${this.#env.gasLimit}`);
    }
    const nonce = world.getNonce(sender);
    if (this.#request.validation === true) this.#checkNonce(request.nonce ?? nonce, nonce, sender);
    const own = { ...request, gas: minOf(gas, gasLeft) };
    const defaults = {
      chainId: this.#node.chainId,
      nonce,
      gas,
      maxFeePerGas: 0n,
      maxPriorityFeePerGas: 0n,
      type: 2,
    } as const;
    const plain = toTransaction(own, defaults);
    const tx: SignedTransaction = { ...plain, signature: { r: 0n, s: 0n, yParity: 0 } };
    const item = blockTransaction(tx);
    this.transactions.push(item);
    this.senders.push(sender);
    this.#setBlock(tx);
    const recorder = new FrameRecorder(world.executor.host, world.executor.machine);
    world.executor.host.observer = recorder;
    try {
      const isChecked = this.#request.validation === true;
      const message = isChecked ? tx : { ...tx, nonce };
      const limits = { txGasMax: tx.gasLimit, ...(isChecked ? {} : { gas: tx.gasLimit }) };
      const result = this.#execution.run(message, sender, limits);
      if (result.kind === 'rejected') {
        throw this.#rejected(result.rejection, sender, tx.gasLimit);
      }
      this.lastGasUsed = result.gasUsed;
      const { outermost } = recorder;
      if (outermost === undefined) throw new Error('BUG: a simulated call ran no frame');
      return this.#result(tx, item, result, outermost, rules);
    } finally {
      world.executor.host.observer = undefined;
    }
  }

  /** go-ethereum looks at the nonce before anything else. */
  #checkNonce(found: bigint, expected: bigint, sender: Uint8Array): void {
    const values = { found, expected };
    const gas = this.#node.options.callGasMax;
    if (found < expected) throw this.#rejected(reject('nonce-too-low', values), sender, gas);
    if (found > expected) throw this.#rejected(reject('nonce-too-high', values), sender, gas);
    if (found === NONCE_MAX) throw this.#rejected(reject('nonce-max'), sender, gas);
  }

  #rejected(rejection: Rejection, sender: Uint8Array, gas: bigint): RpcError {
    const code = SIMULATION_CODES[rejection.code] ?? RPC_CODE.internal;
    return callRejection(rejection, sender, gas, code);
  }

  /** A fee that is not named is not asked for, and contracts see the block's nevertheless. */
  #setBlock(tx: SignedTransaction): void {
    const isFree = tx.maxFeePerGas === 0n && tx.maxPriorityFeePerGas === 0n;
    const isBlobFree = tx.maxFeePerBlobGas === 0n;
    const isChecked = this.#request.validation === true;
    const env = this.#env;
    this.#world.setBlock({
      ...env,
      baseFee: isFree && !isChecked ? 0n : env.baseFee,
      blobBaseFee: isBlobFree && !isChecked ? 0n : env.blobBaseFee,
    });
    this.#world.executor.setEnv('BASEFEE', env.baseFee);
    this.#world.executor.setEnv('BLOBBASEFEE', env.blobBaseFee);
  }

  #result(
    tx: SignedTransaction,
    { encoded }: BlockTransaction,
    result: ExecutedTransaction,
    frame: TracedFrame,
    rules: BlockRules,
  ): CallResult {
    const { status, outcome, gasUsed } = result;
    const { intrinsic, floor } = intrinsicGas(tx, rules.costs, rules.rules);
    const spent = intrinsic + outcome.gasUsed;
    const logs = this.#logs(frame, encoded);
    return {
      returnData: status === 'success' ? bytesToHex(result.output) : '0x',
      logs,
      gasUsed: toQuantity(gasUsed),
      maxUsedGas: toQuantity(maxOf(spent, floor)),
      status: status === 'success' ? '0x1' : '0x0',
      ...(status === 'success' ? {} : { error: callError(result, frame) }),
    };
  }

  #logs(frame: TracedFrame, encoded: Uint8Array): Json[] {
    const hash = bytesToHex(this.#node.chain.keccak256(encoded));
    const found: Json[] = [];
    for (const { log, isKept } of listLogs(frame, this.#request.traceTransfers === true)) {
      const logIndex = toQuantity(this.#logCount++);
      if (!isKept) continue;
      found.push({
        ...log,
        blockNumber: toQuantity(this.#env.number),
        transactionHash: hash,
        transactionIndex: toQuantity(this.transactions.length - 1),
        blockTimestamp: toQuantity(this.#env.timestamp),
        logIndex,
        removed: false,
      });
    }
    return found;
  }
}

function callError(result: ExecutedTransaction, { error }: TracedFrame): Json {
  if (result.status !== 'revert') return { message: error ?? 'halted', code: CODE.halted };
  const { message, code, data } = revertError(result.output);
  return { message, code, data };
}

/** Where transfers of ether are logged as if it were a token (ERC-7528). */
const ETHER_ADDRESS = `0x${'ee'.repeat(20)}`;
/** `Transfer(address,address,uint256)`. */
const TRANSFER_TOPIC = '0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef';

interface SimulatedLog {
  readonly log: Json;
  /** False for a transfer that was undone, which has a number nevertheless. */
  readonly isKept: boolean;
}

/** The logs of a frame and those within it, in order. */
function* listLogs(
  frame: TracedFrame,
  hasTransfers: boolean,
  isWithin = true,
): Generator<SimulatedLog> {
  const isKept = isWithin && frame.error === undefined;
  const isTransfer = frame.value !== undefined && frame.value > 0n && frame.type !== 'DELEGATECALL';
  if (hasTransfers && isTransfer) {
    yield { log: transferLog(frame, frame.value as bigint), isKept };
  }
  let next = 0;
  const calls = function* (end: number): Generator<SimulatedLog> {
    while (next < end) yield* listLogs(frame.calls[next++] as TracedFrame, hasTransfers, isKept);
  };
  for (const { address, topics, data, position } of frame.logs) {
    yield* calls(position);
    yield { log: { address, topics, data: bytesToHex(data) }, isKept };
  }
  yield* calls(frame.calls.length);
}

function transferLog({ from, to }: TracedFrame, value: bigint): Json {
  const topics = [TRANSFER_TOPIC, ...[from, to].map((each) => toWord(bytesToBigint(each)))];
  return { address: ETHER_ADDRESS, topics, data: toWord(value) };
}
