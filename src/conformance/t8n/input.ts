/**
 * What the transition tool reads: the environment of the block, and its transactions, as JSON or as
 * RLP, signed or with the key that shall sign them.
 */
import { LockstepError } from '../../base/errors.ts';
import { decodeRlp, type RlpItem } from '../../base/rlp.ts';
import type { Withdrawal } from '../../chain/blocks/block.ts';
import type { BlobSchedule } from '../../chain/blocks/schedule.ts';
import { transactionOfRlp } from '../../chain/transactions/codec.ts';
import { signTransaction } from '../../chain/transactions/sender.ts';
import type {
  SignedTransaction,
  Transaction,
  TransactionType,
} from '../../chain/transactions/types.ts';
import {
  type Json,
  readBytes,
  readList,
  readNumber,
  readNumberOr,
  readObject,
} from '../fixture.ts';
import { readAccessList, readAuthorization } from '../state-fixture.ts';
import { FormatError } from '../types.ts';
import { TransitionError } from './failures.ts';

/** The environment as it was given; what the fork needs of it is checked later. */
export interface Environment {
  readonly coinbase: Uint8Array;
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly gasLimit: bigint;
  readonly difficulty: bigint | undefined;
  readonly random: bigint | undefined;
  readonly baseFee: bigint | undefined;
  readonly excessBlobGas: bigint | undefined;
  readonly parentTimestamp: bigint | undefined;
  readonly parentDifficulty: bigint | undefined;
  readonly parentHasOmmers: boolean;
  readonly parentBaseFee: bigint | undefined;
  readonly parentGasUsed: bigint | undefined;
  readonly parentGasLimit: bigint | undefined;
  readonly parentExcessBlobGas: bigint | undefined;
  readonly parentBlobGasUsed: bigint | undefined;
  readonly parentBeaconBlockRoot: Uint8Array | undefined;
  readonly blockHashes: ReadonlyMap<bigint, Uint8Array>;
  readonly ommers: readonly { readonly delta: bigint; readonly address: Uint8Array }[];
  readonly withdrawals: readonly Withdrawal[] | undefined;
}

/** Hash of the empty list, and what stands for it: a parent without ommers. */
const NO_OMMERS = /^0x(0*|1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347)$/i;

const isNone = (value: unknown): value is undefined | null => value === undefined || value === null;

/** @throws FormatError for what is missing or malformed */
export function readEnvironment(value: unknown): Environment {
  const env = readObject(value, 'env');
  const number = (name: string): bigint => readNumber(env[name], `env.${name}`);
  const optional = (name: string): bigint | undefined =>
    isNone(env[name]) ? undefined : number(name);
  const root = env.parentBeaconBlockRoot;
  const ommersHash = env.parentUncleHash;
  return {
    coinbase: readBytes(env.currentCoinbase, 'env.currentCoinbase', 20),
    number: number('currentNumber'),
    timestamp: number('currentTimestamp'),
    gasLimit: number('currentGasLimit'),
    difficulty: optional('currentDifficulty'),
    random: optional('currentRandom'),
    baseFee: optional('currentBaseFee'),
    excessBlobGas: optional('currentExcessBlobGas'),
    parentTimestamp: optional('parentTimestamp'),
    parentDifficulty: optional('parentDifficulty'),
    parentHasOmmers: !isNone(ommersHash) && !NO_OMMERS.test(String(ommersHash)),
    parentBaseFee: optional('parentBaseFee'),
    parentGasUsed: optional('parentGasUsed'),
    parentGasLimit: optional('parentGasLimit'),
    parentExcessBlobGas: optional('parentExcessBlobGas'),
    parentBlobGasUsed: optional('parentBlobGasUsed'),
    parentBeaconBlockRoot: isNone(root)
      ? undefined
      : readBytes(root, 'env.parentBeaconBlockRoot', 32),
    blockHashes: new Map(
      Object.entries(isNone(env.blockHashes) ? {} : readObject(env.blockHashes, 'blockHashes')).map(
        ([key, hash]) => [
          readNumber(key, 'a number of env.blockHashes'),
          readBytes(hash, `hash ${key} of env.blockHashes`, 32),
        ],
      ),
    ),
    ommers: isNone(env.ommers) ? [] : readList(env.ommers, 'env.ommers').map(readOmmer),
    withdrawals: isNone(env.withdrawals)
      ? undefined
      : readList(env.withdrawals, 'env.withdrawals').map(readWithdrawal),
  };
}

function readOmmer(value: unknown): Environment['ommers'][number] {
  const { delta, address } = readObject(value, 'an ommer');
  return {
    delta: readNumber(delta, 'delta of an ommer'),
    address: readBytes(address, 'address of an ommer', 20),
  };
}

function readWithdrawal(value: unknown): Withdrawal {
  const { index, validatorIndex, address, amount } = readObject(value, 'a withdrawal');
  return {
    index: readNumber(index, 'index of a withdrawal'),
    validatorIndex: readNumber(validatorIndex, 'validatorIndex of a withdrawal'),
    address: readBytes(address, 'address of a withdrawal', 20),
    amount: readNumber(amount, 'amount of a withdrawal'),
  };
}

/** The fork's counts of blobs, where the input has its own. */
export function readBlobParams(value: unknown): BlobSchedule | undefined {
  if (isNone(value)) return undefined;
  const { target, max, baseFeeUpdateFraction } = readObject(value, 'blobParams');
  return {
    target: readNumber(target, 'blobParams.target'),
    max: readNumber(max, 'blobParams.max'),
    feeFraction: readNumber(baseFeeUpdateFraction, 'blobParams.baseFeeUpdateFraction'),
  };
}

/** A transaction, or why its bytes are none. */
export type ReadTransaction = SignedTransaction | { readonly problem: string };

/** What unsigned transactions are signed for. */
export interface SigningRules {
  readonly chainId: bigint;
  /** Whether signatures of legacy transactions hold a chain id (EIP-155). */
  readonly eip155: boolean;
}

/** @throws FormatError for what is missing or malformed */
export function readTransactions(value: unknown, rules: SigningRules): ReadTransaction[] {
  if (isNone(value)) return [];
  return readList(value, 'txs').map((each, index) => readOne(each, `txs[${index}]`, rules));
}

/**
 * Transactions of an RLP list; one that is malformed leaves the others as they are.
 *
 * @param text - Hexadecimal.
 * @throws TransitionError `rlp` where there is no list
 */
export function readEncoded(text: string): ReadTransaction[] {
  let items: RlpItem;
  try {
    items = decodeRlp(readBytes(text, 'the transactions in RLP'));
  } catch (error) {
    throw new TransitionError('rlp', `the transactions in RLP: ${(error as Error).message}`);
  }
  if (items instanceof Uint8Array) {
    throw new TransitionError('rlp', 'the transactions in RLP are no list');
  }
  return items.map((item) => {
    try {
      return transactionOfRlp(item);
    } catch (error) {
      if (error instanceof LockstepError) return { problem: `rlp: ${error.message}` };
      throw error;
    }
  });
}

function readOne(value: unknown, what: string, rules: SigningRules): SignedTransaction {
  const fields = readObject(value, what);
  const parts = ['v', 'r', 's'].map((name) => readNumberOr(fields[name], `${what}.${name}`, 0n));
  const [v = 0n, r = 0n, s = 0n] = parts;
  const isUnsigned = parts.every((part) => part === 0n) && !isNone(fields.secretKey);
  if (isUnsigned) {
    const key = readBytes(fields.secretKey, `${what}.secretKey`, 32);
    const isProtected = rules.eip155 && fields.protected !== false;
    const tx = readFields(fields, what, isProtected ? rules.chainId : undefined);
    return signTransaction(tx, key);
  }
  const type = typeOf(fields, what);
  if (type !== 0) {
    const parity = readNumberOr(fields.yParity, `${what}.yParity`, v);
    if (parity > 1n) throw new FormatError(`${what}.v is ${v} where a parity is expected`);
    const tx = readFields(fields, what, undefined);
    return { ...tx, signature: { r, s, yParity: parity === 0n ? 0 : 1 } };
  }
  const isPlain = v === 27n || v === 28n;
  if (!isPlain && v < 35n) throw new FormatError(`${what}.v is ${v}, which no signature has`);
  const tx = readFields(fields, what, isPlain ? undefined : (v - 35n) / 2n);
  const odd = isPlain ? v === 28n : (v - 35n) % 2n === 1n;
  return { ...tx, signature: { r, s, yParity: odd ? 1 : 0 } };
}

function typeOf(fields: Json, what: string): TransactionType {
  const type = readNumberOr(fields.type, `${what}.type`, 0n);
  if (type > 4n) throw new FormatError(`${what}.type is ${type}, which does not exist`);
  return Number(type) as TransactionType;
}

/** @param legacyChainId - Of a legacy transaction, which has no field for it. */
function readFields(fields: Json, what: string, legacyChainId: bigint | undefined): Transaction {
  const type = typeOf(fields, what);
  const number = (name: string, other?: bigint): bigint =>
    other === undefined
      ? readNumber(fields[name], `${what}.${name}`)
      : readNumberOr(fields[name], `${what}.${name}`, other);
  const gasPrice = type < 2 ? number('gasPrice') : 0n;
  const list = (name: string): readonly unknown[] =>
    isNone(fields[name]) ? [] : readList(fields[name], `${what}.${name}`);
  const to = isNone(fields.to) || fields.to === '' ? undefined : fields.to;
  return {
    type,
    chainId: type === 0 ? legacyChainId : number('chainId'),
    nonce: number('nonce'),
    gasLimit: isNone(fields.gas) ? number('gasLimit') : number('gas'),
    maxFeePerGas: type < 2 ? gasPrice : number('maxFeePerGas'),
    maxPriorityFeePerGas: type < 2 ? gasPrice : number('maxPriorityFeePerGas'),
    to: to === undefined ? undefined : readBytes(to, `${what}.to`, 20),
    value: number('value', 0n),
    data: readBytes(fields.input ?? fields.data ?? '0x', `${what}.input`),
    accessList: type === 0 ? [] : readAccessList(list('accessList')),
    maxFeePerBlobGas: type === 3 ? number('maxFeePerBlobGas') : 0n,
    blobHashes:
      type === 3
        ? list('blobVersionedHashes').map((hash) => readBytes(hash, `${what} has a blob hash`, 32))
        : [],
    authorizations: type === 4 ? list('authorizationList').map(readAuthorization) : [],
  };
}
