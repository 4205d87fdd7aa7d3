/**
 * The value types of dMIR and their sizes.
 *
 * Integers are unsigned bit patterns; an operation, not a type, is signed. Every type occupies a
 * whole number of 64-bit slots in the provable profile: up to `i64` and the floats one slot, `i128`
 * two, `i256` four.
 */
export const TYPES = ['i1', 'i8', 'i16', 'i32', 'i64', 'i128', 'i256', 'f32', 'f64'] as const;

export type Type = (typeof TYPES)[number];

/** Width of a type in bits. */
export const TYPE_BITS: Readonly<Record<Type, number>> = {
  i1: 1,
  i8: 8,
  i16: 16,
  i32: 32,
  i64: 64,
  i128: 128,
  i256: 256,
  f32: 32,
  f64: 64,
};

/** Number of 64-bit slots that a value of the type fills in the provable profile. */
export const TYPE_SLOTS: Readonly<Record<Type, number>> = {
  i1: 1,
  i8: 1,
  i16: 1,
  i32: 1,
  i64: 1,
  i128: 2,
  i256: 4,
  f32: 1,
  f64: 1,
};

export function isType(name: string): name is Type {
  return Object.hasOwn(TYPE_BITS, name);
}

export function isFloat(type: Type): boolean {
  return type === 'f32' || type === 'f64';
}
