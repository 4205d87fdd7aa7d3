/**
 * The hash of a state: keccak-256 over the hashes of its sections, so that one section, one frame,
 * one cell or 32 bytes of one memory can be proven against it.
 *
 *   tagged(name, body) = keccak(keccak("lockstep.state.1/" + name) ‖ body)
 *   tree(leaves)       = Merkle root of 32-byte leaves, zeros added up to a power of two
 *   list(name, items)  = tagged(name, u64 count ‖ tree(hashes of the items))
 *   data(name, bytes)  = tagged(name, u64 length ‖ tree(4 KiB pages of 128 leaves each))
 *
 * A page of zeros is a zero leaf 7 levels up, so empty parts of a memory cost nothing.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes } from '../../base/bytes.ts';
import { ByteWriter, wordToBytes } from './byte-stream.ts';
import {
  encodeSection,
  pagesOf,
  SECTIONS,
  type SectionName,
  writeCell,
  writeFrameHead,
  writeLog,
  writeTapeEntry,
  writeUndo,
} from './encode.ts';
import {
  type CallState,
  type FrameState,
  LEAF_BYTES,
  type MachineState,
  type MemoryPage,
  type MemoryState,
  PAGE_BYTES,
} from './machine-state.ts';

const DOMAIN = 'lockstep.state.1/';
const PAGE_LEVELS = Math.log2(PAGE_BYTES / LEAF_BYTES);
/** Levels of the largest tree: 2^32 items. */
const LEVELS_MAX = 33;

/** Roots of trees of zeros, by level. */
const EMPTY: readonly Uint8Array[] = emptyRoots();

function emptyRoots(): Uint8Array[] {
  const roots = [new Uint8Array(LEAF_BYTES)];
  while (roots.length <= LEVELS_MAX + PAGE_LEVELS) {
    const last = roots[roots.length - 1] as Uint8Array;
    roots.push(keccak_256(concatBytes(last, last)));
  }
  return roots;
}

const tags = new Map<string, Uint8Array>();

function tagOf(name: string): Uint8Array {
  let tag = tags.get(name);
  if (tag === undefined) {
    tag = keccak_256(new TextEncoder().encode(DOMAIN + name));
    tags.set(name, tag);
  }
  return tag;
}

function tagged(name: string, ...body: readonly Uint8Array[]): Uint8Array {
  return keccak_256(concatBytes(tagOf(name), ...body));
}

/** A tree's nodes of one level that are not empty, by place. */
type Level = ReadonlyMap<number, Uint8Array>;

/** Root over `count` places, of which only some are filled; `level` is that of the places. */
function sparseRoot(nodes: Level, count: number, level: number): Uint8Array {
  let current = nodes;
  let width = Math.max(count, 1);
  let height = level;
  while (width > 1) {
    const empty = EMPTY[height] as Uint8Array;
    const next = new Map<number, Uint8Array>();
    for (const place of current.keys()) {
      const parent = Math.floor(place / 2);
      if (next.has(parent)) continue;
      const left = current.get(parent * 2) ?? empty;
      const right = current.get(parent * 2 + 1) ?? empty;
      next.set(parent, keccak_256(concatBytes(left, right)));
    }
    current = next;
    width = Math.ceil(width / 2);
    height++;
  }
  return current.get(0) ?? (EMPTY[height] as Uint8Array);
}

/** Merkle root of 32-byte leaves. */
export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return sparseRoot(new Map(leaves.entries()), leaves.length, 0);
}

/** Root of one page's leaves. */
export function pageRoot(page: Uint8Array): Uint8Array {
  const leaves = new Map<number, Uint8Array>();
  for (let at = 0; at < page.length; at += LEAF_BYTES) {
    const leaf = page.subarray(at, at + LEAF_BYTES);
    if (leaf.some((byte) => byte !== 0)) leaves.set(at / LEAF_BYTES, leaf);
  }
  return sparseRoot(leaves, PAGE_BYTES / LEAF_BYTES, 0);
}

function pagesHash(name: string, length: number, pages: readonly MemoryPage[]): Uint8Array {
  const roots = new Map(pages.map(({ index, bytes }) => [index, pageRoot(bytes)] as const));
  const root = sparseRoot(roots, Math.ceil(length / PAGE_BYTES), PAGE_LEVELS);
  return tagged(name, u64(length), root);
}

function dataHash(name: string, bytes: Uint8Array): Uint8Array {
  return pagesHash(name, bytes.length, pagesOf(bytes));
}

function u64(value: number): Uint8Array {
  return new ByteWriter(8).u64(BigInt(value)).bytes();
}

function listHash(name: string, hashes: readonly Uint8Array[]): Uint8Array {
  return tagged(name, u64(hashes.length), treeRoot(hashes));
}

function itemsHash<T>(
  name: string,
  item: string,
  items: readonly T[],
  write: (out: ByteWriter, item: T) => void,
): Uint8Array {
  const hashes = items.map((each) => {
    const out = new ByteWriter();
    write(out, each);
    return tagged(item, out.bytes());
  });
  return listHash(name, hashes);
}

/** Words are leaves as they are, 32 little-endian bytes each. */
function wordsHash(name: string, words: readonly bigint[]): Uint8Array {
  return listHash(name, words.map(wordToBytes));
}

function callHash(call: CallState): Uint8Array {
  const place = new ByteWriter(12).u32(call.function).u32(call.block).u32(call.instruction).bytes();
  return tagged('call', place, wordsHash('values', call.values));
}

function memoryHash({ region, length, pages }: MemoryState): Uint8Array {
  return tagged('memory', Uint8Array.of(region), pagesHash('pages', length, pages));
}

/** The hash of a frame, a leaf of the section of frames. */
export function hashFrame(frame: FrameState): Uint8Array {
  const head = new ByteWriter();
  writeFrameHead(head, frame);
  return tagged(
    'frame',
    tagged('head', head.bytes()),
    listHash('calls', frame.calls.map(callHash)),
    listHash('memories', frame.memories.map(memoryHash)),
    tagged('note', frame.note),
  );
}

type Hash = (state: MachineState) => Uint8Array;

const plain =
  (name: SectionName): Hash =>
  (state) =>
    tagged(name, encodeSection(name, state));

const HASHES: Readonly<Record<SectionName, Hash>> = {
  counters: plain('counters'),
  schedule: plain('schedule'),
  env: ({ env }) => wordsHash('env', env),
  context: plain('context'),
  input: ({ input }) => dataHash('input', input),
  frames: ({ frames }) => listHash('frames', frames.map(hashFrame)),
  returnData: ({ returnData }) => dataHash('returnData', returnData),
  cells: ({ cells }) => itemsHash('cells', 'cell', cells, writeCell),
  undo: ({ undo }) => itemsHash('undo', 'record', undo, writeUndo),
  logs: ({ logs }) => itemsHash('logs', 'log', logs, writeLog),
  tape: ({ tape }) => itemsHash('tape', 'answer', tape, writeTapeEntry),
  end: plain('end'),
};

/** Hashes of the sections, in their order. */
export function hashSections(state: MachineState): readonly Uint8Array[] {
  return SECTIONS.map((name) => HASHES[name](state));
}

/** The hash of a state: 32 bytes. */
export function hashState(state: MachineState): Uint8Array {
  return tagged('state', ...hashSections(state));
}
