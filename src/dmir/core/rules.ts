/**
 * What each core operation does, one rule a row: a row without a rule does not compile.
 *
 * A rule reads its registers before it writes, and leaves `nextPc` alone unless it jumps.
 */
import { evalPure } from '../eval.ts';
import { type PureOpName, TRAP_KINDS } from '../ops.ts';
import { type CoreInst, joinNumber } from './encoding.ts';
import { keccakPermute } from './keccak-f.ts';
import type { CoreOpName } from './ops.ts';
import { CELL_ACTIONS, HALT_KINDS, SPACE_HASH } from './spaces.ts';
import type { CoreMachine } from './state.ts';

type Rule = (machine: CoreMachine, inst: CoreInst) => void;

const MASK = (1n << 64n) - 1n;

function word(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

function signed(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

const binary =
  (compute: (a: bigint, b: bigint) => bigint): Rule =>
  (m, { d, a, b }) =>
    m.writeRegister(d, word(compute(m.readRegister(a), m.readRegister(b))));

const immediate =
  (compute: (a: bigint, imm: bigint) => bigint): Rule =>
  (m, { d, a, b }) =>
    m.writeRegister(d, word(compute(m.readRegister(a), BigInt(b))));

const test =
  (holds: (a: bigint, b: bigint) => boolean): Rule =>
  (m, { d, a, b }) =>
    m.writeRegister(d, holds(m.readRegister(a), m.readRegister(b)) ? 1n : 0n);

const testImmediate =
  (holds: (a: bigint, imm: bigint) => boolean): Rule =>
  (m, { d, a, b }) =>
    m.writeRegister(d, holds(m.readRegister(a), BigInt(b)) ? 1n : 0n);

function pure(op: PureOpName, args: readonly bigint[]): bigint {
  const outcome = evalPure(op, op === 'uint_to_f64' ? 'i64' : 'f64', [], args);
  if ('trap' in outcome) throw new Error(`BUG: the core operation on ${op} traps`);
  return outcome.results[0] ?? 0n;
}

/** The float operations are the f64 ones of dMIR. */
const float2 = (op: PureOpName): Rule => binary((a, b) => pure(op, [a, b]));

const float1 =
  (op: PureOpName): Rule =>
  (m, { d, a }) =>
    m.writeRegister(d, pure(op, [m.readRegister(a)]));

function jumpTo(m: CoreMachine, target: bigint): void {
  if (target < BigInt(m.code.length)) m.nextPc = Number(target);
  else m.trap('bad-jump');
}

function fpro(m: CoreMachine, { d, a }: CoreInst): void {
  m.writeRegister(d, pure('fpromote', [m.readRegister(a) & 0xffff_ffffn]));
}

function fdem(m: CoreMachine, { d, a }: CoreInst): void {
  const outcome = evalPure('fdemote', 'f32', ['f64'], [m.readRegister(a)]);
  m.writeRegister(d, 'results' in outcome ? (outcome.results[0] ?? 0n) : 0n);
}

function ld(m: CoreMachine, { aux, d, a, b }: CoreInst): void {
  const value = m.loadSlot(aux, word(m.readRegister(a) + BigInt(b)));
  if (value !== undefined) m.writeRegister(d, value);
}

function st(m: CoreMachine, { aux, d, a, b }: CoreInst): void {
  m.storeSlot(aux, word(m.readRegister(a) + BigInt(d)), m.readRegister(b));
}

function halt(m: CoreMachine, { aux, a, b }: CoreInst): void {
  const kind = HALT_KINDS[aux & 15] ?? 'stop';
  const address = m.readRegister(a);
  m.end({ kind, region: aux >> 4, address, length: m.readRegister(b) });
}

function charge(m: CoreMachine, { a }: CoreInst): void {
  const amount = m.readRegister(a);
  if (m.gas < amount) m.trap('out-of-gas');
  else m.gas -= amount;
}

function tape(m: CoreMachine, { d }: CoreInst): void {
  const value = m.tape[m.tapePosition];
  if (value === undefined) {
    m.status = 'tape';
    return;
  }
  m.tapePosition++;
  m.writeRegister(d, word(value));
}

function host(m: CoreMachine, inst: CoreInst): void {
  m.hostFunction = joinNumber(inst);
  m.status = 'host';
}

function cell(m: CoreMachine, inst: CoreInst): void {
  const action = CELL_ACTIONS[inst.aux];
  const trap = action === undefined ? 'invalid-opcode' : m.chips.cell(m, action, joinNumber(inst));
  if (trap !== undefined) m.trap(trap);
}

function emit(m: CoreMachine, { a }: CoreInst): void {
  m.logWords.push(m.readRegister(a));
}

function log(m: CoreMachine, { aux, a }: CoreInst): void {
  const words = m.logWords.splice(0);
  const trap = m.chips.log(m, words, m.readRegister(a), aux);
  if (trap !== undefined) m.trap(trap);
}

function keccakf(m: CoreMachine): void {
  const lanes = new BigUint64Array(25);
  for (let i = 0; i < 25; i++) lanes[i] = m.peekSlot(SPACE_HASH, i * 8);
  keccakPermute(lanes);
  for (let i = 0; i < 25; i++) m.pokeSlot(SPACE_HASH, i * 8, lanes[i] ?? 0n);
}

export const CORE_RULES: Readonly<Record<CoreOpName, Rule>> = {
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  mul: binary((a, b) => a * b),
  mulhu: binary((a, b) => (a * b) >> 64n),
  divu: binary((a, b) => (b === 0n ? MASK : a / b)),
  remu: binary((a, b) => (b === 0n ? a : a % b)),
  and: binary((a, b) => a & b),
  or: binary((a, b) => a | b),
  xor: binary((a, b) => a ^ b),
  shl: binary((a, b) => a << (b & 63n)),
  shru: binary((a, b) => a >> (b & 63n)),
  shrs: binary((a, b) => signed(a) >> (b & 63n)),
  ltu: test((a, b) => a < b),
  lts: test((a, b) => signed(a) < signed(b)),
  eq: test((a, b) => a === b),
  addi: immediate((a, imm) => a + BigInt.asIntN(16, imm)),
  andi: immediate((a, imm) => a & imm),
  xori: immediate((a, imm) => a ^ imm),
  eqi: testImmediate((a, imm) => a === imm),
  ltui: testImmediate((a, imm) => a < imm),
  shli: immediate((a, imm) => a << (imm & 63n)),
  shrui: immediate((a, imm) => a >> (imm & 63n)),
  shrsi: immediate((a, imm) => signed(a) >> (imm & 63n)),
  mov: (m, { d, a }) => m.writeRegister(d, m.readRegister(a)),
  li: (m, inst) => m.writeRegister(inst.d, BigInt(joinNumber(inst))),
  lih: (m, inst) => {
    const low = m.readRegister(inst.d) & 0xffff_ffffn;
    m.writeRegister(inst.d, low | (BigInt(joinNumber(inst)) << 32n));
  },
  fadd: float2('fadd'),
  fsub: float2('fsub'),
  fmul: float2('fmul'),
  fdiv: float2('fdiv'),
  fsqrt: float1('fsqrt'),
  fmin: float2('fmin'),
  fmax: float2('fmax'),
  feq: float2('feq'),
  flt: float2('flt'),
  fle: float2('fle'),
  fdem,
  fpro,
  fcvt: float1('uint_to_f64'),
  ld,
  st,
  jmp: (m, inst) => {
    m.nextPc = joinNumber(inst);
  },
  jmpa: (m, { a }) => jumpTo(m, m.readRegister(a)),
  brz: (m, inst) => {
    if (m.readRegister(inst.d) === 0n) m.nextPc = joinNumber(inst);
  },
  brnz: (m, inst) => {
    if (m.readRegister(inst.d) !== 0n) m.nextPc = joinNumber(inst);
  },
  call: (m, inst) => m.call(joinNumber(inst), inst.d),
  ret: (m) => m.ret(),
  trap: (m, inst) => m.trap(TRAP_KINDS[inst.aux] ?? 'none', joinNumber(inst)),
  halt,
  charge,
  gas: (m, { d }) => m.writeRegister(d, m.gas),
  refund: (m, { a }) => {
    m.refund = signed(m.refund + signed(m.readRegister(a)));
  },
  host,
  tape,
  cell,
  emit,
  log,
  keccakf,
};
