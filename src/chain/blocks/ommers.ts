/**
 * Ommers: which headers a block may name (Yellow Paper, section 11.1), and what they and the block
 * earn (section 11.3).
 */
import { bytesToHex, equalBytes } from '../../base/bytes.ts';
import type { Header } from './header.ts';
import { checkHeader } from './header-rules.ts';
import { type BlockRejection, rejectBlock } from './rejections.ts';
import type { BlockRules } from './rules.ts';

/** Ommers of a block at most. */
const OMMERS_MAX = 2;
/** The parent of an ommer is at most this many generations above the block. */
export const OMMER_DEPTH = 7;

/** A block above, with the ommers that it named. */
export interface Ancestor {
  readonly hash: Uint8Array;
  readonly header: Header;
  /** Hashes of its ommers. */
  readonly ommers: readonly Uint8Array[];
}

export interface OmmerContext {
  /** From the parent upwards, `OMMER_DEPTH` of them or as many as there are. */
  readonly ancestors: readonly Ancestor[];
  readonly hash: (header: Header) => Uint8Array;
  /** Rules of the fork that an ommer belongs to, after its own parent. */
  readonly rulesFor: (header: Header, parent: Ancestor) => BlockRules;
  readonly daoBlock?: bigint | undefined;
}

/** The first rule that the ommers of a block break, or undefined. */
export function checkOmmers(
  ommers: readonly Header[],
  context: OmmerContext,
): BlockRejection | undefined {
  if (ommers.length > OMMERS_MAX) return rejectBlock('ommers-too-many', { count: ommers.length });
  const hashes = ommers.map(context.hash);
  for (const [index, ommer] of ommers.entries()) {
    const hash = hashes[index];
    if (hash === undefined) continue;
    if (hashes.findIndex((each) => equalBytes(each, hash)) !== index) {
      return rejectBlock('ommer-twice', { index });
    }
    const rejection = checkOmmer(ommer, hash, index, context);
    if (rejection !== undefined) return rejection;
  }
  return undefined;
}

function checkOmmer(
  ommer: Header,
  hash: Uint8Array,
  index: number,
  context: OmmerContext,
): BlockRejection | undefined {
  const { ancestors, rulesFor, daoBlock } = context;
  if (ancestors.some((each) => equalBytes(each.hash, hash))) {
    return rejectBlock('ommer-is-ancestor', { index });
  }
  const includer = ancestors.find((each) => each.ommers.some((one) => equalBytes(one, hash)));
  if (includer !== undefined) {
    return rejectBlock('ommer-included', { index, number: includer.header.number });
  }
  // The block's own parent is not in reach: its child would be a brother of the block.
  const parent = ancestors.slice(1).find((each) => equalBytes(each.hash, ommer.parentHash));
  if (parent === undefined) {
    return rejectBlock('ommer-parent', { index, parent: bytesToHex(ommer.parentHash) });
  }
  const rules = rulesFor(ommer, parent);
  const problem = checkHeader(ommer, parent.header, { rules, daoBlock });
  if (problem === undefined) return undefined;
  return { ...rejectBlock('ommer-header', { index, problem: problem.message }), ommer: problem };
}

/** Wei for an account. */
export interface Reward {
  /** 20 bytes. */
  readonly address: Uint8Array;
  readonly wei: bigint;
}

/** An ommer of the generation before the block earns seven of these parts. */
const OMMER_PARTS = 8n;
/** The block earns this part of its reward for each ommer it names. */
const NEPHEW_PARTS = 32n;

/** Who earns what with a block, ommers first; nobody earns anything from Paris on. */
export function blockRewards(
  header: Pick<Header, 'coinbase' | 'number'>,
  ommers: readonly Pick<Header, 'coinbase' | 'number'>[],
  reward: bigint,
): Reward[] {
  if (reward === 0n) return [];
  const ofOmmers = ommers.map((ommer) => ({
    address: ommer.coinbase,
    wei: ((OMMER_PARTS + ommer.number - header.number) * reward) / OMMER_PARTS,
  }));
  const wei = reward + (reward / NEPHEW_PARTS) * BigInt(ommers.length);
  return [...ofOmmers, { address: header.coinbase, wei }];
}
