/** ECDSA on P-256 in WebAssembly (`assembly/pairing/p256.ts`): verification alone. */
import { instantiate } from './wasm.ts';

export interface P256 {
  /**
   * Whether a signature holds.
   *
   * @param input digest, r, s, and x and y of the key, 32 bytes each; a high s is allowed
   */
  verify(input: Uint8Array): boolean;
}

interface P256Exports {
  readonly memory: WebAssembly.Memory;
  readonly INPUT: WebAssembly.Global<'i32'>;
  verify(): number;
}

/** The curve from its binary in base64. */
export function createP256(base64: string): P256 {
  const curve = instantiate(base64) as unknown as P256Exports;
  return {
    verify(input) {
      new Uint8Array(curve.memory.buffer).set(input, curve.INPUT.value);
      return curve.verify() === 1;
    },
  };
}
