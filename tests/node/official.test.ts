/** The official tests of JSON-RPC, from the corpora. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatFailure } from '../../src/conformance/report.ts';
import { runRpcTests } from '../../src/conformance/rpctest.ts';
import { findCorpora, NO_CORPORA } from '../support/corpora.ts';

const corpora = findCorpora();

test('all conversations of execution-apis', {
  skip: corpora === undefined && NO_CORPORA,
}, async () => {
  const failures: string[] = [];
  let count = 0;
  for await (const result of runRpcTests(join(corpora as string, 'eth-rpc'))) {
    count++;
    if (result.outcome !== 'passed') failures.push(formatFailure('eth-rpc', result));
  }
  assert.deepEqual(failures, []);
  assert.ok(count >= 157, `${count} conversations`);
});
