/**
 * Runner of the official transaction tests: the bytes of one transaction, and what each fork makes
 * of them, either its hash, sender and intrinsic gas, or an exception.
 *
 * Clients report the names of exceptions by the order of their checks, so that only whether there
 * is one is compared, as all clients do here.
 */
import { bytesToHex, hexToBytes } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { decodeTransaction } from '../chain/transactions/codec.ts';
import { intrinsicGas } from '../chain/transactions/gas.ts';
import { transactionHash } from '../chain/transactions/hashing.ts';
import { checkSignature, recoverSender } from '../chain/transactions/sender.ts';
import { checkTransaction } from '../chain/transactions/validate.ts';
import { type Fork, forkRules, parseFork } from '../vms/evm/forks.ts';
import { costsOf, NO_LIMIT } from '../vms/evm/gas.ts';
import { isRecord } from './formats.ts';
import { type CaseResult, FormatError, type Runner } from './types.ts';

/** What the tests are for: the main net. */
const CHAIN_ID = 1n;

/** A valid transaction's values by their names in the tests, or why it is none. */
type Verdict =
  | { readonly isValid: true; readonly values: Readonly<Record<string, string>> }
  | { readonly isValid: false; readonly reason: string };

type Difference = Pick<CaseResult, 'field' | 'expected' | 'got' | 'reason'>;

/** One case for each fork of the test's `result`. */
export const runTransactionTest: Runner = function* (path, name, test, options) {
  if (!isRecord(test) || typeof test.txbytes !== 'string')
    throw new FormatError('txbytes is missing');
  if (!isRecord(test.result)) throw new FormatError('result is missing');
  for (const [label, expected] of Object.entries(test.result)) {
    if (!isRecord(expected)) throw new FormatError(`result.${label} is no object`);
    if (!options.isWanted(path, name, label)) continue;
    const fork = parseFork(label);
    const difference =
      fork === undefined
        ? { field: 'fork', reason: `there are no rules for ${label}` }
        : compare(expected, judge(test.txbytes, fork));
    const outcome = difference === undefined ? 'passed' : 'failed';
    yield { name, fork: label, outcome, ...difference };
  }
};

function judge(text: string, fork: Fork): Verdict {
  const rules = forkRules(fork);
  const costs = costsOf(fork);
  try {
    const tx = decodeTransaction(hexToBytes(text, 'txbytes'));
    const rejection =
      checkSignature(tx, rules) ??
      checkTransaction(tx, {
        rules,
        costs,
        chainId: CHAIN_ID,
        baseFee: 0n,
        blobBaseFee: 0n,
        gas: NO_LIMIT,
        blobGas: NO_LIMIT,
      });
    if (rejection !== undefined) return { isValid: false, reason: rejection.message };
    const sender = recoverSender(tx);
    if (sender === undefined) return { isValid: false, reason: 'no key made the signature' };
    const { intrinsic } = intrinsicGas(tx, costs, rules);
    const values = {
      hash: bytesToHex(transactionHash(tx)),
      sender: bytesToHex(sender),
      intrinsicGas: intrinsic.toString(),
    };
    return { isValid: true, values };
  } catch (error) {
    if (error instanceof LockstepError) return { isValid: false, reason: error.message };
    throw error;
  }
}

function compare(
  expected: Readonly<Record<string, unknown>>,
  verdict: Verdict,
): Difference | undefined {
  const { exception } = expected;
  if (!verdict.isValid) {
    if (exception !== undefined) return undefined;
    return { field: 'exception', expected: 'none', got: 'one', reason: verdict.reason };
  }
  if (exception !== undefined) {
    return { field: 'exception', expected: String(exception), got: 'none' };
  }
  for (const [field, got] of Object.entries(verdict.values)) {
    const wanted = normalize(field, expected[field]);
    if (wanted !== got) return { field, expected: wanted, got };
  }
  return undefined;
}

/** Tests write numbers in hexadecimal with zeros in front, and hashes in either case. */
function normalize(field: string, value: unknown): string {
  if (typeof value !== 'string') throw new FormatError(`${field} is missing`);
  return field === 'intrinsicGas' ? BigInt(value).toString() : value.toLowerCase();
}
