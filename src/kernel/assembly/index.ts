/** Exports of the kernel. Pointers are addresses in the kernel's memory, see `layout.ts`. */
export { learnCallee, run } from './calls';
export {
  rtCopyRange,
  rtFillRange,
  rtGrowRegion,
  rtHashRange,
  rtLoadCell,
  rtLogRange,
  rtOutput,
  rtStoreCell,
} from './closed';
export { layOutFrame } from './closed-frames';
export { chargeRange, enterFrame, setReturn } from './frames';
export {
  checkpoint,
  deleteCell,
  evictAll,
  findCell,
  initJournal,
  insertCell,
  internAddress,
  internOwner,
  nextDirty,
  reachCell,
  refundAdd,
  rollback,
  rollbackAll,
  touchCell,
  txBegin,
  writeCell,
} from './journal';
export { keccak256 } from './keccak';
export { findJump } from './loop';
export { growMemory, reserve } from './memory';
export { collectEffects, effectsSize } from './outcome';
export { encodeReceipt } from './receipt';
export {
  rtAddmod,
  rtByte,
  rtCellLoad,
  rtCellStore,
  rtChargeDyn,
  rtClz,
  rtCopy,
  rtFinish,
  rtGrow,
  rtGrow256,
  rtKeccak,
  rtLoadZero,
  rtLog,
  rtMul,
  rtMulmod,
  rtPow,
  rtSdiv,
  rtSext,
  rtShl,
  rtSmulhi,
  rtSrem,
  rtSshr,
  rtStore8,
  rtUdiv,
  rtUmulhi,
  rtUrem,
  rtUshr,
} from './runtime';
