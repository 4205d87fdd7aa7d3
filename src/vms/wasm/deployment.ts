/** Modules in creation data, which need not be decoded to be told from other code. */

const MAGIC = [0x00, 0x61, 0x73, 0x6d];
const LENGTH_BYTES = 4;

/** Whether the bytes begin as a module does. */
export function isWasm(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

/** A module in creation data, and the call data of its `deploy`. */
export interface Deployment {
  readonly module: Uint8Array;
  readonly input: Uint8Array;
}

/**
 * The module that creation data hold: the data are one, or four bytes of length, most significant
 * first, a module of as many bytes, and what its `deploy` reads as call data. Undefined for others.
 */
export function readDeployment(data: Uint8Array): Deployment | undefined {
  if (isWasm(data)) return { module: data, input: data.subarray(data.length) };
  const rest = data.subarray(LENGTH_BYTES);
  if (!isWasm(rest)) return undefined;
  const length = new DataView(data.buffer, data.byteOffset).getUint32(0);
  if (length > rest.length) return undefined;
  return { module: rest.subarray(0, length), input: rest.subarray(length) };
}

/** Creation data of a module and what its `deploy` reads. */
export function writeDeployment(module: Uint8Array, input: Uint8Array): Uint8Array {
  const data = new Uint8Array(LENGTH_BYTES + module.length + input.length);
  new DataView(data.buffer).setUint32(0, module.length);
  data.set(module, LENGTH_BYTES);
  data.set(input, LENGTH_BYTES + module.length);
  return data;
}
