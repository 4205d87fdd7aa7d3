/**
 * Memory spaces of the core machine and what stands in them.
 *
 * A space is an array of 8-byte slots that starts zeroed; its number is in the instruction, so code
 * cannot compute one. Spaces 0 to 7 are the regions of the module. Addresses are in bytes.
 */

export const REGION_SPACE_COUNT = 8;
/** Lengths and limits of the regions, the gas schedule, the flags of the frame. */
export const SPACE_MACHINE = 8;
/** Where arguments and results of chips and host functions are passed. */
export const SPACE_PORT = 9;
/** The 25 lanes of the Keccak state. */
export const SPACE_HASH = 10;
/** Return addresses and window shifts; only calls and returns address it. */
export const SPACE_CONTROL = 11;
export const SPACE_COUNT = 12;

/** Address of a region's length in bytes in the machine space. */
export function regionLengthAddress(region: number): number {
  return region * 16;
}

/** Address of the most bytes that a region may have. */
export function regionLimitAddress(region: number): number {
  return region * 16 + 8;
}

/** Address of an entry of the gas schedule (`S_*` of the kernel's layout). */
export function scheduleAddress(entry: number): number {
  return 256 + entry * 8;
}

/** Address of a flag that is 1 where the frame may not write state. */
export const STATIC_ADDRESS = 128;

/** Entries of the gas schedule that expansions read: the places of the kernel's `S_*`. */
export const SCHEDULE_MEMORY_LINEAR = 0;
export const SCHEDULE_MEMORY_QUADRATIC = 1;
export const SCHEDULE_COPY_WORD = 2;
export const SCHEDULE_KECCAK_WORD = 3;
export const SCHEDULE_LOG_BYTE = 4;

// The port of the cell chip: key, then value in and out, then flag
export const PORT_KEY = 0;
export const PORT_VALUE = 32;
export const PORT_FLAG = 64;
/** Topics of a log, 32 bytes each. */
export const PORT_TOPICS = 0;
/** Arguments of a host function, one after the other. */
export const PORT_ARGUMENTS = 0;

/** What the cell chip does; `aux` of `cell` is the place in this list. */
export const CELL_ACTIONS = [
  'load',
  'store',
  'original',
  'is-warm',
  'delete',
  'add',
  'insert-once',
  'consume',
] as const;
export type CellAction = (typeof CELL_ACTIONS)[number];

/** How `halt` ends a run; `aux` is the place in this list plus 16 times the output's region. */
export const HALT_KINDS = ['stop', 'finish', 'revert'] as const;
export type HaltKind = (typeof HALT_KINDS)[number];
