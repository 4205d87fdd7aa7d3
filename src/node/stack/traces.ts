/** Why runs fail and where, by the sources of the contracts that a node knows. */
import type { StepWorld } from '../../chain/tracers/steps.ts';
import type { Transaction } from '../../chain/transactions/types.ts';
import type { BlockLimits } from '../../chain/world.ts';
import { decodeValues } from '../../languages/abi.ts';
import { type DebugInfo, SourceFile } from '../../languages/debug/info.ts';
import { hasMap, objectOf, readOutput } from '../../languages/debug/output.ts';
import { formatStackTrace, type StackTrace } from './entry.ts';
import { calledItem, explainFailure } from './explain.ts';
import { recordFailure } from './recorder.ts';

/** What a node asks about its contracts. */
export interface StackTraces {
  /**
   * Adds the contracts of a standard output of solc.
   *
   * @param input - The standard input that it came of, with the texts of the sources.
   * @returns how many of them have a source map
   */
  add(input: unknown, output: unknown): number;
  /** Runs a transaction, whose changes stay, and tells how it failed; undefined: it did not. */
  explain(
    stepped: StepWorld,
    tx: Transaction,
    sender: Uint8Array,
    limits: BlockLimits,
  ): StackTrace | undefined;
  format(trace: StackTrace): string;
  /** `Token.transfer(0x…, 5)`, by the code that is called or the init code. */
  describeCall(code: Uint8Array, input: Uint8Array, isCreation: boolean): string | undefined;
}

/** @param info - Of all contracts, as `readArtifacts` has it of a folder. */
export function createStackTraces(info: DebugInfo): StackTraces {
  return {
    add(input, output) {
      const read = readOutput(objectOf(output), objectOf(input), (path, text) => {
        return typeof text === 'string' ? new SourceFile(path, text) : undefined;
      });
      const contracts = read.filter(hasMap);
      info.add(contracts);
      return contracts.length;
    },
    explain(stepped, tx, sender, limits) {
      const failure = recordFailure(stepped, tx, sender, limits, info);
      return failure && explainFailure(failure, info);
    },
    format: formatStackTrace,
    describeCall(code, input, isCreation) {
      const found = isCreation ? info.findInit(input) : info.findRuntime(code);
      if (found === undefined) return undefined;
      const { name, abi, init } = found.contract;
      const item = isCreation
        ? abi.find(({ type }) => type === 'constructor')
        : calledItem(abi, input);
      const called = isCreation ? 'constructor' : item?.name;
      if (called === undefined) return `${name} (no function of it)`;
      const start = isCreation ? (init?.bytes.length ?? 0) : 4;
      const fields = decodeValues(item?.inputs ?? [], input.subarray(start));
      const list = fields?.map(({ text }) => text).join(', ') ?? '…';
      return `${name}.${called}(${list})`;
    },
  };
}
