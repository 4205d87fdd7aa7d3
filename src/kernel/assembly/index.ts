/** Exports of the kernel. Pointers are addresses in the kernel's memory, see `layout.ts`. */
export {
  checkpoint,
  deleteCell,
  evictAll,
  findCell,
  initJournal,
  insertCell,
  internOwner,
  nextDirty,
  ownerPtr,
  reachCell,
  refundAdd,
  rollback,
  touchCell,
  txBegin,
  writeCell,
} from './journal';
export { keccak256 } from './keccak';
export { run } from './loop';
export { growMemory, reserve } from './memory';
export { collectEffects, effectsLimit } from './outcome';
