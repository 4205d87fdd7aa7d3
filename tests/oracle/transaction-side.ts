/** The sides of a differential run of transactions: what they tell, and how it is compared. */
import type { AccountDump, Hex, Log } from '../../src/chain/types.ts';
import { compareAccounts, showField } from '../support/ethereumjs.ts';
import { type TransactionCase, transactionBytes } from './transaction-case.ts';
import { isOrderOfChecks, type Rejected } from './transaction-reasons.ts';

/** What became of a transaction. */
export type TransactionEnding =
  | Rejected
  | {
      readonly kind: 'executed';
      readonly status: 'success' | 'revert' | 'halt';
      readonly gasUsed: bigint;
      /** Wei that the sender paid for gas. */
      readonly fee: bigint;
      readonly blobGasUsed: bigint;
      readonly output: Uint8Array;
      readonly logs: readonly Log[];
      /** 256 bytes. */
      readonly bloom: Uint8Array;
      /** Address of a creation that succeeded. */
      readonly created?: Hex;
      /** What ended it, for people; never compared. */
      readonly detail?: string;
    };

/** What a side tells of one transaction. */
export interface ObservedTransaction {
  readonly ending: TransactionEnding;
  /** The state root after it. */
  readonly root: Hex;
  /** Every account that exists after it, ordered by address. */
  readonly accounts: readonly AccountDump[];
}

export interface TransactionSide {
  /** Runs all transactions of a case, whose signed bytes are given, from its own accounts. */
  run(
    value: TransactionCase,
    transactions: readonly Uint8Array[],
  ): readonly ObservedTransaction[] | Promise<readonly ObservedTransaction[]>;
}

const FIELDS = [
  'status',
  'gasUsed',
  'fee',
  'blobGasUsed',
  'created',
  'output',
  'logs',
  'bloom',
] as const;

/** The fields in which two observations differ, one line each; none when they are equal. */
export function compareTransaction(
  ours: ObservedTransaction,
  theirs: ObservedTransaction,
): string[] {
  const lines = compareEnding(ours.ending, theirs.ending);
  const ourAccounts = new Map(ours.accounts.map((account) => [account.address, account]));
  const theirAccounts = new Map(theirs.accounts.map((account) => [account.address, account]));
  for (const address of [...new Set([...ourAccounts.keys(), ...theirAccounts.keys()])].sort()) {
    lines.push(...compareAccounts(address, ourAccounts.get(address), theirAccounts.get(address)));
  }
  if (ours.root !== theirs.root) lines.push(`root: ours ${ours.root}, theirs ${theirs.root}`);
  return lines;
}

function compareEnding(ours: TransactionEnding, theirs: TransactionEnding): string[] {
  if (ours.kind === 'executed' && theirs.kind === 'executed') {
    return FIELDS.flatMap((field) => {
      const our = showField(ours[field]);
      const their = showField(theirs[field]);
      return our === their ? [] : [`${field}: ours ${our}, theirs ${their}`];
    });
  }
  if (ours.kind === 'rejected' && theirs.kind === 'rejected') {
    if (ours.codes.some((code) => theirs.codes.includes(code))) return [];
    if (isOrderOfChecks(ours, theirs)) return [];
    return [`reason: ours ${describeEnding(ours)}, theirs ${describeEnding(theirs)}`];
  }
  return [`ending: ours ${describeEnding(ours)}, theirs ${describeEnding(theirs)}`];
}

export function describeEnding(ending: TransactionEnding): string {
  const { kind, detail } = ending;
  const what = kind === 'rejected' ? ending.codes.join(' or ') : ending.status;
  return `${kind} (${what}${detail === undefined ? '' : `: ${detail}`})`;
}

export interface TransactionDifference {
  /** The case with the gas limits that showed it. */
  readonly value: TransactionCase;
  /** Which transaction differs. */
  readonly index: number;
  readonly lines: readonly string[];
}

/** What one run of a case came to. */
export interface TransactionComparison {
  readonly observed: readonly ObservedTransaction[];
  readonly difference?: TransactionDifference;
}

/** Runs a case on both sides and compares, up to the first transaction that is not equal. */
export async function compareTransactions(
  ours: TransactionSide,
  theirs: TransactionSide,
  value: TransactionCase,
): Promise<TransactionComparison> {
  const bytes = value.transactions.map(transactionBytes);
  const observed = await theirs.run(value, bytes);
  const our = await ours.run(value, bytes);
  for (const [index, their] of observed.entries()) {
    const mine = our[index];
    if (mine === undefined) throw new Error('BUG: a side left out a transaction');
    const lines = compareTransaction(mine, their);
    if (lines.length > 0) return { observed, difference: { value, index, lines } };
  }
  return { observed };
}
