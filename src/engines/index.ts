/** `lockstep/engines`: dMIR modules on any engine. */
export type {
  ModuleCell,
  ModuleEnd,
  ModuleLog,
  ModuleResult,
  RunnerOptions,
  RunOptions,
} from './interpreter/module.ts';
export { ModuleRunner, RegionLimitError, runModule } from './interpreter/module.ts';
