/**
 * Genesis files in the layout that clients share: the schedule of forks under `config`, accounts
 * under `alloc`, and fields of the genesis header.
 */
import { hexToBytes } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { checkOverrides } from '../../vms/evm/overrides.ts';
import type { GenesisAccount } from '../genesis.ts';
import { type Block, encodeBlock, NO_OMMERS_HASH } from './block.ts';
import { INITIAL_BASE_FEE } from './fees.ts';
import type { Header } from './header.ts';
import { receiptsRoot, transactionsRoot, withdrawalsRoot } from './process.ts';
import { BLOOM_BYTES } from './receipts.ts';
import { requestsHash } from './requests.ts';
import type { BlockFork } from './rules.ts';
import {
  type BlobSchedule,
  type ForkSchedule,
  type ForkStep,
  rulesAt,
  withBlobs,
  withCosts,
} from './schedule.ts';

export interface Genesis {
  readonly schedule: ForkSchedule;
  readonly accounts: readonly GenesisAccount[];
  readonly header: GenesisFields;
}

/** What a genesis file says of the header; numbers default to 0, bytes to zeros. */
export type GenesisFields = Pick<
  Header,
  'coinbase' | 'difficulty' | 'number' | 'gasLimit' | 'gasUsed' | 'timestamp' | 'extraData'
> &
  Pick<Header, 'mixHash' | 'nonce' | 'parentHash'> &
  Partial<Pick<Header, 'baseFeePerGas' | 'blobGasUsed' | 'excessBlobGas'>>;

type Json = Readonly<Record<string, unknown>>;

/** Keys of `config` that turn a fork on at a block. */
const BLOCK_KEYS: readonly (readonly [key: string, fork: BlockFork])[] = [
  ['homesteadBlock', 'homestead'],
  ['daoForkBlock', 'dao'],
  ['eip150Block', 'tangerineWhistle'],
  ['eip158Block', 'spuriousDragon'],
  ['byzantiumBlock', 'byzantium'],
  ['constantinopleBlock', 'constantinople'],
  ['petersburgBlock', 'petersburg'],
  ['istanbulBlock', 'istanbul'],
  ['muirGlacierBlock', 'muirGlacier'],
  ['berlinBlock', 'berlin'],
  ['londonBlock', 'london'],
  ['arrowGlacierBlock', 'arrowGlacier'],
  ['grayGlacierBlock', 'grayGlacier'],
];

/** Forks that `<fork>Time` turns on. */
const TIME_FORKS: readonly BlockFork[] = [
  'shanghai',
  'cancun',
  'prague',
  'osaka',
  'bpo1',
  'bpo2',
  'bpo3',
  'bpo4',
];

/**
 * Reads a genesis file.
 *
 * @throws LockstepError L1403 for a value of another form, L1502 for an amount out of range, and
 *   what `hexToBytes` throws
 */
export function readGenesis(value: unknown): Genesis {
  const file = readObject(value, 'the file');
  return {
    schedule: readSchedule(readObject(file.config, 'config')),
    accounts: Object.entries(readObject(file.alloc ?? {}, 'alloc')).map(readAccount),
    header: {
      parentHash: readBytes(file.parentHash, 'parentHash', 32),
      coinbase: readBytes(file.coinbase, 'coinbase', 20),
      difficulty: readNumber(file.difficulty, 'difficulty'),
      number: readNumber(file.number, 'number'),
      gasLimit: readNumber(file.gasLimit, 'gasLimit'),
      gasUsed: readNumber(file.gasUsed, 'gasUsed'),
      timestamp: readNumber(file.timestamp, 'timestamp'),
      extraData: file.extraData === undefined ? NO_BYTES : readBytes(file.extraData, 'extraData'),
      mixHash: readBytes(file.mixHash ?? file.mixhash, 'mixHash', 32),
      nonce: numberBytes(readNumber(file.nonce, 'nonce'), 8, 'nonce'),
      ...optional('baseFeePerGas', file.baseFeePerGas),
      ...optional('blobGasUsed', file.blobGasUsed),
      ...optional('excessBlobGas', file.excessBlobGas),
    },
  };
}

const NO_BYTES = new Uint8Array(0);

function optional<K extends string>(key: K, value: unknown): { [key in K]?: bigint } {
  if (value === undefined || value === null) return {};
  return { [key]: readNumber(value, key) } as { [key in K]?: bigint };
}

/** Amounts of the schedule that say which modules are contracts, and what they are given. */
const MODULE_AMOUNTS = ['moduleBytesMax', 'moduleSeed'] as const;

function readSchedule(config: Json): ForkSchedule {
  const blobs = readObject(config.blobSchedule ?? {}, 'config.blobSchedule');
  const steps: ForkStep[] = [{ fork: 'frontier' }];
  const isDao = config.daoForkSupport === true && typeof config.daoForkBlock === 'number';
  for (const [key, fork] of BLOCK_KEYS) {
    if (fork === 'dao' && !isDao) continue;
    if (isAbsent(config[key])) continue;
    steps.push({ fork, block: readNumber(config[key], `config.${key}`) });
  }
  const { terminalTotalDifficulty: terminal, depositContractAddress: deposits } = config;
  if (!isAbsent(terminal)) {
    const totalDifficulty = readNumber(terminal, 'config.terminalTotalDifficulty');
    steps.push({ fork: 'paris', totalDifficulty });
  }
  for (const fork of TIME_FORKS) {
    const time = config[`${fork}Time`];
    if (isAbsent(time)) continue;
    const step = { fork, time: readNumber(time, `config.${fork}Time`) };
    steps.push(withBlobs(step, readBlobs(blobs[fork])));
  }
  const amounts = MODULE_AMOUNTS.filter((name) => !isAbsent(config[name]));
  const costs = Object.fromEntries(
    amounts.map((name) => [name, readNumber(config[name], `config.${name}`)]),
  );
  checkOverrides({ costs });
  return {
    chainId: isAbsent(config.chainId) ? 1n : readNumber(config.chainId, 'config.chainId'),
    steps: steps.map((step) => withCosts(step, costs)),
    ...(isDao ? { daoBlock: readNumber(config.daoForkBlock, 'config.daoForkBlock') } : {}),
    ...(isAbsent(deposits) ? {} : { depositContract: readBytes(deposits, 'deposits', 20) }),
  };
}

const isAbsent = (value: unknown): value is undefined | null =>
  value === undefined || value === null;

function readBlobs(value: unknown): BlobSchedule | undefined {
  if (isAbsent(value)) return undefined;
  const { target, max, baseFeeUpdateFraction } = readObject(value, 'a blob schedule');
  return {
    target: readNumber(target, 'target'),
    max: readNumber(max, 'max'),
    feeFraction: readNumber(baseFeeUpdateFraction, 'baseFeeUpdateFraction'),
  };
}

function readAccount([text, value]: [string, unknown]): GenesisAccount {
  const { balance, wei, nonce, code, storage } = readObject(value, `alloc.${text}`);
  return {
    address: readBytes(text, 'an address of alloc', 20),
    balance: readNumber(balance ?? wei, 'a balance'),
    nonce: readNumber(nonce, 'a nonce'),
    code: isAbsent(code) ? NO_BYTES : readBytes(code, 'a code'),
    storage: Object.entries(readObject(storage ?? {}, 'a storage')).map(([slot, word]) => ({
      slot: readNumber(slot, 'a slot'),
      value: readNumber(word, 'the value of a slot'),
    })),
  };
}

function malformed(problem: string): LockstepError {
  return new LockstepError('L1403', { problem });
}

function readObject(value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw malformed(`${what} is missing or no object`);
}

/** A number, in decimal or hexadecimal text, or as it is; absent ones are 0. */
function readNumber(value: unknown, what: string): bigint {
  if (isAbsent(value) || value === '0x') return 0n;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === 'string' && /^(0x[0-9a-fA-F]+|[0-9]+)$/.test(value)) return BigInt(value);
  throw malformed(`${what} is no number`);
}

function readBytes(value: unknown, what: string, size?: number): Uint8Array {
  if (isAbsent(value) && size !== undefined) return new Uint8Array(size);
  if (typeof value !== 'string') throw malformed(`${what} is no text`);
  const bytes = hexToBytes(value, what);
  if (size === undefined || bytes.length === size) return bytes;
  throw malformed(`${what} has ${bytes.length} bytes where ${size} are expected`);
}

function numberBytes(value: bigint, size: number, what: string): Uint8Array {
  const digits = value.toString(16);
  if (digits.length > size * 2) throw malformed(`${what} has more than ${size} bytes`);
  return hexToBytes(digits.padStart(size * 2, '0'), what);
}

/** The genesis block over the state with the genesis accounts. */
export function createGenesisBlock(
  { header, schedule }: Pick<Genesis, 'header' | 'schedule'>,
  stateRoot: Uint8Array,
): Block {
  const { rules } = rulesAt(schedule, header);
  const { baseFeePerGas, blobGasUsed = 0n, excessBlobGas = 0n, ...fields } = header;
  const whole: Header = {
    ...fields,
    ommersHash: NO_OMMERS_HASH,
    stateRoot,
    transactionsRoot: transactionsRoot([]),
    receiptsRoot: receiptsRoot([]),
    logsBloom: new Uint8Array(BLOOM_BYTES),
    ...(rules.eip1559 ? { baseFeePerGas: baseFeePerGas ?? INITIAL_BASE_FEE } : {}),
    ...(rules.eip4895 ? { withdrawalsRoot: withdrawalsRoot([]) } : {}),
    ...(rules.eip4844 ? { blobGasUsed, excessBlobGas } : {}),
    ...(rules.eip4788 ? { parentBeaconBlockRoot: new Uint8Array(32) } : {}),
    ...(rules.eip7685 ? { requestsHash: requestsHash([]) } : {}),
  };
  const withdrawals = rules.eip4895 ? [] : undefined;
  const block = { header: whole, transactions: [], ommers: [], withdrawals };
  return { ...block, size: encodeBlock(block).length };
}
