/**
 * Where precompiles get their elliptic curves from.
 *
 * The curve libraries cost 20 to 30 ms to load and most runs never need them, so a precompile asks
 * a `CurveSource` when it runs. Frames run synchronously, so must the source:
 * - `lazyCurves`, the default, gives what `loadCurves` has loaded; on a platform that can load a
 *   module synchronously (Node from 22.12) it loads at the first use by itself;
 * - `loadCurves` uses `import()`, which bundlers see, for browsers and older platforms;
 * - any other source may be given to `createPrecompiles`.
 */
import type { interleavedMSMUnsafe } from '@noble/curves/abstract/curve.js';
import type { bls12_381 } from '@noble/curves/bls12-381.js';
import type { bn254 } from '@noble/curves/bn254.js';
import type { p256 } from '@noble/curves/nist.js';
import type { secp256k1 } from '@noble/curves/secp256k1.js';

/** The curves by name, and the multi-scalar multiplication that they share. */
export interface CurveLibs {
  readonly secp256k1: typeof secp256k1;
  readonly p256: typeof p256;
  readonly bn254: typeof bn254;
  readonly bls12_381: typeof bls12_381;
  readonly interleavedMSMUnsafe: typeof interleavedMSMUnsafe;
}

export type CurveName = keyof CurveLibs;

/** Gives a curve, or throws if it is not there. */
export type CurveSource = <K extends CurveName>(name: K) => CurveLibs[K];

const FILES: Readonly<Record<CurveName, string>> = {
  secp256k1: '@noble/curves/secp256k1.js',
  p256: '@noble/curves/nist.js',
  bn254: '@noble/curves/bn254.js',
  bls12_381: '@noble/curves/bls12-381.js',
  interleavedMSMUnsafe: '@noble/curves/abstract/curve.js',
};

const loaded: { -readonly [K in CurveName]?: CurveLibs[K] } = {};

/** Loads all curves, once; afterwards `lazyCurves` always answers. */
export async function loadCurves(): Promise<void> {
  const [secp256k1, nist, bn254, bls12, curve] = await Promise.all([
    import('@noble/curves/secp256k1.js'),
    import('@noble/curves/nist.js'),
    import('@noble/curves/bn254.js'),
    import('@noble/curves/bls12-381.js'),
    import('@noble/curves/abstract/curve.js'),
  ]);
  loaded.secp256k1 = secp256k1.secp256k1;
  loaded.p256 = nist.p256;
  loaded.bn254 = bn254.bn254;
  loaded.bls12_381 = bls12.bls12_381;
  loaded.interleavedMSMUnsafe = curve.interleavedMSMUnsafe;
}

/**
 * The default source; see the header.
 *
 * @throws Error if the curve is not loaded and the platform cannot load it synchronously
 */
export const lazyCurves: CurveSource = (name) => {
  const known = loaded[name];
  if (known !== undefined) return known;
  const curve = requireCurve(name);
  loaded[name] = curve;
  return curve;
};

/** Loads through Node's `require`, reached in a way that no bundler follows. */
function requireCurve<K extends CurveName>(name: K): CurveLibs[K] {
  const node = typeof process === 'undefined' ? undefined : process;
  const canRequire = node?.features?.require_module === true;
  const module = canRequire ? node.getBuiltinModule?.('node:module') : undefined;
  if (module === undefined) {
    throw new Error(
      `the curve ${name} is not loaded and this platform cannot load it during a run; ` +
        'await loadCurves() before the first run',
    );
  }
  const exports = module.createRequire(import.meta.url)(FILES[name]) as Pick<CurveLibs, K>;
  return exports[name];
}
