/**
 * Where precompiles get their elliptic curves from.
 *
 * The curves cost milliseconds to load and most runs never need them, so a precompile asks a
 * `CurveSource` when it runs. Frames run synchronously, so must the source:
 * - `lazyCurves`, the default, gives what `loadCurves` has loaded; on a platform that can load a
 *   module synchronously (Node from 22.12) it loads at the first use by itself;
 * - `loadCurves` uses `import()`, which bundlers see, for browsers and older platforms;
 * - any other source may be given to `createPrecompiles`.
 */
import type { secp256k1 } from '@noble/curves/secp256k1.js';
import type { P256 } from './p256.ts';
import { createP256 } from './p256.ts';
import type { BlsCurve, PairingCurve } from './pairing.ts';
import { createPairingCurve } from './pairing.ts';

/** The curves by name. */
export interface CurveLibs {
  /** For signing; recovery needs no library (`secp256k1.ts`). */
  readonly secp256k1: typeof secp256k1;
  readonly p256: P256;
  readonly bn254: PairingCurve;
  readonly bls12_381: BlsCurve;
}

export type CurveName = keyof CurveLibs;

/** Gives a curve, or throws if it is not there. */
export type CurveSource = <K extends CurveName>(name: K) => CurveLibs[K];

/** What a compiled curve's file exports. */
interface Binary {
  readonly CURVE_BASE64: string;
}

/** What the files of the curves export. */
interface Files {
  readonly secp256k1: Pick<CurveLibs, 'secp256k1'>;
  readonly p256: Binary;
  readonly bn254: Binary;
  readonly bls12_381: Binary;
}

// This file is TypeScript, or what the compiler made of it.
const EXTENSION = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

const PATHS: Readonly<Record<CurveName, string>> = {
  secp256k1: '@noble/curves/secp256k1.js',
  p256: `./p256.generated${EXTENSION}`,
  bn254: `./pairing-bn254.generated${EXTENSION}`,
  bls12_381: `./pairing-bls12-381.generated${EXTENSION}`,
};

const OPENERS: { readonly [K in CurveName]: (file: Files[K]) => CurveLibs[K] } = {
  secp256k1: (file) => file.secp256k1,
  p256: (file) => createP256(file.CURVE_BASE64),
  bn254: (file) => createPairingCurve(file.CURVE_BASE64, 32),
  bls12_381: (file) => createPairingCurve(file.CURVE_BASE64, 64),
};

const loaded: { -readonly [K in CurveName]?: CurveLibs[K] } = {};

/** Loads all curves, once; afterwards `lazyCurves` always answers. */
export async function loadCurves(): Promise<void> {
  const [secp256k1, p256, bn254, bls12] = await Promise.all([
    import('@noble/curves/secp256k1.js'),
    import('./p256.generated.ts'),
    import('./pairing-bn254.generated.ts'),
    import('./pairing-bls12-381.generated.ts'),
  ]);
  loaded.secp256k1 ??= OPENERS.secp256k1(secp256k1);
  loaded.p256 ??= OPENERS.p256(p256);
  loaded.bn254 ??= OPENERS.bn254(bn254);
  loaded.bls12_381 ??= OPENERS.bls12_381(bls12);
}

/**
 * The default source; see the header.
 *
 * @throws Error if the curve is not loaded and the platform cannot load it synchronously
 */
export const lazyCurves: CurveSource = (name) => {
  const known = loaded[name];
  if (known !== undefined) return known;
  const curve = OPENERS[name](requireFile(name));
  loaded[name] = curve;
  return curve;
};

/** Node's modules, in a way that no bundler follows; in a bundle `require` would find nothing. */
function findModule(): typeof import('node:module') | undefined {
  const node = typeof process === 'undefined' ? undefined : process;
  const isBundled = !import.meta.url.endsWith(`/precompiles/curves${EXTENSION}`);
  if (isBundled || node?.features?.require_module !== true) return undefined;
  return node.getBuiltinModule?.('node:module');
}

/** Whether `lazyCurves` loads by itself; else `loadCurves` is to be waited for. */
export function canLoadCurves(): boolean {
  return findModule() !== undefined;
}

function requireFile<K extends CurveName>(name: K): Files[K] {
  const module = findModule();
  if (module === undefined) {
    throw new Error(
      `the curve ${name} is not loaded and this platform cannot load it during a run; ` +
        'await loadCurves() before the first run',
    );
  }
  return module.createRequire(import.meta.url)(PATHS[name]) as Files[K];
}
