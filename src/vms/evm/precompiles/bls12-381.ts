/**
 * The curve BLS12-381 (EIP-2537): addition and multi-scalar multiplication on both groups, the
 * pairing check, and the maps from field elements to points.
 *
 * A field element has 64 bytes; parts of the extension field come real first. Addition takes any
 * points of the curve, the others only those of the subgroup. No operation takes an empty input or
 * one of another length than it names.
 */
import type { PrecompileCosts } from './costs.ts';
import type { CurveSource } from './curves.ts';
import type { Group } from './pairing.ts';
import type { PrecompileRow } from './types.ts';
import { wordOfBool } from './words.ts';

const FIELD_BYTES = 64;
const SCALAR_BYTES = 32;
const PAIR_BYTES = 6 * FIELD_BYTES;

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

/** What differs between the two groups. */
interface GroupRow {
  readonly group: Group;
  readonly name: 'g1' | 'g2';
  readonly addAddress: number;
  readonly mapAddress: number;
  readonly mapName: string;
  readonly addGas: keyof PrecompileCosts;
  readonly mulGas: keyof PrecompileCosts;
  readonly mapGas: keyof PrecompileCosts;
  readonly discounts: readonly number[];
}

const G1: GroupRow = {
  group: 1,
  name: 'g1',
  addAddress: 0x0b,
  mapAddress: 0x10,
  mapName: 'bls12_map_fp_to_g1',
  addGas: 'blsG1AddGas',
  mulGas: 'blsG1MulGas',
  mapGas: 'blsMapG1Gas',
  discounts: G1_DISCOUNTS,
};

const G2: GroupRow = {
  group: 2,
  name: 'g2',
  addAddress: 0x0d,
  mapAddress: 0x11,
  mapName: 'bls12_map_fp2_to_g2',
  addGas: 'blsG2AddGas',
  mulGas: 'blsG2MulGas',
  mapGas: 'blsMapG2Gas',
  discounts: G2_DISCOUNTS,
};

/** The seven precompiles, by address. */
export function createBls12381(curves: CurveSource): readonly PrecompileRow[] {
  return [
    createAdd(curves, G1),
    createMsm(curves, G1),
    createAdd(curves, G2),
    createMsm(curves, G2),
    createPairing(curves),
    createMap(curves, G1),
    createMap(curves, G2),
  ];
}

function createAdd(curves: CurveSource, row: GroupRow): PrecompileRow {
  const inputBytes = 4 * FIELD_BYTES * row.group;
  return {
    address: row.addAddress,
    name: `bls12_${row.name}add`,
    since: 'eip2537',
    gas: (_input, costs) => costs[row.addGas],
    run: (input) =>
      input.length === inputBytes ? curves('bls12_381').add(row.group, input) : null,
  };
}

function createMsm(curves: CurveSource, row: GroupRow): PrecompileRow {
  const itemBytes = 2 * FIELD_BYTES * row.group + SCALAR_BYTES;
  return {
    address: row.addAddress + 1,
    name: `bls12_${row.name}msm`,
    since: 'eip2537',
    gas(input, costs) {
      const count = Math.floor(input.length / itemBytes);
      if (count === 0) return 0n;
      const discount = row.discounts[Math.min(count, row.discounts.length) - 1]!;
      return (BigInt(count) * costs[row.mulGas] * BigInt(discount)) / 1000n;
    },
    run(input) {
      if (input.length === 0 || input.length % itemBytes !== 0) return null;
      return curves('bls12_381').multiply(row.group, input);
    },
  };
}

function createPairing(curves: CurveSource): PrecompileRow {
  return {
    address: 0x0f,
    name: 'bls12_pairing_check',
    since: 'eip2537',
    gas(input, costs) {
      const pairs = BigInt(Math.floor(input.length / PAIR_BYTES));
      return costs.blsPairingBase + costs.blsPairingPair * pairs;
    },
    run(input) {
      if (input.length === 0 || input.length % PAIR_BYTES !== 0) return null;
      const isOne = curves('bls12_381').pair(input);
      return isOne === null ? null : wordOfBool(isOne);
    },
  };
}

function createMap(curves: CurveSource, row: GroupRow): PrecompileRow {
  const inputBytes = FIELD_BYTES * row.group;
  return {
    address: row.mapAddress,
    name: row.mapName,
    since: 'eip2537',
    gas: (_input, costs) => costs[row.mapGas],
    run: (input) =>
      input.length === inputBytes ? curves('bls12_381').map(row.group, input) : null,
  };
}
