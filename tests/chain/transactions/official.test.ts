/**
 * The official tests of transactions: what each fork makes of bytes, which rule rejects the
 * transaction of a state test, and who signed the authorizations.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { bytesToHex, hexToBytes } from '../../../src/base/bytes.ts';
import { LockstepError } from '../../../src/base/errors.ts';
import { decodeTransaction, encodeTransaction } from '../../../src/chain/transactions/codec.ts';
import {
  isExpectedEncodingError,
  isExpectedRejection,
  REJECTIONS,
  type RejectionCode,
} from '../../../src/chain/transactions/rejections.ts';
import {
  checkSignature,
  recoverAuthority,
  recoverSender,
} from '../../../src/chain/transactions/sender.ts';
import { checkSender, checkTransaction } from '../../../src/chain/transactions/validate.ts';
import { runTransactionTest } from '../../../src/conformance/txtest.ts';
import type { CaseResult } from '../../../src/conformance/types.ts';
import { type Fork, forkRules, parseFork } from '../../../src/vms/evm/forks.ts';
import { costsOf } from '../../../src/vms/evm/gas.ts';
import { findCorpora, NO_CORPORA, readBundle } from '../../support/corpora.ts';

const corpora = findCorpora();
const skip = corpora === undefined && NO_CORPORA;
const EVERYTHING = { engine: 'interpreter' as const, isWanted: () => true };

/** The lines of the bundles in a folder: one original file each. */
function* readLines(folder: string): Generator<string> {
  const path = join(corpora ?? '', folder);
  for (const file of readdirSync(path).sort()) {
    if (!file.endsWith('.jsonl.gz')) continue;
    yield* gunzipSync(readFileSync(join(path, file)))
      .toString('utf8')
      .split('\n');
  }
}

test('transaction tests: hash, sender, intrinsic gas or exception', { skip }, async () => {
  const bundle = readBundle('evm-ethereum-tests/cases/TransactionTests.jsonl.gz') ?? [];
  const results: CaseResult[] = [];
  for (const entry of bundle) {
    const { tests } = entry as unknown as { tests: Record<string, unknown> };
    for (const [name, each] of Object.entries(tests)) {
      for await (const result of runTransactionTest(entry.path, name, each, EVERYTHING)) {
        results.push(result);
      }
    }
  }
  assert.ok(results.length > 1800, String(results.length));
  assert.deepEqual(
    results.filter(({ outcome }) => outcome !== 'passed'),
    [],
  );
});

interface Account {
  readonly nonce: string;
  readonly balance: string;
  readonly code: string;
}

interface StateTest {
  readonly env: Readonly<Record<string, string>>;
  readonly pre: Readonly<Record<string, Account>>;
  readonly transaction: {
    readonly sender: string;
    readonly authorizationList?: readonly { readonly signer?: string }[];
  };
  readonly config?: { readonly chainid?: string };
  readonly post: Readonly<Record<string, readonly Post[]>>;
}

interface Post {
  readonly txbytes: string;
  readonly expectException?: string;
}

const NOBODY: Account = { nonce: '0x0', balance: '0x0', code: '0x' };

/** Code of the rule that rejects the transaction of a state test, or `malformed`. */
function verdict(
  each: StateTest,
  post: Post,
  fork: Fork,
  expectsBlobFee: boolean,
): RejectionCode | 'malformed' | undefined {
  const rules = forkRules(fork);
  const costs = costsOf(fork);
  const { env } = each;
  try {
    const tx = decodeTransaction(hexToBytes(post.txbytes));
    assert.equal(bytesToHex(encodeTransaction(tx)), post.txbytes);
    const rejection =
      checkSignature(tx, rules) ??
      checkTransaction(tx, {
        rules,
        costs,
        chainId: BigInt(each.config?.chainid ?? 1),
        baseFee: BigInt(env.currentBaseFee ?? 0),
        // What the base fee of blob gas is belongs to the tests of blocks.
        blobBaseFee: expectsBlobFee ? tx.maxFeePerBlobGas + 1n : 1n,
        gas: BigInt(env.currentGasLimit ?? 0),
        blobGas: costs.blobsMax * costs.blobGas,
      });
    if (rejection !== undefined) return rejection.code;
    const { nonce, balance, code } = each.pre[each.transaction.sender] ?? NOBODY;
    const account = {
      nonce: BigInt(nonce),
      balance: BigInt(balance),
      hasCode: code !== '0x',
      isDelegated: code.startsWith('0xef0100') && code.length === 48,
    };
    return checkSender(tx, account, costs, rules)?.code;
  } catch (error) {
    if (error instanceof LockstepError) return 'malformed';
    throw error;
  }
}

function isAsExpected(code: ReturnType<typeof verdict>, expected: string | undefined): boolean {
  if (expected === undefined || code === undefined) return code === expected;
  return code === 'malformed'
    ? isExpectedEncodingError(expected)
    : isExpectedRejection(code, expected);
}

/** Names the cases of a test whose verdict is another than the test's; counts all. */
function* wrongVerdicts(each: StateTest, count: () => void): Generator<string> {
  for (const [label, posts] of Object.entries(each.post)) {
    const fork = parseFork(label);
    assert.ok(fork !== undefined, label);
    for (const post of posts) {
      const expected = post.expectException;
      const code = verdict(each, post, fork, /BLOB_GAS$/.test(expected ?? ''));
      if (!isAsExpected(code, expected)) yield `${label}: ${expected}, found ${code}`;
      count();
    }
  }
}

test('state tests: the rule is broken that is named, or none', { skip }, () => {
  const wrong: string[] = [];
  let cases = 0;
  for (const line of readLines('evm-state-eest/cases')) {
    // The others are run whole by the runner of state tests.
    if (!line.includes('expectException')) continue;
    const { tests } = JSON.parse(line) as { tests: Record<string, StateTest> };
    for (const [name, each] of Object.entries(tests)) {
      for (const text of wrongVerdicts(each, () => cases++)) wrong.push(`${name} ${text}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(cases > 1000, String(cases));
});

test('state tests: the senders and the authorities', { skip }, () => {
  let authorities = 0;
  for (const entry of readBundle('evm-state-eest/cases/prague.jsonl.gz') ?? []) {
    const { tests } = entry as unknown as { tests: Record<string, StateTest> };
    const [each] = Object.values(tests);
    assert.ok(each !== undefined);
    const [post] = Object.values(each.post).flat();
    const tx = decodeTransaction(hexToBytes(post?.txbytes ?? '0x'));
    assert.equal(bytesToHex(recoverSender(tx)!), each.transaction.sender, entry.path);
    for (const [index, { signer }] of (each.transaction.authorizationList ?? []).entries()) {
      const auth = tx.authorizations[index];
      if (auth === undefined || signer === undefined) continue;
      const authority = recoverAuthority(auth);
      if (authority === undefined) continue;
      assert.equal(bytesToHex(authority), signer, entry.path);
      authorities++;
    }
  }
  assert.ok(authorities > 20, String(authorities));
});

const WITH_BLOCKS = ['evm-blockchain-eest', 'evm-blockchain-eest-derived'] as const;

test('every exception that a block test names has a rule', { skip }, () => {
  const codes = Object.keys(REJECTIONS) as RejectionCode[];
  const names = new Set<string>();
  for (const folder of WITH_BLOCKS) {
    for (const line of readLines(`${folder}/cases`)) {
      for (const [name] of line.matchAll(/TransactionException\.\w+/g)) names.add(name);
    }
  }
  const unknown = [...names].filter(
    (name) =>
      !isExpectedEncodingError(name) && !codes.some((code) => isExpectedRejection(code, name)),
  );
  assert.deepEqual(unknown, []);
  assert.ok(names.size > 15, String(names.size));
});
