/** The least gas that a transaction succeeds with, in the steps of go-ethereum's search. */
import { intrinsicGas } from '../../chain/transactions/gas.ts';
import type { EvmWorld, ExecutedTransaction } from '../../chain/world.ts';
import { haltText } from '../format/halt.ts';
import { callRejection } from '../format/rejection.ts';
import type { Node } from '../node.ts';
import { executionError, serverError } from '../rpc/errors.ts';
import { type CallRequest, NOBODY } from '../rpc/requests.ts';
import { type CallContext, type Message, toMessage, withCall } from './call.ts';

/** The search ends where both ends are as near as this (`estimateGasErrorRatio`). */
const ERROR_PER_MILLE = 15n;
const CALL_STIPEND = 2300n;
const TRANSFER_GAS = 21_000n;

export function estimateGas(node: Node, request: CallRequest, context: CallContext): bigint {
  const sender = request.from ?? NOBODY;
  const most = highestGas(node, request, context, sender);
  const run = (gas: bigint): ExecutedTransaction | undefined =>
    runWith(node, request, context, sender, gas);
  if (isTransfer(node, request, context)) {
    const plain = run(TRANSFER_GAS);
    if (plain?.status === 'success') return TRANSFER_GAS;
  }
  const first = run(most);
  if (first === undefined) throw notEnough(most);
  if (first.status !== 'success') {
    const isShort = first.outcome.reason === 'out-of-gas';
    if (isShort) throw notEnough(most);
    throw executionError(first, haltText(first.outcome.reason));
  }
  return search(
    first,
    most,
    (gas) => run(gas)?.status === 'success',
    peakGas(node, first, request),
  );
}

function notEnough(gas: bigint): Error {
  return serverError(`gas required exceeds allowance (${gas})`);
}

function search(
  first: ExecutedTransaction,
  most: bigint,
  succeeds: (gas: bigint) => boolean,
  peak: bigint,
): bigint {
  let low = first.gasUsed - 1n;
  let high = most;
  const guess = ((peak + CALL_STIPEND) * 64n) / 63n;
  if (guess < high) {
    if (succeeds(guess)) high = guess;
    else low = guess;
  }
  while (low + 1n < high) {
    if ((high - low) * 1000n < high * ERROR_PER_MILLE) break;
    let middle = (high + low) / 2n;
    // Most transactions need little: the search leans to the low end.
    if (middle > low * 2n) middle = low * 2n;
    if (succeeds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Gas before refunds. */
function peakGas(
  node: Node,
  { outcome, gasUsed }: ExecutedTransaction,
  request: CallRequest,
): bigint {
  const { tx } = toMessage(node, request, 0n);
  const { costs, rules } = node.dev.nextRules;
  const { intrinsic } = intrinsicGas(tx, costs, rules);
  const peak = intrinsic + outcome.gasUsed;
  return peak > gasUsed ? peak : gasUsed;
}

function isTransfer(node: Node, request: CallRequest, { entry }: CallContext): boolean {
  const { to, data, input } = request;
  if (to === undefined || (input ?? data ?? NOBODY.subarray(20)).length > 0) return false;
  const code = node.dev.read(entry, (view) => view.getCode(to)) as Uint8Array;
  return code.length === 0;
}

/** What the request, the block, the sender's balance and the node allow. */
function highestGas(
  node: Node,
  request: CallRequest,
  { entry, state, block }: CallContext,
  sender: Uint8Array,
): bigint {
  const { costs } = node.rulesOf(entry);
  let most = request.gas ?? 0n;
  if (most < TRANSFER_GAS) most = block?.gasLimit ?? entry.block.header.gasLimit;
  const price = request.maxFeePerGas ?? request.gasPrice ?? 0n;
  if (price > 0n && state === undefined) {
    const balance = node.dev.read(entry, (view) => view.getBalance(sender)) as bigint;
    const value = request.value ?? 0n;
    if (value > balance) throw serverError('insufficient funds for transfer');
    const allowance = (balance - value) / price;
    if (allowance < most) most = allowance;
  }
  if (most > node.options.callGasMax) most = node.options.callGasMax;
  return most > costs.txGasMax ? costs.txGasMax : most;
}

/** Undefined where the gas does not even pay for the transaction itself. */
function runWith(
  node: Node,
  request: CallRequest,
  context: CallContext,
  sender: Uint8Array,
  gas: bigint,
): ExecutedTransaction | undefined {
  const find = (world: EvmWorld): Message => {
    const { tx } = toMessage(node, request, world.getNonce(sender));
    return { tx: { ...tx, gasLimit: gas }, sender };
  };
  return withCall(node, context, find, (world, { tx }, limits) => {
    const result = world.apply(tx, sender, limits);
    if (result.kind === 'executed') {
      // The output is read before another run takes its place.
      void result.output;
      return result;
    }
    const { code } = result.rejection;
    if (code === 'intrinsic-gas' || code === 'floor-gas') return undefined;
    throw callRejection(result.rejection, sender, gas);
  });
}
