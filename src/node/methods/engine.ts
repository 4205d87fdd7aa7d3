/**
 * The Engine API (execution-apis, `src/engine`), as far as a node that makes its own blocks has it:
 * blocks from outside, and which block is the head.
 */
import { bytesToHex, equalBytes } from '../../base/bytes.ts';
import { LockstepError } from '../../base/errors.ts';
import { type BlockTransaction, encodeBlock, NO_OMMERS_HASH } from '../../chain/blocks/block.ts';
import { type Header, headerHash } from '../../chain/blocks/header.ts';
import { transactionsRoot, withdrawalsRoot } from '../../chain/blocks/process.ts';
import { requestsHash } from '../../chain/blocks/requests.ts';
import { decodeTransaction } from '../../chain/transactions/codec.ts';
import type { Node } from '../node.ts';
import { invalidParams } from '../rpc/errors.ts';
import { type Method, method, param } from '../rpc/method.ts';
import * as t from '../rpc/types.ts';

const OBJECT = { type: 'object' } as const;

/** A withdrawal from the beacon chain (EIP-4895). */
export const withdrawal: t.Type<
  t.ObjectOf<{
    index: typeof t.quantity64;
    validatorIndex: typeof t.quantity64;
    address: typeof t.address;
    amount: typeof t.quantity64;
  }>
> = t.object({
  index: t.quantity64,
  validatorIndex: t.quantity64,
  address: t.address,
  amount: t.quantity64,
});

// ---- the head

const forkchoice = t.object({
  headBlockHash: t.hash,
  safeBlockHash: t.hash,
  finalizedBlockHash: t.hash,
});

interface PayloadStatus {
  readonly status: 'VALID' | 'INVALID' | 'SYNCING';
  readonly latestValidHash: string | null;
  readonly validationError: string | null;
}

const SYNCING: PayloadStatus = { status: 'SYNCING', latestValidHash: null, validationError: null };

function valid(hash: Uint8Array): PayloadStatus {
  return { status: 'VALID', latestValidHash: bytesToHex(hash), validationError: null };
}

/** Makes a known block the head, and says which ones are safe and final. */
function setForkchoice(node: Node, wanted: t.TypeOf<typeof forkchoice>): unknown {
  const head = node.chain.entry(wanted.headBlockHash);
  if (head === undefined) return { payloadStatus: SYNCING, payloadId: null };
  if (head !== node.head) node.dev.setHead(head);
  const safe = node.chain.entry(wanted.safeBlockHash);
  const finalized = node.chain.entry(wanted.finalizedBlockHash);
  if (safe !== undefined && finalized !== undefined) node.finality = { safe, finalized };
  return { payloadStatus: valid(head.hash), payloadId: null };
}

// ---- blocks

const payloadType = t.object({
  parentHash: t.hash,
  feeRecipient: t.address,
  stateRoot: t.hash,
  receiptsRoot: t.hash,
  logsBloom: t.data,
  prevRandao: t.hash,
  blockNumber: t.quantity64,
  gasLimit: t.quantity64,
  gasUsed: t.quantity64,
  timestamp: t.quantity64,
  extraData: t.data,
  baseFeePerGas: t.quantity,
  blockHash: t.hash,
  transactions: t.array(t.data),
  withdrawals: t.optional(t.array(withdrawal)),
  blobGasUsed: t.optional(t.quantity64),
  excessBlobGas: t.optional(t.quantity64),
});
type Payload = t.TypeOf<typeof payloadType>;

/** What comes beside a payload: from V3 on (EIP-4844, EIP-4788), and from V4 on (EIP-7685). */
interface Beside {
  readonly versionedHashes: readonly Uint8Array[] | undefined;
  readonly parentBeaconBlockRoot: Uint8Array | undefined;
  /** Each the type and the data of requests. */
  readonly requests: readonly Uint8Array[] | undefined;
}

function headerOf(payload: Payload, transactions: readonly BlockTransaction[], beside: Beside) {
  const { withdrawals, blobGasUsed, excessBlobGas } = payload;
  const { parentBeaconBlockRoot, requests } = beside;
  const header: Header = {
    parentHash: payload.parentHash,
    ommersHash: NO_OMMERS_HASH,
    coinbase: payload.feeRecipient,
    stateRoot: payload.stateRoot,
    transactionsRoot: transactionsRoot(transactions),
    receiptsRoot: payload.receiptsRoot,
    logsBloom: payload.logsBloom,
    difficulty: 0n,
    number: payload.blockNumber,
    gasLimit: payload.gasLimit,
    gasUsed: payload.gasUsed,
    timestamp: payload.timestamp,
    extraData: payload.extraData,
    mixHash: payload.prevRandao,
    nonce: new Uint8Array(8),
    baseFeePerGas: payload.baseFeePerGas,
    ...(withdrawals === undefined ? {} : { withdrawalsRoot: withdrawalsRoot(withdrawals) }),
    ...(blobGasUsed === undefined ? {} : { blobGasUsed }),
    ...(excessBlobGas === undefined ? {} : { excessBlobGas }),
    ...(parentBeaconBlockRoot === undefined ? {} : { parentBeaconBlockRoot }),
    ...(requests === undefined ? {} : { requestsHash: requestsHash(requestsOf(requests)) }),
  };
  return header;
}

/**
 * Requests by their types. Engine API, Prague: none is empty, and their types ascend.
 *
 * @throws RpcError -32602 for others
 */
function requestsOf(all: readonly Uint8Array[]): { type: number; data: Uint8Array }[] {
  return all.map((bytes, index) => {
    const [type = 0] = bytes;
    if (bytes.length < 2) throw invalidParams(`request ${index} has no data`);
    const before = all[index - 1]?.[0] ?? -1;
    if (type <= before) throw invalidParams(`request ${index} is not of a type above the last one`);
    return { type, data: bytes.subarray(1) };
  });
}

/** Why what stands beside a payload is not of it; undefined where it is. */
function problemBeside(
  transactions: readonly BlockTransaction[],
  { versionedHashes }: Beside,
): string | undefined {
  if (versionedHashes === undefined) return undefined;
  const own = transactions.flatMap(({ transaction }) => transaction.blobHashes);
  const isSame =
    own.length === versionedHashes.length &&
    own.every((each, index) => equalBytes(each, versionedHashes[index] as Uint8Array));
  return isSame ? undefined : 'the versioned hashes are not those of the transactions';
}

/** Takes a block in that somebody else made; the head stays where it is. */
function takePayload(node: Node, payload: Payload, beside: Beside): PayloadStatus {
  const { parentHash, blockHash, withdrawals } = payload;
  const parent = node.chain.entry(parentHash);
  const invalid = (validationError: string): PayloadStatus => {
    const latestValidHash = parent === undefined ? null : bytesToHex(parent.hash);
    return { status: 'INVALID', latestValidHash, validationError };
  };
  let transactions: BlockTransaction[];
  try {
    transactions = payload.transactions.map((encoded) => ({
      transaction: decodeTransaction(encoded),
      encoded,
    }));
  } catch (error) {
    if (error instanceof LockstepError) return invalid(error.message);
    throw error;
  }
  const header = headerOf(payload, transactions, beside);
  const hash = headerHash(header, node.chain.keccak256);
  if (!equalBytes(hash, blockHash)) {
    const text = `blockhash mismatch, want ${bytesToHex(blockHash)}, got ${bytesToHex(hash)}`;
    return { status: 'INVALID', latestValidHash: null, validationError: text };
  }
  const problem = problemBeside(transactions, beside);
  if (problem !== undefined) return invalid(problem);
  if (parent === undefined) return SYNCING;
  const block = encodeBlock({ header, transactions, ommers: [], withdrawals });
  const result = node.chain.importBlock(block, false);
  node.dev.changed();
  return result.kind === 'rejected' ? invalid(result.message) : valid(hash);
}

const VERSIONS = [1, 2, 3, 4] as const;
const FORKCHOICE = VERSIONS.map((version) => `engine_forkchoiceUpdatedV${version}`);
const NEW_PAYLOAD = VERSIONS.map((version) => `engine_newPayloadV${version}`);

/** A parameter that has to be there from one version of a method on. */
function from<T>(first: number, version: number, type: t.Type<T>): t.Type<T | undefined> {
  return version < first ? t.optional(type) : type;
}

export const ENGINE_METHODS: readonly Method[] = [
  method(
    FORKCHOICE,
    'Makes a known block the head, and says which ones are safe and final.',
    [param('state', forkchoice), param('attributes', t.optional(t.json))],
    OBJECT,
    (node, [state]) => setForkchoice(node, state),
  ),
  ...VERSIONS.map((version) =>
    method(
      `engine_newPayloadV${version}`,
      'Runs a block that was made elsewhere and keeps it; the head stays where it is.',
      [
        param('payload', payloadType),
        param('versionedHashes', from(3, version, t.array(t.hash))),
        param('parentBeaconBlockRoot', from(3, version, t.hash)),
        param('requests', from(4, version, t.array(t.data))),
      ],
      OBJECT,
      (node, [payload, versionedHashes, parentBeaconBlockRoot, requests]) =>
        takePayload(node, payload, { versionedHashes, parentBeaconBlockRoot, requests }),
    ),
  ),
  method(
    'engine_exchangeCapabilities',
    'The methods of the Engine API that there are.',
    [param('methods', t.optional(t.array(t.text)))],
    { type: 'array' },
    () => [...FORKCHOICE, ...NEW_PAYLOAD],
  ),
].flat();
