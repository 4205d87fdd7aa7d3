/** `lockstep/chain/tracers`: what happened in a transaction, in the layouts that tools read. */
export type { CallFrame, CallLog, CallTracerConfig } from './call.ts';
export { callTracer } from './call.ts';
export type { Erc7562Config, Erc7562Frame, Erc7562Trace } from './erc7562.ts';
export { traceErc7562 } from './erc7562.ts';
export type {
  FlatAction,
  FlatCall,
  FlatCallContext,
  FlatCallTracerConfig,
  FlatResult,
} from './flat.ts';
export { flatCallTracer } from './flat.ts';
export type { FrameLog, TracedFrame } from './observer.ts';
export type {
  Prestate,
  PrestateAccount,
  PrestateConfig,
  PrestateDiff,
  PrestateTrace,
} from './prestate.ts';
export { tracePrestate } from './prestate.ts';
export type { StepWatcher } from './steps.ts';
export { StepWorld } from './steps.ts';
export type { TransactionTrace } from './trace.ts';
export { traceTransaction } from './trace.ts';
