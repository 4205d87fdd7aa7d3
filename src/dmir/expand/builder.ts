/**
 * Assembles core instructions: labels, temporaries, outgoing registers.
 *
 * Registers of a function's frame are numbered from 0; temporaries lie above its slots and are
 * given back at the end of a scope. Outgoing registers are those of the next frame (parameters of a
 * callee, afterwards its results): their numbers are known when the frame's size is, at
 * `endFrame`, and until then they stand above `OUTGOING`.
 */
import { type CoreInst, encodeCore, splitNumber } from '../core/encoding.ts';
import { CORE_OPS, type CoreFormat, type CoreOpName } from '../core/ops.ts';
import { TRAP_KINDS, type TrapKind } from '../ops.ts';

/** Number of a register, relative to the window. */
export type Reg = number;
/** The slots of one value, least significant first. */
export type Slots = readonly Reg[];
export type Label = number;

const OUTGOING = 0x8000;

/** Which fields of a format are registers. */
const REGISTER_FIELDS: Readonly<Record<CoreFormat, readonly ('d' | 'a' | 'b')[]>> = {
  none: [],
  d: ['d'],
  a: ['a'],
  xa: ['a'],
  ab: ['a', 'b'],
  da: ['d', 'a'],
  dab: ['d', 'a', 'b'],
  dai: ['d', 'a'],
  di: ['d'],
  load: ['d', 'a'],
  store: ['a', 'b'],
  jump: [],
  branch: ['d'],
  call: [],
  number: [],
};

/** Operations on two registers. */
export type BinaryName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'mulhu'
  | 'divu'
  | 'remu'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shru'
  | 'shrs'
  | 'ltu'
  | 'lts'
  | 'eq'
  | 'fadd'
  | 'fsub'
  | 'fmul'
  | 'fdiv'
  | 'fmin'
  | 'fmax'
  | 'feq'
  | 'flt'
  | 'fle';

/** Operations on a register and a 16-bit immediate. */
export type ImmediateName = 'addi' | 'andi' | 'xori' | 'eqi' | 'ltui' | 'shli' | 'shrui' | 'shrsi';

export type UnaryName = 'mov' | 'fsqrt' | 'fdem' | 'fpro' | 'fcvt';

type MutableInst = { -readonly [Field in keyof CoreInst]: CoreInst[Field] };

export class CoreBuilder {
  private readonly insts: MutableInst[] = [];
  private readonly places: (number | undefined)[] = [];
  private readonly uses: { at: number; label: Label }[] = [];
  private frameStart = 0;
  private nextTemp = 0;
  private frameSize = 0;

  /** Begins a function whose registers fill the first `slotCount` slots of its frame. */
  beginFrame(slotCount: number): void {
    this.frameStart = this.insts.length;
    this.nextTemp = slotCount;
    this.frameSize = slotCount;
  }

  /** Ends the function: now its frame's size is known, and the numbers of outgoing registers. */
  endFrame(): void {
    if (this.frameSize >= OUTGOING) throw new Error(`BUG: a frame of ${this.frameSize} slots`);
    for (const inst of this.insts.slice(this.frameStart)) {
      const { format } = CORE_OPS[inst.op];
      if (format === 'call') inst.d = this.frameSize;
      for (const field of REGISTER_FIELDS[format]) {
        if (inst[field] >= OUTGOING) inst[field] += this.frameSize - OUTGOING;
      }
    }
  }

  /** Register `index` of the next frame. */
  outgoing(index: number): Reg {
    return OUTGOING + index;
  }

  /** Runs a piece of the emitter and gives its temporaries back. */
  scope(emit: () => void): void {
    const before = this.nextTemp;
    emit();
    this.nextTemp = before;
  }

  temp(): Reg {
    const register = this.nextTemp++;
    this.frameSize = Math.max(this.frameSize, this.nextTemp);
    return register;
  }

  temps(count: number): Reg[] {
    return Array.from({ length: count }, () => this.temp());
  }

  label(): Label {
    return this.places.push(undefined) - 1;
  }

  /** Puts the label before the next instruction. */
  place(label: Label): void {
    if (this.places[label] !== undefined) throw new Error(`BUG: label ${label} placed twice`);
    this.places[label] = this.insts.length;
  }

  /** Puts a new label before the next instruction. */
  here(): Label {
    const label = this.label();
    this.place(label);
    return label;
  }

  emit(op: CoreOpName, fields: Partial<Omit<CoreInst, 'op'>> = {}): void {
    this.insts.push({ op, aux: 0, d: 0, a: 0, b: 0, ...fields });
  }

  op(op: BinaryName, d: Reg, a: Reg, b: Reg): void {
    this.emit(op, { d, a, b });
  }

  /** The immediate is unsigned but for `addi`, whose is signed. */
  imm(op: ImmediateName, d: Reg, a: Reg, value: number): void {
    const [min, max] = op === 'addi' ? [-0x8000, 0x7fff] : [0, 0xffff];
    if (value < min || value > max) throw new Error(`BUG: immediate ${value} of ${op}`);
    this.emit(op, { d, a, b: value & 0xffff });
  }

  unary(op: UnaryName, d: Reg, a: Reg): void {
    this.emit(op, { d, a });
  }

  mov(d: Reg, a: Reg): void {
    if (d !== a) this.emit('mov', { d, a });
  }

  /** Sets a register to a 64-bit word: one instruction below 2^32, else two. */
  const(d: Reg, value: bigint): void {
    const word = BigInt.asUintN(64, value);
    this.emit('li', { d, ...splitNumber(Number(word & 0xffff_ffffn)) });
    const high = Number(word >> 32n);
    if (high !== 0) this.emit('lih', { d, ...splitNumber(high) });
  }

  /** A temporary that holds the word. */
  word(value: bigint): Reg {
    const register = this.temp();
    this.const(register, value);
    return register;
  }

  load(space: number, d: Reg, base: Reg, offset: number): void {
    this.emit('ld', { aux: space, d, a: base, b: offset });
  }

  store(space: number, base: Reg, offset: number, value: Reg): void {
    this.emit('st', { aux: space, d: offset, a: base, b: value });
  }

  jump(label: Label): void {
    this.useLabel(label);
    this.emit('jmp');
  }

  branchZero(register: Reg, label: Label): void {
    this.useLabel(label);
    this.emit('brz', { d: register });
  }

  branchNonZero(register: Reg, label: Label): void {
    this.useLabel(label);
    this.emit('brnz', { d: register });
  }

  /** Calls the function at the label; the shift of the window is set at `endFrame`. */
  call(label: Label): void {
    this.useLabel(label);
    this.emit('call');
  }

  /** Sets a register to the instruction index of a label. */
  address(d: Reg, label: Label): void {
    this.useLabel(label);
    this.emit('li', { d });
  }

  trap(kind: TrapKind, code = 0): void {
    this.emit('trap', { aux: TRAP_KINDS.indexOf(kind), ...splitNumber(code) });
  }

  /** Traps if the register is not 0. */
  trapIf(register: Reg, kind: TrapKind): void {
    const on = this.label();
    this.branchZero(register, on);
    this.trap(kind);
    this.place(on);
  }

  private useLabel(label: Label): void {
    this.uses.push({ at: this.insts.length, label });
  }

  /** Instruction index of a placed label. */
  placeOf(label: Label): number {
    const place = this.places[label];
    if (place === undefined) throw new Error(`BUG: label ${label} was never placed`);
    return place;
  }

  /** The program, with every label resolved. */
  finish(): BigUint64Array {
    for (const { at, label } of this.uses) {
      Object.assign(this.insts[at] ?? {}, splitNumber(this.placeOf(label)));
    }
    return BigUint64Array.from(this.insts, encodeCore);
  }
}
