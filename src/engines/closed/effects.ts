/**
 * How operations that may trap, reach memory or see the gas become instructions: a rule by name.
 * Each checks first whether all goes well, and leaves for the interpreter where it does not.
 * Operations without a rule are always left to the interpreter, which alone knows all of the gas:
 * what callers have paid for operations behind their calls is not in the counter.
 */

import type { Place } from '../../dmir/bytecode/analysis.ts';
import { FRAME_REGIONS } from '../../dmir/host.ts';
import type { Inst, Module, Operand, Region } from '../../dmir/ir.ts';
import type { OpName } from '../../dmir/ops.ts';
import { TYPE_BITS, type Type } from '../../dmir/types.ts';
import { S_COPY_WORD, SCHEDULE_BASE } from '../../kernel/layout.ts';
import type { FunctionEmitter } from './function.ts';
import { callForGas, noteWritten, pushFrame } from './runtime.ts';
import { STATE_EFFECTS } from './state-effects.ts';
import { isWide, limbCount } from './values.ts';

export interface EffectRule {
  /** Regions whose lengths it compares with. */
  regions(inst: Inst): readonly number[];
  /** Of an access at an address in a register: the offset of its end from there. */
  end?(inst: Inst, place: Place | undefined): number | undefined;
  /** Whether there is code for its types and regions. */
  isKnown(inst: Inst, module: Module): boolean;
  emit(emitter: FunctionEmitter, inst: Inst): void;
}

const NONE = (): readonly number[] => [];
const isScalar = (inst: Inst): boolean => inst.type === 'i32' || inst.type === 'i64';

// ---- division and conversion

function division(name: string, isSigned: boolean): EffectRule {
  return {
    regions: NONE,
    isKnown: isScalar,
    emit(emitter, inst) {
      const { type } = inst;
      const { code } = emitter;
      const [a, b] = inst.args as [Operand, Operand];
      const divisor = emitter.constant(b);
      const isKnown = divisor !== undefined && divisor !== 0n;
      if (!isKnown) {
        emitter.push(b, type);
        code.op(`${type}.eqz`);
        emitter.leaveIf();
      }
      const minusOne = (1n << BigInt(TYPE_BITS[type])) - 1n;
      if (isSigned && (!isKnown || divisor === minusOne)) {
        emitter.push(a, type);
        pushNumber(emitter, type, 1n << BigInt(TYPE_BITS[type] - 1));
        code.op(`${type}.eq`);
        emitter.push(b, type);
        pushNumber(emitter, type, minusOne);
        code.op(`${type}.eq`).op('i32.and');
        emitter.leaveIf();
      }
      emitter.push(a, type);
      emitter.push(b, type);
      code.op(`${type}.${name}`);
      emitter.setResult(inst);
    },
  };
}

function pushNumber({ code }: FunctionEmitter, type: Type, value: bigint): void {
  if (type === 'i32') code.i32(Number(BigInt.asIntN(32, value)));
  else code.i64(value);
}

const floatBits = new DataView(new ArrayBuffer(8));

function pushFloat({ code }: FunctionEmitter, type: 'f32' | 'f64', value: number): void {
  if (type === 'f32') floatBits.setFloat32(0, value);
  else floatBits.setFloat64(0, value);
  const bits = type === 'f32' ? BigInt(floatBits.getUint32(0)) : floatBits.getBigUint64(0);
  code.float(bits, type === 'f32' ? 4 : 8);
}

/** A conversion that traps outside of the range of the integer: `low < x < high`. */
function toInteger(from: 'f32' | 'f64', isSigned: boolean): EffectRule {
  return {
    regions: NONE,
    isKnown: isScalar,
    emit(emitter, inst) {
      const { code } = emitter;
      const bits = TYPE_BITS[inst.type];
      const high = 2 ** (isSigned ? bits - 1 : bits);
      // Where the float has no number between, the least one itself is compared with.
      const isDense = from === 'f64' && bits === 32;
      const low = !isSigned ? -1 : isDense ? -high - 1 : -high;
      emitter.push(inst.args[0] as Operand, from);
      pushFloat(emitter, from, low);
      code.op(`${from}.${isSigned && !isDense ? 'ge' : 'gt'}`);
      emitter.push(inst.args[0] as Operand, from);
      pushFloat(emitter, from, high);
      code.op(`${from}.lt`).op('i32.and').op('i32.eqz');
      emitter.leaveIf();
      emitter.push(inst.args[0] as Operand, from);
      code.op(`${inst.type}.trunc_sat_${from}_${isSigned ? 's' : 'u'}`);
      emitter.setResult(inst);
    },
  };
}

// ---- memory

/** Bytes that an access reaches. */
function accessBytes({ op, type }: Inst): number {
  return op === 'load8_u' || op === 'store8' ? 1 : TYPE_BITS[type] / 8;
}

/** Addresses and sizes from here on lie in no region. */
const HIGH = 2 ** 32;

/** Where an access ends, from the register that its address is in; undefined for a constant one. */
function endOf(inst: Inst, place: Place | undefined): number | undefined {
  const [address] = inst.args as [Operand];
  if (place === undefined) return address < 0 ? undefined : accessBytes(inst);
  return place.base === null ? undefined : place.offset + accessBytes(inst);
}

/** The same for a write, of which the memory of a frame of many keeps a note. */
function pushTarget(emitter: FunctionEmitter, inst: Inst): number {
  const offset = pushAddress(emitter, inst);
  if (emitter.context.layout !== undefined || inst.imm !== FRAME_REGIONS.memory) return offset;
  const place = emitter.placeOf(inst);
  const operand = place === undefined ? (inst.args[0] as Operand) : place.base;
  noteWritten(emitter, operand, place?.offset ?? 0, accessBytes(inst));
  return offset;
}

/** Checks an access and leaves its 32-bit base on the stack; gives the offset to be added. */
function pushAddress(emitter: FunctionEmitter, inst: Inst): number {
  const { code, context } = emitter;
  const region = context.module.regions[inst.imm] as Region;
  const place = emitter.placeOf(inst);
  const operand = place === undefined ? (inst.args[0] as Operand) : place.base;
  const constant = operand === null ? 0n : emitter.constant(operand);
  const start = (place?.offset ?? 0) + Number(constant ?? 0n);
  const end = start + accessBytes(inst);
  const isFar = operand !== null && constant === undefined && isWide(emitter.typeOf(operand));
  if (end > region.max || isFar) {
    code.i32(1);
    emitter.leaveIf();
    code.i32(0);
    return 0;
  }
  if (operand === null || constant !== undefined) {
    if (end > region.min) {
      code.get(emitter.lengths.of(inst.imm)).i64(end).op('i64.lt_u');
      emitter.leaveIf();
    }
    return emitter.lengths.pushBase(inst.imm) + start;
  }
  const type = emitter.typeOf(operand);
  const push = (): void => pushBits(emitter, operand, type);
  const limit = isShort(type) ? emitter.lengths.limit(inst.imm, end) : undefined;
  if (emitter.reach(inst.imm, operand, end)) {
    // It was checked before.
  } else if (limit !== undefined) {
    push();
    code.get(limit).op('i32.gt_u');
    emitter.leaveIf();
  } else {
    push();
    if (isShort(type)) code.op('i64.extend_i32_u');
    code.i64(end).op('i64.add').get(emitter.lengths.of(inst.imm)).op('i64.gt_u');
    if (!isShort(type)) {
      push();
      code.i64(HIGH).op('i64.ge_u').op('i32.or');
    }
    emitter.leaveIf();
  }
  push();
  if (!isShort(type)) code.op('i32.wrap_i64');
  return emitter.lengths.addBase(inst.imm) + start;
}

/** Whether the bits of a value are in an `i32`. */
function isShort(type: Type): boolean {
  return TYPE_BITS[type] <= 32;
}

/** An address as an integer: its bits may come from a float. */
function pushBits(emitter: FunctionEmitter, operand: Operand, type: Type): void {
  emitter.pushExact(operand, type);
  if (type === 'f32') emitter.code.op('i32.reinterpret_f32');
  if (type === 'f64') emitter.code.op('i64.reinterpret_f64');
}

/** Whether the region of an access has an end; a byte of a wide number is left out. */
function isPlain({ imm, type, op }: Inst, { regions }: Module): boolean {
  const isWideByte = type === 'i256' && (op === 'load8_u' || op === 'store8');
  return !isWideByte && regions[imm]?.bounds === 'trap';
}

function isWritable(inst: Inst, module: Module): boolean {
  return isPlain(inst, module) && module.regions[inst.imm]?.writable === true;
}

function needsLength(inst: Inst): readonly number[] {
  return [inst.imm];
}

const LOADS: Readonly<Partial<Record<Type, string>>> = {
  i8: 'i32.load8_u',
  i16: 'i32.load16_u',
  i32: 'i32.load',
  i64: 'i64.load',
  i128: 'i64.load',
  i256: 'i64.load',
  f32: 'f32.load',
  f64: 'f64.load',
};

const STORES: Readonly<Partial<Record<Type, string>>> = {
  i8: 'i32.store8',
  i16: 'i32.store16',
  i32: 'i32.store',
  i64: 'i64.store',
  i128: 'i64.store',
  i256: 'i64.store',
  f32: 'f32.store',
  f64: 'f64.store',
};

const load: EffectRule = {
  regions: needsLength,
  end: endOf,
  isKnown: isPlain,
  emit(emitter, inst) {
    const { code } = emitter;
    const offset = pushAddress(emitter, inst);
    const count = limbCount(inst.type);
    const address = emitter.scratch('i32', 2);
    if (count > 1) code.set(address);
    for (let limb = 0; limb < count; limb++) {
      if (count > 1) code.get(address);
      code.access(LOADS[inst.type] as string, offset + 8 * limb);
    }
    emitter.setResult(inst);
  },
};

const store: EffectRule = {
  regions: needsLength,
  end: endOf,
  isKnown: isWritable,
  emit(emitter, inst) {
    const { code } = emitter;
    const value = inst.args[1] as Operand;
    const offset = pushTarget(emitter, inst);
    const count = limbCount(inst.type);
    if (count === 1) {
      emitter.pushExact(value, inst.type);
      code.access(STORES[inst.type] as string, offset);
      return;
    }
    const address = emitter.scratch('i32', 2);
    code.set(address);
    for (let limb = 0; limb < count; limb++) {
      code.get(address);
      emitter.pushLimb(value, inst.type, limb);
      code.access('i64.store', offset + 8 * limb);
    }
  },
};

// ---- most significant byte first

/** Lanes of the shuffle that turns bytes around, in groups of so many. */
function reversed(bytes: number): number[] {
  return Array.from({ length: 16 }, (_, i) => (i < bytes ? bytes - 1 - i : i));
}

/** Turns the lowest bytes of the vector on the stack around. */
function reverse(emitter: FunctionEmitter, bytes: number): void {
  const { code } = emitter;
  const vector = emitter.scratch('v128');
  code.index('local.tee', vector).get(vector).op('i8x16.shuffle');
  for (const lane of reversed(bytes)) code.sink.byte(lane);
}

function isTurned({ type }: Inst): boolean {
  return type === 'i32' || type === 'i64' || isWide(type);
}

const HALF_BYTES = 16;

const loadTurned: EffectRule = {
  regions: needsLength,
  end: endOf,
  isKnown: (inst, module) => isTurned(inst) && isPlain(inst, module),
  emit(emitter, inst) {
    const { code } = emitter;
    const { type } = inst;
    const offset = pushAddress(emitter, inst);
    if (!isWide(type)) {
      code.access(type === 'i32' ? 'v128.load32_zero' : 'v128.load64_zero', offset);
      reverse(emitter, TYPE_BITS[type] / 8);
      code.op(type === 'i32' ? 'i32x4.extract_lane' : 'i64x2.extract_lane').sink.byte(0);
      emitter.setResult(inst);
      return;
    }
    const address = emitter.scratch('i32', 2);
    code.set(address);
    for (let half = TYPE_BITS[type] / 128 - 1; half >= 0; half--) {
      code.get(address).access('v128.load', offset + HALF_BYTES * half);
      reverse(emitter, HALF_BYTES);
      code.set(emitter.scratch('v128'));
      for (let lane = 0; lane < 2; lane++) {
        code.get(emitter.scratch('v128')).op('i64x2.extract_lane').sink.byte(lane);
      }
    }
    emitter.setResult(inst);
  },
};

const storeTurned: EffectRule = {
  regions: needsLength,
  end: endOf,
  isKnown: (inst, module) => isTurned(inst) && isWritable(inst, module),
  emit(emitter, inst) {
    const { code } = emitter;
    const { type } = inst;
    const value = inst.args[1] as Operand;
    const offset = pushTarget(emitter, inst);
    if (!isWide(type)) {
      emitter.push(value, type);
      code.op(type === 'i32' ? 'i32x4.splat' : 'i64x2.splat');
      reverse(emitter, TYPE_BITS[type] / 8);
      code.op(type === 'i32' ? 'i32x4.extract_lane' : 'i64x2.extract_lane').sink.byte(0);
      code.access(STORES[type] as string, offset);
      return;
    }
    const address = emitter.scratch('i32', 2);
    code.set(address);
    const halves = TYPE_BITS[type] / 128;
    for (let half = 0; half < halves; half++) {
      code.get(address);
      emitter.pushLimb(value, type, 2 * half);
      code.op('i64x2.splat');
      emitter.pushLimb(value, type, 2 * half + 1);
      code.op('i64x2.replace_lane').sink.byte(1);
      reverse(emitter, HALF_BYTES);
      code.access('v128.store', offset + HALF_BYTES * (halves - 1 - half));
    }
  },
};

const load8: EffectRule = {
  regions: needsLength,
  end: endOf,
  isKnown: isPlain,
  emit(emitter, inst) {
    const offset = pushAddress(emitter, inst);
    emitter.code.access('i64.load8_u', offset);
    emitter.setResult(inst);
  },
};

const store8: EffectRule = {
  regions: needsLength,
  end: endOf,
  isKnown: isWritable,
  emit(emitter, inst) {
    const offset = pushTarget(emitter, inst);
    emitter.push(inst.args[1] as Operand, inst.type);
    emitter.code.access('i64.store8', offset);
  },
};

const memSize: EffectRule = {
  regions: needsLength,
  isKnown: ({ type }) => type === 'i64',
  emit(emitter, inst) {
    emitter.code.get(emitter.lengths.of(inst.imm));
    emitter.setResult(inst);
  },
};

/** Leaves where a range of the region passes its end; an address and a size have 64 bits. */
function checkRange(emitter: FunctionEmitter, region: number, start: Operand, size: Operand): void {
  const { code } = emitter;
  for (const operand of [start, size]) {
    emitter.push(operand, 'i64');
    code.i64(HIGH).op('i64.ge_u');
  }
  code.op('i32.or');
  emitter.push(start, 'i64');
  emitter.push(size, 'i64');
  code.op('i64.add').get(emitter.lengths.of(region)).op('i64.gt_u').op('i32.or');
  emitter.leaveIf();
}

/** Takes the gas of a range's words from the counter. */
function chargeWords(emitter: FunctionEmitter, size: Operand): void {
  const { code } = emitter;
  const left = emitter.scratch('i64', 3);
  code.get(emitter.gas);
  emitter.push(size, 'i64');
  code.i64(31).op('i64.add').i64(5).op('i64.shr_u');
  code
    .i32(0)
    .access('i64.load', SCHEDULE_BASE + 8 * S_COPY_WORD)
    .op('i64.mul')
    .op('i64.sub');
  code.index('local.tee', left).i64(emitter.neededBehind).op('i64.lt_s');
  emitter.leaveIf();
  code.get(left).set(emitter.gas);
}

function pushStart(emitter: FunctionEmitter, region: number, start: Operand): void {
  emitter.push(start, 'i64');
  emitter.code.op('i32.wrap_i64');
  const base = emitter.lengths.addBase(region);
  if (base !== 0) emitter.code.i32(base | 0).op('i32.add');
}

/** Has the kernel write a range, and keep a note of it. */
function runRange(
  emitter: FunctionEmitter,
  { imm, args }: Inst,
  name: 'rtCopyRange' | 'rtFillRange',
): void {
  pushFrame(emitter);
  emitter.code.i32(imm);
  for (const operand of args) emitter.push(operand, 'i64');
  emitter.code.get(emitter.gas);
  callForGas(emitter, name);
}

const memCopy: EffectRule = {
  regions: ({ imm }) => [imm >> 8, imm & 255],
  isKnown: (inst, { regions }) => {
    const [to, from] = [regions[inst.imm >> 8], regions[inst.imm & 255]];
    const isOpen = to?.bounds === 'trap' && to.writable;
    return inst.type === 'i64' && isOpen && from?.bounds !== 'charge';
  },
  emit(emitter, inst) {
    const { code } = emitter;
    const [to, from] = [inst.imm >> 8, inst.imm & 255];
    const [target, source, size] = inst.args as [Operand, Operand, Operand];
    const { module, layout } = emitter.context;
    if (layout === undefined || module.regions[from]?.bounds === 'zero') {
      runRange(emitter, inst, 'rtCopyRange');
      return;
    }
    checkRange(emitter, to, target, size);
    checkRange(emitter, from, source, size);
    chargeWords(emitter, size);
    pushStart(emitter, to, target);
    pushStart(emitter, from, source);
    emitter.push(size, 'i64');
    code.op('i32.wrap_i64').op('memory.copy').sink.byte(0).byte(0);
  },
};

const memFill: EffectRule = {
  regions: needsLength,
  isKnown: (inst, module) => inst.type === 'i64' && isWritable(inst, module),
  emit(emitter, inst) {
    const { code } = emitter;
    const [target, byte, size] = inst.args as [Operand, Operand, Operand];
    if (emitter.context.layout === undefined) {
      runRange(emitter, inst, 'rtFillRange');
      return;
    }
    checkRange(emitter, inst.imm, target, size);
    chargeWords(emitter, size);
    pushStart(emitter, inst.imm, target);
    emitter.push(byte, 'i64');
    code.op('i32.wrap_i64');
    emitter.push(size, 'i64');
    code.op('i32.wrap_i64').op('memory.fill').sink.byte(0);
  },
};

// ---- gas

const chargeDyn: EffectRule = {
  regions: NONE,
  isKnown: ({ type }) => type === 'i64',
  emit(emitter, inst) {
    const { code, gas } = emitter;
    const amount = inst.args[0] as Operand;
    const needed = emitter.neededBehind;
    emitter.push(amount, 'i64');
    code.get(gas).i64(needed).op('i64.sub').op('i64.gt_u');
    code.get(gas).i64(needed).op('i64.lt_u').op('i32.or');
    emitter.leaveIf();
    code.get(gas);
    emitter.push(amount, 'i64');
    code.op('i64.sub').set(gas);
  },
};

export const EFFECTS: Readonly<Partial<Record<OpName, EffectRule>>> = {
  udiv: division('div_u', false),
  sdiv: division('div_s', true),
  urem: division('rem_u', false),
  srem: division('rem_s', false),
  f32_to_uint: toInteger('f32', false),
  f32_to_sint: toInteger('f32', true),
  f64_to_uint: toInteger('f64', false),
  f64_to_sint: toInteger('f64', true),
  load,
  store,
  load_be: loadTurned,
  store_be: storeTurned,
  load8_u: load8,
  store8,
  mem_size: memSize,
  mem_copy: memCopy,
  mem_fill: memFill,
  charge_dyn: chargeDyn,
  ...STATE_EFFECTS,
};
