/** `lockstep/vms/wasm`: WebAssembly modules to dMIR: decoder, validator, lowering, linker. */
import { decodeModule } from './decode.ts';
import { DEFAULT_LIMITS, type WasmLimits } from './limits.ts';
import type { WasmModule } from './types.ts';
import { validateBodies } from './validate.ts';

export { CONTRACT_GAS, CONTRACT_LIMITS, readContract } from './contract.ts';
export type { Deployment } from './deployment.ts';
export { isWasm, readDeployment, writeDeployment } from './deployment.ts';
export type {
  Extern,
  FuncEntity,
  GlobalEntity,
  HostFunction,
  Instance,
  MemoryEntity,
  TableEntity,
} from './entities.ts';
export { bytesToValue } from './entities.ts';
export { UNSUPPORTED_FEATURES } from './errors.ts';
export type { WasmGas } from './gas.ts';
export { DEFAULT_GAS } from './gas.ts';
export type { WasmLimits } from './limits.ts';
export { DEFAULT_LIMITS } from './limits.ts';
export type { Imports, Linked } from './linker.ts';
export { Linker } from './linker.ts';
export type { OpcodeName } from './opcodes.ts';
export { OPCODES } from './opcodes.ts';
export { WasmProgram } from './program.ts';
export { assembleModule } from './text/module.ts';
export { printWasmModule } from './text/print.ts';
export type { FuncType, ValType, ValTypeName, WasmModule } from './types.ts';
export { VAL_TYPES } from './types.ts';

/**
 * Decodes and validates a module.
 *
 * @throws LockstepError L1601 malformed, L1602 invalid, L1603 of an unsupported feature, L1604 past
 *   a limit; each with the byte offset
 */
export function readWasmModule(bytes: Uint8Array, limits: WasmLimits = DEFAULT_LIMITS): WasmModule {
  const module = decodeModule(bytes, limits);
  validateBodies(module, limits);
  return module;
}
