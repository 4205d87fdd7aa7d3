/**
 * From a seed to a case of transactions: a fork, a state that has what forks differ in, and a chain
 * of signed transactions, most of them valid. Nothing here runs anything.
 */
import { intrinsicGas } from '../../src/chain/transactions/gas.ts';
import type { Transaction, TransactionType } from '../../src/chain/transactions/types.ts';
import { checkTransaction, highestCost } from '../../src/chain/transactions/validate.ts';
import type { Hex } from '../../src/chain/types.ts';
import { type Fork, forkRules } from '../../src/vms/evm/forks.ts';
import { costsOf } from '../../src/vms/evm/gas.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { type CaseAccount, hexTextToBytes, TARGET } from './case.ts';
import { drawFork } from './fork-draw.ts';
import { generateCalls, generateRecursion, generateSmall } from './generate-calls.ts';
import {
  generateFactory,
  generateFactoryChild,
  generateInit,
  generateProgram,
} from './generate-contracts.ts';
import { generateStraight } from './generate-lines.ts';
import { legalize } from './legalize.ts';
import { edgeValue, oneIn, pick } from './operands.ts';
import { Program } from './program.ts';
import {
  CONTRACTS,
  createScene,
  drawCoinbase,
  EMPTY_ACCOUNT,
  FACTORY,
  type Scene,
} from './scene.ts';
import {
  type CaseAuthorization,
  type CaseTransaction,
  SIGNERS,
  SPOIL_NAMES,
  type TransactionBlock,
  type TransactionCase,
} from './transaction-case.ts';

const TRANSACTIONS_MAX = 6;
const WEI = 10n ** 18n;
const CHAIN_ID = 1n;
const NOTHING = new Uint8Array(0);
const NONCES: readonly bigint[] = [0n, 1n, 0x7fn, 0x80n, 0xffn, 0x100n, 0xffff_ffffn];
const NONCE_MAX = (1n << 64n) - 1n;

/** What the making of a case passes around. */
interface Draft {
  readonly prng: Prng;
  readonly scene: Scene;
  readonly block: TransactionBlock;
  /** The next nonce of each signer, if everything goes as meant. */
  readonly nonces: bigint[];
  /** What each signer had before the first transaction. */
  readonly balances: readonly bigint[];
}

export interface GeneratedTransactions {
  readonly value: TransactionCase;
  /** Draws the gas limits of the repetitions. */
  readonly prng: Prng;
}

/** Makes the case of a seed, under a fork of its own or the given one. */
export function generateTransactions(seed: number, given?: Fork): GeneratedTransactions {
  const prng = createPrng(seed);
  const drawn = drawFork(prng);
  const fork = given ?? drawn;
  const coinbase = drawCoinbase(prng);
  const child = generateFactoryChild(prng, fork, coinbase);
  const scene = createScene(fork, coinbase, child);
  const block = drawBlock(prng, coinbase);
  const signers = SIGNERS.map((address) => drawSigner(prng, scene, address));
  const nonces = signers.map((account) => account?.nonce ?? 0n);
  const balances = signers.map((account) => account?.balance ?? 0n);
  const draft = { prng, scene, block, nonces, balances };
  const accounts = [
    ...signers.filter((account) => account !== undefined),
    ...CONTRACTS.map((address) => drawContract(draft, address, child)),
    ...drawOthers(draft),
  ];
  const count = 1 + prng.below(TRANSACTIONS_MAX);
  const transactions = Array.from({ length: count }, () => drawTransaction(draft));
  const value: TransactionCase = { fork, block, accounts: unique(accounts), transactions };
  tightenBalance(prng, value);
  return { value, prng };
}

function drawBlock(prng: Prng, coinbase: Hex): TransactionBlock {
  return {
    number: oneIn(prng, 10) ? BigInt(prng.below(300)) : 1000n,
    timestamp: 1_700_000_000n,
    gasLimit: 30_000_000n,
    coinbase,
    prevRandao: oneIn(prng, 4) ? edgeValue(prng) : 0x1234_5678_9abc_def0n << 190n,
    baseFee: pick(prng, [0n, 1n, 7n, 7n, 10n ** 9n]),
    blobBaseFee: pick(prng, [1n, 3n, 10n ** 9n]),
  };
}

/** The first account of each address. */
function unique(accounts: readonly CaseAccount[]): CaseAccount[] {
  const seen = new Map<Hex, CaseAccount>();
  for (const account of accounts) {
    if (!seen.has(account.address)) seen.set(account.address, account);
  }
  return [...seen.values()];
}

function delegation(prng: Prng, scene: Scene): Uint8Array {
  return hexTextToBytes(`ef0100${pick(prng, scene.addresses).slice(2)}`);
}

/** An account that signs: mostly rich, sometimes delegated, seldom with code or not there. */
function drawSigner(prng: Prng, scene: Scene, address: Hex): CaseAccount | undefined {
  const kind = prng.below(120);
  if (kind === 0) return undefined;
  const isDelegated = forkRules(scene.fork).eip7702 && oneIn(prng, 4);
  let code: Uint8Array = NOTHING;
  if (isDelegated) code = delegation(prng, scene);
  else if (kind === 1) code = Uint8Array.of(0);
  const nonce = oneIn(prng, 3) ? pick(prng, NONCES) : BigInt(prng.below(3));
  const balance = kind <= 3 ? BigInt(prng.below(1_000_000)) : 1_000_000n * WEI;
  const storage = isDelegated && oneIn(prng, 2) ? ([[0n, 1n]] as const) : [];
  if (kind === 4) return { address, balance, nonce: NONCE_MAX - 1n, code, storage };
  return { address, balance, nonce: kind === 5 ? NONCE_MAX : nonce, code, storage };
}

function drawCode({ prng, scene }: Draft): Uint8Array {
  const { fork } = scene;
  const kind = prng.below(20);
  if (kind <= 9) return generateProgram(prng, scene, 2);
  if (kind <= 12) return legalize(prng, fork, generateCalls(prng));
  if (kind <= 15) return legalize(prng, fork, generateSmall(prng));
  if (kind === 16) return legalize(prng, fork, generateStraight(prng));
  if (kind === 17 && oneIn(prng, 6)) return legalize(prng, fork, generateRecursion(prng));
  if (kind === 18) return NOTHING;
  if (kind === 19 && forkRules(fork).eip7702) return delegation(prng, scene);
  return generateProgram(prng, scene, 1);
}

function drawContract(draft: Draft, address: Hex, child: Uint8Array): CaseAccount {
  const { prng, scene } = draft;
  const isFactory = address === FACTORY && !oneIn(prng, 8);
  const code = isFactory ? generateFactory(prng, scene.fork, child) : drawCode(draft);
  const slots = [0n, 1n, 2n, 3n].filter(() => oneIn(prng, 2));
  const storage = slots.map((slot) => [slot, oneIn(prng, 3) ? edgeValue(prng) | 1n : 1n] as const);
  // A nonce that no creation can use is only there where the account has code.
  const isLast = code.length > 0 && oneIn(prng, 60);
  return {
    address,
    balance: oneIn(prng, 3) ? 0n : BigInt(prng.below(3000)),
    nonce: isLast ? NONCE_MAX - BigInt(prng.below(2)) : 1n,
    code,
    storage: code.length > 0 ? storage : [],
  };
}

/** Empty accounts that exist, precompiles with and without wei, and what creations will meet. */
function drawOthers({ prng, scene }: Draft): CaseAccount[] {
  const accounts: CaseAccount[] = [];
  const add = (address: Hex, fields: Partial<CaseAccount> = {}) =>
    accounts.push({ address, balance: 0n, nonce: 0n, code: NOTHING, storage: [], ...fields });
  if (oneIn(prng, 2)) add(EMPTY_ACCOUNT);
  for (const number of [1, 2, 3, 4, 9]) {
    if (!oneIn(prng, number === 3 ? 2 : 6)) continue;
    const balance = oneIn(prng, 3) ? 1n : 0n;
    add(`0x${number.toString(16).padStart(40, '0')}`, { balance });
  }
  if (oneIn(prng, 2)) add(scene.coinbase, { balance: BigInt(prng.below(2)) * 10n });
  if (oneIn(prng, 3)) {
    const address = pick(prng, scene.children);
    const kind = prng.below(5);
    if (kind === 0) add(address);
    else if (kind === 1) add(address, { balance: 5n });
    else if (kind === 2) add(address, { nonce: 1n });
    else if (kind === 3) add(address, { code: Uint8Array.of(0x00), nonce: 1n });
    else add(address, { balance: 1n, storage: [[0n, 1n]] });
  }
  return accounts;
}

function typesOf(fork: Fork): TransactionType[] {
  const rules = forkRules(fork);
  const types: TransactionType[] = [0, 0];
  if (rules.eip2930) types.push(1);
  if (rules.eip1559) types.push(2, 2);
  if (rules.eip4844) types.push(3, 3);
  if (rules.eip7702) types.push(4, 4);
  return types;
}

function drawTransaction(draft: Draft): CaseTransaction {
  const { prng, scene, nonces } = draft;
  const { fork } = scene;
  const rules = forkRules(fork);
  const signer = oneIn(prng, 2) ? 0 : prng.below(SIGNERS.length);
  const type = oneIn(prng, 150) ? pick(prng, [0, 1, 2, 3, 4] as const) : pick(prng, typesOf(fork));
  const nonce = nonces[signer] as bigint;
  const isCreation = type < 3 ? oneIn(prng, 6) : oneIn(prng, 150);
  const to = isCreation ? undefined : drawRecipient(draft);
  const fees = drawFees(draft, type);
  const tx: CaseTransaction = {
    signer,
    type,
    ...drawChainId(prng, type, rules.eip155),
    nonce: oneIn(prng, 50) ? wrongNonce(prng, nonce) : nonce,
    gasLimit: 0n,
    ...fees,
    ...(to === undefined ? {} : { to }),
    value: drawValue(prng),
    data: isCreation ? drawInit(draft) : drawData(prng),
    accessList: type === 0 ? [] : drawAccessList(prng, scene),
    ...drawBlobs(draft, type),
    authorizations: type === 4 ? drawAuthorizations(draft, signer) : [],
  };
  tx.gasLimit = drawGasLimit(prng, fork, tx);
  if (tx.nonce === nonce && isMeantWell(draft, tx)) {
    nonces[signer] = BigInt.asUintN(64, nonce + 1n);
  }
  return tx;
}

/** Fields of a transaction as the rules read them; the authorizations are only counted. */
function toFields(tx: CaseTransaction): Transaction {
  return {
    ...tx,
    chainId: tx.chainId,
    to: tx.to === undefined ? undefined : hexTextToBytes(tx.to),
    accessList: tx.accessList.map(({ address, slots }) => ({
      address: hexTextToBytes(address),
      slots,
    })),
    blobHashes: tx.blobHashes.map(hexTextToBytes),
    authorizations: tx.authorizations.map(() => VOID_AUTHORIZATION),
  };
}

/** Whether the transaction is likely to use its nonce; later ones of the signer count on it. */
function isMeantWell({ scene, block, balances }: Draft, tx: CaseTransaction): boolean {
  const costs = costsOf(scene.fork);
  const rules = forkRules(scene.fork);
  const { baseFee, blobBaseFee, gasLimit: gas } = block;
  const blobGas = costs.blobsMax * costs.blobGas;
  const context = { rules, costs, chainId: CHAIN_ID, baseFee, blobBaseFee, gas, blobGas };
  const fields = toFields(tx);
  if (checkTransaction(fields, context) !== undefined) return false;
  return highestCost(fields, costs) <= (balances[tx.signer] as bigint);
}

function drawRecipient({ prng, scene }: Draft): Hex {
  const kind = prng.below(12);
  if (kind <= 5) return pick(prng, CONTRACTS);
  if (kind === 6) return FACTORY;
  if (kind === 7) return TARGET;
  if (kind === 8) return pick(prng, scene.children);
  return pick(prng, scene.addresses);
}

function drawChainId(
  prng: Prng,
  type: TransactionType,
  isProtected: boolean,
): { chainId?: bigint } {
  if (type === 0 && (!isProtected || oneIn(prng, 3)) && !oneIn(prng, 100)) return {};
  return { chainId: oneIn(prng, 150) ? 2n : CHAIN_ID };
}

function wrongNonce(prng: Prng, nonce: bigint): bigint {
  const wrong = pick(prng, [nonce - 1n, nonce + 1n, 0n, NONCE_MAX, NONCE_MAX - 1n]);
  return wrong < 0n ? 0n : BigInt.asUintN(64, wrong);
}

function drawFees(
  { prng, scene, block }: Draft,
  type: TransactionType,
): Pick<CaseTransaction, 'maxFeePerGas' | 'maxPriorityFeePerGas'> {
  const baseFee = forkRules(scene.fork).eip1559 ? block.baseFee : 0n;
  const above = pick(prng, [0n, 0n, 1n, 2n, 10n, 10n ** 9n]);
  let maxFeePerGas = baseFee + above;
  if (oneIn(prng, 60) && baseFee > 0n) maxFeePerGas = baseFee - 1n;
  if (oneIn(prng, 300)) maxFeePerGas = edgeValue(prng);
  if (type < 2) return { maxFeePerGas, maxPriorityFeePerGas: maxFeePerGas };
  const priority = pick(prng, [0n, 1n, above, maxFeePerGas, above / 2n]);
  const least = priority < maxFeePerGas ? priority : maxFeePerGas;
  return { maxFeePerGas, maxPriorityFeePerGas: oneIn(prng, 80) ? maxFeePerGas + 1n : least };
}

function drawValue(prng: Prng): bigint {
  const kind = prng.below(12);
  if (kind <= 5) return 0n;
  if (kind <= 9) return BigInt(prng.below(1000));
  return kind === 10 ? WEI : oneIn(prng, 6) ? edgeValue(prng) : 1n;
}

function drawInit({ prng, scene }: Draft): Uint8Array {
  if (oneIn(prng, 60)) return prng.bytes(pick(prng, [49_152, 49_153, 24_577]));
  if (oneIn(prng, 12)) {
    const program = new Program(prng, scene.fork);
    return program
      .pushAll(0, pick(prng, [24_576, 24_577]))
      .op('RETURN')
      .finish();
  }
  if (oneIn(prng, 4)) return legalize(prng, scene.fork, generateCalls(prng));
  return generateInit(prng, scene, 2);
}

function drawData(prng: Prng): Uint8Array {
  const kind = prng.below(8);
  if (kind <= 2) return NOTHING;
  if (kind === 3) return prng.bytes(1 + prng.below(3));
  if (kind === 4) return prng.bytes(prng.below(100));
  // Long and cheap to run: where the floor of EIP-7623 counts.
  if (kind === 5) return new Uint8Array(prng.below(3000)).fill(prng.below(2));
  const words = Array.from({ length: 1 + prng.below(4) }, () => edgeValue(prng));
  return hexTextToBytes(words.map((word) => word.toString(16).padStart(64, '0')).join(''));
}

function drawAccessList(prng: Prng, scene: Scene): CaseTransaction['accessList'] {
  if (oneIn(prng, 3)) return [];
  return Array.from({ length: 1 + prng.below(4) }, () => ({
    address: pick(prng, scene.addresses),
    slots: Array.from({ length: prng.below(4) }, () => BigInt(prng.below(4))),
  }));
}

function drawBlobs(
  { prng, scene, block }: Draft,
  type: TransactionType,
): Pick<CaseTransaction, 'blobHashes' | 'maxFeePerBlobGas'> {
  if (type !== 3) return { blobHashes: [], maxFeePerBlobGas: 0n };
  const limit = Number(costsOf(scene.fork).blobsMax);
  let count = 1 + prng.below(3);
  if (oneIn(prng, 3)) count = pick(prng, [0, 6, 7, 8, limit, limit + 1]);
  const blobHashes = Array.from({ length: count }, (): Hex => {
    const version = oneIn(prng, 80) ? '02' : '01';
    return `0x${version}${Buffer.from(prng.bytes(31)).toString('hex')}`;
  });
  const fee = block.blobBaseFee;
  return { blobHashes, maxFeePerBlobGas: oneIn(prng, 30) ? fee - 1n : fee + BigInt(prng.below(2)) };
}

/** Authorizations of the signer itself and of others, repeated, void, for other chains. */
function drawAuthorizations(draft: Draft, sender: number): CaseAuthorization[] {
  const { prng, scene, nonces } = draft;
  const count = oneIn(prng, 40) ? 0 : 1 + prng.below(3);
  // The sender's nonce counts up before the list is read.
  const next = nonces.map((nonce, index) =>
    index === sender ? BigInt.asUintN(64, nonce + 1n) : nonce,
  );
  const list = Array.from({ length: count }, (): CaseAuthorization => {
    const signer = prng.below(SIGNERS.length);
    const isVoid = oneIn(prng, 8);
    const nonce = next[signer] as bigint;
    const chainId = oneIn(prng, 3) ? 0n : oneIn(prng, 20) ? 2n : CHAIN_ID;
    const isWrong = oneIn(prng, 10);
    if (!isVoid && !isWrong && chainId !== 2n) next[signer] = BigInt.asUintN(64, nonce + 1n);
    return {
      signer,
      chainId,
      address: drawDelegate(prng, scene),
      nonce: isWrong ? wrongNonce(prng, nonce) : nonce,
      ...(isVoid ? { spoil: pick(prng, SPOIL_NAMES) } : {}),
    };
  });
  for (const [index, nonce] of next.entries()) {
    nonces[index] = BigInt.asUintN(64, index === sender ? nonce - 1n : nonce);
  }
  return list;
}

function drawDelegate(prng: Prng, scene: Scene): Hex {
  const kind = prng.below(8);
  if (kind === 0) return `0x${'00'.repeat(20)}`;
  if (kind <= 4) return pick(prng, CONTRACTS);
  return kind === 5 ? pick(prng, SIGNERS) : pick(prng, scene.addresses);
}

function drawGasLimit(prng: Prng, fork: Fork, tx: CaseTransaction): bigint {
  const kind = prng.below(40);
  if (kind === 0) return pick(prng, [(1n << 24n) + 1n, 1n << 24n, 30_000_000n, 30_000_001n]);
  const { intrinsic, floor } = intrinsicGas(toFields(tx), costsOf(fork), forkRules(fork));
  if (kind === 1) return intrinsic + BigInt(prng.below(3)) - 1n;
  if (kind === 2 && floor > 0n) return floor + BigInt(prng.below(3)) - 1n;
  let least = intrinsic;
  if (floor > least) least = floor;
  if (kind <= 6) return least + BigInt(prng.below(40_000));
  // Enough for the largest code there may be.
  if (kind === 7 || (tx.to === undefined && oneIn(prng, 6))) return 8_000_000n;
  return least + BigInt(pick(prng, [100_000, 200_000, 400_000, 700_000]) + prng.below(10));
}

const VOID_AUTHORIZATION = {
  chainId: 0n,
  address: new Uint8Array(20),
  nonce: 0n,
  yParity: 0n,
  r: 0n,
  s: 0n,
};

/** Now and then the sender of the first transaction has just what it needs, or one wei less. */
function tightenBalance(prng: Prng, { fork, accounts, transactions }: TransactionCase): void {
  if (!oneIn(prng, 12)) return;
  const first = transactions[0] as CaseTransaction;
  const account = accounts.find(({ address }) => address === SIGNERS[first.signer]);
  if (account === undefined) return;
  const cost = highestCost(toFields(first), costsOf(fork));
  const balance = cost + BigInt(prng.below(3)) - 1n;
  account.balance = balance < 0n ? 0n : balance >> 256n === 0n ? balance : account.balance;
}

/**
 * A gas limit for a transaction that is to end somewhere inside: around what it used, or anywhere
 * between its intrinsic gas and that.
 */
export function drawTransactionGas(prng: Prng, gasUsed: bigint): bigint {
  const kind = prng.below(6);
  if (kind === 0) return gasUsed - 1n;
  if (kind === 1) return gasUsed + BigInt(prng.below(3));
  // Refunds hide what it used for a while.
  if (kind === 2) return gasUsed + BigInt(prng.below(Number(gasUsed) / 4));
  const span = gasUsed > 21_000n ? Number(gasUsed - 21_000n) : 1;
  return gasUsed - BigInt(prng.below(span + 1));
}
