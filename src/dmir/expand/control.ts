/**
 * Expansions of control: branches with their moves, jump tables, calls and the ends of a run.
 *
 * A call passes parameters in the first registers of the next frame and finds the results there. A
 * table is a run of `jmp` instructions behind a `jmpa`.
 */
import { HALT_KINDS, type HaltKind } from '../core/spaces.ts';
import type { Func } from '../ir.ts';
import { TRAP_KINDS } from '../ops.ts';
import { quantity, readAddress, touch } from './bounds.ts';
import type { CoreBuilder, Label, Reg, Slots } from './builder.ts';
import { choose, isEqual, maskOf } from './limbs.ts';
import { type ExpandTarget, type Expansion, type Site, scopeOf, slot, source } from './site.ts';

/** Moves all values at once: by way of temporaries where a destination is also a source. */
function moveAll(b: CoreBuilder, to: Slots, from: Slots): void {
  if (to.length !== from.length) {
    throw new Error(`BUG: ${from.length} slots for ${to.length}`);
  }
  const sources = new Set(from);
  const clash = to.some((register, i) => register !== from[i] && sources.has(register));
  b.scope(() => {
    const held = clash ? b.temps(from.length) : from;
    if (clash) for (const [i, register] of held.entries()) b.mov(register, slot(from, i));
    for (const [i, register] of to.entries()) b.mov(register, slot(held, i));
  });
}

/** Gives a block its parameters and jumps to it. */
export function enterTarget(b: CoreBuilder, site: Site, target: ExpandTarget): void {
  const scope = scopeOf(site);
  const label = scope.blockLabel(target.block);
  if (label === undefined) {
    b.trap('bad-jump');
    return;
  }
  moveAll(b, scope.blockParams(target.block).flat(), target.args.flat());
  b.jump(label);
}

function targetOf(site: Site, index: number): ExpandTarget {
  const target = site.targets[index];
  if (target === undefined) throw new Error(`BUG: no target ${index}`);
  return target;
}

const brIf: Expansion = (b, site) => {
  const otherwise = b.label();
  b.branchZero(slot(source(site, 0), 0), otherwise);
  enterTarget(b, site, targetOf(site, 0));
  b.place(otherwise);
  enterTarget(b, site, targetOf(site, 1));
};

/** Jumps to the label at an index; one past the last goes to the last. */
function jumpByTable(b: CoreBuilder, index: Slots, labels: readonly Label[]): void {
  const table = b.label();
  b.scope(() => {
    const { low, high } = quantity(b, index);
    const last = b.word(BigInt(labels.length - 1));
    const [address, inside] = [b.temp(), b.temp()];
    b.op('ltu', inside, low, last);
    b.imm('eqi', high, high, 0);
    b.op('and', inside, inside, high);
    choose(b, [last], maskOf(b, inside), [low], [last]);
    b.address(address, table);
    b.op('add', address, address, last);
    b.emit('jmpa', { a: address });
  });
  b.place(table);
  for (const label of labels) b.jump(label);
}

const brTable: Expansion = (b, site) => {
  const labels = site.targets.map(() => b.label());
  jumpByTable(b, source(site, 0), labels);
  for (const [i, target] of site.targets.entries()) {
    b.place(labels[i] ?? -1);
    enterTarget(b, site, target);
  }
};

/** Tries the blocks that take as many slots, by their keys. */
const dispatch: Expansion = (b, site) => {
  const scope = scopeOf(site);
  const { args } = targetOf(site, 0);
  const key = source(site, 0);
  const zero = b.word(0n);
  for (const block of scope.blockIds()) {
    if (scope.blockParams(block).flat().length !== args.flat().length) continue;
    const next = b.label();
    b.scope(() => {
      const same = b.temp();
      const wanted = [b.word(BigInt(block)), ...new Array<Reg>(key.length - 1).fill(zero)];
      isEqual(b, same, key, wanted);
      b.branchZero(same, next);
    });
    enterTarget(b, site, { block, args });
    b.place(next);
  }
  b.trap('bad-jump');
};

function returnValues(b: CoreBuilder, site: Site): void {
  const values = site.src.flat();
  moveAll(b, [...values.keys()], values);
  b.emit('ret');
}

/** Parameters into the next frame, the call, results out of it. */
function callAt(b: CoreBuilder, label: Label, args: Slots, d: Slots): void {
  for (const [i, register] of args.entries()) b.mov(b.outgoing(i), register);
  b.call(label);
  for (const [i, register] of d.entries()) b.mov(register, b.outgoing(i));
}

const call: Expansion = (b, site) => {
  callAt(b, scopeOf(site).funcLabel(site.imm), site.src.flat(), site.dst.flat());
};

function sameSignature(x: Func, y: Func): boolean {
  return x.params.join() === y.params.join() && x.results.join() === y.results.join();
}

/** A table with one entry a function; those of another signature, and the rest, trap. */
function jumpBySignature(b: CoreBuilder, site: Site, enter: (index: number) => void): void {
  const { funcs } = scopeOf(site);
  const signature = funcs[site.imm];
  if (signature === undefined) throw new Error(`BUG: no function ${site.imm}`);
  const bad = b.label();
  const fits = funcs.map((func) => !func.open && sameSignature(func, signature));
  const labels = fits.map((fit) => (fit ? b.label() : bad));
  jumpByTable(b, source(site, 0), [...labels, bad]);
  for (const [i, label] of labels.entries()) {
    if (!fits[i]) continue;
    b.place(label);
    enter(i);
  }
  b.place(bad);
  b.trap('bad-function');
}

const callIndirect: Expansion = (b, site) => {
  const { funcLabel } = scopeOf(site);
  const end = b.label();
  jumpBySignature(b, site, (index) => {
    callAt(b, funcLabel(index), site.src.slice(1).flat(), site.dst.flat());
    b.jump(end);
  });
  b.place(end);
};

const tailCall: Expansion = (b, site) => {
  const values = site.src.flat();
  moveAll(b, [...values.keys()], values);
  b.jump(scopeOf(site).funcLabel(site.imm));
};

/** As `call_indirect`, with a jump to the callee in place of each call. */
const tailCallIndirect: Expansion = (b, site) => {
  const { funcLabel } = scopeOf(site);
  jumpBySignature(b, site, (index) => {
    const values = site.src.slice(1).flat();
    moveAll(b, [...values.keys()], values);
    b.jump(funcLabel(index));
  });
};

const trap: Expansion = (b, site) => b.trap(TRAP_KINDS[site.imm] ?? 'none');

const finish =
  (kind: HaltKind): Expansion =>
  (b, site) => {
    const [address, size] = [quantity(b, source(site, 0)), quantity(b, source(site, 1))];
    touch(b, site, [{ region: site.imm, address, size, isWrite: false }]);
    const at = readAddress(b, site, site.imm, address);
    b.emit('halt', { aux: site.imm * 16 + HALT_KINDS.indexOf(kind), a: at, b: size.low });
  };

const stop: Expansion = (b) => {
  const zero = b.word(0n);
  b.emit('halt', { aux: HALT_KINDS.indexOf('stop'), a: zero, b: zero });
};

export const CONTROL_EXPANSIONS = {
  call,
  call_indirect: callIndirect,
  br: (b, site) => enterTarget(b, site, targetOf(site, 0)),
  br_if: brIf,
  br_table: brTable,
  dispatch,
  return: returnValues,
  tail_call: tailCall,
  tail_call_indirect: tailCallIndirect,
  trap,
  stop,
  finish: finish('finish'),
  revert: finish('revert'),
} as const satisfies Record<string, Expansion>;
