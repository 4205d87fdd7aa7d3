/**
 * Runner of the official blockchain tests: a genesis, blocks as bytes, and for each block whether
 * it is valid, or the exception that it is refused with.
 *
 * A case passes if exactly the blocks that the test calls invalid are refused, each for a reason
 * that the test names, and the head of the chain is the test's last block, whose header commits to
 * the whole state. Proof of work is not checked; the tests are made without (`NoProof`).
 */

import { bytesToHex } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { type Block, decodeBlock } from '../chain/blocks/block.ts';
import { BlockChain, type ImportResult } from '../chain/blocks/chain.ts';
import { BlockExecution, senderOf } from '../chain/blocks/execution.ts';
import { isExpectedBlockRejection } from '../chain/blocks/rejections.ts';
import { type ForkSchedule, networkSchedule } from '../chain/blocks/schedule.ts';
import { type GenesisAccount, putAccounts } from '../chain/genesis.ts';
import type { EvmWorld } from '../chain/world.ts';
import type { EngineName } from '../engines/names.ts';
import { SPACES } from '../state/cells.ts';
import { type Json, readAccounts, readBytes, readList, readObject, readText } from './fixture.ts';
import { type CaseResult, FormatError, type RunOptions } from './types.ts';
import { emptyState, readChainConfig } from './worlds.ts';

type Ending = Omit<CaseResult, 'name' | 'fork' | 'index'>;

/** Runs the one case of a blockchain test. */
export function* runBlockTest(
  path: string,
  name: string,
  value: unknown,
  options: RunOptions,
): Generator<CaseResult> {
  const test = readObject(value, 'the test');
  const network = readText(test.network, 'network');
  if (!options.isWanted(path, name, network)) return;
  const schedule = readSchedule(network, test.config);
  if (schedule === undefined) {
    const reason = `there are no rules for the network ${network}`;
    yield { name, fork: network, outcome: 'failed', field: 'network', reason };
    return;
  }
  yield { name, fork: network, ...runCase(test, network, schedule, options.engine) };
}

function readSchedule(network: string, value: unknown): ForkSchedule | undefined {
  const { chainId, blobs } = readChainConfig(value);
  try {
    return networkSchedule(network, chainId, (fork) => blobs.get(fork));
  } catch (error) {
    if (error instanceof LockstepError && error.code === 'L1402') return undefined;
    throw error;
  }
}

function runCase(test: Json, network: string, schedule: ForkSchedule, engine: EngineName): Ending {
  const chain = createChain(test, schedule, engine);
  if ('outcome' in chain) return chain;
  for (const [index, value] of readList(test.blocks, 'blocks').entries()) {
    const fields = readObject(value, `block ${index}`);
    const encoded = readBytes(fields.rlp, `blocks[${index}].rlp`);
    const result = chain.importBlock(encoded);
    const difference = compareImport(index, expectedException(fields, network), result);
    if (difference === undefined) continue;
    if (result.kind !== 'rejected' || result.code !== 'state-root') return difference;
    const reason = explainState(chain, decodeBlock(encoded), test.postState);
    return reason === undefined ? difference : { ...difference, reason };
  }
  const { hash, block } = chain.head;
  const stateRoot = bytesToHex(block.header.stateRoot);
  const expected = readText(test.lastblockhash, 'lastblockhash').toLowerCase();
  const got = bytesToHex(hash);
  const wanted = expected.startsWith('0x') ? expected : `0x${expected}`;
  if (got === wanted) return { outcome: 'passed', stateRoot };
  return { outcome: 'failed', field: 'last block', expected: wanted, got, stateRoot };
}

/** A chain with the genesis of a test, or the case that failed where the genesis is another. */
function createChain(test: Json, schedule: ForkSchedule, engine: EngineName): BlockChain | Ending {
  const state = emptyState(schedule.chainId, engine);
  putAccounts(state.backend, readPre(test), state.keccak256);
  const genesis = decodeBlock(readBytes(test.genesisRLP, 'genesisRLP'));
  const expected = bytesToHex(genesis.header.stateRoot);
  const got = bytesToHex(state.root());
  if (got !== expected) return { outcome: 'failed', field: 'genesis state root', expected, got };
  return new BlockChain({ schedule, genesis, state, keccak256: state.keccak256 });
}

function readPre(test: Json): GenesisAccount[] {
  if (test.genesisRLP === undefined) throw new FormatError('genesisRLP is missing');
  return readAccounts(test.pre, 'pre');
}

/** What differs between the import of a block and what the test says of it. */
function compareImport(
  index: number,
  expected: string | undefined,
  result: ImportResult,
): Ending | undefined {
  if (result.kind === 'rejected') {
    if (expected === ANYTHING) return undefined;
    if (expected !== undefined && isExpectedBlockRejection(result, expected)) return undefined;
    const got = result.transaction?.code ?? result.ommer?.code ?? result.code;
    return {
      outcome: 'failed',
      field: `exception of block ${index}`,
      expected: expected ?? 'none',
      got,
      reason: result.message,
    };
  }
  if (expected === undefined) return undefined;
  return { outcome: 'failed', field: `exception of block ${index}`, expected, got: 'none' };
}

/**
 * The first difference between the state after a block and that of the test: of use where the block
 * is the last one.
 */
function explainState(chain: BlockChain, block: Block, postState: unknown): string | undefined {
  const parent = chain.entry(block.header.parentHash);
  if (parent === undefined || typeof postState !== 'object') return undefined;
  const rules = chain.rulesAfter(parent, block.header);
  const context = chain.contextAfter(parent, rules);
  return chain.withState(parent, rules, (world) => {
    const execution = new BlockExecution(world, block.header, context);
    execution.start();
    for (const { transaction } of block.transactions) {
      const sender = senderOf(transaction, rules);
      if (!('code' in sender)) execution.run(transaction, sender);
    }
    execution.end(block.ommers, block.withdrawals);
    return firstDifference(world, readAccounts(postState, 'postState'));
  });
}

function firstDifference(world: EvmWorld, accounts: readonly GenesisAccount[]): string | undefined {
  for (const { address, balance, nonce, code, storage } of accounts) {
    const pairs: readonly (readonly [what: string, expected: bigint, got: bigint])[] = [
      ['balance', balance, world.getBalance(address)],
      ['nonce', nonce, world.getNonce(address)],
      ['size of the code', BigInt(code.length), BigInt(world.getCode(address).length)],
      ...storage.map(({ slot, value }): readonly [string, bigint, bigint] => [
        `slot 0x${slot.toString(16)}`,
        value,
        world.executor.readWord(SPACES.slot.number, address, slot),
      ]),
    ];
    const wrong = pairs.find(([, expected, got]) => expected !== got);
    if (wrong === undefined) continue;
    const [what, expected, got] = wrong;
    return `${what} of ${bytesToHex(address)} is ${got}, expected ${expected}`;
  }
  return 'every account of postState is as expected: the state holds others, or other slots';
}

/** What a block is to be refused with where an old test names nothing. */
const ANYTHING = 'any exception';

/**
 * The exception that a block is to be refused with. Old tests name it by the network, in words of
 * their own, or not at all: their invalid blocks lack the fields of the block.
 */
function expectedException(fields: Json, network: string): string | undefined {
  const { expectException, expectExceptionALL, blockHeader } = fields;
  const value = expectException ?? expectExceptionALL ?? fields[`expectException${network}`];
  if (value === undefined) return blockHeader === undefined ? ANYTHING : undefined;
  const text = readText(value, 'expectException');
  return text.includes('Exception.') ? text : ANYTHING;
}
