/**
 * Compiles blocks of a program to a WebAssembly module: chooses the roots of regions, builds and
 * writes each, and puts the module together.
 *
 * The same blocks give the same bytes.
 */
import type { Inst } from '../../dmir/ir.ts';
import type { LazySource } from '../../dmir/lazy.ts';
import { type Facts, implies, meet, NO_FACTS, without } from '../region/facts.ts';
import { type CompileInput, type Compiler, type Entry, RegionModule } from '../region/module.ts';
import {
  type BuildOptions,
  isCompiled,
  lowerBlock,
  type Region,
  RegionBuilder,
  type SourceBlock,
  type VersionOf,
} from '../region/region.ts';

/** Compiles the blocks; undefined where none of them can be compiled. */
export const compileBlocks: Compiler = (input) => {
  const { versions, entries } = chooseRegions(input);
  if (entries.length === 0) return undefined;
  const module = new RegionModule();
  for (const { region } of versions) module.add(region);
  return module.finish(entries);
};

/** Blocks by id, lowered once. */
function createCache(source: LazySource): (id: number) => SourceBlock {
  const blocks = new Map<number, SourceBlock>();
  return (id) => {
    const known = blocks.get(id);
    if (known !== undefined) return known;
    const made = lowerBlock(source, id);
    blocks.set(id, made);
    return made;
  };
}

const lastOf = ({ insts }: SourceBlock): Inst => insts[insts.length - 1] as Inst;

/** Blocks to which the end of a block leads by itself. */
function successors(block: SourceBlock): readonly number[] {
  const last = lastOf(block);
  return last.op === 'br' || last.op === 'br_if' ? last.targets.map((target) => target.block) : [];
}

/** Whether the frame ends with the block. */
const isEnd = (block: SourceBlock): boolean => lastOf(block).targets.length === 0;

/** Targets of jumps that go back to a block from which the jump is reached. */
function findLoopHeads(
  blocks: readonly number[],
  lower: (id: number) => SourceBlock,
  isReached: (id: number) => boolean,
): Set<number> {
  const heads = new Set<number>();
  const state = new Map<number, 'open' | 'done'>();
  const visit = (id: number): void => {
    // An explicit stack: code chooses how deep this goes.
    const stack: { id: number; next: readonly number[]; at: number }[] = [];
    const open = (block: number): void => {
      state.set(block, 'open');
      stack.push({ id: block, next: successors(lower(block)), at: 0 });
    };
    open(id);
    for (;;) {
      const top = stack[stack.length - 1];
      if (top === undefined) return;
      const target = top.next[top.at++];
      if (target === undefined) {
        state.set(top.id, 'done');
        stack.pop();
      } else if (state.get(target) === 'open') heads.add(target);
      else if (state.get(target) === undefined && isReached(target)) open(target);
    }
  };
  for (const id of blocks) if (state.get(id) === undefined) visit(id);
  return heads;
}

/** A region for the facts with which it is entered. */
export interface Version {
  readonly root: number;
  readonly facts: Facts;
  readonly region: Region;
}

/** The regions of a module, each with a function in their order, the last ones of the module. */
export interface Choice {
  readonly versions: readonly Version[];
  /** Roots that the interpreter enters, with the places of their versions. */
  readonly entries: readonly Entry[];
}

/** Versions of one root; what comes with other facts then enters the best of them that holds. */
const VERSIONS_MAX = 4;

/** The version that knows most. */
function strongest<T extends { readonly facts: Facts }>(versions: readonly T[]): T | undefined {
  let best: T | undefined;
  for (const one of versions) {
    if (best === undefined || one.facts.slots.size > best.facts.slots.size) best = one;
  }
  return best;
}

/** What the compiler makes of the blocks before it writes it. */
export function chooseRegions({ source, blocks }: CompileInput): Choice {
  const lower = createCache(source);
  const reached = new Set(blocks);
  const roots = findRoots(blocks, lower, reached);
  const drafts: { root: number; facts: Facts; region?: Region }[] = [];
  const placesOf = new Map<number, number[]>();
  const add = (root: number, facts: Facts): number => {
    const place = drafts.push({ root, facts }) - 1;
    placesOf.set(root, [...(placesOf.get(root) ?? []), place]);
    return place;
  };
  const versionOf: VersionOf = (target, findFacts) => {
    if (!reached.has(target) || !isCompiled(lower(target))) return undefined;
    const facts = findFacts();
    const known = (placesOf.get(target) ?? []).map((place) => ({
      place,
      facts: (drafts[place] as { readonly facts: Facts }).facts,
    }));
    const wanted = facts.slots.size === 0 && facts.memory === 0 ? NO_FACTS : facts;
    const best = strongest(known.filter((each) => implies(wanted, each.facts)));
    const other = strongest(known.filter((each) => !implies(wanted, each.facts)));
    const next = other === undefined ? wanted : meet(other.facts, wanted);
    const isBetter = best === undefined || next.slots.size > best.facts.slots.size;
    if (isBetter && known.length < VERSIONS_MAX) return add(target, next);
    return best?.place ?? add(target, NO_FACTS);
  };
  const itemsOfEnd = (id: number): number | undefined =>
    isEnd(lower(id)) ? lower(id).params.length : undefined;
  const entries = [...roots]
    .filter((root) => isCompiled(lower(root)))
    .map((root) => ({ root, place: add(root, NO_FACTS) }));
  for (const draft of drafts) {
    const { root } = draft;
    const isRoot = (id: number): boolean => id !== root && (roots.has(id) || !reached.has(id));
    const { facts } = draft;
    draft.region = buildRegion(source, root, { lower, isRoot, versionOf, itemsOfEnd, facts });
  }
  return { versions: drafts as readonly Version[], entries };
}

/** Blocks with a function of their own: heads of loops, and what is entered from outside. */
function findRoots(
  blocks: readonly number[],
  lower: (id: number) => SourceBlock,
  reached: ReadonlySet<number>,
): Set<number> {
  const roots = findLoopHeads(blocks, lower, (id) => reached.has(id));
  const named = new Set<number>();
  for (const id of blocks) {
    const last = lastOf(lower(id));
    const next = last.op === 'suspend' ? last.targets[0]?.block : undefined;
    if (next !== undefined && reached.has(next)) roots.add(next);
    for (const target of successors(lower(id))) named.add(target);
  }
  // What no jump names was entered from outside, or by a jump to a run-time destination.
  for (const id of blocks) if (!named.has(id)) roots.add(id);
  return roots;
}

/** A region that keeps its facts wherever it jumps back to its root. */
function buildRegion(source: LazySource, root: number, options: BuildOptions): Region {
  let { facts = NO_FACTS } = options;
  while (facts.slots.size > 0) {
    // A trial, which asks for no other region: its facts may be more than what holds.
    const trial = new RegionBuilder(source, root, { ...options, facts, versionOf: () => 0 });
    trial.build();
    if (trial.broken.size === 0) break;
    facts = without(facts, trial.broken);
  }
  return new RegionBuilder(source, root, { ...options, facts }).build();
}
