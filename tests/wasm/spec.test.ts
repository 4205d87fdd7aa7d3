/**
 * The official scripts of the WebAssembly specification. All commands of the features that are
 * there must pass; each reason for a skip must be a feature that is named as missing.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { LockstepError } from '../../src/base/errors.ts';
import { runScripts } from '../../src/conformance/wast/scripts.ts';
import { UNSUPPORTED_FEATURES } from '../../src/vms/wasm/errors.ts';
import { findCorpora, NO_CORPORA } from '../support/corpora.ts';

const corpora = findCorpora();

/** Paths of scripts below the corpus, which of them, and commands that pass at least. */
const GROUPS: readonly (readonly [path: string, wanted: RegExp, passed: number])[] = [
  ['cases/json/core.jsonl.gz', /./, 15_544],
  ['cases/json/bulk-memory.jsonl.gz', /./, 7_485],
  ['cases/json/multi-memory.jsonl.gz', /./, 69],
  ['cases/json/simd.jsonl.gz', /./, 14_603],
  ['cases/wast/core', /core\/[^/]*\.wast$/, 15_978],
];

for (const [path, wanted, passedMin] of GROUPS) {
  test(`scripts of ${path}`, { skip: corpora === undefined && NO_CORPORA }, async () => {
    const features: ReadonlySet<string> = new Set(UNSUPPORTED_FEATURES);
    const place = join(corpora as string, 'wasm-spec', path);
    let passed = 0;
    for await (const result of runScripts([place], (each) => wanted.test(each))) {
      assert.ok(!(result instanceof LockstepError), String(result));
      const { outcome, reason = '', index } = result;
      assert.notEqual(outcome, 'failed', `${result.path}, command ${index}: ${reason}`);
      if (outcome === 'passed') passed++;
      else assert.ok(features.has(reason), `skipped for "${reason}"`);
    }
    assert.ok(passed >= passedMin, `only ${passed} passed`);
  });
}
