/** The module `spectest` of the host, which the scripts of the specification import. */
import type { Extern } from '../../vms/wasm/entities.ts';
import type { Linker } from '../../vms/wasm/linker.ts';
import { F32, F64, FUNCREF, I32, I64, type ValType } from '../../vms/wasm/types.ts';

/** Parameters of the functions that print; here they do nothing. */
const PRINTS: Readonly<Record<string, readonly ValType[]>> = {
  print: [],
  print_i32: [I32],
  print_i64: [I64],
  print_f32: [F32],
  print_f64: [F64],
  print_i32_f32: [I32, F32],
  print_f64_f64: [F64, F64],
};

/** 666, and 666.6 as a float. */
const GLOBALS: Readonly<Record<string, readonly [type: ValType, bits: bigint]>> = {
  global_i32: [I32, 666n],
  global_i64: [I64, 666n],
  global_f32: [F32, 0x4426_a666n],
  global_f64: [F64, 0x4084_d4cc_cccc_cccdn],
};

export function createSpectest(linker: Linker): ReadonlyMap<string, Extern> {
  const module = new Map<string, Extern>();
  for (const [name, params] of Object.entries(PRINTS)) {
    module.set(
      name,
      linker.hostFunction({ params, results: [] }, () => []),
    );
  }
  for (const [name, [type, bits]] of Object.entries(GLOBALS)) {
    module.set(name, linker.global({ type, isMutable: false }, bits));
  }
  module.set('table', linker.table({ type: FUNCREF, min: 10, max: 20 }));
  module.set('memory', linker.memory({ min: 1, max: 2 }));
  return module;
}
