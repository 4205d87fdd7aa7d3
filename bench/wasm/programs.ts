/**
 * Programs of the `wasm` suite in the text format: calls, bytes, floats, recursion over memory.
 * Each exports `run`, which takes a size and gives a number that depends on all of its work.
 */

export interface WasmProgram {
  readonly name: string;
  readonly size: number;
  readonly text: string;
}

const FIB = `(module
  (func $fib (export "run") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`;

/** Counts primes below the size. */
const SIEVE = `(module (memory 32)
  (func (export "run") (param $n i32) (result i32) (local $i i32) (local $k i32) (local $count i32)
    (memory.fill (i32.const 0) (i32.const 0) (local.get $n))
    (local.set $i (i32.const 2))
    (loop $next
      (if (i32.eqz (i32.load8_u (local.get $i))) (then
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (local.set $k (i32.shl (local.get $i) (i32.const 1)))
        (block $done (loop $strike
          (br_if $done (i32.ge_u (local.get $k) (local.get $n)))
          (i32.store8 (local.get $k) (i32.const 1))
          (local.set $k (i32.add (local.get $k) (local.get $i)))
          (br $strike)))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $count)))`;

/** The product of two square matrices; the sum of its entries, rounded. */
const MATRIX = `(module (memory 32)
  (func $at (param $base i32) (param $n i32) (param $i i32) (param $k i32) (result i32)
    (i32.add (local.get $base) (i32.shl
      (i32.add (i32.mul (local.get $i) (local.get $n)) (local.get $k)) (i32.const 3))))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32) (local $j i32) (local $k i32) (local $b i32) (local $x f64) (local $sum f64)
    (local.set $b (i32.shl (i32.mul (local.get $n) (local.get $n)) (i32.const 3)))
    (local.set $i (i32.const 0))
    (loop $fill
      (f64.store (i32.shl (local.get $i) (i32.const 3))
        (f64.div (f64.convert_i32_s (local.get $i)) (f64.const 7)))
      (f64.store (i32.add (local.get $b) (i32.shl (local.get $i) (i32.const 3)))
        (f64.convert_i32_s (i32.rem_u (local.get $i) (i32.const 13))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $fill (i32.lt_u (local.get $i) (i32.mul (local.get $n) (local.get $n)))))
    (local.set $i (i32.const 0))
    (loop $row
      (local.set $j (i32.const 0))
      (loop $column
        (local.set $k (i32.const 0))
        (local.set $x (f64.const 0))
        (loop $inner
          (local.set $x (f64.add (local.get $x) (f64.mul
            (f64.load (call $at (i32.const 0) (local.get $n) (local.get $i) (local.get $k)))
            (f64.load (call $at (local.get $b) (local.get $n) (local.get $k) (local.get $j))))))
          (local.set $k (i32.add (local.get $k) (i32.const 1)))
          (br_if $inner (i32.lt_u (local.get $k) (local.get $n))))
        (local.set $sum (f64.add (local.get $sum) (local.get $x)))
        (local.set $j (i32.add (local.get $j) (i32.const 1)))
        (br_if $column (i32.lt_u (local.get $j) (local.get $n))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $row (i32.lt_u (local.get $i) (local.get $n))))
    (i32.trunc_sat_f64_s (f64.sqrt (local.get $sum)))))`;

/** Sorts numbers of a linear congruential generator; a sum of each number times its place. */
const QUICKSORT = `(module (memory 32)
  (func $sort (param $low i32) (param $high i32)
    (local $i i32) (local $k i32) (local $pivot i32) (local $x i32)
    (if (i32.ge_s (local.get $low) (local.get $high)) (then (return)))
    (local.set $pivot (i32.load (i32.and (i32.shr_u (i32.add (local.get $low) (local.get $high))
      (i32.const 1)) (i32.const -4))))
    (local.set $i (local.get $low))
    (local.set $k (local.get $high))
    (loop $partition
      (loop $left
        (if (i32.lt_u (i32.load (local.get $i)) (local.get $pivot)) (then
          (local.set $i (i32.add (local.get $i) (i32.const 4))) (br $left))))
      (loop $right
        (if (i32.gt_u (i32.load (local.get $k)) (local.get $pivot)) (then
          (local.set $k (i32.sub (local.get $k) (i32.const 4))) (br $right))))
      (if (i32.le_s (local.get $i) (local.get $k)) (then
        (local.set $x (i32.load (local.get $i)))
        (i32.store (local.get $i) (i32.load (local.get $k)))
        (i32.store (local.get $k) (local.get $x))
        (local.set $i (i32.add (local.get $i) (i32.const 4)))
        (local.set $k (i32.sub (local.get $k) (i32.const 4)))))
      (br_if $partition (i32.le_s (local.get $i) (local.get $k))))
    (call $sort (local.get $low) (local.get $k))
    (call $sort (local.get $i) (local.get $high)))
  (func (export "run") (param $n i32) (result i32) (local $i i32) (local $x i32) (local $sum i32)
    (local.set $x (i32.const 12345))
    (loop $fill
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (i32.shl (local.get $i) (i32.const 2)) (local.get $x))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $fill (i32.lt_u (local.get $i) (local.get $n))))
    (call $sort (i32.const 0) (i32.shl (i32.sub (local.get $n) (i32.const 1)) (i32.const 2)))
    (local.set $i (i32.const 0))
    (loop $add
      (local.set $sum (i32.add (local.get $sum) (i32.mul (local.get $i)
        (i32.load (i32.shl (local.get $i) (i32.const 2))))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $add (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum)))`;

export const WASM_PROGRAMS: readonly WasmProgram[] = [
  { name: 'fib', size: 27, text: FIB },
  { name: 'sieve', size: 1_000_000, text: SIEVE },
  { name: 'matrix', size: 100, text: MATRIX },
  { name: 'quicksort', size: 100_000, text: QUICKSORT },
];
