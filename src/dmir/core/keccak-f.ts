/**
 * Keccak-f[1600], the permutation of FIPS 202, over 25 BigInt lanes: the meaning of the core's
 * `keccakf`. The kernel has its own fast one; this one is short, so that it can be read.
 */

const MASK = (1n << 64n) - 1n;
const ROUND_COUNT = 24;

/** Round constants by the linear feedback shift register of FIPS 202, section 3.2.5. */
function makeRoundConstants(): bigint[] {
  const constants: bigint[] = [];
  let register = 1;
  for (let round = 0; round < ROUND_COUNT; round++) {
    let constant = 0n;
    for (let j = 0; j < 7; j++) {
      if ((register & 1) === 1) constant |= 1n << BigInt(2 ** j - 1);
      register = (register << 1) ^ ((register >> 7) * 0x171);
    }
    constants.push(constant);
  }
  return constants;
}

const ROUND_CONSTANTS = makeRoundConstants();

/** The walk of steps rho and pi (section 3.2.2): lane to take next and its rotation. */
function makeWalk(): { lane: number; rotation: bigint }[] {
  const walk: { lane: number; rotation: bigint }[] = [];
  let x = 1;
  let y = 0;
  for (let t = 0; t < 24; t++) {
    walk.push({ lane: x + 5 * y, rotation: BigInt((((t + 1) * (t + 2)) / 2) % 64) });
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return walk;
}

const WALK = makeWalk();

function rotate(lane: bigint, count: bigint): bigint {
  return ((lane << count) | (lane >> (64n - count))) & MASK;
}

function theta(a: bigint[]): void {
  const parity = [0, 1, 2, 3, 4].map(
    (x) => a[x]! ^ a[x + 5]! ^ a[x + 10]! ^ a[x + 15]! ^ a[x + 20]!,
  );
  for (let x = 0; x < 5; x++) {
    const mix = parity[(x + 4) % 5]! ^ rotate(parity[(x + 1) % 5]!, 1n);
    for (let y = 0; y < 25; y += 5) a[x + y]! ^= mix;
  }
}

function rhoPi(a: bigint[]): void {
  const before = [...a];
  for (const { lane, rotation } of WALK) {
    const x = lane % 5;
    const y = (lane - x) / 5;
    a[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(before[lane]!, rotation);
  }
}

function chi(a: bigint[]): void {
  for (let y = 0; y < 25; y += 5) {
    const row = a.slice(y, y + 5);
    for (let x = 0; x < 5; x++) {
      a[y + x] = row[x]! ^ (~row[(x + 1) % 5]! & MASK & row[(x + 2) % 5]!);
    }
  }
}

/** Permutes the 25 lanes in place; lane `x + 5 * y` is A[x, y]. */
export function keccakPermute(lanes: BigUint64Array): void {
  const a = Array.from(lanes);
  for (const constant of ROUND_CONSTANTS) {
    theta(a);
    rhoPi(a);
    chi(a);
    a[0]! ^= constant;
  }
  lanes.set(a);
}
