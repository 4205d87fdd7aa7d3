/**
 * Limits of a module, by count. They are part of what a module means: every engine rejects or traps
 * at the same place. A chain may set its own.
 */

export interface WasmLimits {
  /** Bytes of a module. */
  readonly moduleBytes: number;
  /** Bytes of a function's body. */
  readonly bodyBytes: number;
  readonly types: number;
  /** Functions, imported ones included; equally for tables and globals. */
  readonly funcs: number;
  readonly tables: number;
  readonly globals: number;
  readonly imports: number;
  readonly exports: number;
  /** Segments of elements and of data. */
  readonly elems: number;
  readonly datas: number;
  readonly params: number;
  readonly results: number;
  /** Locals of a function, parameters included; a reference or a vector counts as four. */
  readonly locals: number;
  /** Values on the operand stack of a function. */
  readonly stack: number;
  /** Targets of a branch table. */
  readonly branchTargets: number;
  /** Blocks inside of one another. */
  readonly nesting: number;
  /** Locals that may differ where paths join in a function, counted for every path. */
  readonly joins: number;
  /** Pages of 64 KiB that a memory may have, whatever its type allows. */
  readonly memoryPages: number;
  /** Entries that a table may have, whatever its type allows. */
  readonly tableEntries: number;
}

export const DEFAULT_LIMITS: WasmLimits = {
  moduleBytes: 16 * 2 ** 20,
  bodyBytes: 128 * 2 ** 10,
  types: 10_000,
  funcs: 50_000,
  tables: 32,
  globals: 10_000,
  imports: 10_000,
  exports: 10_000,
  elems: 10_000,
  datas: 10_000,
  params: 255,
  results: 255,
  locals: 1_500,
  stack: 500,
  branchTargets: 65_520,
  nesting: 500,
  joins: 2 ** 20,
  memoryPages: 2_048,
  tableEntries: 1_000_000,
};
