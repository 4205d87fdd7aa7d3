/**
 * Instructions of WebAssembly by their opcodes: the text names and which immediates follow
 * (WebAssembly core specification 3.0, section 5.4). What our encoders write and what is near it;
 * a byte that has no row here is none of ours.
 */

/**
 * What follows an opcode: `b` type of a block, `l` label, `L` labels and the default, `f` function,
 * `t` type and table, `x` local, `g` global, `T` table, `m` alignment and offset, `M` one memory,
 * `i` and `I` signed numbers of 32 and 64 bits, `d` and `D` floats of 32 and 64 bits, `v` 16 bytes
 * of a vector, `s` 16 lanes, `n` one lane.
 */
export interface WasmOpcode {
  readonly name: string;
  readonly immediates: string;
}

type Rows = readonly (readonly [first: number, immediates: string, names: string])[];

const PLAIN: Rows = [
  [0x00, '', 'unreachable nop'],
  [0x02, 'b', 'block loop if'],
  [0x05, '', 'else'],
  [0x0b, '', 'end'],
  [0x0c, 'l', 'br br_if'],
  [0x0e, 'L', 'br_table'],
  [0x0f, '', 'return'],
  [0x10, 'f', 'call'],
  [0x11, 't', 'call_indirect'],
  [0x12, 'f', 'return_call'],
  [0x13, 't', 'return_call_indirect'],
  [0x1a, '', 'drop select'],
  [0x20, 'x', 'local.get local.set local.tee'],
  [0x23, 'g', 'global.get global.set'],
  [0x25, 'T', 'table.get table.set'],
  [
    0x28,
    'm',
    'i32.load i64.load f32.load f64.load i32.load8_s i32.load8_u i32.load16_s i32.load16_u ' +
      'i64.load8_s i64.load8_u i64.load16_s i64.load16_u i64.load32_s i64.load32_u ' +
      'i32.store i64.store f32.store f64.store i32.store8 i32.store16 ' +
      'i64.store8 i64.store16 i64.store32',
  ],
  [0x3f, 'M', 'memory.size memory.grow'],
  [0x41, 'i', 'i32.const'],
  [0x42, 'I', 'i64.const'],
  [0x43, 'd', 'f32.const'],
  [0x44, 'D', 'f64.const'],
  [0x45, '', 'i32.eqz'],
  [
    0x46,
    '',
    'i32.eq i32.ne i32.lt_s i32.lt_u i32.gt_s i32.gt_u i32.le_s i32.le_u i32.ge_s i32.ge_u ' +
      'i64.eqz i64.eq i64.ne i64.lt_s i64.lt_u i64.gt_s i64.gt_u i64.le_s i64.le_u i64.ge_s ' +
      'i64.ge_u f32.eq f32.ne f32.lt f32.gt f32.le f32.ge f64.eq f64.ne f64.lt f64.gt f64.le ' +
      'f64.ge i32.clz i32.ctz i32.popcnt i32.add i32.sub i32.mul i32.div_s i32.div_u i32.rem_s ' +
      'i32.rem_u i32.and i32.or i32.xor i32.shl i32.shr_s i32.shr_u i32.rotl i32.rotr ' +
      'i64.clz i64.ctz i64.popcnt i64.add i64.sub i64.mul i64.div_s i64.div_u i64.rem_s ' +
      'i64.rem_u i64.and i64.or i64.xor i64.shl i64.shr_s i64.shr_u i64.rotl i64.rotr ' +
      'f32.abs f32.neg f32.ceil f32.floor f32.trunc f32.nearest f32.sqrt f32.add f32.sub ' +
      'f32.mul f32.div f32.min f32.max f32.copysign ' +
      'f64.abs f64.neg f64.ceil f64.floor f64.trunc f64.nearest f64.sqrt f64.add f64.sub ' +
      'f64.mul f64.div f64.min f64.max f64.copysign ' +
      'i32.wrap_i64 i32.trunc_f32_s i32.trunc_f32_u i32.trunc_f64_s i32.trunc_f64_u ' +
      'i64.extend_i32_s i64.extend_i32_u i64.trunc_f32_s i64.trunc_f32_u i64.trunc_f64_s ' +
      'i64.trunc_f64_u f32.convert_i32_s f32.convert_i32_u f32.convert_i64_s f32.convert_i64_u ' +
      'f32.demote_f64 f64.convert_i32_s f64.convert_i32_u f64.convert_i64_s f64.convert_i64_u ' +
      'f64.promote_f32 i32.reinterpret_f32 i64.reinterpret_f64 f32.reinterpret_i32 ' +
      'f64.reinterpret_i64 i32.extend8_s i32.extend16_s i64.extend8_s i64.extend16_s ' +
      'i64.extend32_s',
  ],
];

/** Behind 0xfc. */
const MISC: Rows = [
  [
    0,
    '',
    'i32.trunc_sat_f32_s i32.trunc_sat_f32_u i32.trunc_sat_f64_s i32.trunc_sat_f64_u ' +
      'i64.trunc_sat_f32_s i64.trunc_sat_f32_u i64.trunc_sat_f64_s i64.trunc_sat_f64_u',
  ],
  [10, 'MM', 'memory.copy'],
  [11, 'M', 'memory.fill'],
];

const COMPARISONS = ['eq', 'ne', 'lt_s', 'lt_u', 'gt_s', 'gt_u', 'le_s', 'le_u', 'ge_s', 'ge_u'];
const compare = (shape: string): string =>
  COMPARISONS.map((comparison) => `${shape}.${comparison}`).join(' ');

/** Behind 0xfd. */
const VECTOR: Rows = [
  [
    0,
    'm',
    'v128.load v128.load8x8_s v128.load8x8_u v128.load16x4_s v128.load16x4_u v128.load32x2_s ' +
      'v128.load32x2_u v128.load8_splat v128.load16_splat v128.load32_splat v128.load64_splat ' +
      'v128.store',
  ],
  [12, 'v', 'v128.const'],
  [13, 's', 'i8x16.shuffle'],
  [14, '', 'i8x16.swizzle i8x16.splat i16x8.splat i32x4.splat i64x2.splat f32x4.splat f64x2.splat'],
  [
    21,
    'n',
    'i8x16.extract_lane_s i8x16.extract_lane_u i8x16.replace_lane i16x8.extract_lane_s ' +
      'i16x8.extract_lane_u i16x8.replace_lane i32x4.extract_lane i32x4.replace_lane ' +
      'i64x2.extract_lane i64x2.replace_lane f32x4.extract_lane f32x4.replace_lane ' +
      'f64x2.extract_lane f64x2.replace_lane',
  ],
  [35, '', `${compare('i8x16')} ${compare('i16x8')} ${compare('i32x4')}`],
  [77, '', 'v128.not v128.and v128.andnot v128.or v128.xor v128.bitselect v128.any_true'],
  [
    84,
    'mn',
    'v128.load8_lane v128.load16_lane v128.load32_lane v128.load64_lane ' +
      'v128.store8_lane v128.store16_lane v128.store32_lane v128.store64_lane',
  ],
  [92, 'm', 'v128.load32_zero v128.load64_zero'],
  [192, '', 'i64x2.abs i64x2.neg'],
  [195, '', 'i64x2.all_true i64x2.bitmask'],
  [203, '', 'i64x2.shl i64x2.shr_s i64x2.shr_u i64x2.add'],
  [209, '', 'i64x2.sub'],
  [213, '', 'i64x2.mul i64x2.eq i64x2.ne i64x2.lt_s i64x2.gt_s i64x2.le_s i64x2.ge_s'],
];

const PREFIXES: readonly (readonly [prefix: number, rows: Rows])[] = [
  [0xfc, MISC],
  [0xfd, VECTOR],
];

function fill(table: Map<number, WasmOpcode>, rows: Rows, base: number): void {
  for (const [first, immediates, names] of rows) {
    for (const [i, name] of names.split(' ').entries()) {
      table.set(base + first + i, { name, immediates });
    }
  }
}

const SPAN = 0x1_0000;

/** By opcode; one behind a prefix stands at `prefix * 0x10000 + opcode`. */
const OPCODES = new Map<number, WasmOpcode>();
fill(OPCODES, PLAIN, 0);
for (const [prefix, rows] of PREFIXES) fill(OPCODES, rows, prefix * SPAN);

/** Whether another number follows the byte and makes the opcode. */
export function isPrefix(byte: number): boolean {
  return PREFIXES.some(([prefix]) => prefix === byte);
}

/** The instruction; undefined for one that is not in the table. */
export function findOpcode(byte: number, behind = 0): WasmOpcode | undefined {
  return OPCODES.get(isPrefix(byte) ? byte * SPAN + behind : byte);
}

const BY_NAME = new Map([...OPCODES].map(([opcode, { name }]) => [name, opcode]));

/** The bytes of the instruction of a name, as numbers: a prefix, if any, and what follows it. */
export function opcodeBytes(name: string): readonly number[] {
  const opcode = BY_NAME.get(name);
  if (opcode === undefined) throw new Error(`BUG: no instruction ${name}`);
  return opcode < SPAN ? [opcode] : [Math.floor(opcode / SPAN), opcode % SPAN];
}

/** Bytes that a load or store reaches: its natural alignment. */
export function accessBytes(name: string): number {
  const [type = '', access = ''] = name.split('.');
  const [, bits, count] = /^(?:load|store)(\d+)(x\d)?/.exec(access) ?? [];
  if (count !== undefined) return 8;
  if (bits !== undefined) return Number(bits) / 8;
  return type === 'v128' ? 16 : Number(type.slice(1)) / 8;
}
