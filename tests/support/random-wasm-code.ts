/**
 * Random code of one function. Expressions are drawn from the opcode table by the type they give,
 * statements around them; a global counts fuel, so that every call ends, and loops mostly end
 * before. Where the bits of a NaN would become visible as a number, the code makes it canonical.
 *
 * Over 600 lines because every kind of code nests in every other, so that one class writes all.
 */
import { CODE, type Opcode, type OpcodeName } from '../../src/vms/wasm/opcodes.ts';
import { fixed, unsigned as u32, vector } from '../../src/vms/wasm/text/bytes.ts';
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  type FuncType,
  I32,
  isReference,
  V128,
  type ValType,
} from '../../src/vms/wasm/types.ts';
import type { Prng } from './prng.ts';
import {
  constant,
  EDGES,
  FLOATS,
  LOADS,
  MAKES_NANS,
  NANS,
  NUMBERS,
  PLAIN,
  STORES,
  showsBits,
  VALUES,
} from './random-wasm-values.ts';

const VOID = 0x40;
/** Entries of a table that an index mostly stays below, a power of two. */
const ENTRIES = 8;

/** What code may name. */
export interface CodeScope {
  readonly types: readonly FuncType[];
  /** Type index of each function. */
  readonly signatures: readonly number[];
  readonly globals: readonly ValType[];
  /** Indices of the globals that may be written, the fuel not among them. */
  readonly writable: ReadonlySet<number>;
  /** Index of the global that counts the fuel. */
  readonly fuel: number;
  readonly tables: readonly ValType[];
  /** Types of the segments of tables. */
  readonly elems: readonly ValType[];
  readonly dataCount: number;
  /** Functions of the host: some of a number, the number of it. */
  readonly mint: number;
  readonly unmint: number;
}

/** Code of the function with the locals, the last end included. */
export function randomCode(
  random: Prng,
  scope: CodeScope,
  index: number,
  locals: readonly ValType[],
): number[] {
  return new CodeWriter(random, scope, index, locals).write();
}

class CodeWriter {
  readonly #random: Prng;
  readonly #scope: CodeScope;
  readonly #index: number;
  readonly #type: FuncType;
  readonly #locals: readonly ValType[];
  readonly #code: number[] = [];
  /** Types that a branch to each open block takes along, innermost last. */
  readonly #labels: (readonly ValType[])[] = [];
  /** Nodes that may still be written. */
  #budget: number;

  constructor(random: Prng, scope: CodeScope, index: number, locals: readonly ValType[]) {
    this.#random = random;
    this.#scope = scope;
    this.#index = index;
    this.#type = scope.types[scope.signatures[index] as number] as FuncType;
    this.#locals = [...this.#type.params, ...locals];
    this.#budget = 20 + random.below(this.#oneIn(30) ? 900 : 110);
  }

  write(): number[] {
    this.#burn();
    this.#labels.push(this.#type.results);
    this.#statements(2 + this.#random.below(6));
    this.#expressions(this.#type.results);
    this.#op('end');
    return this.#code;
  }

  // ---- what all code is made of

  #op(name: OpcodeName, ...immediates: readonly number[]): void {
    const code = CODE[name];
    this.#code.push(...(code > 255 ? [code >> 8, ...u32(code & 255)] : [code]), ...immediates);
  }

  #number(value: number | bigint, type: ValType = I32): void {
    this.#code.push(...constant(type, BigInt(value)));
  }

  #oneIn(count: number): boolean {
    return this.#random.below(count) === 0;
  }

  #pick(kinds: readonly (() => void)[]): void {
    this.#random.pick(kinds)();
  }

  /** Takes one of the fuel; traps where there is none. */
  #burn(): void {
    const fuel = u32(this.#scope.fuel);
    this.#op('global.get', ...fuel);
    this.#op('i32.eqz');
    this.#op('if', VOID);
    this.#op('unreachable');
    this.#op('end');
    this.#op('global.get', ...fuel);
    this.#number(1);
    this.#op('i32.sub');
    this.#op('global.set', ...fuel);
  }

  /** An index among those whose entry is the type. */
  #indexOf(type: ValType, types: readonly ValType[]): number | undefined {
    const found = types.flatMap((each, index) => (each === type ? [index] : []));
    return found.length === 0 ? undefined : this.#random.pick(found);
  }

  #tableOf(type: ValType): number {
    return this.#indexOf(type, this.#scope.tables) as number;
  }

  #constant(type: ValType): void {
    const floats = FLOATS[type];
    const isNan = floats !== undefined && this.#oneIn(12);
    const bits = this.#oneIn(3) ? this.#random.bigint(64) : this.#random.pick(floats ?? EDGES);
    this.#number(isNan ? (NANS[type] as bigint) | 5n : bits, type);
  }

  /** A constant vector, with edges in its lanes in half of the cases. */
  #vector(): void {
    const bytes = this.#oneIn(2)
      ? [...this.#random.bytes(16)]
      : Array.from({ length: 4 }, () => fixed(this.#random.pick(EDGES), 4)).flat();
    this.#op('v128.const', ...bytes);
  }

  #reference(type: ValType): void {
    if (this.#oneIn(3)) this.#op('ref.null', type);
    else if (type === FUNCREF) this.#op('ref.func', ...u32(this.#anyFunction()));
    else {
      this.#number(this.#random.below(4));
      this.#op('call', ...u32(this.#scope.mint));
    }
  }

  #anyFunction(): number {
    return this.#random.below(this.#scope.signatures.length);
  }

  /** Makes the NaNs in the lanes of a vector on the stack canonical. */
  #canonicalLanes(type: typeof F32 | typeof F64): void {
    const temporary = u32(this.#locals.length + 2);
    this.#op('local.tee', ...temporary);
    const size = type === F32 ? 4 : 8;
    const nan = fixed(NANS[type] as bigint, size);
    this.#op('v128.const', ...new Array<number[]>(16 / size).fill(nan).flat());
    this.#op('local.get', ...temporary);
    this.#op('local.get', ...temporary);
    this.#op(type === F32 ? 'f32x4.eq' : 'f64x2.eq');
    this.#op('v128.bitselect');
  }

  /** Makes a NaN on the stack the canonical one. */
  #canonical(type: ValType): void {
    if (type !== F32 && type !== F64) return;
    const temporary = u32(this.#locals.length + (type === F32 ? 0 : 1));
    this.#op('local.tee', ...temporary);
    this.#number(NANS[type] as bigint, type);
    this.#op('local.get', ...temporary);
    this.#op('local.get', ...temporary);
    this.#op(type === F32 ? 'f32.eq' : 'f64.eq');
    this.#op('select');
  }

  // ---- expressions

  #leaf(type: ValType): void {
    const local = this.#indexOf(type, this.#locals);
    const global = this.#indexOf(type, this.#scope.globals);
    if (local !== undefined && !this.#oneIn(3)) this.#op('local.get', ...u32(local));
    else if (global !== undefined && this.#oneIn(4)) this.#op('global.get', ...u32(global));
    else if (type === V128) this.#vector();
    else if (isReference(type)) this.#reference(type);
    else this.#constant(type);
  }

  #expressions(types: readonly ValType[]): void {
    for (const type of types) this.#expression(type);
  }

  /** Code that leaves one value of the type. */
  #expression(type: ValType): void {
    if (this.#budget-- <= 0 || this.#oneIn(4)) {
      this.#leaf(type);
      return;
    }
    const flow = [
      () => this.#block(type),
      () => this.#if(type),
      () => this.#loop(type),
      () => this.#select(type),
      () => this.#callFor(type),
      () => this.#typedBlockFor(type),
      () => this.#tee(type),
    ];
    if (isReference(type)) {
      this.#pick([...flow, () => this.#tableGet(type), () => this.#leaf(type)]);
      return;
    }
    const plain = new Array<() => void>(4).fill(() => this.#plain(type));
    const size = type === I32 ? () => this.#size() : () => this.#plain(type);
    this.#pick([...flow, ...plain, size, () => this.#load(type)]);
  }

  #lanes(op: Opcode): number[] {
    const isOne = op.imm === 'lane' || op.imm === 'memarg lane';
    if (!isOne && op.imm !== 'lanes') return [];
    const [, count] = /x(\d+)/.exec(op.name) ?? [];
    const bound = op.imm === 'memarg lane' ? 16 / op.accessBytes : isOne ? Number(count) : 32;
    return Array.from({ length: isOne ? 1 : 16 }, () => this.#random.below(bound));
  }

  #plain(type: ValType): void {
    const op = this.#random.pick(PLAIN.get(type) as readonly Opcode[]);
    op.operands?.forEach((operand, i) => {
      this.#expression(operand);
      if (showsBits(op, i)) this.#canonical(operand);
    });
    this.#op(op.name, ...this.#lanes(op));
    const [, shape] = MAKES_NANS.exec(op.name) ?? [];
    if (shape !== undefined) this.#canonicalLanes(shape === '32x4' ? F32 : F64);
  }

  /** Mostly an address inside of the first page. */
  #address(): void {
    this.#expression(I32);
    if (this.#oneIn(40)) return;
    this.#number(this.#oneIn(3) ? 0xffff : 0x3f);
    this.#op('i32.and');
  }

  #memarg({ accessBytes }: Opcode): number[] {
    const align = this.#random.below(Math.log2(accessBytes) + 1);
    return [align, ...u32(this.#oneIn(40) ? this.#random.u32() : this.#random.below(40))];
  }

  #load(type: ValType): void {
    const op = this.#random.pick(LOADS.filter(({ results }) => results[0] === type));
    this.#address();
    if (op.imm === 'memarg lane') this.#expression(V128);
    this.#op(op.name, ...this.#memarg(op), ...this.#lanes(op));
  }

  /** Code inside of a block, with the label of the block. */
  #inside(label: readonly ValType[], statements: number, results: readonly ValType[] = []): void {
    this.#labels.push(label);
    this.#statements(this.#random.below(statements));
    this.#expressions(results);
    this.#labels.pop();
  }

  #block(type: ValType): void {
    this.#op('block', type);
    this.#inside([type], 3, [type]);
    this.#op('end');
  }

  #if(type: ValType): void {
    this.#expression(I32);
    this.#op('if', type);
    this.#inside([type], 2, [type]);
    this.#op('else');
    this.#inside([type], 2, [type]);
    this.#op('end');
  }

  #loop(type?: ValType): void {
    this.#op('loop', type ?? VOID);
    this.#loopBody([], type === undefined ? [] : [type]);
    this.#op('end');
  }

  #loopBody(params: readonly ValType[], results: readonly ValType[]): void {
    this.#burn();
    this.#labels.push(params);
    this.#consume(params);
    this.#statements(this.#random.below(4));
    this.#expressions(params);
    this.#whileFuel();
    this.#op('br_if', 0);
    this.#consume(params);
    this.#expressions(results);
    this.#labels.pop();
  }

  /** A condition that mostly fails after a few rounds, whatever it is otherwise. */
  #whileFuel(): void {
    this.#expression(I32);
    if (this.#oneIn(20)) return;
    this.#number(0);
    this.#op('global.get', ...u32(this.#scope.fuel));
    this.#number(3);
    this.#op('i32.and');
    this.#op('select');
  }

  #select(type: ValType): void {
    this.#expressions([type, type, I32]);
    if (this.#oneIn(2) && !isReference(type)) this.#op('select');
    else this.#op('select_t', 1, type);
  }

  #tee(type: ValType): void {
    const local = this.#indexOf(type, this.#locals);
    this.#expression(type);
    if (local !== undefined) this.#op('local.tee', ...u32(local));
  }

  #size(): void {
    this.#pick([
      () => this.#op('memory.size', 0),
      () => {
        this.#number(this.#oneIn(20) ? this.#random.u32() : this.#random.below(3));
        this.#op('memory.grow', 0);
      },
      () => this.#op('table.size', this.#random.below(this.#scope.tables.length)),
      () => {
        const type = this.#random.pick([FUNCREF, EXTERNREF]);
        this.#expression(type);
        if (this.#oneIn(3)) this.#op('ref.is_null');
        else {
          this.#number(this.#oneIn(20) ? this.#random.u32() : this.#random.below(4));
          this.#op('table.grow', this.#tableOf(type));
        }
      },
      () => {
        this.#expression(EXTERNREF);
        this.#op('call', ...u32(this.#scope.unmint));
      },
    ]);
  }

  /** An index of a table, mostly of an entry. */
  #entry(): void {
    this.#expression(I32);
    if (this.#oneIn(30)) return;
    this.#number(ENTRIES - 1);
    this.#op('i32.and');
  }

  #tableGet(type: ValType): void {
    this.#entry();
    this.#op('table.get', this.#tableOf(type));
  }

  // ---- calls

  /** A type whose only result is this one. */
  #typeGiving(type: ValType, indices: readonly number[]): number | undefined {
    const fits = indices.filter((index) => {
      const { results } = this.#typeAt(index);
      return results.length === 1 && results[0] === type;
    });
    return fits.length === 0 ? undefined : this.#random.pick(fits);
  }

  /** Types to call: mostly those of functions. */
  #callable(): readonly number[] {
    const { types, signatures } = this.#scope;
    return this.#oneIn(20) ? [...types.keys()] : signatures;
  }

  #typeAt(index: number): FuncType {
    return this.#scope.types[index] as FuncType;
  }

  #callFor(type: ValType): void {
    const index = this.#typeGiving(type, this.#callable());
    if (index === undefined) this.#leaf(type);
    else this.#callOf(index);
  }

  /** A function of the type, mostly not one that may call this one in turn. */
  #functionOf(type: number): number | undefined {
    const found = this.#scope.signatures.flatMap((each, i) => (each === type ? [i] : []));
    const isForward = (func: number): boolean => func > this.#index || func <= this.#scope.unmint;
    const forward = this.#oneIn(10) ? [] : found.filter(isForward);
    if (forward.length > 0) return this.#random.pick(forward);
    return found.length === 0 ? undefined : this.#random.pick(found);
  }

  /** Arguments, with canonical NaNs, which a function of the host sees. */
  #arguments(type: number): void {
    for (const param of this.#typeAt(type).params) {
      this.#expression(param);
      this.#canonical(param);
    }
  }

  /** Calls a function of the type, directly where there is one. */
  #callOf(type: number, tail: '' | 'return_' = ''): void {
    this.#arguments(type);
    const callee = this.#functionOf(type);
    if (callee !== undefined && !this.#oneIn(3)) {
      this.#op(`${tail}call`, ...u32(callee));
      return;
    }
    // The tables begin with the functions in their order.
    if (callee !== undefined && !this.#oneIn(4)) this.#number(callee);
    else this.#entry();
    const table = this.#oneIn(10) ? this.#tableOf(FUNCREF) : 0;
    this.#op(`${tail}call_indirect`, ...u32(type), table);
  }

  /** Puts values on the stack, the last on top, into locals, or drops them. */
  #consume(types: readonly ValType[]): void {
    for (const type of types.toReversed()) {
      const local = this.#oneIn(3) ? undefined : this.#indexOf(type, this.#locals);
      if (local === undefined) this.#op('drop');
      else this.#op('local.set', ...u32(local));
    }
  }

  // ---- blocks with parameters and several results

  #typedBlockFor(type: ValType): void {
    const index = this.#typeGiving(type, [...this.#scope.types.keys()]);
    if (index === undefined) this.#block(type);
    else this.#typedBlock(index);
  }

  #typedBlock(index: number): void {
    const { params, results } = this.#typeAt(index);
    this.#expressions(params);
    const body = (): void => {
      this.#labels.push(results);
      this.#consume(params);
      this.#statements(this.#random.below(3));
      this.#expressions(results);
      this.#labels.pop();
    };
    const isIf = this.#oneIn(3);
    if (isIf) this.#expression(I32);
    const isLoop = !isIf && this.#oneIn(2);
    this.#op(isIf ? 'if' : isLoop ? 'loop' : 'block', ...u32(index));
    if (isLoop) this.#loopBody(params, results);
    else body();
    if (isIf) {
      this.#op('else');
      body();
    }
    this.#op('end');
  }

  /** Many blocks in one another, each of which a table of branches may leave. */
  #nest(): void {
    const depth = 10 + this.#random.below(50);
    for (let i = 0; i < depth; i++) {
      this.#op('block', VOID);
      this.#labels.push([]);
    }
    this.#expression(I32);
    this.#number(63);
    this.#op('i32.and');
    const depths = Array.from({ length: 60 }, () => this.#random.below(depth));
    this.#op('br_table', ...vector(depths.map(u32)), ...u32(this.#random.below(depth)));
    for (let i = 0; i < depth; i++) {
      this.#labels.pop();
      this.#op('end');
      if (this.#oneIn(4)) this.#statements(1);
    }
  }

  // ---- statements

  #statements(count: number): void {
    for (let i = 0; i < count && this.#budget > 0; i++) this.#statement();
  }

  #statement(): void {
    this.#budget--;
    if (this.#oneIn(60)) {
      this.#nest();
      return;
    }
    this.#pick([
      () => this.#set(),
      () => this.#set(),
      () => this.#set(),
      () => this.#store(),
      () => this.#store(),
      () => this.#globalSet(),
      () => this.#voidBlock(),
      () => this.#voidIf(),
      () => this.#loop(),
      () => this.#branchIf(),
      () => this.#branchTable(),
      () => {
        const type = this.#random.pick(this.#callable());
        this.#callOf(type);
        this.#consume(this.#typeAt(type).results);
      },
      () => {
        const type = this.#random.below(this.#scope.types.length);
        this.#typedBlock(type);
        this.#consume(this.#typeAt(type).results);
      },
      () => this.#bulk(),
      () => this.#leave(),
      () => this.#op('nop'),
    ]);
  }

  #set(): void {
    const type = this.#random.pick(this.#oneIn(3) ? VALUES : NUMBERS);
    const local = this.#indexOf(type, this.#locals);
    this.#expression(type);
    if (local === undefined) this.#op('drop');
    else this.#op('local.set', ...u32(local));
  }

  #store(): void {
    const op = this.#random.pick(STORES);
    const type = op.operands?.[1] as ValType;
    this.#address();
    this.#expression(type);
    this.#canonical(type);
    this.#op(op.name, ...this.#memarg(op), ...this.#lanes(op));
  }

  #globalSet(): void {
    const type = this.#random.pick(this.#oneIn(3) ? VALUES : NUMBERS);
    const index = this.#indexOf(type, this.#scope.globals) as number;
    this.#expression(type);
    if (this.#scope.writable.has(index)) this.#op('global.set', ...u32(index));
    else this.#op('drop');
  }

  #voidBlock(): void {
    this.#op('block', VOID);
    this.#inside([], 4);
    this.#op('end');
  }

  #voidIf(): void {
    this.#expression(I32);
    this.#op('if', VOID);
    this.#inside([], 3);
    if (this.#oneIn(2)) {
      this.#op('else');
      this.#inside([], 3);
    }
    this.#op('end');
  }

  #label(depth: number): readonly ValType[] {
    return this.#labels[this.#labels.length - 1 - depth] as readonly ValType[];
  }

  #branchIf(): void {
    const depth = this.#random.below(this.#labels.length);
    const types = this.#label(depth);
    this.#expressions(types);
    this.#expression(I32);
    this.#op('br_if', ...u32(depth));
    this.#consume(types);
  }

  /** A table of branches in a block of its own, to labels that take nothing. */
  #branchTable(): void {
    this.#op('block', VOID);
    this.#labels.push([]);
    this.#jumpByTable(0);
    if (this.#oneIn(3)) this.#dead();
    this.#labels.pop();
    this.#op('end');
  }

  /** Branches by an index to labels that take what the one at the depth does. */
  #jumpByTable(depth: number): void {
    const types = this.#label(depth);
    const fits = this.#labels.flatMap((_, i) => {
      return this.#label(i).join() === types.join() ? [i] : [];
    });
    const depths = Array.from({ length: this.#random.below(5) }, () => this.#random.pick(fits));
    this.#expressions(types);
    this.#expression(I32);
    this.#number(7);
    this.#op('i32.and');
    this.#op('br_table', ...vector(depths.map(u32)), ...u32(this.#random.pick(fits)));
  }

  #small(bound: number): void {
    this.#number(this.#oneIn(60) ? this.#random.u32() : this.#random.below(bound));
  }

  #bulk(): void {
    const three = (bound: number, name: OpcodeName, ...immediates: number[]): void => {
      for (let i = 0; i < 3; i++) this.#small(bound);
      this.#op(name, ...immediates);
    };
    const { elems, dataCount } = this.#scope;
    const data = this.#random.below(dataCount);
    const elem = this.#random.below(elems.length);
    const table = (): number => this.#tableOf(elems[elem] as ValType);
    this.#pick([
      () => three(100, 'memory.copy', 0, 0),
      () => three(100, 'memory.fill', 0),
      () => three(25, 'memory.init', data, 0),
      () => this.#op('data.drop', data),
      () => three(5, 'table.copy', table(), table()),
      () => three(4, 'table.init', elem, table()),
      () => this.#op('elem.drop', elem),
      () => {
        const type = this.#random.pick([FUNCREF, EXTERNREF]);
        this.#small(ENTRIES);
        this.#expression(type);
        if (this.#oneIn(2)) this.#op('table.set', this.#tableOf(type));
        else {
          this.#small(5);
          this.#op('table.fill', this.#tableOf(type));
        }
      },
    ]);
  }

  /** Leaves the function or a block: where a condition holds, or, less often, at once. */
  #leave(): void {
    const isAlways = this.#oneIn(5);
    if (!isAlways) this.#expression(I32);
    this.#op(isAlways ? 'block' : 'if', VOID);
    this.#labels.push([]);
    this.#jump();
    if (this.#oneIn(3)) this.#dead();
    this.#labels.pop();
    this.#op('end');
  }

  #jump(): void {
    if (this.#oneIn(15)) {
      this.#op('unreachable');
      return;
    }
    const { results } = this.#type;
    const depth = this.#random.below(this.#labels.length);
    const same = this.#scope.signatures.filter((type) => {
      return this.#typeAt(type).results.join() === results.join();
    });
    this.#pick([
      () => {
        this.#expressions(results);
        this.#op('return');
      },
      () => this.#callOf(this.#random.pick(same), 'return_'),
      () => this.#jumpByTable(depth),
      () => {
        this.#expressions(this.#label(depth));
        this.#op('br', ...u32(depth));
      },
    ]);
  }

  /** Code that no run enters: operands may be missing there. */
  #dead(): void {
    if (this.#oneIn(2)) this.#statements(2);
    this.#pick([
      () => {
        const { name, imm } = this.#random.pick(PLAIN.get(I32) as readonly Opcode[]);
        if (imm === '') this.#op(name);
        this.#op('select');
      },
      () => this.#op('select'),
      () => this.#op('drop'),
      () => this.#op('local.tee', 0),
      () => this.#op('br_if', ...u32(this.#random.below(this.#labels.length))),
    ]);
    // What is left on the stack must not meet the end of the block.
    this.#op('unreachable');
  }
}
