/**
 * The curve BLS12-381 (EIP-2537): addition and multi-scalar multiplication on both groups, the
 * pairing check, and the maps from field elements to points.
 *
 * A field element has 64 bytes; parts of the extension field come real first. Addition takes any
 * points of the curve, the others only those of the subgroup. No operation takes an empty input or
 * one of another length than it names.
 */
import type { CurvePoint, CurvePointCons } from '@noble/curves/abstract/curve.js';
import type { CurveLibs, CurveSource } from './curves.ts';
import type { G1, G2, Layout } from './points.ts';
import {
  checkPairing,
  isInSubgroup,
  readFp,
  readFp2,
  readG1,
  readG2,
  writeG1,
  writeG2,
} from './points.ts';
import type { Precompile } from './types.ts';
import { readNumber, wordOfBool } from './words.ts';

const FIELD_BYTES = 64;
const G1_BYTES = 2 * FIELD_BYTES;
const G2_BYTES = 4 * FIELD_BYTES;
const SCALAR_BYTES = 32;
const PAIR_BYTES = G1_BYTES + G2_BYTES;

/**
 * Points of one pass of the multiplication, which makes tables for all of them: a pass saves
 * doublings, and past this many there is nothing more to save but memory to lose.
 */
const MSM_POINTS_MAX = 128;
const MSM_WINDOW_BITS = 4;

// Thousandths of the full price for k = 1, 2, ... points; the last holds for all greater k.
// biome-ignore format: sixteen to a line
const G1_DISCOUNTS = [
  1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677,
  673, 669, 665, 661, 658, 654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627,
  625, 623, 621, 619, 617, 615, 613, 611, 609, 608, 606, 604, 603, 601, 599, 598,
  596, 595, 593, 592, 591, 589, 588, 586, 585, 584, 582, 581, 580, 579, 577, 576,
  575, 574, 573, 572, 570, 569, 568, 567, 566, 565, 564, 563, 562, 561, 560, 559,
  558, 557, 556, 555, 554, 553, 552, 551, 550, 549, 548, 547, 547, 546, 545, 544,
  543, 542, 541, 540, 540, 539, 538, 537, 536, 536, 535, 534, 533, 532, 532, 531,
  530, 529, 528, 528, 527, 526, 525, 525, 524, 523, 522, 522, 521, 520, 520, 519,
];

// biome-ignore format: sixteen to a line
const G2_DISCOUNTS = [
  1000, 1000, 923, 884, 855, 832, 812, 796, 782, 770, 759, 749, 740, 732, 724, 717,
  711, 704, 699, 693, 688, 683, 679, 674, 670, 666, 663, 659, 655, 652, 649, 646,
  643, 640, 637, 634, 632, 629, 627, 624, 622, 620, 618, 615, 613, 611, 609, 607,
  606, 604, 602, 600, 598, 597, 595, 593, 592, 590, 589, 587, 586, 584, 583, 582,
  580, 579, 578, 576, 575, 574, 573, 571, 570, 569, 568, 567, 566, 565, 563, 562,
  561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 552, 551, 550, 549, 548, 547,
  546, 545, 545, 544, 543, 542, 541, 541, 540, 539, 538, 537, 537, 536, 535, 535,
  534, 533, 532, 532, 531, 530, 530, 529, 528, 528, 527, 526, 526, 525, 524, 524,
];

interface Bls extends Layout {
  readonly curve: CurveLibs['bls12_381'];
}

/** What differs between the two groups. */
interface Group<P extends CurvePoint<unknown, P>> {
  readonly pointBytes: number;
  readonly add: { readonly address: number; readonly name: string; readonly gas: bigint };
  readonly msm: { readonly address: number; readonly name: string; readonly gas: bigint };
  readonly discounts: readonly number[];
  constructorOf(bls: Bls): CurvePointCons<P>;
  read(bls: Bls, input: Uint8Array, offset: number): P | null;
  write(bls: Bls, point: P): Uint8Array;
}

interface Terms<P> {
  readonly points: P[];
  readonly scalars: bigint[];
}

const GROUP1: Group<G1> = {
  pointBytes: G1_BYTES,
  add: { address: 0x0b, name: 'bls12_g1add', gas: 375n },
  msm: { address: 0x0c, name: 'bls12_g1msm', gas: 12000n },
  discounts: G1_DISCOUNTS,
  constructorOf: (bls) => bls.curve.G1.Point,
  read: readG1,
  write: writeG1,
};

const GROUP2: Group<G2> = {
  pointBytes: G2_BYTES,
  add: { address: 0x0d, name: 'bls12_g2add', gas: 600n },
  msm: { address: 0x0e, name: 'bls12_g2msm', gas: 22500n },
  discounts: G2_DISCOUNTS,
  constructorOf: (bls) => bls.curve.G2.Point,
  read: readG2,
  write: writeG2,
};

/** The seven precompiles, by address. */
export function createBls12381(curves: CurveSource): readonly Precompile[] {
  const bls = (): Bls => ({
    curve: curves('bls12_381'),
    fieldBytes: FIELD_BYTES,
    isImaginaryFirst: false,
  });
  return [
    createAdd(bls, GROUP1),
    createMsm(curves, bls, GROUP1),
    createAdd(bls, GROUP2),
    createMsm(curves, bls, GROUP2),
    createPairing(bls),
    createMapToG1(bls),
    createMapToG2(bls),
  ];
}

function createAdd<P extends CurvePoint<unknown, P>>(bls: () => Bls, group: Group<P>): Precompile {
  const { address, name, gas } = group.add;
  return {
    address,
    name,
    since: 'eip2537',
    gas: () => gas,
    run(input) {
      if (input.length !== 2 * group.pointBytes) return null;
      const form = bls();
      const a = group.read(form, input, 0);
      const b = group.read(form, input, group.pointBytes);
      return a === null || b === null ? null : group.write(form, a.add(b));
    },
  };
}

function createMsm<P extends CurvePoint<unknown, P>>(
  curves: CurveSource,
  bls: () => Bls,
  group: Group<P>,
): Precompile {
  const { address, name, gas } = group.msm;
  const itemBytes = group.pointBytes + SCALAR_BYTES;
  return {
    address,
    name,
    since: 'eip2537',
    gas(input) {
      const count = Math.floor(input.length / itemBytes);
      if (count === 0) return 0n;
      const discount = group.discounts[Math.min(count, group.discounts.length) - 1]!;
      return (BigInt(count) * gas * BigInt(discount)) / 1000n;
    },
    run(input) {
      if (input.length === 0 || input.length % itemBytes !== 0) return null;
      const form = bls();
      const Point = group.constructorOf(form);
      let sum = Point.ZERO;
      const passBytes = MSM_POINTS_MAX * itemBytes;
      for (let offset = 0; offset < input.length; offset += passBytes) {
        const terms = readTerms(form, group, input.subarray(offset, offset + passBytes));
        if (terms === null) return null;
        const multiply = curves('interleavedMSMUnsafe')(Point, terms.points, MSM_WINDOW_BITS);
        sum = sum.add(multiply(terms.scalars));
      }
      return group.write(form, sum);
    },
  };
}

/** Points and scalars of the input; `null` if a point is none or is outside the subgroup. */
function readTerms<P extends CurvePoint<unknown, P>>(
  bls: Bls,
  group: Group<P>,
  input: Uint8Array,
): Terms<P> | null {
  const terms: Terms<P> = { points: [], scalars: [] };
  for (let offset = 0; offset < input.length; offset += group.pointBytes + SCALAR_BYTES) {
    const point = group.read(bls, input, offset);
    if (point === null || !isInSubgroup(point)) return null;
    // In the subgroup the scalar may be reduced by its order.
    const scalar = readNumber(input, offset + group.pointBytes, SCALAR_BYTES);
    terms.points.push(point);
    terms.scalars.push(scalar % bls.curve.fields.Fr.ORDER);
  }
  return terms;
}

function createPairing(bls: () => Bls): Precompile {
  return {
    address: 0x0f,
    name: 'bls12_pairing_check',
    since: 'eip2537',
    gas: (input) => 37700n + 32600n * BigInt(Math.floor(input.length / PAIR_BYTES)),
    run(input) {
      if (input.length === 0 || input.length % PAIR_BYTES !== 0) return null;
      const isOne = checkPairing(bls(), input);
      return isOne === null ? null : wordOfBool(isOne);
    },
  };
}

function createMapToG1(bls: () => Bls): Precompile {
  return {
    address: 0x10,
    name: 'bls12_map_fp_to_g1',
    since: 'eip2537',
    gas: () => 5500n,
    run(input) {
      if (input.length !== FIELD_BYTES) return null;
      const form = bls();
      const element = readFp(form, input, 0);
      if (element === null) return null;
      // Declared as a map of arrays to coordinates, but it takes one element and gives a point.
      const map = form.curve.G1.mapToCurve as unknown as (element: bigint) => G1;
      return writeG1(form, map(element));
    },
  };
}

function createMapToG2(bls: () => Bls): Precompile {
  return {
    address: 0x11,
    name: 'bls12_map_fp2_to_g2',
    since: 'eip2537',
    gas: () => 23800n,
    run(input) {
      if (input.length !== 2 * FIELD_BYTES) return null;
      const form = bls();
      const element = readFp2(form, input, 0);
      if (element === null) return null;
      // Declared to give coordinates, but it gives a point.
      const map = form.curve.G2.mapToCurve as unknown as (parts: bigint[]) => G2;
      return writeG2(form, map([element.c0, element.c1]));
    },
  };
}
