/** The panics of Solidity: reverts with `Panic(uint256)` and a code. */
import { revert } from './env';

/** Arithmetic that does not fit. */
export const PANIC_OVERFLOW: u8 = 0x11;
/** A division or a remainder by zero. */
export const PANIC_DIVISION: u8 = 0x12;

/** Selector of `Panic(uint256)`, as it lies in memory. */
const SELECTOR: u32 = 0x717b_484e;
const DATA = memory.data(36, 8);

export function panic(code: u8): void {
  store<u32>(DATA, SELECTOR);
  store<u8>(DATA, code, 35);
  revert(DATA, 36);
  unreachable();
}
