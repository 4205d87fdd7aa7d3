/** `lockstep/engines`: dMIR modules on the interpreter. */
export type {
  ModuleCell,
  ModuleEnd,
  ModuleLog,
  ModuleResult,
  RunOptions,
} from './interpreter/module.ts';
export { ModuleRunner, RegionLimitError, runModule } from './interpreter/module.ts';
