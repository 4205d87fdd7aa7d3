/** Small chains for tests: one rich account, and transactions that it signs. */
import { hexToBytes } from '../../../src/base/bytes.ts';
import { type Block, encodeBlock } from '../../../src/chain/blocks/block.ts';
import { type BlockTemplate, buildBlock } from '../../../src/chain/blocks/build.ts';
import { BlockChain, type ChainEntry } from '../../../src/chain/blocks/chain.ts';
import { createGenesisBlock, type GenesisFields } from '../../../src/chain/blocks/genesis-file.ts';
import type { Header } from '../../../src/chain/blocks/header.ts';
import type { BlockRejection } from '../../../src/chain/blocks/rejections.ts';
import type { BlockFork } from '../../../src/chain/blocks/rules.ts';
import { type ForkSchedule, fixedSchedule } from '../../../src/chain/blocks/schedule.ts';
import { ChainState } from '../../../src/chain/blocks/state.ts';
import { type GenesisAccount, putAccounts } from '../../../src/chain/genesis.ts';
import { recoverSender, signTransaction } from '../../../src/chain/transactions/sender.ts';
import type { SignedTransaction, Transaction } from '../../../src/chain/transactions/types.ts';

export const ETHER = 10n ** 18n;
const KEY: Uint8Array = new Uint8Array(32).fill(0x45);
export const address = (byte: number): Uint8Array => new Uint8Array(20).fill(byte);

/** Code that stores its first 32 bytes of input in slot 0, and returns 3 bytes. */
export const STORE_INPUT: Uint8Array = hexToBytes('5f355f5560035ff3');
/** Code that stops. */
export const STOP: Uint8Array = hexToBytes('00');
/** Code that reverts. */
export const REVERT: Uint8Array = hexToBytes('5f5ffd');

export function account(
  where: Uint8Array,
  fields: Partial<Omit<GenesisAccount, 'address'>> = {},
): GenesisAccount {
  const nothing = { balance: 0n, nonce: 0n, code: new Uint8Array(0), storage: [] };
  return { address: where, ...nothing, ...fields };
}

export interface SmallChain {
  readonly chain: BlockChain;
  readonly state: ChainState;
}

const FIELDS: GenesisFields = {
  parentHash: new Uint8Array(32),
  coinbase: new Uint8Array(20),
  difficulty: 131_072n,
  number: 0n,
  gasLimit: 10_000_000n,
  gasUsed: 0n,
  timestamp: 0n,
  extraData: new Uint8Array(0),
  mixHash: new Uint8Array(32),
  nonce: new Uint8Array(8),
};

/** A chain with a genesis of the given accounts and the sender. */
export function createChain(
  fork: BlockFork | ForkSchedule,
  accounts: readonly GenesisAccount[] = [],
  fields: Partial<GenesisFields> = {},
): SmallChain {
  const schedule = typeof fork === 'string' ? fixedSchedule(fork) : fork;
  const state = new ChainState({ chainId: schedule.chainId });
  putAccounts(state.backend, [account(SENDER, { balance: 100n * ETHER }), ...accounts]);
  const header = { ...FIELDS, ...fields };
  const genesis = createGenesisBlock({ schedule, header }, state.root());
  const chain = new BlockChain({ schedule, genesis, state, keccak256: state.keccak256 });
  return { chain, state };
}

/** A legacy transaction of the sender. */
export function signed(fields: Partial<Transaction> = {}): SignedTransaction {
  const tx: Transaction = {
    type: 0,
    chainId: undefined,
    nonce: 0n,
    gasLimit: 100_000n,
    maxFeePerGas: 10n ** 10n,
    maxPriorityFeePerGas: 10n ** 10n,
    to: address(0x77),
    value: 1n,
    data: new Uint8Array(0),
    accessList: [],
    maxFeePerBlobGas: 0n,
    blobHashes: [],
    authorizations: [],
    ...fields,
  };
  return signTransaction(tx, KEY);
}

/** The address of the key. */
export const SENDER: Uint8Array = recoverSender(signed()) ?? new Uint8Array(0);

/** Builds a block and imports it; fails the test unless it is accepted. */
export function extend(
  { chain }: SmallChain,
  template: BlockTemplate = {},
  parent: ChainEntry = chain.head,
): ChainEntry {
  const { encoded, rejected } = buildBlock(chain, template, parent);
  if (rejected[0] !== undefined) throw new Error(rejected[0].rejection.message);
  const result = chain.importBlock(encoded);
  if (result.kind === 'rejected') throw new Error(`${result.code}: ${result.message}`);
  return result.entry;
}

/** Imports a block with another header; fails the test if it is accepted. */
export function importChanged(
  { chain }: SmallChain,
  block: Block,
  header: Partial<Header>,
  parts: Partial<Omit<Block, 'header'>> = {},
): BlockRejection {
  const changed = { ...block, ...parts, header: { ...block.header, ...header } };
  const result = chain.importBlock(encodeBlock(changed));
  if (result.kind !== 'rejected') throw new Error('the block was accepted');
  return result;
}
