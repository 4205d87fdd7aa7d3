/**
 * `lockstep/state`: cells, the journaled store, backends, the EVM's view of accounts, and Merkle
 * commitments with their proofs.
 */
export type { HashRoom, Keccak256 } from '../base/bytes.ts';
export type {
  Backend,
  CellChange,
  Pending,
  Snapshot,
  SnapshotBackend,
} from './backends/backend.ts';
export { createPending, isPending, resolvePending } from './backends/backend.ts';
export type { MemoryBackend } from './backends/memory.ts';
export { createMemoryBackend } from './backends/memory.ts';
export type {
  AccessRecord,
  Cell,
  CellAccess,
  CellEntry,
  CellValue,
  CellWrite,
  ScanRange,
  SpaceName,
} from './cells.ts';
export { isPerTransaction, packValue, SPACES, unpackValue } from './cells.ts';
export type { Commitment, CommitmentMark } from './commitments/commitment.ts';
export { withCommitment } from './commitments/commitment.ts';
export type { EvmCommitment, EvmCommitmentOptions, WitnessAccount } from './commitments/evm.ts';
export { createEvmCommitment } from './commitments/evm.ts';
export type { EvmAccountProof, EvmStorageProof } from './commitments/evm-proof.ts';
export { verifyAccountProof } from './commitments/evm-proof.ts';
export { indexedRoot } from './commitments/indexed.ts';
export { verifyProof } from './commitments/proof.ts';
export type { Trie, TrieMark, TrieOptions } from './commitments/trie.ts';
export { createTrie } from './commitments/trie.ts';
export type { Store } from './store.ts';
export { createStore } from './store.ts';
export type { EvmAccount, EvmView, EvmViewOptions } from './views/evm.ts';
export { createEvmView } from './views/evm.ts';
