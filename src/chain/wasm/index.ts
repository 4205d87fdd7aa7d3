/** `lockstep/chain/wasm`: instances of WebAssembly modules, and calls of their functions. */
export type { Extern, FuncEntity, HostFunction, Instance } from '../../vms/wasm/entities.ts';
export { bytesToValue } from '../../vms/wasm/entities.ts';
export type { Imports } from '../../vms/wasm/linker.ts';
export type { CallOptions, Instantiation, StoreOptions, WasmOutcome } from './store.ts';
export { WasmStore } from './store.ts';
