/** How a node is set up, and the genesis that follows from it. */
import { hexToBytes } from '../base/bytes.ts';
import { LockstepError } from '../base/errors.ts';
import { type Genesis, readGenesis } from '../chain/blocks/genesis-file.ts';
import type { BlockFork } from '../chain/blocks/rules.ts';
import { BLOCK_FORKS, parseBlockFork } from '../chain/blocks/rules.ts';
import type { ChainDatabase } from '../chain/dev/database.ts';
import type { PoolOrder } from '../chain/dev/pool.ts';
import type { GenesisAccount } from '../chain/genesis.ts';
import type { EngineName } from '../engines/tiering.ts';
import { LATEST_FORK, type Overrides } from '../vms/evm/forks.ts';
import { MODULE_BYTES_MAX } from '../vms/evm/gas.ts';
import { CALL_GAS_MAX } from './execution/limits.ts';
import type { ForkOptions } from './fork/fork.ts';
import type { OwnPrecompiles } from './plugins.ts';
import { predeployedAccounts } from './predeploys.ts';
import type { QuickJsPackage } from './scripts/sandbox.ts';
import type { StackTraces } from './stack/traces.ts';
import { deriveWallets, type Wallet } from './wallets.ts';

export type Compat = 'anvil' | 'hardhat';

/** Everything has a default; amounts are wei and times seconds unless told. */
export interface NodeOptions {
  /** Whose ways hold where anvil and Hardhat differ; anvil's unless told. */
  readonly compat?: Compat;
  /** 31337 unless told. */
  readonly chainId?: bigint;
  /** Name of the fork in any spelling; the latest unless told. */
  readonly hardfork?: string;
  /** The content of a genesis file, whose forks and accounts hold. */
  readonly genesis?: unknown;
  /** Accounts of the mnemonic; 10 unless told. */
  readonly accounts?: number;
  readonly mnemonic?: string;
  /** Path of the keys but for the last number. */
  readonly derivationPath?: string;
  /** Of each account of the mnemonic; 10,000 ether unless told. */
  readonly balance?: bigint;
  /** Of blocks; 30,000,000 unless told. */
  readonly gasLimit?: bigint;
  /** Of the genesis; 1 gwei unless told. */
  readonly baseFee?: bigint;
  /** What `eth_gasPrice` answers in place of the base fee and a tip. */
  readonly gasPrice?: bigint;
  /** Wei for a unit of gas to the coinbase that is offered unless told; 1 gwei. */
  readonly priorityFee?: bigint;
  /** Whether the deterministic deployer of CREATE2 is there; true unless told. */
  readonly hasCreate2Deployer?: boolean;
  /** Of the genesis. */
  readonly timestamp?: bigint;
  /** Of the genesis; 0 unless told. */
  readonly number?: bigint;
  /** 20 bytes. */
  readonly coinbase?: Uint8Array;
  /** Whether a transaction is mined as soon as it is there; true unless told. */
  readonly isAutomining?: boolean;
  /** Seconds between blocks that are mined without being asked for; none unless told. */
  readonly blockTime?: number;
  readonly order?: PoolOrder;
  /** Transactions of a block at most. */
  readonly blockCountMax?: number;
  /** Blocks that are thirty-two times as many below the head are final. */
  readonly slotsInEpoch?: bigint;
  /** Whether a transaction's gas has the fork's limit (EIP-7825); false unless told. */
  readonly hasTxGasLimit?: boolean;
  /** Bytes of a contract's code at most; the fork's unless told. */
  readonly codeSizeMax?: bigint;
  /** Gas of a call at most; 50,000,000 unless told. */
  readonly callGasMax?: bigint;
  /** Blocks that `eth_getLogs` looks at; all unless told. */
  readonly logRangeMax?: bigint;
  readonly engine?: EngineName;
  /** Folder that keeps what `auto` compiled from process to process. */
  readonly codeCache?: string;
  /** Precompiles of the user's own, by address. */
  readonly precompiles?: OwnPrecompiles;
  /** Whether the node acts for every account without its key. */
  readonly isImpersonatingAll?: boolean;
  /** Seconds of a clock outside, in place of the chain's own time. */
  readonly hostClock?: () => bigint;
  /** What keeps the chain beyond the process, as `openDatabase` gives it. */
  readonly database?: ChainDatabase;
  /** States of so many blocks below the head can be read, of 256 at least; of all unless told. */
  readonly statesKept?: bigint;
  /** Tells where contracts fail in their sources (`createStackTraces` of `lockstep/node/stack`). */
  readonly stackTraces?: StackTraces;
  /** Runs tracers in JavaScript where `quickjs-wasi` cannot be imported: in a page, in a bundle. */
  readonly quickJs?: QuickJsPackage;
  /** Another chain to go on from, in place of a genesis. */
  readonly fork?: ForkOptions;
}

/** What the options come to. */
export interface NodeSetup {
  readonly genesis: Genesis;
  readonly wallets: readonly Wallet[];
  readonly callGasMax: bigint;
  readonly logRangeMax: bigint;
  readonly slotsInEpoch: bigint;
  readonly gasPrice: bigint | undefined;
  readonly priorityFee: bigint;
  readonly hardfork: string;
  readonly coinbase: Uint8Array;
}

export const DEFAULT_MNEMONIC = 'test test test test test test test test test test test junk';
export const DEFAULT_PATH = "m/44'/60'/0'/0/";
const ETHER = 10n ** 18n;
export const DEFAULT_BALANCE: bigint = 10_000n * ETHER;
const DEFAULT_CHAIN_ID = 31337n;
const DEFAULT_GAS_LIMIT = 30_000_000n;
export const DEFAULT_BASE_FEE = 1_000_000_000n;
const PRIORITY_FEE = 1_000_000_000n;
/** The first second of 2025: a time that contracts may have seen, and that every run begins at. */
export const DEFAULT_TIMESTAMP = 1_735_689_600n;
const LOG_RANGE_MAX = (1n << 64n) - 1n;
const SLOTS_IN_EPOCH = 32n;
const TX_GAS_UNLIMITED = (1n << 63n) - 1n;
const NO_ADDRESS = new Uint8Array(20);

/** What is other unless told with `compat: 'hardhat'`. */
const HARDHAT_DEFAULTS: NodeOptions = {
  accounts: 20,
  gasLimit: 60_000_000n,
  coinbase: hexToBytes('0xc014ba5ec014ba5ec014ba5ec014ba5ec014ba5e'),
  hasCreate2Deployer: false,
  hasTxGasLimit: true,
};

/** The options with the defaults of their `compat`. */
export function withDefaults(options: NodeOptions): NodeOptions {
  return options.compat === 'hardhat' ? { ...HARDHAT_DEFAULTS, ...options } : options;
}

/** @throws LockstepError L1402 for a fork that does not exist, and what `readGenesis` throws */
export function setUp(options: NodeOptions): NodeSetup {
  const { accounts = 10, mnemonic = DEFAULT_MNEMONIC, derivationPath = DEFAULT_PATH } = options;
  const wallets = deriveWallets({ mnemonic, count: accounts, path: derivationPath });
  const genesis = options.genesis === undefined ? genesisOf(options) : readGenesis(options.genesis);
  return {
    genesis: { ...genesis, accounts: withWallets(genesis.accounts, wallets, options) },
    wallets,
    callGasMax: options.callGasMax ?? CALL_GAS_MAX,
    logRangeMax: options.logRangeMax ?? LOG_RANGE_MAX,
    slotsInEpoch: options.slotsInEpoch ?? SLOTS_IN_EPOCH,
    gasPrice: options.gasPrice,
    priorityFee: options.priorityFee ?? PRIORITY_FEE,
    hardfork: options.hardfork ?? LATEST_FORK,
    coinbase: options.coinbase ?? NO_ADDRESS,
  };
}

/**
 * The fork that the options name; the latest unless told.
 *
 * @throws LockstepError L1402 for one that does not exist
 */
export function forkOf({ hardfork = LATEST_FORK }: Pick<NodeOptions, 'hardfork'>): BlockFork {
  const fork = hardfork === 'latest' ? LATEST_FORK : parseBlockFork(hardfork);
  if (fork !== undefined) return fork;
  const known = BLOCK_FORKS.join(', ');
  throw new LockstepError('L1402', { network: hardfork, fork: hardfork, known });
}

/** What a development chain has different from every fork. */
export function overridesOf({ hasTxGasLimit, codeSizeMax }: NodeOptions): Overrides {
  const costs = {
    moduleBytesMax: MODULE_BYTES_MAX,
    ...(hasTxGasLimit ? {} : { txGasMax: TX_GAS_UNLIMITED }),
    ...(codeSizeMax === undefined
      ? {}
      : { codeBytesMax: codeSizeMax, initcodeBytesMax: codeSizeMax * 2n }),
  };
  return { costs };
}

function genesisOf(options: NodeOptions): Genesis {
  const chainId = options.chainId ?? DEFAULT_CHAIN_ID;
  return {
    schedule: { chainId, steps: [{ fork: forkOf(options), overrides: overridesOf(options) }] },
    accounts: predeployedAccounts(options.hasCreate2Deployer ?? true),
    header: {
      parentHash: new Uint8Array(32),
      coinbase: options.coinbase ?? NO_ADDRESS,
      difficulty: 0n,
      number: options.number ?? 0n,
      gasLimit: options.gasLimit ?? DEFAULT_GAS_LIMIT,
      gasUsed: 0n,
      timestamp: options.timestamp ?? DEFAULT_TIMESTAMP,
      extraData: new Uint8Array(0),
      mixHash: new Uint8Array(32),
      nonce: new Uint8Array(8),
      baseFeePerGas: options.baseFee ?? DEFAULT_BASE_FEE,
    },
  };
}

/** Accounts of the genesis with those of the mnemonic, which have the balance of the options. */
function withWallets(
  accounts: readonly GenesisAccount[],
  wallets: readonly Wallet[],
  { balance = DEFAULT_BALANCE }: NodeOptions,
): GenesisAccount[] {
  const funded = wallets.map(({ address }) => ({
    address,
    balance,
    nonce: 0n,
    code: new Uint8Array(0),
    storage: [],
  }));
  return [...accounts, ...funded];
}
