/**
 * The addresses of a case of transactions, and those that its contracts will create: what programs
 * look at, call, pay and destroy.
 */
import { generateAddress, generateAddress2 } from '@ethereumjs/util';
import type { Hex } from '../../src/chain/types.ts';
import type { Fork } from '../../src/vms/evm/forks.ts';
import type { Prng } from '../support/prng.ts';
import { bytesToHexText, COINBASE, hexTextToBytes, SIBLINGS, TARGET } from './case.ts';
import { hasOpcode } from './legalize.ts';
import { oneIn, pick } from './operands.ts';
import type { Program } from './program.ts';
import { SIGNERS } from './transaction-case.ts';

/** An account that is empty and exists, where the case has it at all. */
export const EMPTY_ACCOUNT: Hex = '0x00000000000000000000000000000000dead0001';
export const NOBODY: Hex = '0x00000000000000000000000000000000dead0002';
/** A contract that creates the same child every time. */
export const FACTORY: Hex = '0x2000000000000000000000000000000000000001';
/** Contracts of the state, with code of their own. */
export const CONTRACTS: readonly Hex[] = [
  TARGET,
  ...SIBLINGS,
  FACTORY,
  '0x2000000000000000000000000000000000000002',
];
/** Salts that the factory takes. */
export const SALTS: readonly bigint[] = [0n, 1n];

export interface Scene {
  readonly fork: Fork;
  readonly coinbase: Hex;
  /** Addresses that creations of this state have, or may come to. */
  readonly children: readonly Hex[];
  readonly addresses: readonly Hex[];
}

function toHex(number: number): Hex {
  return `0x${number.toString(16).padStart(40, '0')}`;
}

/** Precompiles of any fork, the addresses around them, and the number past the last. */
const LOW_ADDRESSES: readonly Hex[] = [
  0, 1, 2, 3, 3, 3, 4, 5, 8, 9, 0x0a, 0x0b, 0x11, 0x12, 0x100, 0x101,
].map(toHex);

export function drawCoinbase(prng: Prng): Hex {
  const kind = prng.below(12);
  if (kind <= 6) return COINBASE;
  if (kind === 7) return pick(prng, SIGNERS);
  if (kind === 8) return pick(prng, CONTRACTS);
  if (kind === 9) return EMPTY_ACCOUNT;
  return kind === 10 ? toHex(2) : NOBODY;
}

/** @param child - Init code of the factory's child. */
export function createScene(fork: Fork, coinbase: Hex, child: Uint8Array): Scene {
  const factory = hexTextToBytes(FACTORY);
  const byNonce = [FACTORY, TARGET, SIGNERS[0]!].flatMap((creator) =>
    [0, 1, 2].map((nonce) =>
      bytesToHexText(
        generateAddress(
          hexTextToBytes(creator),
          nonce === 0 ? new Uint8Array(0) : Uint8Array.of(nonce),
        ),
      ),
    ),
  );
  const bySalt = SALTS.map((salt) =>
    bytesToHexText(
      generateAddress2(factory, hexTextToBytes(salt.toString(16).padStart(64, '0')), child),
    ),
  );
  const children = hasOpcode(fork, 'CREATE2') ? [...bySalt, ...bySalt, ...byNonce] : byNonce;
  const addresses = [
    ...CONTRACTS,
    ...CONTRACTS,
    ...SIGNERS,
    ...children,
    EMPTY_ACCOUNT,
    EMPTY_ACCOUNT,
    NOBODY,
    coinbase,
    coinbase,
    ...LOW_ADDRESSES,
  ];
  return { fork, coinbase, children, addresses };
}

/** Draws an address, now and then with dirty upper bytes; what comes back pushes it. */
export function drawAddress(program: Program, scene: Scene): () => void {
  const { prng } = program;
  if (oneIn(prng, 8)) {
    const name = pick(prng, ['CALLER', 'ADDRESS', 'ORIGIN', 'COINBASE']);
    return () => program.op(name);
  }
  const address = BigInt(pick(prng, scene.addresses));
  const word = oneIn(prng, 40) ? address | (prng.bigint(96) << 160n) : address;
  return () => program.push(word);
}

/** Pushes an address. */
export function pushAddress(program: Program, scene: Scene): void {
  drawAddress(program, scene)();
}
