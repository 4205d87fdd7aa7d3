/**
 * A contract of some 100 KB for the suite `latency`: functions as a compiler writes them (loops
 * over memory, branches, calls of others), of which a call reaches a few or many.
 */

/** What a call runs: the number of functions that it reaches. */
export const LARGE_REACHES: readonly number[] = [12, 230];

const FUNCTIONS = 680;
const FANOUT = 3;
const local = (name: string): string => `(local.get $${name})`;

/** A function that calls those after it, as children of a tree, while they are below a limit. */
function functionText(index: number): string {
  const children = Array.from({ length: FANOUT }, (_, i) => FANOUT * index + i + 1);
  const calls = children.map((child) =>
    child >= FUNCTIONS
      ? ''
      : `(if (i32.gt_u ${local('count')} (i32.const ${child}))
        (then (local.set $sum (i32.add ${local('sum')}
          (call $f${child} ${local('count')} (i32.xor ${local('sum')} (i32.const ${child})))))))`,
  );
  return `(func $f${index} (param $count i32) (param $x i32) (result i32)
    (local $sum i32) (local $i i32) (local $wide i64)
    (local.set $wide (i64.mul (i64.extend_i32_u ${local('x')}) (i64.const ${index * 7919 + 1})))
    (loop $next
      (i32.store offset=${index * 16} (i32.shl ${local('i')} (i32.const 2))
        (i32.add (i32.load offset=${index * 16} (i32.shl ${local('i')} (i32.const 2)))
          (i32.wrap_i64 (i64.shr_u ${local('wide')} (i64.const ${index % 31})))))
      (local.set $i (i32.add ${local('i')} (i32.const 1)))
      (br_if $next (i32.lt_u ${local('i')} (i32.const 3))))
    (block $done
      (if (i32.eqz (i32.and ${local('x')} (i32.const ${(index % 13) + 1})))
        (then (local.set $sum (i32.const ${index})) (br $done)))
      (if (i64.lt_s ${local('wide')} (i64.const 0))
        (then (local.set $sum (i32.rotl ${local('x')} (i32.const ${index % 32}))))
        (else (local.set $sum (select ${local('x')} (i32.const ${index * 3})
          (i32.gt_u ${local('x')} (i32.const ${index * 5})))))))
    ${calls.join('\n    ')}
    (i32.xor ${local('sum')} (i32.load8_u offset=${index * 4} (i32.const 0))))`;
}

/** The module as text. Its `call` reads the number of functions to reach from the call data. */
export function largeContractText(): string {
  const functions = Array.from({ length: FUNCTIONS }, (_, index) => functionText(index));
  const data = Array.from(
    { length: 1024 },
    (_, i) => `\\${((i * 37) & 0xff).toString(16).padStart(2, '0')}`,
  );
  return `(module
    (import "env" "callDataCopy" (func $input (param i32 i32 i32)))
    (import "env" "finish" (func $finish (param i32 i32)))
    (memory (export "memory") 1)
    (data (i32.const 32768) "${data.join('')}")
    ${functions.join('\n    ')}
    (func (export "deploy"))
    (func (export "call")
      (call $input (i32.const 0) (i32.const 28) (i32.const 4))
      (i32.store (i32.const 65500) (call $f0
        (i32.add (i32.load8_u (i32.const 3)) (i32.shl (i32.load8_u (i32.const 2)) (i32.const 8)))
        (i32.const 1234567)))
      (call $finish (i32.const 65472) (i32.const 32))))`;
}
