/**
 * Locals of a function that say where the frame's regions are and how long: of each region that it
 * compares with the length, and for an access at an address of 32 bits the highest such address, so
 * that a check is one comparison. Where every frame has a layout of its own, a function reads when
 * it begins where the frame and its regions are.
 */
import type { Place } from '../../dmir/bytecode/analysis.ts';
import type { Inst, Module, Region } from '../../dmir/ir.ts';
import {
  F_REGIONS,
  M_FRAME,
  MACHINE_BASE,
  R_BASE,
  R_LENGTH,
  REGION_BYTES,
} from '../../kernel/layout.ts';
import { I32, I64 } from '../wasm/encoder.ts';
import type { Code } from './code.ts';
import type { FixedLayout } from './context.ts';
import { EFFECTS } from './effects.ts';

/** Most limits of a function: each is computed again behind each of its calls. */
const LIMITS_MAX = 8;

interface Limit {
  readonly region: number;
  readonly end: number;
  readonly local: number;
}

interface LengthsContext {
  readonly module: Module;
  readonly layout: FixedLayout | undefined;
}

export class Lengths {
  readonly #code: Code;
  readonly #context: LengthsContext;
  readonly #lengths = new Map<number, number>();
  readonly #limits = new Map<string, Limit>();
  /** Locals of the frame and of where regions begin, if those are not known. */
  #frame: number | undefined;
  readonly #bases = new Map<number, number>();

  constructor(code: Code, context: LengthsContext) {
    this.#code = code;
    this.#context = context;
  }

  /** Takes locals for what an instruction compares with. */
  add(inst: Inst, place: Place | undefined): void {
    const effect = EFFECTS[inst.op];
    for (const region of effect?.regions(inst) ?? []) this.#addRegion(region);
    const end = effect?.end?.(inst, place);
    if (end === undefined) return;
    // A limit is right where the region has the bytes at any time.
    const { min } = this.#context.module.regions[inst.imm] as Region;
    const key = `${inst.imm} ${end}`;
    if (end > min || this.#limits.has(key) || this.#limits.size === LIMITS_MAX) return;
    this.#limits.set(key, { region: inst.imm, end, local: this.#code.local(I32) });
  }

  #addRegion(region: number): void {
    if (this.#lengths.has(region)) return;
    this.#lengths.set(region, this.#code.local(I64));
    if (this.#context.layout !== undefined) return;
    this.#frame ??= this.#code.local(I32);
    this.#bases.set(region, this.#code.local(I32));
  }

  /** Reads everything, once all was added. */
  begin(): void {
    const code = this.#code;
    if (this.#frame !== undefined) {
      code
        .i32(0)
        .access('i32.load', MACHINE_BASE + M_FRAME)
        .set(this.#frame);
    }
    for (const [region, local] of this.#bases) {
      const offset = this.pushFrame() + F_REGIONS + region * REGION_BYTES + R_BASE;
      code.access('i32.load', offset).set(local);
    }
    this.load();
  }

  /** Reads all lengths, which a call may have changed. */
  load(): void {
    const code = this.#code;
    for (const [region, local] of this.#lengths) {
      const offset = this.pushFrame() + F_REGIONS + region * REGION_BYTES + R_LENGTH;
      code.access('i64.load32_u', offset).set(local);
    }
    for (const { region, end, local } of this.#limits.values()) {
      code.get(this.of(region)).op('i32.wrap_i64').i32(end).op('i32.sub').set(local);
    }
  }

  /** Leaves an address on the stack; with the result added, it is that of the frame's record. */
  pushFrame(): number {
    const { layout } = this.#context;
    if (layout === undefined && this.#frame !== undefined) this.#code.get(this.#frame);
    else this.#code.i32(0);
    if (layout !== undefined) return layout.frame;
    if (this.#frame === undefined) this.#code.access('i32.load', MACHINE_BASE + M_FRAME);
    return 0;
  }

  /** Adds to the offset on the stack where the region begins, but for the result. */
  addBase(region: number): number {
    const { layout } = this.#context;
    if (layout !== undefined) return layout.bases[region] as number;
    this.#code.get(this.#bases.get(region) as number).op('i32.add');
    return 0;
  }

  /** The same where the offset is 0. */
  pushBase(region: number): number {
    const { layout } = this.#context;
    if (layout === undefined) this.#code.get(this.#bases.get(region) as number);
    else this.#code.i32(0);
    return layout === undefined ? 0 : (layout.bases[region] as number);
  }

  /** Local of the length of a region. */
  of(region: number): number {
    return this.#lengths.get(region) as number;
  }

  /** Local of the highest address at which an access ends within the region, if there is one. */
  limit(region: number, end: number): number | undefined {
    return this.#limits.get(`${region} ${end}`)?.local;
  }
}
