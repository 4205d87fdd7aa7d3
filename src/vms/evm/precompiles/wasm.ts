/** WebAssembly modules that come as text. */
import { base64ToBytes } from '../../../base/bytes.ts';

/** The exports of a fresh instance of a module without imports, from its binary in base64. */
export function instantiate(base64: string): WebAssembly.Exports {
  const module = new WebAssembly.Module(base64ToBytes(base64));
  return new WebAssembly.Instance(module, {}).exports;
}
