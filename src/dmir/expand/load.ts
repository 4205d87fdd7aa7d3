/**
 * Sets up the core machine for a program and reads its end: parameters, regions, schedule, results.
 */

import {
  REGION_SPACE_COUNT,
  regionLengthAddress,
  regionLimitAddress,
  SPACE_MACHINE,
  STATIC_ADDRESS,
  scheduleAddress,
} from '../core/spaces.ts';
import { type CoreChips, CoreMachine } from '../core/state.ts';
import type { Module } from '../ir.ts';
import { TYPE_SLOTS, type Type } from '../types.ts';
import type { CoreProgram } from './function.ts';

export interface LoadOptions {
  /** Bit patterns of the parameters. */
  readonly args: readonly bigint[];
  readonly gas?: bigint;
  /** Entries by the kernel's `S_*`, each below 2^26; a missing one is 0. */
  readonly schedule?: readonly bigint[];
  /** Contents of regions at start, by name. */
  readonly memory?: ReadonlyMap<string, Uint8Array>;
  readonly isStatic?: boolean;
  readonly callDepthMax?: number;
  readonly chips?: CoreChips;
  readonly checkBounds?: boolean;
}

/** A machine at instruction 0 of the program. */
export function loadProgram(
  program: CoreProgram,
  module: Module,
  options: LoadOptions,
): CoreMachine {
  const { args, schedule = [], memory, isStatic = false, ...rest } = options;
  if (module.regions.length > REGION_SPACE_COUNT) {
    throw new Error(`BUG: ${module.regions.length} regions, and ${REGION_SPACE_COUNT} spaces`);
  }
  const machine = new CoreMachine({ code: program.code, ...rest });
  let register = 0;
  for (const [i, type] of program.params.entries()) {
    for (const word of valueToWords(args[i] ?? 0n, type)) machine.pokeRegister(register++, word);
  }
  for (const [i, region] of module.regions.entries()) {
    const bytes = memory?.get(region.name) ?? new Uint8Array(0);
    const length = Math.max(region.min, bytes.length);
    machine.pokeSlot(SPACE_MACHINE, regionLengthAddress(i), BigInt(length));
    machine.pokeSlot(SPACE_MACHINE, regionLimitAddress(i), BigInt(region.max));
    writeBytes(machine, i, bytes);
  }
  for (const [i, gas] of schedule.entries()) {
    machine.pokeSlot(SPACE_MACHINE, scheduleAddress(i), gas);
  }
  if (isStatic) machine.pokeSlot(SPACE_MACHINE, STATIC_ADDRESS, 1n);
  return machine;
}

/** The 64-bit words of a bit pattern, least significant first. */
export function valueToWords(value: bigint, type: Type): bigint[] {
  const count = TYPE_SLOTS[type];
  return Array.from({ length: count }, (_, i) => BigInt.asUintN(64, value >> BigInt(64 * i)));
}

/** The results that a returned run left in the first registers. */
export function readResults(machine: CoreMachine, types: readonly Type[]): bigint[] {
  let register = 0;
  return types.map((type) => {
    let value = 0n;
    for (let i = 0; i < TYPE_SLOTS[type]; i++) {
      value |= machine.peekRegister(register++) << BigInt(64 * i);
    }
    return value;
  });
}

function writeBytes(machine: CoreMachine, region: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 8) {
    let word = 0n;
    for (const [i, byte] of bytes.subarray(at, at + 8).entries()) {
      word |= BigInt(byte) << BigInt(8 * i);
    }
    machine.pokeSlot(region, at, word);
  }
}

/** Bytes of a region; those past its end are zeros. */
export function readBytes(
  machine: CoreMachine,
  region: number,
  address: number,
  length: number,
): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const at = address + i;
    const word = machine.peekSlot(region, at - (at % 8));
    bytes[i] = Number((word >> BigInt(8 * (at % 8))) & 0xffn);
  }
  return bytes;
}

/** Length of a region in bytes. */
export function regionLength(machine: CoreMachine, region: number): number {
  return Number(machine.peekSlot(SPACE_MACHINE, regionLengthAddress(region)));
}
