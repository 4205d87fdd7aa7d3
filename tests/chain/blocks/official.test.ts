/**
 * Official block tests of every kind: transitions between forks, invalid blocks, difficulties, and
 * a chain that goes from Frontier to the second blob fork. The whole of them is `test:spec`.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { bytesToHex } from '../../../src/base/bytes.ts';
import { decodeRlp, encodeRlp, type RlpItem } from '../../../src/base/rlp.ts';
import {
  BlockChain,
  ChainState,
  createGenesisBlock,
  encodeBlock,
  readGenesis,
} from '../../../src/chain/blocks/index.ts';
import { putAccounts } from '../../../src/chain/genesis.ts';
import { runBlockTest } from '../../../src/conformance/blocktest.ts';
import { runDifficultyTest } from '../../../src/conformance/difficultytest.ts';
import type { CaseResult, RunOptions } from '../../../src/conformance/types.ts';
import { findCorpora, NO_CORPORA, readBundle } from '../../support/corpora.ts';

const corpora = findCorpora();
const skip = corpora === undefined && NO_CORPORA;
const EVERYTHING: RunOptions = { engine: 'interpreter', isWanted: () => true };

type SyncRunner = (
  path: string,
  name: string,
  test: unknown,
  options: RunOptions,
) => Generator<CaseResult>;

/** Runs one test in `every` of a bundle. */
function runBundle(path: string, runner: SyncRunner, every = 1): CaseResult[] {
  const tests = (readBundle(path) ?? []).flatMap((entry) => {
    const { tests: byName } = entry as unknown as { tests: Readonly<Record<string, unknown>> };
    return Object.entries(byName).map(([name, each]) => ({ path: entry.path, name, each }));
  });
  return tests
    .filter((_, index) => index % every === 0)
    .flatMap((one) => [...runner(one.path, one.name, one.each, EVERYTHING)]);
}

function assertAllPass(results: readonly CaseResult[], count: number): void {
  const others = results.filter(({ outcome }) => outcome !== 'passed');
  assert.deepEqual(others, []);
  assert.ok(results.length >= count, `${results.length} cases`);
}

test('difficulties of every formula', { skip }, () => {
  const path = 'evm-ethereum-tests/cases/DifficultyTests.jsonl.gz';
  assertAllPass(runBundle(path, runDifficultyTest), 9000);
});

test('transitions between forks', { skip }, () => {
  const path = 'evm-ethereum-tests/cases/BlockchainTests-TransitionTests.jsonl.gz';
  assertAllPass(runBundle(path, runBlockTest), 13);
});

test('a sample of the blocks of each newer fork', { skip }, () => {
  for (const group of ['shanghai', 'prague', 'osaka']) {
    const path = `evm-blockchain-eest/cases/${group}.jsonl.gz`;
    assertAllPass(runBundle(path, runBlockTest, 20), 4);
  }
});

test('genesis files and their blocks', { skip }, () => {
  const [entry] = readBundle('evm-ethereum-tests/cases/GenesisTests.jsonl.gz') ?? [];
  const { tests } = entry as unknown as {
    tests: Readonly<Record<string, { readonly result: string }>>;
  };
  assert.equal(Object.keys(tests).length, 3);
  for (const file of Object.values(tests)) {
    const genesis = readGenesis({ config: {}, ...file });
    const state = new ChainState({ chainId: 1n });
    putAccounts(state.backend, genesis.accounts);
    const block = encodeBlock(createGenesisBlock(genesis, state.root()));
    assert.equal(bytesToHex(block), `0x${file.result}`);
  }
});

test('a chain from Frontier to BPO2, whose forks follow each other', { skip }, () => {
  const folder = join(corpora ?? '', 'eth-rpc/common');
  const genesis = readGenesis(JSON.parse(readFileSync(join(folder, 'genesis.json'), 'utf8')));
  const { schedule } = genesis;
  const state = new ChainState({ chainId: schedule.chainId });
  putAccounts(state.backend, genesis.accounts);
  const chain = new BlockChain({
    schedule,
    genesis: createGenesisBlock(genesis, state.root()),
    state,
    keccak256: state.keccak256,
  });
  for (const block of readBlocks(join(folder, 'chain.rlp'))) {
    const result = chain.importBlock(block);
    assert.equal(result.kind, 'imported', result.kind === 'rejected' ? result.message : '');
  }
  const call = JSON.parse(readFileSync(join(folder, 'headfcu.json'), 'utf8')) as {
    readonly params: readonly { readonly headBlockHash: string }[];
  };
  assert.equal(bytesToHex(chain.head.hash), call.params[0]?.headBlockHash);
});

/** The blocks of a file, which has one encoding after another. */
function readBlocks(path: string): Uint8Array[] {
  const bytes = new Uint8Array(readFileSync(path));
  // With a list around them they are one item.
  const length = bytes.length.toString(16);
  const size = Buffer.from(length.padStart(length.length + (length.length % 2), '0'), 'hex');
  const list = decodeRlp(
    new Uint8Array(Buffer.concat([Uint8Array.of(0xf7 + size.length), size, bytes])),
  );
  return (list as readonly RlpItem[]).map(encodeRlp);
}
