/**
 * Which word a conditional branch of a function becomes: a test of its condition, or the comparison
 * that it was fused with. A comparison without a form is the opposite of one that has it.
 */
import type { OpName } from '../ops.ts';
import type { Type } from '../types.ts';
import type { FormName } from './forms.ts';
import { type BinaryForms, BRANCH_256 } from './select.ts';
import { containerOf, type Site, type Source, slotOf } from './site.ts';

/** A branch word; the field `b` is a register or a constant, as the form says. */
export interface BranchWord {
  readonly form: FormName;
  readonly a: number;
  readonly b: number;
  /** The first target is entered where the word's condition does not hold. */
  readonly isNegated: boolean;
}

/** Comparisons that are the opposite of another. */
const OPPOSITES: Readonly<Partial<Record<OpName, OpName>>> = {
  ne: 'eq',
  ule: 'ugt',
  uge: 'ult',
  sle: 'sgt',
  sge: 'slt',
};

const EQ_64 = { rr: 'BR_EQ_64', rk: 'BR_EQ_64_K', kr: 'BR_EQ_64_K' } as const;
const ULT_64 = { rr: 'BR_ULT_64', rk: 'BR_ULT_64_K', kr: 'BR_UGT_64_K' } as const;
const UGT_64 = { rr: 'BR_ULT_64', rk: 'BR_UGT_64_K', kr: 'BR_ULT_64_K', swap: true } as const;
const SLT_64 = { rr: 'BR_SLT_64', rk: 'BR_SLT_64_K', kr: 'BR_SGT_64_K' } as const;
const SGT_64 = { rr: 'BR_SLT_64', rk: 'BR_SGT_64_K', kr: 'BR_SLT_64_K', swap: true } as const;
const SLT_32 = { rr: 'BR_SLT_32', rk: 'BR_SLT_32_K', kr: 'BR_SGT_32_K' } as const;
const SGT_32 = { rr: 'BR_SLT_32', rk: 'BR_SGT_32_K', kr: 'BR_SLT_32_K', swap: true } as const;

/** Unsigned comparison of narrow values is that of 64 bits, since they have zeros above. */
const BRANCH_64: Readonly<Partial<Record<OpName, BinaryForms>>> = {
  eq: EQ_64,
  ult: ULT_64,
  ugt: UGT_64,
  slt: SLT_64,
  sgt: SGT_64,
};

const BRANCH_32: Readonly<Partial<Record<OpName, BinaryForms>>> = {
  ...BRANCH_64,
  slt: SLT_32,
  sgt: SGT_32,
};

function formsOf(op: OpName, type: Type): BinaryForms {
  const container = containerOf(type);
  const table = container === 'i256' ? BRANCH_256 : container === 'i32' ? BRANCH_32 : BRANCH_64;
  const forms = table[op];
  if (forms === undefined) throw new Error(`BUG: no branch form for ${op}.${type}`);
  return forms;
}

/** The branch on a value: to the first target where it is not 0. */
export function testWord(site: Site, condition: Source, isNegated: boolean): BranchWord {
  return { form: 'BR_NZ64', a: slotOf(site, condition), b: 0, isNegated };
}

/** The branch on a comparison. */
export function comparisonWord(
  site: Site,
  op: OpName,
  type: Type,
  [x, y]: readonly [Source, Source | undefined],
  isNegated: boolean,
): BranchWord {
  if (op === 'iszero' || op === 'not') {
    const form = containerOf(type) === 'i256' ? 'BR_NZ' : 'BR_NZ64';
    return { form, a: slotOf(site, x), b: 0, isNegated: !isNegated };
  }
  const opposite = OPPOSITES[op];
  const forms = formsOf(opposite ?? op, type);
  const turned = opposite === undefined ? isNegated : !isNegated;
  const second = y as Source;
  const { writer } = site;
  if (typeof second === 'bigint' && forms.rk !== undefined) {
    const a = slotOf(site, x);
    return { form: forms.rk, a, b: writer.constant(second), isNegated: turned };
  }
  if (typeof x === 'bigint' && forms.kr !== undefined) {
    return { form: forms.kr, a: second as number, b: writer.constant(x), isNegated: turned };
  }
  const [a, b] = [slotOf(site, x), slotOf(site, second)];
  if (forms.swap === true) return { form: forms.rr, a: b, b: a, isNegated: turned };
  return { form: forms.rr, a, b, isNegated: turned };
}
