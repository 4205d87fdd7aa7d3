/**
 * Locals of a function that say how long regions are: of each region that it compares with, and for
 * an access at an address of 32 bits the highest such address, so that a check is one comparison.
 */
import type { Place } from '../../dmir/bytecode/analysis.ts';
import type { Inst, Module, Region } from '../../dmir/ir.ts';
import { F_REGIONS, R_LENGTH, REGION_BYTES } from '../../kernel/layout.ts';
import { I32, I64 } from '../wasm/encoder.ts';
import type { Code } from './code.ts';
import { EFFECTS } from './effects.ts';

/** Most limits of a function: each is computed again behind each of its calls. */
const LIMITS_MAX = 8;

interface Limit {
  readonly region: number;
  readonly end: number;
  readonly local: number;
}

export class Lengths {
  readonly #code: Code;
  readonly #context: { readonly module: Module; readonly frame: number };
  readonly #lengths = new Map<number, number>();
  readonly #limits = new Map<string, Limit>();

  constructor(code: Code, context: { readonly module: Module; readonly frame: number }) {
    this.#code = code;
    this.#context = context;
  }

  /** Takes locals for what an instruction compares with. */
  add(inst: Inst, place: Place | undefined): void {
    const effect = EFFECTS[inst.op];
    for (const region of effect?.regions(inst) ?? []) {
      if (!this.#lengths.has(region)) this.#lengths.set(region, this.#code.local(I64));
    }
    const end = effect?.end?.(inst, place);
    if (end === undefined) return;
    // A limit is right where the region has the bytes at any time.
    const { min } = this.#context.module.regions[inst.imm] as Region;
    const key = `${inst.imm} ${end}`;
    if (end > min || this.#limits.has(key) || this.#limits.size === LIMITS_MAX) return;
    this.#limits.set(key, { region: inst.imm, end, local: this.#code.local(I32) });
  }

  /** Reads all lengths, which a call may have changed. */
  load(): void {
    const code = this.#code;
    for (const [region, local] of this.#lengths) {
      const offset = F_REGIONS + region * REGION_BYTES + R_LENGTH;
      code
        .i32(0)
        .access('i64.load32_u', this.#context.frame + offset)
        .set(local);
    }
    for (const { region, end, local } of this.#limits.values()) {
      code.get(this.of(region)).op('i32.wrap_i64').i32(end).op('i32.sub').set(local);
    }
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
