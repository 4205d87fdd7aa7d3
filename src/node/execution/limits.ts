/** Limits of what methods run, each a count, so that no request runs for ever. */

/** Gas of a call at most, and where it names none. */
export const CALL_GAS_MAX = 50_000_000n;
