/**
 * Cases as `tests/regressions/` keeps them: messages that run one after another on one machine
 * under a fork, or a chain of transactions.
 */
import { type Fork, parseFork } from '../../src/vms/evm/forks.ts';
import { OracleLimitError } from '../support/ethereumjs.ts';
import { type Case, caseToJson, jsonToCase } from './case.ts';
import { createSides } from './fuzz-evm.ts';
import { compareSides } from './side.ts';
import {
  jsonToTransactionCase,
  type TransactionCase,
  transactionCaseToJson,
} from './transaction-case.ts';
import { MachineTransactions } from './transaction-machine.ts';
import { OracleTransactions } from './transaction-oracle.ts';
import { compareTransactions } from './transaction-side.ts';

export type KeptCase =
  | {
      readonly kind: 'frames';
      /** The newest unless told. */
      readonly fork: Fork | undefined;
      /** Of which the last differs once the others ran. */
      readonly values: readonly Case[];
    }
  | { readonly kind: 'transactions'; readonly value: TransactionCase };

/** @throws SyntaxError, Error for a text that holds no case */
export function parseKeptCase(text: string): KeptCase {
  const json = JSON.parse(text) as { fork?: string; values?: unknown[] };
  if (json.values === undefined)
    return { kind: 'transactions', value: jsonToTransactionCase(json) };
  const fork = json.fork === undefined ? undefined : parseFork(json.fork);
  return { kind: 'frames', fork, values: json.values.map(jsonToCase) };
}

export function keptCaseToJson(kept: KeptCase): unknown {
  if (kept.kind === 'transactions') return transactionCaseToJson(kept.value);
  const { fork, values } = kept;
  return { ...(fork === undefined ? {} : { fork }), values: values.map(caseToJson) };
}

/** What differs on new sides, one line each; nothing where they are equal. */
export async function differencesOf(kept: KeptCase): Promise<readonly string[]> {
  try {
    return kept.kind === 'frames' ? await frameLines(kept) : await transactionLines(kept.value);
  } catch (error) {
    if (error instanceof OracleLimitError) return [];
    return [`threw: ${error instanceof Error ? error.stack : String(error)}`];
  }
}

async function frameLines({
  fork,
  values,
}: Extract<KeptCase, { kind: 'frames' }>): Promise<readonly string[]> {
  const { ours, theirs } = await createSides(fork);
  for (const value of values) {
    const { difference } = await compareSides(ours, theirs, value);
    if (difference !== undefined) return difference.lines;
  }
  return [];
}

async function transactionLines(value: TransactionCase): Promise<readonly string[]> {
  const sides = [new MachineTransactions(), new OracleTransactions()] as const;
  const { difference } = await compareTransactions(...sides, value);
  return difference?.lines ?? [];
}
