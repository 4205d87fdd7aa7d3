/**
 * ECDSA on secp256k1: the signer of a digest (Yellow Paper, appendix F), for transactions,
 * authorizations and the precompile alike, and signing.
 *
 * Recovery is in WebAssembly of its own (`assembly/`), which is compiled at the first use and then
 * makes its table of multiples of the base point, a few milliseconds in all. It handles public
 * values only, so its time may depend on them; signing, which may not, is the curve library's.
 */
import type { CurveSource } from './curves.ts';
import { lazyCurves } from './curves.ts';
import { SECP256K1_BASE64 } from './secp256k1.generated.ts';
import { instantiate } from './wasm.ts';

/** A signature as numbers. */
export interface RecoverableSignature {
  readonly r: bigint;
  readonly s: bigint;
  readonly yParity: 0 | 1;
}

interface Recovery {
  readonly memory: WebAssembly.Memory;
  /** Address of the digest, r and s, 32 bytes each. */
  readonly INPUT: WebAssembly.Global<'i32'>;
  /** Address of x and y, 32 bytes each. */
  readonly OUTPUT: WebAssembly.Global<'i32'>;
  recover(yParity: number): number;
}

let recovery: Recovery | undefined;
let bytes: Uint8Array = new Uint8Array(0);

/**
 * The public key whose holder signed the digest.
 *
 * @param hash 32 bytes
 * @param signature r and s, 32 bytes each, big-endian; a high s is allowed
 * @param yParity whether the y of the point behind r is odd
 * @returns x and y, 32 bytes each, big-endian; `undefined` if no key made the signature: r or s is
 *   zero or not below the order, r is no x of a point, or the key is the point at infinity
 */
export function recoverPublicKey(
  hash: Uint8Array,
  signature: Uint8Array,
  yParity: 0 | 1,
): Uint8Array | undefined {
  if (hash.length !== 32 || signature.length !== 64) {
    throw new Error('BUG: a digest has 32 bytes and a signature 64');
  }
  recovery ??= instantiate(SECP256K1_BASE64) as unknown as Recovery;
  const { INPUT, OUTPUT } = recovery;
  refreshBytes(recovery);
  bytes.set(hash, INPUT.value);
  bytes.set(signature, INPUT.value + 32);
  if (recovery.recover(yParity) === 0) return undefined;
  refreshBytes(recovery);
  return bytes.slice(OUTPUT.value, OUTPUT.value + 64);
}

/** The memory grows at the first recovery, which leaves the view empty. */
function refreshBytes({ memory }: Recovery): void {
  if (bytes.length === 0) bytes = new Uint8Array(memory.buffer);
}

/**
 * Signs a digest with the nonce of RFC 6979 and a low s.
 *
 * @param hash 32 bytes
 * @param privateKey 32 bytes: a number above zero and below the order
 * @throws Error if the key is out of range, or the curve is not loaded (`curves.ts`)
 */
export function signDigest(
  hash: Uint8Array,
  privateKey: Uint8Array,
  curves: CurveSource = lazyCurves,
): RecoverableSignature {
  const { sign, Signature } = curves('secp256k1');
  const recovered = sign(hash, privateKey, { prehash: false, lowS: true, format: 'recovered' });
  const { r, s, recovery } = Signature.fromBytes(recovered, 'recovered');
  // Bit 1 says that x of the nonce's point passed the order, which no one has met.
  return { r, s, yParity: recovery === 1 ? 1 : 0 };
}
