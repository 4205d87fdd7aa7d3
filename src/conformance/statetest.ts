/**
 * Runs state tests: one transaction on one state, under one fork after another.
 *
 * A case passes if the state root and the hash of the logs are those of the test, and if the
 * transaction was rejected exactly where the test says so, for a reason that it names.
 */

import { bytesToHex, equalBytes, hexToBytes } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { blobBaseFee } from '../chain/blocks/fees.ts';
import { logsHash, logToBytes } from '../chain/blocks/receipts.ts';
import { type GenesisAccount, putAccounts } from '../chain/genesis.ts';
import { decodeTransaction } from '../chain/transactions/codec.ts';
import {
  isExpectedEncodingError,
  isExpectedRejection,
  type RejectionCode,
} from '../chain/transactions/rejections.ts';
import { checkSignature, recoverSender } from '../chain/transactions/sender.ts';
import type { Transaction } from '../chain/transactions/types.ts';
import type { Log } from '../chain/types.ts';
import type { EvmWorld } from '../chain/world.ts';
import type { EngineName } from '../engines/names.ts';
import { type Json, readAccounts, readBytes, readList, readObject, readText } from './fixture.ts';
import { readEnv, readIndexes, readSender, readTransaction } from './state-fixture.ts';
import type { CaseResult, RunOptions } from './types.ts';
import { worldFor } from './worlds.ts';

/** What became of the transaction of a case. */
type Ending =
  | {
      readonly kind: 'rejected';
      readonly code: RejectionCode | 'malformed';
      readonly message: string;
    }
  | { readonly kind: 'executed'; readonly logs: readonly Log[] };

/** A case, or what a case is compared with. */
interface StateCase {
  readonly test: Json;
  readonly post: Json;
  readonly accounts: readonly GenesisAccount[];
  readonly fork: string;
  readonly engine: EngineName;
}

/** Runs the cases of one state test. */
export function* runStateTest(
  path: string,
  name: string,
  value: unknown,
  options: RunOptions,
): Generator<CaseResult> {
  const test = readObject(value, 'the test');
  const forks = Object.entries(readObject(test.post, 'post'));
  let accounts: readonly GenesisAccount[] | undefined;
  for (const [fork, posts] of forks) {
    for (const [index, post] of readList(posts, `post.${fork}`).entries()) {
      if (!options.isWanted(path, name, fork, index)) continue;
      accounts ??= readAccounts(test.pre, 'pre');
      const { engine } = options;
      const one = { test, post: readObject(post, 'a post'), accounts, fork, engine };
      const result = runCase(one);
      yield { name, fork, index, ...result };
    }
  }
}

function runCase(one: StateCase): Omit<CaseResult, 'name' | 'fork' | 'index'> {
  const { test, post, accounts, fork, engine } = one;
  const found = worldFor(fork, test.config, engine);
  if (found === undefined) return { outcome: 'failed', field: 'fork', got: 'not known' };
  const { world } = found;
  putAccounts(world.backend, accounts, world.executor.keccak256);
  world.reset();
  const env = readEnv(test.env, world.rules, (excess) => blobBaseFee(excess, world.costs));
  world.setBlock(env);
  const ending = runTransaction(world, test.transaction, post);
  // Older suites close the block with a reward of nothing, which before EIP-161 is a touch.
  const { currentCoinbase } = readObject(test.env, 'env');
  if (post.state === undefined) world.credit(readBytes(currentCoinbase, 'coinbase', 20), 0n);
  return compare(ending, found.root(), post);
}

function runTransaction(world: EvmWorld, fields: unknown, post: Json): Ending {
  const limits = {
    gas: world.block.gasLimit,
    blobGas: world.costs.blobsMax * world.costs.blobGas,
  };
  const signed = readSigned(world, fields, post);
  if ('kind' in signed) return signed;
  const result = world.apply(signed.tx, signed.sender, limits);
  if (result.kind === 'rejected') return { kind: 'rejected', ...result.rejection };
  return { kind: 'executed', logs: result.logs };
}

/** The transaction as its bytes have it, where the case has any, with its sender. */
function readSigned(
  world: EvmWorld,
  fields: unknown,
  post: Json,
): { readonly tx: Transaction; readonly sender: Uint8Array } | Ending {
  if (post.txbytes === undefined) {
    const tx = readTransaction(fields, readIndexes(post.indexes));
    return { tx, sender: readSender(fields, tx) };
  }
  try {
    const tx = decodeTransaction(readBytes(post.txbytes, 'txbytes'));
    const rejection = checkSignature(tx, world.rules);
    if (rejection !== undefined) return { kind: 'rejected', ...rejection };
    const sender = recoverSender(tx, world.executor.keccak256);
    if (sender !== undefined) return { tx, sender };
    return { kind: 'rejected', code: 'signature-invalid', message: 'no key signed it' };
  } catch (error) {
    if (!(error instanceof LockstepError) || error.plane !== 'rejection') throw error;
    return { kind: 'rejected', code: 'malformed', message: error.message };
  }
}

function compare(
  ending: Ending,
  root: Uint8Array,
  post: Json,
): Omit<CaseResult, 'name' | 'fork' | 'index'> {
  const stateRoot = bytesToHex(root);
  const wanted = post.expectException;
  const expected = wanted === undefined ? 'none' : readText(wanted, 'expectException');
  const got = ending.kind === 'rejected' ? ending.code : 'none';
  const reason = ending.kind === 'rejected' ? { reason: ending.message } : {};
  const isAsExpected =
    ending.kind === 'executed'
      ? wanted === undefined
      : ending.code === 'malformed'
        ? isExpectedEncodingError(expected)
        : wanted !== undefined && isExpectedRejection(ending.code, expected);
  const failed = { outcome: 'failed', stateRoot, ...reason } as const;
  if (!isAsExpected) return { ...failed, field: 'exception', expected, got };
  const rootWanted = readText(post.hash, 'post.hash');
  if (!equalBytes(hexToBytes(rootWanted), root)) {
    return { ...failed, field: 'state root', expected: rootWanted, got: stateRoot };
  }
  const hash = bytesToHex(logsHash(ending.kind === 'executed' ? ending.logs.map(logToBytes) : []));
  const hashWanted = readText(post.logs, 'post.logs');
  if (hash !== hashWanted)
    return { ...failed, field: 'logs hash', expected: hashWanted, got: hash };
  return { outcome: 'passed', stateRoot };
}
