/** The differential harness of transactions: the sides agree, a wrong side is found and reduced. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FUZZED_FORKS } from './fork-draw.ts';
import { runTransactionSeed } from './fuzz-tx.ts';
import { generateTransactions } from './generate-transactions.ts';
import { reduceTransactionCase } from './reduce-tx.ts';
import {
  jsonToTransactionCase,
  type TransactionCase,
  transactionCaseSize,
  transactionCaseToJson,
} from './transaction-case.ts';
import { MachineTransactions } from './transaction-machine.ts';
import { OracleTransactions } from './transaction-oracle.ts';
import {
  compareTransactions,
  type ObservedTransaction,
  type TransactionSide,
} from './transaction-side.ts';

/** Transactions of each fork that the smoke test runs at least. */
const TRANSACTIONS_MIN = 12;

/** A side that counts one unit of gas too many for whatever creates a contract. */
class WrongSide implements TransactionSide {
  readonly #machine = new MachineTransactions();

  run(value: TransactionCase, transactions: readonly Uint8Array[]): ObservedTransaction[] {
    return this.#machine.run(value, transactions).map((observed): ObservedTransaction => {
      const { ending } = observed;
      if (ending.kind === 'rejected' || ending.created === undefined) return observed;
      return { ...observed, ending: { ...ending, gasUsed: ending.gasUsed + 1n } };
    });
  }
}

test('a seed gives the same transactions again, and JSON keeps them', () => {
  for (let seed = 0; seed < 100; seed++) {
    const { value } = generateTransactions(seed);
    assert.deepEqual(generateTransactions(seed).value, value);
    assert.deepEqual(jsonToTransactionCase(transactionCaseToJson(value)), value);
  }
});

test('transactions of every fork equal the oracle', async (context) => {
  const sides = { ours: new MachineTransactions(), theirs: new OracleTransactions() };
  for (const fork of FUZZED_FORKS) {
    await context.test(fork, async () => {
      let compared = 0;
      for (let seed = 1; compared < TRANSACTIONS_MIN; seed++) {
        const result = await runTransactionSeed(sides, { seed, fork });
        assert.deepEqual(result.difference?.lines ?? [], [], `seed ${seed}, fork ${fork}`);
        compared += result.compared;
      }
    });
  }
});

test('a wrong side is found and its transactions are made few', async () => {
  const sides = { ours: new WrongSide(), theirs: new OracleTransactions() };
  let found: TransactionCase | undefined;
  for (let seed = 0; found === undefined; seed++) {
    assert.ok(seed < 100, 'the canary was not found');
    found = (await runTransactionSeed(sides, { seed, fork: 'berlin' })).difference?.value;
  }
  const fails = async (value: TransactionCase) =>
    (await compareTransactions(sides.ours, sides.theirs, value)).difference !== undefined;
  const reduced = await reduceTransactionCase(found, fails);
  assert.ok(await fails(reduced));
  assert.equal(reduced.transactions.length, 1);
  assert.ok(transactionCaseSize(reduced) < 20, `${transactionCaseSize(reduced)} bytes are left`);
});
