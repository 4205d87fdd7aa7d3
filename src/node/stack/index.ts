/** `lockstep/node/stack`: stack traces of Solidity for a node, from what compilers wrote. */
export { readArtifacts } from '../../languages/debug/artifacts.ts';
export type { CompiledCode, CompiledContract } from '../../languages/debug/info.ts';
export { DebugInfo } from '../../languages/debug/info.ts';
export type { StackEntry, StackTrace } from './entry.ts';
export { formatStackTrace } from './entry.ts';
export type { StackTraces } from './traces.ts';
export { createStackTraces } from './traces.ts';
