/**
 * The oracle's side of a differential run of transactions: `runTx` of `@ethereumjs/vm` over a state
 * with an undo log, whose root is computed by the package's `MerkleStateManager`.
 */
import { Common, type CustomCrypto, Mainnet } from '@ethereumjs/common';
import { createEVM, type EVM } from '@ethereumjs/evm';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { Account, Address, bytesToHex, hexToBytes } from '@ethereumjs/util';
import { createVM, type RunTxResult, runTx, type VM } from '@ethereumjs/vm';
import type { AccountDump, Hex } from '../../src/chain/types.ts';
import { type Fork, forkRules } from '../../src/vms/evm/forks.ts';
import { HARDFORKS, keepRevertedCode, OracleLimitError, statusOf } from '../support/ethereumjs.ts';
import { ancestorHash, type TransactionBlock, type TransactionCase } from './transaction-case.ts';
import { reasonsOf } from './transaction-reasons.ts';
import type {
  ObservedTransaction,
  TransactionEnding,
  TransactionSide,
} from './transaction-side.ts';
import { UndoState } from './undo-state.ts';

/** Receipts before EIP-658 ask for a root; they are not looked at. */
class ReceiptState extends UndoState {
  override async getStateRoot(): Promise<Uint8Array> {
    return new Uint8Array(32);
  }
}

/** Stands for a library that the package asks for and that is not here; tells if it was needed. */
class AbsentKzg {
  isAsked = false;

  verifyProof(): boolean {
    this.isAsked = true;
    return false;
  }
}

interface Entry {
  readonly kzg: AbsentKzg;
  readonly vm: VM;
  readonly evm: EVM;
  readonly common: Common;
  readonly state: UndoState;
}

/** The root of accounts; what did not change since the last time is not put again. */
class RootKeeper {
  readonly #manager = new MerkleStateManager();
  readonly #known = new Map<string, string>();

  async root(accounts: readonly AccountDump[]): Promise<Hex> {
    const names = new Set(accounts.map(({ address }) => address as string));
    for (const name of [...this.#known.keys()]) if (!names.has(name)) await this.#remove(name);
    for (const account of accounts) {
      const text = show(account);
      if (this.#known.get(account.address) === text) continue;
      if (this.#known.has(account.address)) await this.#remove(account.address);
      await this.#put(account);
      this.#known.set(account.address, text);
    }
    return bytesToHex(await this.#manager.getStateRoot());
  }

  async #remove(name: string): Promise<void> {
    const address = new Address(hexToBytes(name as Hex));
    await this.#manager.clearStorage(address);
    await this.#manager.deleteAccount(address);
    this.#known.delete(name);
  }

  async #put({ address: name, balance, nonce, code, storage }: AccountDump): Promise<void> {
    const address = new Address(hexToBytes(name));
    await this.#manager.putAccount(address, new Account(nonce, balance));
    if (code !== '0x') await this.#manager.putCode(address, hexToBytes(code));
    for (const { slot, value } of storage) {
      await this.#manager.putStorage(address, toWord(slot), toWord(value));
    }
  }
}

function toWord(value: bigint): Uint8Array {
  return hexToBytes(`0x${value.toString(16).padStart(64, '0')}`);
}

function toValue(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return hexToBytes(`0x${hex.length % 2 === 1 ? '0' : ''}${hex}`);
}

function show(account: AccountDump): string {
  return JSON.stringify(account, (_, field: unknown) =>
    typeof field === 'bigint' ? field.toString(16) : field,
  );
}

async function createEntry(fork: Fork): Promise<Entry> {
  const kzg = new AbsentKzg();
  const customCrypto = { kzg: kzg as unknown as NonNullable<CustomCrypto['kzg']> };
  const common = new Common({ chain: Mainnet, hardfork: HARDFORKS[fork], customCrypto });
  const state = new ReceiptState();
  const blockchain = {
    getBlock: async (number: number) => ({ hash: () => ancestorHash(BigInt(number)) }),
    putBlock: async () => {},
    shallowCopy: () => blockchain,
  };
  const options = { common, stateManager: state, blockchain };
  const evm = (await createEVM(options as unknown as Parameters<typeof createEVM>[0])) as EVM;
  keepRevertedCode(evm);
  const vm = await createVM({ ...options, evm } as unknown as Parameters<typeof createVM>[0]);
  return { vm, evm, common, state, kzg };
}

/** What `runTx` asks of a block. */
function createBlock(block: TransactionBlock, fork: Fork, common: Common) {
  const { eip1559, eip3675 } = forkRules(fork);
  return {
    common,
    errorStr: () => 'the block',
    header: {
      number: block.number,
      timestamp: block.timestamp,
      gasLimit: block.gasLimit,
      gasUsed: 0n,
      coinbase: new Address(hexToBytes(block.coinbase)),
      difficulty: eip3675 ? 0n : block.prevRandao,
      prevRandao: toWord(block.prevRandao),
      baseFeePerGas: eip1559 ? block.baseFee : undefined,
      slotNumber: 0n,
      getBlobGasPrice: () => block.blobBaseFee,
    },
  };
}

export class OracleTransactions implements TransactionSide {
  readonly #entries = new Map<Fork, Entry>();
  readonly #roots = new RootKeeper();

  /** @throws OracleLimitError where a transaction needs what the package does not have */
  async run(
    value: TransactionCase,
    transactions: readonly Uint8Array[],
  ): Promise<ObservedTransaction[]> {
    const { fork, block, accounts } = value;
    const entry = this.#entries.get(fork) ?? (await createEntry(fork));
    this.#entries.set(fork, entry);
    const { state, evm } = entry;
    state.reset();
    evm.journal.cleanJournal();
    evm.transientStorage.clear();
    for (const { address, balance, nonce, code, storage } of accounts) {
      state.setAccount(address, { balance, nonce, code, codeHash: state.hashCode(code) });
      for (const [slot, word] of storage) {
        if (word !== 0n) state.setSlot(address, bytesToHex(toWord(slot)), toValue(word));
      }
    }
    state.originalStorageCache.clear();
    const header = createBlock(block, fork, entry.common);
    const observed: ObservedTransaction[] = [];
    for (const bytes of transactions) {
      const ending = await apply(entry, header, bytes);
      const after = dump(state);
      observed.push({ ending, root: await this.#roots.root(after), accounts: after });
    }
    return observed;
  }
}

async function apply(
  { vm, evm, common, kzg }: Entry,
  block: ReturnType<typeof createBlock>,
  bytes: Uint8Array,
): Promise<TransactionEnding> {
  try {
    const tx = createTxFromRLP(bytes, { common }) as TypedTransaction;
    const options = { tx, block } as unknown as Parameters<typeof runTx>[1];
    kzg.isAsked = false;
    const result = await runTx(vm, options);
    if (kzg.isAsked) throw new OracleLimitError('a proof of KZG is to be verified');
    return describe(result, tx);
  } catch (error) {
    if (error instanceof OracleLimitError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    const codes = reasonsOf(detail);
    if (codes === undefined) throw error;
    return { kind: 'rejected', codes, detail };
  } finally {
    evm.journal.cleanJournal();
    evm.transientStorage.clear();
  }
}

function describe(result: RunTxResult, tx: TypedTransaction): TransactionEnding {
  const { execResult, createdAddress, totalGasSpent, amountSpent, blobGasUsed, bloom } = result;
  const error = execResult.exceptionError?.error;
  const status = statusOf(error);
  const isCreated = status === 'success' && tx.to === undefined && createdAddress !== undefined;
  return {
    kind: 'executed',
    status,
    gasUsed: totalGasSpent,
    fee: amountSpent,
    blobGasUsed: blobGasUsed ?? 0n,
    output: execResult.returnValue,
    logs: (execResult.logs ?? []).map(([address, topics, data]) => ({
      address: bytesToHex(address),
      topics: topics.map((topic) => bytesToHex(topic)),
      data,
    })),
    bloom: bloom.bitvector,
    ...(isCreated ? { created: createdAddress.toString() as Hex } : {}),
    ...(error === undefined ? {} : { detail: String(error) }),
  };
}

function dump(state: UndoState): AccountDump[] {
  return [...state.accounts]
    .map(([address, { balance, nonce, code }]) => ({
      address: address as Hex,
      balance,
      nonce,
      code: bytesToHex(code),
      storage: [...(state.slots.get(address) ?? [])]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([slot, word]) => ({ slot: BigInt(slot), value: BigInt(bytesToHex(word)) })),
    }))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}
