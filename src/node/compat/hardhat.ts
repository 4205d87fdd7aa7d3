/**
 * What Hardhat's network does other than anvil, for `compat: 'hardhat'`: a transaction that fails
 * is an error of the request that sent it, errors have Hardhat's words, some answers another form.
 *
 * Facts are those of Hardhat 3.18 (EDR 0.3.8) over HTTP. Everything here is around the methods: a
 * row of the table knows nothing of it.
 */
import { bytesToHex, hexToBytes } from '../../base/bytes.ts';
import { bytesToBigint } from '../../base/u256.ts';
import { revertReason } from '../../chain/tracers/revert-reason.ts';
import type { RejectionCode } from '../../chain/transactions/rejections.ts';
import { traceFrames, traceMined } from '../execution/trace.ts';
import type { Node } from '../node.ts';
import { RPC_CODE, RpcError, serverError } from '../rpc/errors.ts';
import type { Method } from '../rpc/method.ts';
import type { CallRequest } from '../rpc/requests.ts';
import { toQuantity } from '../rpc/types.ts';
import { isRefusal, type Refusal } from '../sending.ts';

// ---- rejections

type Say = (refusal: Refusal['values'], tx: Refusal['transaction']) => string;

const AUTOMINING = "Note that transactions can't be queued when automining.";

const REJECTIONS: Readonly<Partial<Record<RejectionCode, Say>>> = {
  'nonce-too-low': (v) =>
    `Nonce too low. Expected nonce to be ${v.expected} but got ${v.found}. ${AUTOMINING}`,
  'nonce-too-high': (v) =>
    `Nonce too high. Expected nonce to be ${v.expected} but got ${v.found}. ${AUTOMINING}`,
  'insufficient-funds': (v) =>
    `Sender doesn't have enough funds to send tx. The max upfront cost is: ${v.cost} ` +
    `and the sender's balance is: ${v.balance}.`,
  'fee-below-base-fee': (v, { type }) =>
    `Transaction ${type < 2 ? 'gasPrice' : 'maxFeePerGas'} (${v.maximum}) is too low for the ` +
    `next block, which has a baseFeePerGas of ${v.baseFee}`,
  'intrinsic-gas': (v) => `Transaction requires at least ${v.needed} gas but got ${v.gasLimit}`,
  'floor-gas': (v) => `Transaction requires at least ${v.needed} gas but got ${v.gasLimit}`,
  'gas-limit-above-cap': (v) =>
    `Transaction gas limit is ${v.gasLimit} and exceeds transaction gas cap of ${v.limit}`,
  'gas-above-block': (v) =>
    `Transaction gas limit is ${v.gasLimit} and exceeds block gas limit of ${v.available}`,
  'priority-above-max-fee': (v) =>
    `maxPriorityFeePerGas (${v.priority}) is bigger than maxFeePerGas (${v.maximum})`,
  'chain-id-mismatch': (v) =>
    `Invalid chainId ${v.found} provided, expected ${v.expected} instead.`,
};

// ---- failures of runs

const REVERTED = 'VM Exception while processing transaction: ';
const NO_REASON = 'Transaction reverted without a reason string';
const OUT_OF_GAS = 'Transaction ran out of gas';

/** What the panics of Solidity mean, by code. */
const PANICS: ReadonlyMap<bigint, string> = new Map([
  [0x01n, 'Assertion error'],
  [0x11n, 'Arithmetic operation overflowed outside of an unchecked block'],
  [0x12n, 'Division or modulo division by zero'],
  [0x21n, 'Tried to convert a value into an enum, but the value was too big or negative'],
  [0x22n, 'Incorrectly encoded storage byte array'],
  [0x31n, '.pop() was called on an empty array'],
  [0x32n, 'Array accessed at an out-of-bounds or negative index'],
  [0x41n, 'Too much memory was allocated, or an array was created that is too large'],
  [0x51n, 'Called a zero-initialized variable of internal function type'],
]);

const PANIC_SELECTOR = '0x4e487b71';
const PANIC_BYTES = 36;

function revertText(data: Uint8Array): string {
  if (data.length === 0) return NO_REASON;
  const selector = bytesToHex(data.subarray(0, 4));
  if (selector === PANIC_SELECTOR && data.length >= PANIC_BYTES) {
    const code = bytesToBigint(data.subarray(4, PANIC_BYTES));
    const meaning = PANICS.get(code);
    const hex = toQuantity(code);
    if (meaning === undefined) return `${REVERTED}reverted with unknown panic code ${hex}`;
    return `${REVERTED}reverted with panic code ${hex} (${meaning})`;
  }
  const reason = revertReason(data);
  if (reason !== undefined) return `${REVERTED}reverted with reason string '${reason}'`;
  const shown = `(return data: ${bytesToHex(data)})`;
  return `${REVERTED}reverted with an unrecognized custom error ${shown}`;
}

/** What go-ethereum says of a run that halted, but for those that are told apart. */
const HALTED =
  /^(stack |invalid jump|return data out|write protection|max c|nonce uint64|contract address c|invalid code)/;

/** The error of a run that failed, by go-ethereum's text and what it returned; else undefined. */
function runError(text: string, data: Uint8Array, hash?: Uint8Array): RpcError | undefined {
  if (/^execution reverted/.test(text)) {
    return new RpcError(RPC_CODE.reverted, revertText(data), bytesToHex(data));
  }
  if (/^(gas required exceeds|.*out of gas$)/.test(text)) {
    const txHash = hash === undefined ? {} : { txHash: bytesToHex(hash) };
    return new RpcError(RPC_CODE.server, OUT_OF_GAS, {
      message: OUT_OF_GAS,
      ...txHash,
      data: '0x',
    });
  }
  if (/^invalid opcode/.test(text)) {
    return new RpcError(RPC_CODE.reverted, `${REVERTED}invalid opcode`, '0x');
  }
  return HALTED.test(text) ? new RpcError(RPC_CODE.reverted, NO_REASON, '0x') : undefined;
}

/** The error of a mined transaction that failed. */
function failureOf(node: Node, hash: Uint8Array): RpcError | undefined {
  const place = node.findMined(hash);
  if (place === undefined || place.entry.receipts[place.index]?.result !== false) return;
  return traceMined(node, hash, (task) => {
    const { error = 'execution reverted', output } = traceFrames(task).frame;
    return runError(error, output, hash);
  });
}

// ---- requests

const SENDING = new Set([
  'eth_sendTransaction',
  'eth_sendRawTransaction',
  'eth_sendUnsignedTransaction',
]);

type Args = readonly unknown[];
type Check = (node: Node, args: Args) => string | undefined;

/** What is refused before it runs. */
const CHECKS: Readonly<Record<string, Check>> = {
  eth_sendTransaction: (_node, [request]) => {
    const { to, data } = request as CallRequest;
    const isEmpty = to === undefined && (data === undefined || data.length === 0);
    return isEmpty ? 'Contract creation without any data provided' : undefined;
  },
  hardhat_setMinGasPrice: (node) =>
    node.dev.nextRules.rules.eip1559
      ? 'hardhat_setMinGasPrice is not supported when EIP-1559 is active'
      : undefined,
  hardhat_setNonce: (node, [address, nonce]) => {
    if (node.dev.pool.size > 0) {
      return 'Cannot set account nonce when the transaction pool is not empty';
    }
    const own = node.dev.nonceOf(address as Uint8Array);
    if ((nonce as bigint) >= own) return undefined;
    return `New nonce (${nonce}) must not be smaller than the existing nonce (${own})`;
  },
  evm_setBlockGasLimit: (_node, [limit]) =>
    limit === 0n ? 'Block gas limit must be greater than 0' : undefined,
};

type Answer = (result: unknown, node: Node, args: Args) => unknown;

/** Answers that have another form. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  evm_mine: () => '0',
  evm_increaseTime: (_result, node) => node.dev.clock.state.offset.toString(),
  evm_setNextBlockTimestamp: (_result, _node, [seconds]) => String(seconds),
  evm_setAutomine: () => true,
  evm_setIntervalMining: () => true,
  hardhat_dropTransaction: (result) => result !== null,
};

/** Errors in place of which there is an answer. */
const INSTEAD: Readonly<Record<string, (message: string) => unknown>> = {
  eth_getFilterChanges: (message) => (message === 'filter not found' ? null : undefined),
  eth_getFilterLogs: (message) => (message === 'filter not found' ? null : undefined),
  eth_getLogs: (message) => (message === 'invalid block range params' ? [] : undefined),
};

/** Runs a method as Hardhat does. */
export async function runAsHardhat(
  node: Node,
  method: Method,
  args: Args,
  run: () => unknown,
): Promise<unknown> {
  const { name } = method;
  try {
    const problem = CHECKS[name]?.(node, args);
    if (problem !== undefined) throw serverError(problem);
    const result = await run();
    if (SENDING.has(name) && node.dev.isAutomining) {
      const failure = await node.attempt(() => failureOf(node, hexToBytes(String(result))));
      if (failure !== undefined) throw failure;
    }
    const answer = ANSWERS[name];
    if (answer !== undefined) return answer(result, node, args);
    return name.startsWith('hardhat_') && result === null ? true : result;
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    const instead = INSTEAD[name]?.(error.message);
    if (instead !== undefined) return instead;
    throw toHardhatError(error, node, method, args);
  }
}

/** An error in Hardhat's words, where it has some. */
function toHardhatError(error: RpcError, node: Node, method: Method, args: Args): RpcError {
  const { code, message, data, cause } = error;
  if (isRefusal(cause)) {
    const text = REJECTIONS[cause.code]?.(cause.values, cause.transaction);
    const isParams = cause.code === 'chain-id-mismatch';
    if (text !== undefined) return told(isParams ? RPC_CODE.invalidParams : code, text);
  }
  const bytes = code === RPC_CODE.reverted ? hexToBytes(String(data ?? '0x')) : new Uint8Array(0);
  const failure = data === undefined || typeof data === 'string' ? runError(message, bytes) : error;
  if (failure !== undefined) return failure;
  if (data !== undefined) return error;
  return told(...inWords(error, node, method, args));
}

/** Hardhat repeats the message in the data. */
function told(code: number, message: string): RpcError {
  return new RpcError(code, message, { message });
}

function inWords(
  { code, message }: RpcError,
  node: Node,
  { params }: Method,
  args: Args,
): [code: number, message: string] {
  const account = /^unknown account (0x\w+)$/.exec(message);
  if (account !== null) return [RPC_CODE.server, `Unknown account ${account[1]}`];
  const time = /^Timestamp error: (\d+) is lower than or equal to .* \((\d+)\)$/.exec(message);
  if (time !== null) {
    const [, asked, last] = time;
    const text = `Timestamp ${asked} is lower than the previous block's timestamp ${last}`;
    return [RPC_CODE.server, text];
  }
  if (message !== 'header not found') return [code, message];
  const id = args[params.findIndex(({ name }) => name === 'block')];
  const isHash = typeof id === 'object' && id !== null && 'hash' in id;
  const shown = isHash ? bytesToHex(id.hash as Uint8Array) : String(id);
  const head = node.head.block.header.number;
  return [code, `Received invalid block tag ${shown}. Latest block number is ${head}`];
}

/** The error of a method that does not exist. */
export function notSupported(name: string): RpcError {
  return told(RPC_CODE.methodNotSupported, `Method ${name} is not supported`);
}
