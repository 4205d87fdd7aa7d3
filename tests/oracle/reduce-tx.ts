/**
 * Makes a failing case of transactions small: whole transactions, accounts, slots, instructions,
 * then the fields of each transaction and of the block, as long as the case still fails.
 */
import type { CaseAccount } from './case.ts';
import { type Fails, type Reduction, reduceCode, removeGroups, tryValue } from './reduce.ts';
import {
  type CaseTransaction,
  type TransactionCase,
  transactionCaseSize,
} from './transaction-case.ts';

type State = Reduction<TransactionCase>;

/** The case without a transaction; later ones of its signer move up by a nonce, or keep theirs. */
function withoutTransaction(value: TransactionCase, at: number, isMoved: boolean): TransactionCase {
  const gone = value.transactions[at];
  const transactions = value.transactions.flatMap((tx, index) => {
    if (index === at) return [];
    const isLater = index > at && tx.signer === gone?.signer && tx.nonce > 0n;
    return [isMoved && isLater ? { ...tx, nonce: tx.nonce - 1n } : tx];
  });
  return { ...value, transactions };
}

async function reduceChain(state: State): Promise<void> {
  for (let at = state.value.transactions.length - 1; at >= 0; at--) {
    if (state.value.transactions.length === 1) return;
    if (await tryValue(state, withoutTransaction(state.value, at, true))) continue;
    await tryValue(state, withoutTransaction(state.value, at, false));
  }
}

function withAccount(
  value: TransactionCase,
  index: number,
  change: Partial<CaseAccount>,
): TransactionCase {
  const accounts = value.accounts.map((account, at) =>
    at === index ? { ...account, ...change } : account,
  );
  return { ...value, accounts };
}

async function reduceAccounts(state: State): Promise<void> {
  await removeGroups(state, state.value.accounts, (accounts) => ({
    ...state.value,
    accounts: [...accounts],
  }));
  for (let index = 0; index < state.value.accounts.length; index++) {
    const { storage, code } = state.value.accounts[index] as CaseAccount;
    await removeGroups(state, storage, (rest) =>
      withAccount(state.value, index, { storage: rest }),
    );
    if (code.length > 0) {
      const build = (smaller: Uint8Array) => withAccount(state.value, index, { code: smaller });
      await reduceCode(state, code, build);
    }
    await tryValue(state, withAccount(state.value, index, { balance: 0n }));
  }
}

function withTransaction(
  value: TransactionCase,
  index: number,
  change: Partial<CaseTransaction>,
): TransactionCase {
  const transactions = value.transactions.map((tx, at) =>
    at === index ? { ...tx, ...change } : tx,
  );
  return { ...value, transactions };
}

/** Simpler values of a transaction's fields, each tried alone. */
const SIMPLER: readonly ((tx: CaseTransaction) => Partial<CaseTransaction>)[] = [
  () => ({ accessList: [] }),
  () => ({ value: 0n }),
  ({ authorizations }) => ({ authorizations: authorizations.slice(0, 1) }),
  ({ blobHashes }) => ({ blobHashes: blobHashes.slice(0, 1) }),
  () => ({ type: 0, accessList: [], blobHashes: [], authorizations: [], maxFeePerBlobGas: 0n }),
  ({ maxFeePerGas }) => ({ maxPriorityFeePerGas: maxFeePerGas }),
];

async function reduceTransactions(state: State): Promise<void> {
  for (let index = 0; index < state.value.transactions.length; index++) {
    const current = () => state.value.transactions[index] as CaseTransaction;
    const build = (change: Partial<CaseTransaction>) => withTransaction(state.value, index, change);
    const { data, to } = current();
    if (to === undefined) await reduceCode(state, data, (smaller) => build({ data: smaller }));
    else {
      await removeGroups(state, [...data], (rest) => build({ data: Uint8Array.from(rest) }));
      await tryValue(state, build({ data: new Uint8Array(current().data.length) }));
    }
    await removeGroups(state, current().accessList, (accessList) => build({ accessList }));
    await removeGroups(state, current().authorizations, (authorizations) =>
      build({ authorizations }),
    );
    for (const simpler of SIMPLER) await tryValue(state, build(simpler(current())));
    for (const gasLimit of [100_000n, 1_000_000n]) {
      if (current().gasLimit > gasLimit) await tryValue(state, build({ gasLimit }));
    }
  }
}

/** The smallest case that the passes find; `fails` must be true of `value`. */
export async function reduceTransactionCase(
  value: TransactionCase,
  fails: Fails<TransactionCase>,
): Promise<TransactionCase> {
  const state: State = { value, fails };
  for (let size = Number.POSITIVE_INFINITY; ; ) {
    await reduceChain(state);
    await reduceAccounts(state);
    await reduceTransactions(state);
    const now = transactionCaseSize(state.value);
    if (now >= size) return state.value;
    size = now;
  }
}
