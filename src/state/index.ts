/** `lockstep/state`: cells, the journaled store, backends and the EVM's view of accounts. */
export type { Backend, Pending, Snapshot, SnapshotBackend } from './backends/backend.ts';
export { createPending, isPending, resolvePending } from './backends/backend.ts';
export type { MemoryBackend } from './backends/memory.ts';
export { createMemoryBackend } from './backends/memory.ts';
export type {
  AccessRecord,
  Cell,
  CellAccess,
  CellEntry,
  CellWrite,
  ScanRange,
  SpaceName,
} from './cells.ts';
export { isPerTransaction, SPACES } from './cells.ts';
export type { Store } from './store.ts';
export { createStore } from './store.ts';
export type { EvmAccount, EvmView, EvmViewOptions } from './views/evm.ts';
export { createEvmView } from './views/evm.ts';
