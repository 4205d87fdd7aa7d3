/**
 * The `block` suite: a block of 1,000 ERC-20 transfers, each from an account of its own, from its
 * RLP to the state root: decoding, sender recovery, execution, receipts, and all the roots.
 *
 * The block is built by one side and checked by the other, so that an equal state root is part of
 * every round.
 */
import assert from 'node:assert/strict';
import { createBlockFromRLP } from '@ethereumjs/block';
import { Common, Hardfork, Mainnet } from '@ethereumjs/common';
import { Caches, MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, Address } from '@ethereumjs/util';
import { createVM, runBlock, type VM } from '@ethereumjs/vm';
import { hexToBytes } from '../src/base/bytes.ts';
import { bigintToBytes32, bytesToBigint } from '../src/base/u256.ts';
import {
  type Block,
  blockTransaction,
  decodeBlock,
  encodeBlock,
  NO_OMMERS_HASH,
} from '../src/chain/blocks/block.ts';
import { BlockChain } from '../src/chain/blocks/chain.ts';
import { BlockExecution } from '../src/chain/blocks/execution.ts';
import { nextBaseFee } from '../src/chain/blocks/fees.ts';
import type { Header } from '../src/chain/blocks/header.ts';
import { receiptsRoot, transactionsRoot, withdrawalsRoot } from '../src/chain/blocks/process.ts';
import { blockRules } from '../src/chain/blocks/rules.ts';
import { ChainState } from '../src/chain/blocks/state.ts';
import { type GenesisAccount, putAccounts } from '../src/chain/genesis.ts';
import { recoverSender, signTransaction } from '../src/chain/transactions/sender.ts';
import type { SignedTransaction } from '../src/chain/transactions/types.ts';
import { format, measureCpuMs, median } from '../src/cli/bench/measure.ts';
import { findArtifact } from '../tests/lives/compile.ts';
import { CASE_BLOCK } from '../tests/oracle/case.ts';
import { createTestMachine } from '../tests/oracle/machine.ts';
import { createPrng } from '../tests/support/prng.ts';
import { OWNER } from './erc-transfers.ts';
import { type BenchOptions, printTable } from './options.ts';

const TRANSFERS = 1000;
const FORK = 'cancun';
const GAS_LIMIT = 100_000_000n;
const ETHER = 10n ** 18n;
const FEE = 10_000_000_000n;
/** Rounds that only warm the compilers up. */
const WARM_UP = 3;

const word = (value: bigint): string => value.toString(16).padStart(64, '0');

interface Scene {
  readonly accounts: readonly GenesisAccount[];
  readonly transactions: readonly SignedTransaction[];
}

/** A token, its holders with ether for fees, and a signed transfer of each. */
async function createScene(): Promise<Scene> {
  const machine = createTestMachine(CASE_BLOCK);
  const { init } = await findArtifact('LifeToken');
  const code = new Uint8Array([...init, ...hexToBytes(word(BigInt(OWNER)))]);
  const token = hexToBytes(machine.deploy({ code, from: OWNER }).address);
  const prng = createPrng(21);
  const transactions: SignedTransaction[] = [];
  for (let i = 0; i < TRANSFERS; i++) {
    const data = hexToBytes(`a9059cbb${word(prng.bigint(160))}${word(BigInt(1 + i))}`);
    const transaction = signTransfer(token, data, prng.bytes(32));
    const sender = recoverSender(transaction);
    assert(sender !== undefined);
    const mint = hexToBytes(`40c10f19${word(bytesToBigint(sender))}${word(1_000_000n)}`);
    assert.equal(machine.call({ to: token, from: OWNER, data: mint }).status, 'success');
    machine.state.setBalance(sender, ETHER);
    transactions.push(transaction);
  }
  const accounts = machine.state.dump().map((account) => ({
    ...account,
    address: hexToBytes(account.address),
    code: hexToBytes(account.code),
  }));
  return { accounts, transactions };
}

function signTransfer(to: Uint8Array, data: Uint8Array, key: Uint8Array): SignedTransaction {
  const transaction = {
    type: 2,
    chainId: 1n,
    nonce: 0n,
    gasLimit: 90_000n,
    maxFeePerGas: FEE,
    maxPriorityFeePerGas: 1_000_000_000n,
    to,
    value: 0n,
    data,
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobHashes: [],
    authorizations: [],
  } as const;
  return signTransaction(transaction, key);
}

const zeros = (count: number): Uint8Array => new Uint8Array(count);

function headerAfter(parent: Header | undefined): Header {
  return {
    parentHash: zeros(32),
    ommersHash: NO_OMMERS_HASH,
    coinbase: hexToBytes('0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0'),
    stateRoot: zeros(32),
    transactionsRoot: transactionsRoot([]),
    receiptsRoot: receiptsRoot([]),
    logsBloom: zeros(256),
    difficulty: 0n,
    number: parent === undefined ? 0n : parent.number + 1n,
    gasLimit: GAS_LIMIT,
    gasUsed: 0n,
    timestamp: parent === undefined ? 1_000n : parent.timestamp + 12n,
    extraData: zeros(0),
    mixHash: bigintToBytes32(7n, 'a random value'),
    nonce: zeros(8),
    baseFeePerGas: parent === undefined ? 1_000_000_000n : nextBaseFee(parent),
    withdrawalsRoot: withdrawalsRoot([]),
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: zeros(32),
  };
}

interface Ours {
  /** Imports the block after the genesis; the state is put back first. */
  readonly run: () => void;
  readonly encoded: Uint8Array;
  readonly genesisRoot: Uint8Array;
}

/** Builds the block, and gives what imports it. */
function prepareOurs({ accounts, transactions }: Scene): Ours {
  const state = new ChainState({ chainId: 1n });
  const rules = blockRules(FORK);
  const world = state.world(rules);
  putAccounts(state.backend, accounts);
  const genesisRoot = state.root();
  const header = { ...headerAfter(undefined), stateRoot: genesisRoot };
  const block = { header, transactions: [], ommers: [], withdrawals: [] };
  const genesis = decodeBlock(encodeBlock(block));
  const mark = state.snapshot();
  const options = {
    schedule: { chainId: 1n, steps: [{ fork: FORK }] },
    genesis,
    state,
    keccak256: state.keccak256,
  } as const;
  const parent = new BlockChain(options).genesis;
  const draft = { ...headerAfter(header), parentHash: parent.hash };
  const execution = new BlockExecution(world, draft, {
    rules,
    ancestorHash: () => undefined,
    stateRoot: () => state.root(),
  });
  const filled = fillBlock(execution, draft, transactions);
  const encoded = encodeBlock(filled);
  const run = (): void => {
    state.restore(mark);
    world.reset();
    const result = new BlockChain(options).importBlock(encoded);
    assert.equal(result.kind, 'imported', JSON.stringify(result.kind));
  };
  return { run, encoded, genesisRoot };
}

function fillBlock(
  execution: BlockExecution,
  draft: Header,
  transactions: readonly SignedTransaction[],
): Omit<Block, 'size'> {
  execution.start();
  for (const transaction of transactions) {
    const sender = recoverSender(transaction);
    assert(sender !== undefined);
    const result = execution.run(transaction, sender);
    assert(result.kind === 'executed' && result.status === 'success' && result.logs.length === 1);
  }
  execution.end([], []);
  const content = transactions.map(blockTransaction);
  const header = {
    ...draft,
    stateRoot: execution.stateRoot(),
    transactionsRoot: transactionsRoot(content),
    receiptsRoot: receiptsRoot(execution.receipts),
    logsBloom: execution.bloom,
    gasUsed: execution.gasUsed,
  };
  return { header, transactions: content, ommers: [], withdrawals: [] };
}

/** The same for the oracle, on its Merkle state with caches. */
async function prepareTheirs(
  { accounts }: Scene,
  { encoded, genesisRoot }: Ours,
): Promise<() => Promise<void>> {
  const common = new Common({ chain: Mainnet, hardfork: Hardfork.Cancun });
  const stateManager = new MerkleStateManager({ common, caches: new Caches() });
  for (const account of accounts) await putAccount(stateManager, account);
  await stateManager.flush();
  assert.deepEqual(await stateManager.getStateRoot(), genesisRoot);
  const vm: VM = await createVM({ common, stateManager });
  return async () => {
    const block = createBlockFromRLP(encoded, { common });
    // `root` goes back to the genesis; the header's parent is not in a blockchain of theirs.
    await runBlock(vm, { block, root: genesisRoot, skipHeaderValidation: true });
  };
}

async function putAccount(manager: MerkleStateManager, account: GenesisAccount): Promise<void> {
  const address = new Address(account.address);
  const { nonce, balance, code, storage } = account;
  await manager.putAccount(address, new Account(nonce, balance));
  if (code.length > 0) await manager.putCode(address, code);
  for (const { slot, value } of storage) {
    const digits = value.toString(16);
    const bytes = hexToBytes(digits.padStart(digits.length + (digits.length % 2), '0'));
    await manager.putStorage(address, bigintToBytes32(slot, 'a slot'), bytes);
  }
}

interface Sample {
  readonly cpuMs: number;
  readonly wallMs: number;
}

async function measure(run: () => unknown): Promise<Sample> {
  const start = performance.now();
  const cpuMs = await measureCpuMs(run);
  return { cpuMs, wallMs: performance.now() - start };
}

export async function benchBlock(options: BenchOptions): Promise<object> {
  const scene = await createScene();
  const ours = prepareOurs(scene);
  const theirs = await prepareTheirs(scene, ours);
  const samples: Record<'lockstep' | 'ethereumjs', Sample[]> = { lockstep: [], ethereumjs: [] };
  for (let round = 0; round < WARM_UP + options.rounds; round++) {
    const mine = await measure(ours.run);
    const other = await measure(theirs);
    if (round < WARM_UP) continue;
    samples.lockstep.push(mine);
    samples.ethereumjs.push(other);
  }
  const rows = Object.entries(samples).map(([name, of]) => {
    const wallMs = median(of.map((sample) => sample.wallMs));
    const cpuMs = median(of.map((sample) => sample.cpuMs));
    const engine = name === 'lockstep' ? 'auto' : '@ethereumjs/vm';
    return { name, engine, cpuMs, wallMs, perSecond: (TRANSFERS * 1000) / wallMs };
  });
  const [us, them] = rows;
  assert(us !== undefined && them !== undefined);
  const ratio = them.wallMs / us.wallMs;
  printTable(
    ['1,000 transfers', 'CPU ms', 'wall ms', 'a second'],
    rows.map(({ name, cpuMs, wallMs, perSecond }) => [
      name === 'ethereumjs' ? '@ethereumjs/vm' : name,
      format(cpuMs),
      format(wallMs),
      format(perSecond),
    ]),
  );
  console.log(`${format(ratio)} times the transactions a second`);
  return { suite: 'block', rows, ratio };
}
