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

/** Groups of scripts, with commands that pass at least. */
const GROUPS: readonly (readonly [name: string, passed: number])[] = [
  ['core', 15_544],
  ['bulk-memory', 7_485],
  ['multi-memory', 69],
];

for (const [name, passedMin] of GROUPS) {
  test(`scripts of ${name}`, { skip: corpora === undefined && NO_CORPORA }, async () => {
    const path = join(corpora as string, 'wasm-spec/cases/json', `${name}.jsonl.gz`);
    const features: ReadonlySet<string> = new Set(UNSUPPORTED_FEATURES);
    let passed = 0;
    for await (const result of runScripts([path], () => true)) {
      assert.ok(!(result instanceof LockstepError), String(result));
      const { outcome, reason = '', index } = result;
      assert.notEqual(outcome, 'failed', `${result.path}, command ${index}: ${reason}`);
      if (outcome === 'passed') passed++;
      else assert.ok(features.has(reason), `skipped for "${reason}"`);
    }
    assert.ok(passed >= passedMin, `only ${passed} passed`);
  });
}
