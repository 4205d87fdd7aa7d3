/**
 * From a seed to a case. The same seed, mode and specimens give the same case for ever; nothing
 * here runs anything.
 */

import { type Fork, forkIndex } from '../../src/vms/evm/forks.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import {
  type Case,
  type CaseAccount,
  type CaseMessage,
  ORIGIN,
  SENDER,
  SIBLINGS,
  TARGET,
} from './case.ts';
import { generateCalls, generateRecursion, generateSiblings } from './generate-calls.ts';
import { generateFlow, generateSoup } from './generate-flow.ts';
import { generateSingle, generateStraight } from './generate-lines.ts';
import { generateData, mutate, type Specimen } from './generate-mutated.ts';
import { legalizeCase } from './legalize.ts';
import { edgeValue, oneIn, pick } from './operands.ts';

/** How a mode makes the code of the target, and how much gas it needs. */
interface Mode {
  /** Its share among all cases. */
  weight: number;
  gas: bigint;
  generate: (prng: Prng) => Uint8Array;
  /** True: siblings have code and the message may carry value or be a creation. */
  world: boolean;
}

export const MODES = {
  single: { weight: 30, gas: 400_000n, generate: generateSingle, world: true },
  straight: { weight: 25, gas: 400_000n, generate: generateStraight, world: false },
  flow: { weight: 22, gas: 200_000n, generate: generateFlow, world: false },
  soup: { weight: 5, gas: 60_000n, generate: generateSoup, world: false },
  calls: { weight: 14, gas: 400_000n, generate: generateCalls, world: true },
  recursion: { weight: 1, gas: 2_000_000n, generate: generateRecursion, world: false },
  mutated: { weight: 3, gas: 40_000n, generate: () => new Uint8Array(0), world: false },
} as const satisfies Record<string, Mode>;

export type ModeName = keyof typeof MODES;
export const MODE_NAMES = Object.keys(MODES) as ModeName[];

const MODE_BAG: readonly ModeName[] = MODE_NAMES.flatMap((name) =>
  Array.from({ length: MODES[name].weight }, () => name),
);

export interface GeneratedCase {
  mode: ModeName;
  /** Name of the contract that a mutated case came from. */
  origin?: string;
  value: Case;
  /** Draws the smaller gas limits of the repetitions. */
  prng: Prng;
}

export interface GenerateOptions {
  seed: number;
  mode?: ModeName | undefined;
  /** Osaka unless told; the programs of an older fork have its instructions only, nearly. */
  fork?: Fork | undefined;
  specimens: readonly Specimen[];
}

function generateCallData(prng: Prng): Uint8Array {
  if (oneIn(prng, 8)) return prng.bytes(prng.below(100));
  const words = prng.below(6);
  let hex = '';
  for (let i = 0; i < words; i++) hex += edgeValue(prng).toString(16).padStart(64, '0');
  return Uint8Array.from(Buffer.from(hex, 'hex'));
}

/** Makes the case of a seed. */
export function generateCase(options: GenerateOptions): GeneratedCase {
  const { seed, fork } = options;
  const generated = generateNewest(options);
  if (fork === undefined || forkIndex(fork) >= forkIndex('osaka')) return generated;
  return { ...generated, value: legalizeCase(createPrng(~seed), fork, generated.value) };
}

function generateNewest({ seed, mode, specimens }: GenerateOptions): GeneratedCase {
  const prng = createPrng(seed);
  const drawn = pick(prng, MODE_BAG);
  let name = mode ?? drawn;
  if (name === 'mutated' && specimens.length === 0) name = 'flow';
  const { gas, generate, world }: Mode = MODES[name];
  const specimen = name === 'mutated' ? pick(prng, specimens) : undefined;
  const code = specimen === undefined ? generate(prng) : mutate(prng, specimen);
  const data = specimen === undefined ? generateCallData(prng) : generateData(prng, specimen);
  const create = world && name === 'calls' && oneIn(prng, 12);
  const value: Case = {
    accounts: generateAccounts(prng, code, !world),
    message: {
      kind: create ? 'create' : 'call',
      to: TARGET,
      from: SENDER,
      data: create ? code : data,
      value: world && oneIn(prng, 3) ? BigInt(prng.below(1000)) : 0n,
      gas: name === 'recursion' && oneIn(prng, 20) ? 1n << 36n : gas,
      static: !create && oneIn(prng, 16),
    },
  };
  if (oneIn(prng, 10)) value.message.origin = pick(prng, [ORIGIN, ...SIBLINGS]);
  if (oneIn(prng, 10)) value.message.accessList = generateAccessList(prng);
  if (value.message.static) value.message.value = 0n;
  return { mode: name, ...(specimen === undefined ? {} : { origin: specimen.name }), value, prng };
}

function generateAccessList(prng: Prng): NonNullable<CaseMessage['accessList']> {
  return Array.from({ length: prng.below(4) }, () => ({
    address: pick(prng, [TARGET, SENDER, ...SIBLINGS]),
    slots: Array.from({ length: prng.below(4) }, () => BigInt(prng.below(4))),
  }));
}

function generateAccounts(prng: Prng, code: Uint8Array, plain: boolean): CaseAccount[] {
  const storage = [0n, 1n, 2n].flatMap((slot) =>
    oneIn(prng, 2) ? [] : [[slot, edgeValue(prng) | 1n] as const],
  );
  return [
    { address: SENDER, balance: 10n ** 18n, nonce: 3n, code: new Uint8Array(0), storage: [] },
    { address: TARGET, balance: BigInt(prng.below(200)), nonce: 1n, code, storage },
    ...generateSiblings(prng, plain),
  ];
}

/** A gas limit below what the case used, so that it ends out of gas somewhere inside. */
export function drawGas(prng: Prng, gasUsed: bigint): bigint {
  if (gasUsed === 0n) return 0n;
  const limit = gasUsed > 0xffff_ffffn ? 0xffff_ffff : Number(gasUsed);
  return oneIn(prng, 8) ? BigInt(limit - 1) : BigInt(prng.below(limit));
}
