/** Values of options that several commands read. */
import { parseInteger } from '../languages/abi-values.ts';
import { usageError } from './args.ts';
import { readFork } from './session.ts';

/** An amount of wei, such as `1ether`; zero unless given. */
export function readAmount(text: string | undefined, option: string): bigint {
  if (text === undefined) return 0n;
  const value = parseInteger(text);
  if (value !== undefined && value >= 0n && value < 1n << 256n) return value;
  throw usageError(`${option} ${text}: write an amount of wei, such as 1000, 5gwei or 0.1ether`);
}

/** A positive 64-bit number, or undefined where it is not given. */
export function readPositive(text: string | undefined, option: string): bigint | undefined {
  if (text === undefined) return undefined;
  const value = parseInteger(text);
  if (value !== undefined && value > 0n && value < 1n << 64n) return value;
  throw usageError(`${option} ${text}: write a positive number below 2^64`);
}

/** The fork under its own name, for a compiler; undefined where it is not given. */
export function readForkName(text: string | undefined): string | undefined {
  return text === undefined ? undefined : readFork(text);
}
