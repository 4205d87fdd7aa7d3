/** Assertions: a failure is a defect of this program, never of its input. */

/** Throws an error that starts with `BUG:` unless the condition holds. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`BUG: ${message}`);
}

/** For a branch that the types make impossible; throws a `BUG:` error. */
export function unreachable(value: never, what: string): never {
  throw new Error(`BUG: ${what} has no case for ${String(value)}`);
}
