/**
 * Random valid WebAssembly modules, with all features that there are. They import functions and
 * globals of a host, which `random-wasm-host.ts` has for this machine and for the platform.
 */
import { sized, unsigned as u32, vector } from '../../src/vms/wasm/text/bytes.ts';
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  type FuncType,
  I32,
  I64,
  V128,
  type ValType,
} from '../../src/vms/wasm/types.ts';
import type { Prng } from './prng.ts';
import { type CodeScope, randomCode } from './random-wasm-code.ts';
import { constant, NUMBERS, VALUES } from './random-wasm-values.ts';
import { type WrittenFunc, writeModule } from './wasm-writer.ts';

const PAGES_MAX = 4;
const TABLE_ROOM = 8;
const END = 0x0b;
/** Value of the imported global that does not change. */
export const BASE = 7;
/** Name of the exported global that counts the fuel. */
export const FUEL_GLOBAL = 'fuel';
/** Fuel of the start function. */
const START_FUEL = 40n;

/** Functions of the host by name: what they take and give. */
export const HOST_TYPES = {
  note: { params: [I32, I64, F32, F64], results: [I64] },
  mint: { params: [I32], results: [EXTERNREF] },
  unmint: { params: [EXTERNREF], results: [I32] },
} as const satisfies Record<string, FuncType>;

const HOSTS = Object.keys(HOST_TYPES) as (keyof typeof HOST_TYPES)[];

/** Globals in their order: imported, then the module's own. */
const GLOBALS: readonly (readonly [name: string, type: ValType, isMutable: boolean])[] = [
  ['base', I32, false],
  ['shared', I64, true],
  [FUEL_GLOBAL, I32, true],
  ['g0', I32, true],
  ['g1', I64, true],
  ['g2', F32, true],
  ['g3', F64, true],
  ['k0', I32, false],
  ['k1', I64, false],
  ['', V128, true],
  ['', FUNCREF, true],
  ['', EXTERNREF, true],
];
const IMPORTED_GLOBALS = 2;
const FUEL = GLOBALS.findIndex(([name]) => name === FUEL_GLOBAL);
const TABLES: readonly ValType[] = [FUNCREF, EXTERNREF, FUNCREF];

export interface RandomWasm {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Types of the exported functions `f0`, `f1`, … */
  readonly funcs: readonly FuncType[];
}

export function randomWasm(random: Prng): RandomWasm {
  const types = drawTypes(random);
  const hosts = HOSTS.map((_, i) => types.length - HOSTS.length + i);
  const exported = Array.from({ length: 1 + random.below(4) }, () => random.below(OUTER_TYPES));
  const inner = Array.from({ length: random.below(3) }, () => random.below(types.length));
  const start = random.below(4) === 0 ? [0] : [];
  const own = [...exported, ...inner, ...start];
  const signatures = [...hosts, ...own];
  const elems = drawElems(random, signatures.length);
  const datas = drawDatas(random);
  const scope: CodeScope = {
    ...{ types, signatures, tables: TABLES, fuel: FUEL },
    globals: GLOBALS.map(([, type]) => type),
    writable: new Set(
      GLOBALS.flatMap(([, , isMutable], i) => (isMutable && i !== FUEL ? [i] : [])),
    ),
    elems: elems.map(({ type }) => type),
    ...{ dataCount: datas.length, mint: HOSTS.indexOf('mint'), unmint: HOSTS.indexOf('unmint') },
  };
  const bytes = writeModule({
    types,
    imports: [
      ...HOSTS.map((name, i) => [name, [0, ...u32(hosts[i] as number)]] as const),
      ...GLOBALS.slice(0, IMPORTED_GLOBALS).map(([name, type, isMutable]) => {
        return [name, [3, type, Number(isMutable)]] as const;
      }),
    ],
    funcs: own.map((_, i) => drawFunction(random, scope, hosts.length + i)),
    tables: TABLES.map((type) => {
      const size = type === FUNCREF ? Math.max(TABLE_ROOM, signatures.length) : TABLE_ROOM;
      return [type, 1, ...u32(size), ...u32(size + TABLE_ROOM)];
    }),
    memories: [[1, ...u32(1), ...u32(PAGES_MAX)]],
    globals: GLOBALS.slice(IMPORTED_GLOBALS).map(([name, type, isMutable]) => {
      const isFuel = name === FUEL_GLOBAL;
      const value = isFuel ? constant(I32, START_FUEL) : initial(random, type, !isMutable);
      return [type, Number(isMutable), ...value, END];
    }),
    exports: [
      ...exported.map((_, i) => [`f${i}`, 0, hosts.length + i] as const),
      ['memory', 2, 0],
      ...GLOBALS.flatMap(([name], i) => (name === '' ? [] : [[name, 3, i] as const])),
    ],
    start: start.length > 0 ? signatures.length - 1 : undefined,
    elems: elems.map(({ content }) => content),
    datas,
  });
  return { bytes, funcs: exported.map((type) => types[type] as FuncType) };
}

// ---- types

/** Types without vectors and references, which functions have that are called from outside. */
const OUTER_TYPES = 6;
const INNER_TYPES = 5;

/** The first takes and gives nothing, the last ones are those of the host. */
function drawTypes(random: Prng): FuncType[] {
  const list = (from: readonly ValType[], few: number): ValType[] => {
    const bound = random.below(10) === 0 ? 12 : few;
    return Array.from({ length: random.below(bound) }, () => random.pick(from));
  };
  const draw = (from: readonly ValType[]): FuncType => {
    return { params: list(from, 4), results: list(from, 3) };
  };
  return [
    { params: [], results: [] },
    ...Array.from({ length: OUTER_TYPES - 1 }, () => draw(NUMBERS)),
    ...Array.from({ length: INNER_TYPES }, () => draw(VALUES)),
    ...HOSTS.map((name) => HOST_TYPES[name]),
  ];
}

function drawFunction(random: Prng, scope: CodeScope, index: number): WrittenFunc {
  const count = 1 + random.below(random.below(20) === 0 ? 60 : 6);
  const locals = Array.from({ length: count }, () => {
    return random.pick(random.below(3) === 0 ? VALUES : NUMBERS);
  });
  const code = randomCode(random, scope, index, locals);
  return { type: scope.signatures[index] as number, locals: [...locals, F32, F64, V128], code };
}

// ---- constant expressions and segments

/** An expression of additions, subtractions and products that gives the number. */
function extended(random: Prng, type: typeof I32 | typeof I64, value: number): number[] {
  const [add, sub, mul] = type === I32 ? [0x6a, 0x6b, 0x6c] : [0x7c, 0x7d, 0x7e];
  const number = (bits: number): number[] => constant(type, BigInt(bits));
  const other = random.below(1000);
  switch (random.below(type === I32 ? 4 : 3)) {
    case 0:
      return number(value);
    case 1:
      return [...number(value - other), ...number(other), add as number];
    case 2:
      return [...number(value + other), ...number(other), sub as number];
    default: {
      const product = [0x23, 0, ...number(other), mul as number];
      return [...product, ...number(value - BASE * other), add as number];
    }
  }
}

function initial(random: Prng, type: ValType, isExtended: boolean): number[] {
  if (type === V128) return [0xfd, 12, ...random.bytes(16)];
  if (type === FUNCREF || type === EXTERNREF) return [0xd0, type];
  if (isExtended && (type === I32 || type === I64)) {
    return extended(random, type, random.below(0x7fff_ffff));
  }
  return constant(type, 1n);
}

/** Where an active segment begins: mostly where it fits. */
function offset(random: Prng, bound: number): number[] {
  const at = random.below(60) === 0 ? -random.below(100) : random.below(bound);
  return [...extended(random, I32, at), END];
}

interface Elem {
  readonly type: ValType;
  readonly content: readonly number[];
}

/** A segment of every kind; the first fills the first table with all functions. */
function drawElems(random: Prng, count: number): Elem[] {
  const all = Array.from({ length: count }, (_, i) => u32(i));
  const some = (): number[][] => all.slice(0, 1 + random.below(Math.min(count, TABLE_ROOM)));
  const items = vector(
    some().map((func) => (random.below(3) === 0 ? [0xd0, FUNCREF, END] : [0xd2, ...func, END])),
  );
  const nulls = vector([0, 0, 0].map(() => [0xd0, EXTERNREF, END]));
  const content: readonly (readonly number[])[] = [
    [0, ...constant(I32, 0n), END, ...vector(all)],
    [1, 0, ...vector(some())],
    [2, 2, ...offset(random, 1), 0, ...vector(some())],
    [3, 0, ...vector(some())],
    [5, FUNCREF, ...items],
    [6, 2, ...offset(random, 1), FUNCREF, ...items],
    [7, FUNCREF, ...items],
  ];
  return [
    ...content.map((bytes) => ({ type: FUNCREF, content: bytes })),
    { type: EXTERNREF, content: [5, EXTERNREF, ...nulls] },
  ];
}

function drawDatas(random: Prng): number[][] {
  const bytes = (count: number): number[] => sized(random.bytes(count));
  return [
    [0, ...offset(random, 64), ...bytes(200)],
    [1, ...bytes(40)],
    [2, 0, ...offset(random, 65_536 - 20), ...bytes(random.below(20))],
  ];
}
