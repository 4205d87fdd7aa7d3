/** How a module is rejected: malformed, invalid, of a feature that is not there, past a limit. */
import { LockstepError } from '../../base/errors.ts';

/** Features of WebAssembly that are not supported; a module that uses one is rejected by name. */
export const UNSUPPORTED_FEATURES = [
  'relaxed-simd',
  'threads',
  'exceptions',
  'function-references',
  'gc',
  'memory64',
  'multi-memory',
  'custom-page-sizes',
  'custom-descriptors',
  'wide-arithmetic',
] as const;

export type UnsupportedFeature = (typeof UNSUPPORTED_FEATURES)[number];

/** The bytes are no module of the binary format. */
export function malformed(offset: number, problem: string): LockstepError {
  return new LockstepError('L1601', { offset, problem });
}

/** The module breaks a rule of validation. */
export function invalid(offset: number, problem: string): LockstepError {
  return new LockstepError('L1602', { offset, problem });
}

export function unsupported(offset: number, feature: UnsupportedFeature): LockstepError {
  return new LockstepError('L1603', { offset, feature });
}

export function tooMuch(offset: number, what: string, count: number, max: number): LockstepError {
  return new LockstepError('L1604', { offset, what, count, max });
}

/** The imports of a module are not there, or of another type, or do not fit the machine. */
export function unlinkable(problem: string): LockstepError {
  return new LockstepError('L1605', { problem });
}
