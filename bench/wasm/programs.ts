/**
 * Programs of the `wasm` suite in the text format: calls, bits, floats, recursion over memory,
 * bytes of text.
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

/** The product of two square matrices; the sum of its entries, rounded. */
const MATRIX = `(module (memory 4)
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
const QUICKSORT = `(module (memory 7)
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

/** Cube roots of the first 64 primes, of which SHA-256 takes the first 32 bits of the fractions. */
function roundConstants(): string {
  const primes: number[] = [];
  for (let n = 2; primes.length < 64; n++)
    if (primes.every((each) => n % each !== 0)) primes.push(n);
  const words = primes.map((prime) => {
    // The cube root of the prime times 2^96, by halving: exact, where a float is not.
    let root = 0n;
    for (let bit = 1n << 35n; bit > 0n; bit >>= 1n) {
      if ((root | bit) ** 3n <= BigInt(prime) << 96n) root |= bit;
    }
    return Number(root & 0xffff_ffffn);
  });
  const bytes = words.flatMap((word) => [0, 8, 16, 24].map((shift) => (word >>> shift) & 0xff));
  return bytes.map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('');
}

const get = (name: string): string => `(local.get $${name})`;
const mix = (name: string, first: number, second: number, third: string): string =>
  `(i32.xor (i32.xor (i32.rotr ${get(name)} (i32.const ${first}))
    (i32.rotr ${get(name)} (i32.const ${second}))) ${third})`;
const rotated = (name: string, count: number): string =>
  `(i32.rotr ${get(name)} (i32.const ${count}))`;
const shifted = (name: string, count: number): string =>
  `(i32.shr_u ${get(name)} (i32.const ${count}))`;
const STATE = [...'abcdefgh'];
const INITIAL = [
  ...[0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab],
  0x5be0cd19,
];

/** Compresses the block at 512 again and again, with a new first word; state and result at 0. */
const SHA256 = `(module (memory 1) (data (i32.const 256) "${roundConstants()}")
  (func $word (param $at i32) (result i32)
    (i32.load offset=512 (i32.shl ${get('at')} (i32.const 2))))
  (func $compress (local $i i32) (local $x i32) (local $y i32) (local $t i32) (local $u i32)
    ${STATE.map((name) => `(local $${name} i32)`).join(' ')}
    (local.set $i (i32.const 16))
    (loop $extend
      (local.set $x (call $word (i32.sub ${get('i')} (i32.const 15))))
      (local.set $y (call $word (i32.sub ${get('i')} (i32.const 2))))
      (i32.store offset=512 (i32.shl ${get('i')} (i32.const 2)) (i32.add
        (i32.add (call $word (i32.sub ${get('i')} (i32.const 16)))
          ${mix('x', 7, 18, shifted('x', 3))})
        (i32.add (call $word (i32.sub ${get('i')} (i32.const 7)))
          ${mix('y', 17, 19, shifted('y', 10))})))
      (local.set $i (i32.add ${get('i')} (i32.const 1)))
      (br_if $extend (i32.lt_u ${get('i')} (i32.const 64))))
    ${STATE.map((name, i) => `(local.set $${name} (i32.load (i32.const ${4 * i})))`).join(' ')}
    (local.set $i (i32.const 0))
    (loop $round
      (local.set $t (i32.add (i32.add (i32.add ${get('h')} ${mix('e', 6, 11, rotated('e', 25))})
        (i32.xor (i32.and ${get('e')} ${get('f')})
          (i32.and (i32.xor ${get('e')} (i32.const -1)) ${get('g')})))
        (i32.add (i32.load offset=256 (i32.shl ${get('i')} (i32.const 2)))
          (call $word ${get('i')}))))
      (local.set $u (i32.add ${mix('a', 2, 13, rotated('a', 22))}
        (i32.xor (i32.xor (i32.and ${get('a')} ${get('b')}) (i32.and ${get('a')} ${get('c')}))
          (i32.and ${get('b')} ${get('c')}))))
      ${['h', 'g', 'f'].map((name) => `(local.set $${name} ${get(before(name))})`).join(' ')}
      (local.set $e (i32.add ${get('d')} ${get('t')}))
      ${['d', 'c', 'b'].map((name) => `(local.set $${name} ${get(before(name))})`).join(' ')}
      (local.set $a (i32.add ${get('t')} ${get('u')}))
      (local.set $i (i32.add ${get('i')} (i32.const 1)))
      (br_if $round (i32.lt_u ${get('i')} (i32.const 64))))
    ${STATE.map(
      (name, i) => `(i32.store (i32.const ${4 * i})
      (i32.add (i32.load (i32.const ${4 * i})) ${get(name)}))`,
    ).join(' ')})
  (func (export "run") (param $n i32) (result i32)
    ${INITIAL.map((word, i) => `(i32.store (i32.const ${4 * i}) (i32.const ${word}))`).join(' ')}
    (loop $blocks
      (i32.store offset=512 (i32.const 0) ${get('n')})
      (call $compress)
      (local.set $n (i32.sub ${get('n')} (i32.const 1)))
      (br_if $blocks ${get('n')}))
    (i32.load (i32.const 0))))`;

function before(name: string): string {
  return String.fromCharCode(name.charCodeAt(0) - 1);
}

/** Writes lists of numbers and lists as text, then reads it again and again: the
 * sum of all numbers. */
const JSON_LIKE = `(module (memory 2) (global $at (mut i32) (i32.const 0))
  (func $put (param $byte i32)
    (i32.store8 (global.get $at) ${get('byte')})
    (global.set $at (i32.add (global.get $at) (i32.const 1))))
  (func $write (param $n i32) (param $depth i32) (local $i i32)
    (call $put (i32.const 0x5b))
    (loop $items
      (if (i32.and (i32.gt_u ${get('depth')} (i32.const 0)) (i32.and ${get('i')} (i32.const 1)))
        (then (call $write ${get('n')} (i32.sub ${get('depth')} (i32.const 1))))
        (else
          (call $put (i32.add (i32.const 0x31) (i32.rem_u ${get('i')} (i32.const 9))))
          (call $put (i32.add (i32.const 0x30) (i32.rem_u ${get('depth')} (i32.const 10))))))
      (local.set $i (i32.add ${get('i')} (i32.const 1)))
      (if (i32.lt_u ${get('i')} ${get('n')})
        (then (call $put (i32.const 0x2c)) (call $put (i32.const 0x20)) (br $items))))
    (call $put (i32.const 0x5d)))
  (func $peek (result i32) (i32.load8_u (global.get $at)))
  (func $skip (loop $spaces (if (i32.eq (call $peek) (i32.const 0x20))
    (then (global.set $at (i32.add (global.get $at) (i32.const 1))) (br $spaces)))))
  (func $number (result i32) (local $value i32) (local $digit i32)
    (loop $digits
      (local.set $digit (i32.sub (call $peek) (i32.const 0x30)))
      (if (i32.lt_u ${get('digit')} (i32.const 10)) (then
        (local.set $value (i32.add (i32.mul ${get('value')} (i32.const 10)) ${get('digit')}))
        (global.set $at (i32.add (global.get $at) (i32.const 1)))
        (br $digits))))
    ${get('value')})
  (func $value (result i32) (local $sum i32)
    (call $skip)
    (if (i32.ne (call $peek) (i32.const 0x5b)) (then (return (call $number))))
    (loop $items
      (global.set $at (i32.add (global.get $at) (i32.const 1)))
      (local.set $sum (i32.add ${get('sum')} (call $value)))
      (call $skip)
      (br_if $items (i32.eq (call $peek) (i32.const 0x2c))))
    (global.set $at (i32.add (global.get $at) (i32.const 1)))
    ${get('sum')})
  (func (export "run") (param $n i32) (result i32) (local $sum i32)
    (global.set $at (i32.const 0))
    (call $write (i32.const 10) (i32.const 4))
    (loop $again
      (global.set $at (i32.const 0))
      (local.set $sum (i32.add ${get('sum')} (call $value)))
      (local.set $n (i32.sub ${get('n')} (i32.const 1)))
      (br_if $again ${get('n')}))
    ${get('sum')}))`;

export const WASM_PROGRAMS: readonly WasmProgram[] = [
  { name: 'fib', size: 32, text: FIB },
  { name: 'sha256', size: 10_000, text: SHA256 },
  { name: 'matrix', size: 128, text: MATRIX },
  { name: 'quicksort', size: 100_000, text: QUICKSORT },
  { name: 'json', size: 20, text: JSON_LIKE },
];
