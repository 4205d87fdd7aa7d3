/** What the code that the compiler writes for a contract is made of. */
import { Reader, reject, Writer } from './abi';
import * as env from './env';
import { Address } from './words';

export { Reader, reject, topicOf, Writer } from './abi';
export { finish } from './env';
export { CustomError, Event } from './outcome';
export { loadSlot, storeSlot } from './storage';
export { Address, Bytes32 } from './words';

const NO_VALUE = memory.data(32, 8);
const VALUE = memory.data(32, 8);

let data: usize = 0;
let size: i32 = 0;

/** Copies the call data into the memory. */
export function loadCallData(): void {
  size = env.getCallDataSize();
  data = heap.alloc(<usize>size);
  env.callDataCopy(data, 0, size);
}

export function callDataSize(): i32 {
  return size;
}

/** The first four bytes of the call data, as they lie in memory. */
export function selector(): u32 {
  return load<u32>(data);
}

/** The parameters behind so many bytes of the call data. */
export function parameters(offset: i32): Reader {
  return new Reader(data + <usize>offset, data + <usize>size);
}

/** A function that is not payable takes no value. */
export function refuseValue(): void {
  env.getCallValue(VALUE);
  const high = load<u64>(VALUE) | load<u64>(VALUE, 8);
  if ((high | load<u64>(VALUE, 16) | load<u64>(VALUE, 24)) != 0) reject();
}

/** Calls another contract; what it reverts with, this frame reverts with too. */
export function callRemote(
  address: Address,
  writer: Writer,
  isStatic: bool,
  outputCount: i32,
): Reader {
  const at = changetype<usize>(address);
  const failed = isStatic
    ? env.callStatic(env.getGasLeft(), at, writer.start, writer.length)
    : env.callContract(env.getGasLeft(), at, NO_VALUE, writer.start, writer.length);
  const length = env.getReturnDataSize();
  const output = heap.alloc(<usize>length);
  env.returnDataCopy(output, 0, length);
  if (failed != 0) {
    env.revert(output, length);
    unreachable();
  }
  // An account without code accepts every call; a result would be missing anyway.
  if (outputCount == 0 && env.getExternalCodeSize(at) == 0) reject();
  return new Reader(output, output + <usize>length);
}
