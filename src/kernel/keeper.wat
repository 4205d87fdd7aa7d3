;; What a transaction left, as arrays of the platform's own heap: those that nobody holds any more
;; are given up by its collector, at no other cost than the bytes.
(module
  (type $vectors (array (mut v128)))
  (import "env" "memory" (memory 1))

  ;; A copy of so many vectors, which are at least one, from the address on.
  (func (export "keep") (param $at i32) (param $count i32) (result externref)
    (local $kept (ref null $vectors))
    (local $index i32)
    (local.set $kept (array.new_default $vectors (local.get $count)))
    (loop $next
      (array.set $vectors (local.get $kept) (local.get $index) (v128.load (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $index) (local.get $count))))
    (extern.convert_any (local.get $kept)))

  ;; Writes such a copy to the address.
  (func (export "restore") (param $copy externref) (param $at i32)
    (local $kept (ref null $vectors))
    (local $index i32)
    (local.set $kept (ref.cast (ref $vectors) (any.convert_extern (local.get $copy))))
    (loop $next
      (v128.store (local.get $at) (array.get $vectors (local.get $kept) (local.get $index)))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $index (i32.add (local.get $index) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $index) (array.len (local.get $kept)))))))
