/** WebAssembly modules that come as text. */

/** The exports of a fresh instance of a module without imports, from its binary in base64. */
export function instantiate(base64: string): WebAssembly.Exports {
  const binary = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  return new WebAssembly.Instance(new WebAssembly.Module(binary), {}).exports;
}
