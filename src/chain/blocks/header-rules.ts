/**
 * What a header must be after its parent and under its fork (Yellow Paper, section 4.4.4; EIP-1559,
 * EIP-3675, EIP-4844). Proof of work is not checked: the seal of a header is taken on trust.
 *
 * What a header says of the block's content (roots, gas used, bloom) is checked where the content
 * is known, in `process.ts`.
 */
import { equalBytes } from '../../base/bytes.ts';
import { NO_OMMERS_HASH } from './block.ts';
import { blockDifficulty } from './difficulty.ts';
import { nextBaseFee, nextExcessBlobGas, parentGasLimit } from './fees.ts';
import { checkHeaderFields, type Header } from './header.ts';
import { type BlockRejection, rejectBlock } from './rejections.ts';
import type { BlockRules } from './rules.ts';

const EXTRA_DATA_MAX = 32;
const GAS_LIMIT_MIN = 5000n;
const GAS_LIMIT_MAX = (1n << 63n) - 1n;
/** The gas limit moves by less than this part of the parent's. */
const GAS_LIMIT_DIVISOR = 1024n;

/** Extra data of the blocks that took the side of the DAO fork: `dao-hard-fork` (EIP-779). */
export const DAO_EXTRA_DATA: Uint8Array = Uint8Array.from('dao-hard-fork', (letter) =>
  letter.charCodeAt(0),
);
/** How many blocks from the fork on carry it. */
const DAO_RANGE = 10n;

export interface HeaderContext {
  /** Of the header's block. */
  readonly rules: BlockRules;
  /** Block of the DAO fork, where the chain took its side. */
  readonly daoBlock?: bigint | undefined;
}

type Check = (header: Header, parent: Header, context: HeaderContext) => BlockRejection | undefined;

/** In the order in which they are made. */
const CHECKS: readonly Check[] = [
  checkFields,
  checkNumber,
  checkTimestamp,
  checkExtraData,
  checkGasLimit,
  checkDifficulty,
  checkBaseFee,
  checkExcessBlobGas,
];

/** The first rule that the header breaks, or undefined. */
export function checkHeader(
  header: Header,
  parent: Header,
  context: HeaderContext,
): BlockRejection | undefined {
  for (const check of CHECKS) {
    const rejection = check(header, parent, context);
    if (rejection !== undefined) return rejection;
  }
  return undefined;
}

function checkFields(
  header: Header,
  _parent: Header,
  { rules }: HeaderContext,
): BlockRejection | undefined {
  const wrong = checkHeaderFields(header, rules.rules);
  if (wrong === undefined) return undefined;
  const code = wrong.isMissing ? 'field-missing' : 'field-unexpected';
  return rejectBlock(code, { field: wrong.field, fork: rules.fork });
}

function checkNumber(header: Header, parent: Header): BlockRejection | undefined {
  const expected = parent.number + 1n;
  if (header.number === expected) return undefined;
  return rejectBlock('number', { found: header.number, expected });
}

function checkTimestamp(header: Header, parent: Header): BlockRejection | undefined {
  if (header.timestamp > parent.timestamp) return undefined;
  return rejectBlock('timestamp', { found: header.timestamp, parent: parent.timestamp });
}

function checkExtraData(
  header: Header,
  _parent: Header,
  { daoBlock }: HeaderContext,
): BlockRejection | undefined {
  const { extraData, number } = header;
  if (extraData.length > EXTRA_DATA_MAX) {
    return rejectBlock('extra-data-too-long', { size: extraData.length });
  }
  if (daoBlock === undefined || number < daoBlock || number >= daoBlock + DAO_RANGE) {
    return undefined;
  }
  if (equalBytes(extraData, DAO_EXTRA_DATA)) return undefined;
  return rejectBlock('extra-data-dao', { block: daoBlock });
}

function checkGasLimit(
  header: Header,
  parent: Header,
  { rules }: HeaderContext,
): BlockRejection | undefined {
  const { gasLimit, gasUsed } = header;
  if (gasLimit > GAS_LIMIT_MAX) return rejectBlock('gas-limit-too-high', { found: gasLimit });
  const before = parentGasLimit(parent, rules);
  const change = gasLimit > before ? gasLimit - before : before - gasLimit;
  if (change >= before / GAS_LIMIT_DIVISOR) {
    return rejectBlock('gas-limit-change', { found: gasLimit, parent: before });
  }
  if (gasLimit < GAS_LIMIT_MIN) return rejectBlock('gas-limit-too-low', { found: gasLimit });
  if (gasUsed <= gasLimit) return undefined;
  return rejectBlock('gas-used-above-limit', { used: gasUsed, limit: gasLimit });
}

function checkDifficulty(
  header: Header,
  parent: Header,
  { rules }: HeaderContext,
): BlockRejection | undefined {
  const found = header.difficulty;
  const expected = expectedDifficulty(header, parent, rules);
  if (found !== expected) return rejectBlock('difficulty', { found, expected });
  if (!rules.rules.eip3675) return undefined;
  if (!equalBytes(header.ommersHash, NO_OMMERS_HASH)) return rejectBlock('ommers-after-paris');
  return header.nonce.every((byte) => byte === 0) ? undefined : rejectBlock('nonce-not-zero');
}

/** The difficulty of the header after its parent; 0 from Paris on (EIP-3675). */
export function expectedDifficulty(
  header: Pick<Header, 'number' | 'timestamp'>,
  parent: Pick<Header, 'difficulty' | 'timestamp' | 'ommersHash'>,
  rules: BlockRules,
): bigint {
  if (rules.rules.eip3675) return 0n;
  return blockDifficulty(
    {
      number: header.number,
      timestamp: header.timestamp,
      parentDifficulty: parent.difficulty,
      parentTimestamp: parent.timestamp,
      parentHasOmmers: !equalBytes(parent.ommersHash, NO_OMMERS_HASH),
    },
    rules,
  );
}

function checkBaseFee(header: Header, parent: Header): BlockRejection | undefined {
  const found = header.baseFeePerGas;
  if (found === undefined) return undefined;
  const expected = nextBaseFee(parent);
  return found === expected ? undefined : rejectBlock('base-fee', { found, expected });
}

function checkExcessBlobGas(
  header: Header,
  parent: Header,
  { rules }: HeaderContext,
): BlockRejection | undefined {
  const found = header.excessBlobGas;
  if (found === undefined) return undefined;
  const expected = nextExcessBlobGas(parent, rules);
  return found === expected ? undefined : rejectBlock('excess-blob-gas', { found, expected });
}
