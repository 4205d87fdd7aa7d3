/**
 * What a run tells, as data: `render.ts` makes text of it and `--json` prints it. Amounts of gas
 * and counts are JSON numbers, 256-bit values decimal or hexadecimal text.
 */
import { bytesToHex } from '../base/bytes.ts';
import type { Outcome } from '../chain/types.ts';
import type { DecodedField, DecodedItem, DecodedRevert } from '../languages/abi.ts';
import type { Abi, AbiItem } from '../languages/contract.ts';
import type { StackTrace } from '../node/stack/entry.ts';
import { formatQuantity } from './format.ts';
import type { Timing } from './timing.ts';
import type { TransactionGas } from './transaction-gas.ts';

export interface EventReport {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  /** Undefined where no known event fits. */
  readonly decoded: DecodedItem | undefined;
}

export interface WriteReport {
  readonly address: string;
  readonly slot: bigint;
  readonly before: bigint;
  readonly after: bigint;
  /** The state variable, where the storage layout tells it. */
  readonly variable: string | undefined;
}

/** One deployment or call. */
export interface StepReport {
  readonly kind: 'deploy' | 'call';
  readonly address: string;
  /** Signature of the function; undefined for a call with plain data. */
  readonly signature: string | undefined;
  readonly data: Uint8Array;
  readonly arguments: readonly DecodedField[];
  readonly outcome: Outcome;
  /** Undefined where the output does not decode or no types are known. */
  readonly result: readonly DecodedField[] | undefined;
  readonly revert: DecodedRevert | undefined;
  /** Where it failed, where the compiler told the places of the code. */
  readonly trace: StackTrace | undefined;
  readonly gas: TransactionGas;
  readonly events: readonly EventReport[];
  readonly writes: readonly WriteReport[];
  /** Lines that modules printed by WASI. */
  readonly printed: readonly string[];
  readonly timings: readonly Timing[];
}

export interface RunReport {
  readonly file: string;
  readonly contract: string;
  readonly format: string;
  readonly compiler: string | undefined;
  readonly fork: string;
  readonly from: string;
  readonly address: string;
  readonly deploy: StepReport | undefined;
  readonly call: StepReport | undefined;
}

/** Names the slots of the contract that is called; see `languages/storage-names.ts`. */
export type NameSlot = (address: string, slot: bigint) => string | undefined;

interface StepInput {
  readonly kind: StepReport['kind'];
  readonly address: string;
  readonly item: AbiItem | undefined;
  readonly data: Uint8Array;
  readonly outcome: Outcome;
  readonly gas: TransactionGas;
  readonly timings: readonly Timing[];
  readonly abi: Abi | undefined;
  readonly printed?: readonly string[];
  readonly trace?: StackTrace | undefined;
}

/** Loads the ABI library where there is something to decode, and decodes it. */
export async function reportStep(input: StepInput, nameSlot: NameSlot): Promise<StepReport> {
  const { kind, address, item, data, outcome, gas, timings, abi, trace, printed = [] } = input;
  const reverted = outcome.status === 'revert';
  const needsAbi = item !== undefined || reverted || outcome.logs.length > 0;
  const codec = needsAbi ? await import('../languages/abi.ts') : undefined;
  const outputs = item?.outputs ?? [];
  const succeeded = kind === 'call' && outcome.status === 'success';
  const known = succeeded && (outputs.length > 0 || outcome.output.length === 0);
  return {
    kind,
    address,
    signature: item && kind === 'call' ? codec?.signatureOf(item) : undefined,
    data,
    arguments:
      item && kind === 'call'
        ? (codec?.decodeValues(item.inputs ?? [], data.subarray(4)) ?? [])
        : [],
    outcome,
    result: known && item !== undefined ? codec?.decodeValues(outputs, outcome.output) : undefined,
    revert: reverted ? codec?.decodeRevert(abi, outcome.output) : undefined,
    trace,
    gas,
    events: outcome.logs.map((log) => ({
      address: log.address,
      topics: log.topics,
      data: bytesToHex(log.data),
      decoded: codec?.decodeLog(abi, log),
    })),
    writes: outcome.writes.map((write) => ({
      ...write,
      variable: nameSlot(write.address, write.slot),
    })),
    printed,
    timings,
  };
}

const word = (value: bigint): string => `0x${value.toString(16).padStart(64, '0')}`;

const fieldToJson = ({ name, type, json }: DecodedField) => ({ name, type, value: json });

function itemToJson(item: DecodedItem | undefined) {
  if (item === undefined) return {};
  return { name: item.name, signature: item.signature, fields: item.fields.map(fieldToJson) };
}

function timingToJson({ engine, firstMs, medianMs, runs }: Timing) {
  return { engine, firstMs, medianMs: medianMs ?? null, runs };
}

/** A step as plain JSON values. */
function stepToJson(step: StepReport): object {
  const { outcome, gas, revert } = step;
  return {
    status: outcome.status,
    ...(outcome.reason === undefined ? {} : { reason: outcome.reason }),
    address: step.address,
    ...(step.signature === undefined ? {} : { signature: step.signature }),
    ...(step.kind === 'call'
      ? { arguments: step.arguments.map(fieldToJson), data: bytesToHex(step.data) }
      : {}),
    ...(step.result === undefined ? {} : { result: step.result.map(fieldToJson) }),
    ...(revert === undefined
      ? {}
      : {
          error: {
            text: revert.text,
            ...(revert.fields === undefined ? {} : itemToJson(revert as DecodedItem)),
          },
        }),
    ...(step.trace === undefined ? {} : { trace: step.trace }),
    ...(step.kind === 'call' || outcome.status !== 'success'
      ? { output: bytesToHex(outcome.output) }
      : { codeBytes: outcome.output.length }),
    gas: {
      execution: Number(gas.execution),
      refund: Number(gas.refund),
      intrinsic: Number(gas.intrinsic),
      floor: Number(gas.floor),
      transaction: Number(gas.transaction),
    },
    steps: Number(outcome.steps),
    events: step.events.map(({ address, topics, data, decoded }) => ({
      address,
      ...itemToJson(decoded),
      topics,
      data,
    })),
    writes: step.writes.map(({ address, slot, before, after, variable }) => ({
      address,
      slot: formatQuantity(slot),
      before: word(before),
      after: word(after),
      ...(variable === undefined ? {} : { variable }),
    })),
    ...(step.printed.length === 0 ? {} : { printed: step.printed }),
    time: step.timings.map(timingToJson),
  };
}

/** Whether every step of the run succeeded. */
export function isSuccess(report: RunReport): boolean {
  return [report.deploy, report.call].every(
    (step) => (step?.outcome.status ?? 'success') === 'success',
  );
}

/** The object that `run --json` prints. */
export function runToJson(report: RunReport): object {
  const { deploy, call, compiler, ...rest } = report;
  return {
    ok: isSuccess(report),
    ...rest,
    ...(compiler === undefined ? {} : { compiler }),
    deploy: deploy === undefined ? null : stepToJson(deploy),
    call: call === undefined ? null : stepToJson(call),
  };
}
