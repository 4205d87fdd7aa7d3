/** A contract that prints by WASI. */
import { assembleModule } from '../../../src/vms/wasm/index.ts';

/** Its `call` prints the text. */
export function printingModule(text: string): Uint8Array {
  return assembleModule(`(module
    (import "wasi_snapshot_preview1" "fd_write"
      (func $print (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 64) ${JSON.stringify(text)})
    (func (export "deploy"))
    (func (export "call")
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (i32.const ${text.length}))
      (drop (call $print (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`);
}
