/**
 * How compiled code is left: it writes a record of what lives to memory, and returns gas below
 * zero. Who called it finds that, writes its own record behind, and returns likewise.
 */
import type { RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import { M_UNWIND, M_UNWIND_GAS, MACHINE_BASE } from '../../kernel/layout.ts';
import type { Emitter } from './operations.ts';
import { isWide, limbCount, pushZero, storeSlot } from './values.ts';

/** A record begins with the function's place and the number of the site, 32 bits each. */
export const RECORD_HEADER_BYTES = 8;
const LIMB_BYTES = 8;

export interface LeavingEmitter extends Emitter {
  /** Local that holds the gas. */
  readonly gas: number;
  /** A local for the moment. */
  scratch(type: 'i32', place: number): number;
}

export interface LeaveRecord {
  readonly func: number;
  readonly site: number;
  readonly registers: readonly RegId[];
  /** Types of all registers. */
  readonly types: readonly Type[];
  readonly results: readonly Type[];
}

/**
 * Writes a record, and returns.
 *
 * @param how - Gas to give back; whether a function that this one called has left before.
 */
export function writeLeave(
  emitter: LeavingEmitter,
  { func, site, registers, types, results }: LeaveRecord,
  how: { readonly gas: number; readonly isCaller: boolean },
): void {
  const { code } = emitter;
  const record = emitter.scratch('i32', 9);
  code
    .i32(0)
    .access('i32.load', MACHINE_BASE + M_UNWIND)
    .set(record);
  code
    .get(record)
    .i64((BigInt(site) << 32n) | BigInt(func))
    .access('i64.store', 0);
  let offset = RECORD_HEADER_BYTES;
  for (const register of registers) {
    const type = types[register] as Type;
    for (let limb = 0; limb < limbCount(type); limb++) {
      code.get(record);
      if (isWide(type)) emitter.pushLimb(register, type, limb);
      else emitter.pushExact(register, type);
      storeSlot(code, type, offset);
      offset += LIMB_BYTES;
    }
  }
  code
    .i32(0)
    .get(record)
    .i32(offset)
    .op('i32.add')
    .access('i32.store', MACHINE_BASE + M_UNWIND);
  writeGas(emitter, how);
  for (const type of results) pushZero(code, type);
  code.i64(-1).op('return');
}

/** Notes the gas; a caller gives back to what the innermost function noted. */
function writeGas(
  { code, gas: local }: LeavingEmitter,
  { gas, isCaller }: { readonly gas: number; readonly isCaller: boolean },
): void {
  if (isCaller && gas === 0) return;
  code.i32(0);
  if (isCaller) code.i32(0).access('i64.load', MACHINE_BASE + M_UNWIND_GAS);
  else code.get(local);
  code
    .i64(gas)
    .op('i64.add')
    .access('i64.store', MACHINE_BASE + M_UNWIND_GAS);
}
