/** Traces in Parity's layout: `trace_*`. */
import { bytesToHex } from '../../base/bytes.ts';
import { type FlatCall, flatCallTracer } from '../../chain/tracers/flat.ts';
import type { Prestate, PrestateAccount, PrestateDiff } from '../../chain/tracers/prestate.ts';
import type { TransactionTrace } from '../../chain/tracers/trace.ts';
import { intrinsicGas } from '../../chain/transactions/gas.ts';
import type { Hex } from '../../chain/types.ts';
import type { Json } from '../format/transaction.ts';
import { toQuantity } from '../rpc/types.ts';
import { type TraceTask, traceFrames, traceState } from './trace.ts';
import { traceVm } from './vm-trace.ts';

/** What a replay can be asked for. */
export type ReplayPart = 'trace' | 'stateDiff' | 'vmTrace';

const ZERO_WORD = `0x${'0'.repeat(64)}` as const;

/**
 * The frames of a transaction as one list. As Parity has it the outermost frame has the gas that is
 * left after the transaction's own, and what failed has no result.
 */
export function flatTrace(task: TraceTask): FlatCall[] {
  return flatten(task, traceFrames(task));
}

function flatten({ stepped, tx, place }: TraceTask, trace: TransactionTrace): FlatCall[] {
  const { rules, costs } = stepped.world;
  const gas = tx.gasLimit - intrinsicGas(tx, costs, rules).intrinsic;
  const frame = { ...trace.frame, gas, gasUsed: trace.result.outcome.gasUsed };
  const items = flatCallTracer({ ...trace, frame }, { convertParityErrors: true }, place);
  return items.map((item) => (item.result === undefined ? { ...item, ...NO_RESULT } : item));
}

/** What JSON has for a result that is not there. */
const NO_RESULT = { result: null } as unknown as Pick<FlatCall, 'result'>;

/** A replay's items leave their place out. */
function withoutPlace(item: FlatCall): Json {
  const { blockHash, blockNumber, transactionHash, transactionPosition, ...rest } = item;
  return rest;
}

/** Runs a transaction for the parts that are asked for, once for each. */
export function replay(task: TraceTask, parts: readonly ReplayPart[]): Json {
  const { executor } = task.stepped.world;
  const hasDiff = parts.includes('stateDiff');
  const diff = hasDiff ? (traceState(task, { diffMode: true }) as PrestateDiff) : undefined;
  if (hasDiff) executor.undo();
  const vmTrace = parts.includes('vmTrace') ? traceVm(task) : undefined;
  if (vmTrace !== undefined) executor.undo();
  const trace = traceFrames(task);
  const items = flatten(task, trace);
  return {
    output: bytesToHex(trace.frame.output),
    stateDiff: diff === undefined ? null : stateDiff(diff),
    trace: parts.includes('trace') ? items.map(withoutPlace) : [],
    vmTrace: vmTrace ?? null,
  };
}

/** `=` for what stays, `*` for what changes, `+` and `-` for what comes and goes. */
type Change = '=' | Readonly<Record<string, unknown>>;

function stateDiff({ pre, post }: PrestateDiff): Json {
  const names = [...new Set([...Object.keys(pre), ...Object.keys(post)])].sort() as Hex[];
  return Object.fromEntries(names.map((name) => [name, accountDiff(pre, post, name)]));
}

function accountDiff(pre: Prestate, post: Prestate, name: Hex): Json {
  const before = pre[name];
  const after = post[name];
  if (before === undefined) return wholeAccount(after ?? {}, '+');
  if (after === undefined) return wholeAccount(before, '-');
  const slots = [
    ...new Set([...Object.keys(before.storage ?? {}), ...Object.keys(after.storage ?? {})]),
  ].sort() as Hex[];
  return {
    balance: changeOf(before.balance ?? '0x0', after.balance),
    code: changeOf(before.code ?? '0x', after.code),
    nonce: changeOf(nonceOf(before), after.nonce === undefined ? undefined : nonceOf(after)),
    storage: Object.fromEntries(
      slots.map((slot) => {
        const from = before.storage?.[slot] ?? ZERO_WORD;
        return [slot, { '*': { from, to: after.storage?.[slot] ?? ZERO_WORD } }];
      }),
    ),
  };
}

function nonceOf({ nonce = 0 }: PrestateAccount): Hex {
  return toQuantity(BigInt(nonce));
}

function changeOf(from: Hex, to: Hex | undefined): Change {
  return to === undefined || to === from ? '=' : { '*': { from, to } };
}

function wholeAccount(account: PrestateAccount, sign: '+' | '-'): Json {
  const { balance = '0x0', code = '0x', storage = {} } = account;
  return {
    balance: { [sign]: balance },
    code: { [sign]: code },
    nonce: { [sign]: nonceOf(account) },
    storage: Object.fromEntries(
      Object.entries(storage).map(([slot, value]) => [slot, { [sign]: value }]),
    ),
  };
}
