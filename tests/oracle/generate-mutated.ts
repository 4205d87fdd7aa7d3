/**
 * Mutants of real contracts. A real contract reaches shapes that no generator thinks of; a mutation
 * then breaks what its compiler promised.
 */

import type { Prng } from '../support/prng.ts';
import { joinPieces, splitCode } from './assembly.ts';
import { OPCODES } from './opcodes.ts';
import { addressValue, edgeValue, oneIn, pick, smallSize } from './operands.ts';

/** A contract to mutate, with call data that are known to work where there are some. */
export interface Specimen {
  name: string;
  code: Uint8Array;
  data: readonly Uint8Array[];
}

const MUTATIONS_MAX = 4;
/** Calls to arbitrary small addresses would meet every precompile. */
const REPLACEMENTS = OPCODES.filter(({ byte }) => byte < 0xf0 || byte === 0xf3 || byte >= 0xfd);

function mutateOnce(prng: Prng, code: Uint8Array): Uint8Array {
  const pieces = splitCode(code);
  const at = prng.below(pieces.length);
  const piece = pieces[at]!;
  const kind = prng.below(7);
  if (kind === 0) pieces[at] = Uint8Array.of(pick(prng, REPLACEMENTS).byte, ...piece.slice(1));
  else if (kind === 1) pieces.splice(at, 1);
  else if (kind === 2) pieces.splice(at, 0, Uint8Array.of(pick(prng, REPLACEMENTS).byte));
  else if (kind === 3 && piece.length > 1)
    piece[1 + prng.below(piece.length - 1)] = prng.below(256);
  else if (kind === 4) {
    const other = prng.below(pieces.length);
    pieces[at] = pieces[other]!;
    pieces[other] = piece;
  } else if (kind === 5) return code.slice(0, 1 + prng.below(code.length));
  else {
    const flipped = code.slice();
    flipped[prng.below(flipped.length)] = prng.below(256);
    return flipped;
  }
  return joinPieces(pieces);
}

/** Selectors that a contract compares with: the immediates of its PUSH4 instructions. */
function listSelectors(code: Uint8Array): Uint8Array[] {
  return splitCode(code)
    .filter((piece) => piece.length === 5 && piece[0] === 0x63)
    .map((piece) => piece.slice(1));
}

const selectorsOf = new WeakMap<Specimen, Uint8Array[]>();

/** Call data for a specimen: its own, changed, or a selector with arguments. */
export function generateData(prng: Prng, specimen: Specimen): Uint8Array {
  if (specimen.data.length > 0 && oneIn(prng, 2)) {
    const data = pick(prng, specimen.data).slice();
    if (data.length > 0 && oneIn(prng, 2)) data[prng.below(data.length)] = prng.below(256);
    return data;
  }
  let selectors = selectorsOf.get(specimen);
  if (selectors === undefined) {
    selectors = listSelectors(specimen.code);
    selectorsOf.set(specimen, selectors);
  }
  const selector = selectors.length > 0 ? pick(prng, selectors) : prng.bytes(4);
  const words = prng.below(5);
  let hex = Buffer.from(selector).toString('hex');
  for (let i = 0; i < words; i++) {
    const kind = prng.below(3);
    const word = kind === 0 ? edgeValue(prng) : kind === 1 ? addressValue(prng) : smallSize(prng);
    hex += word.toString(16).padStart(64, '0');
  }
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** The specimen's code, unchanged once in four times, else with up to four mutations. */
export function mutate(prng: Prng, specimen: Specimen): Uint8Array {
  let code = specimen.code;
  if (oneIn(prng, 4)) return code;
  const count = 1 + prng.below(MUTATIONS_MAX);
  for (let i = 0; i < count; i++) if (code.length > 0) code = mutateOnce(prng, code);
  return code;
}
