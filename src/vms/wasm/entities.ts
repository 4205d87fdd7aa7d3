/**
 * What instances are made of: functions, tables, memories and globals, which they may share, and
 * segments. Entities hold their content as bytes, in the layout of the regions that code sees, so
 * that a run takes them over as they are.
 *
 * What code of an instance can reach, other instances included, is linked into one module of dMIR:
 * a call between instances is a call, and needs no other machinery.
 */
import type { FuncBuilder } from '../../dmir/builder.ts';
import { valueShift } from './linkage.ts';
import {
  FUNCREF,
  type FuncType,
  type GlobalType,
  type MemoryType,
  type TableType,
  type ValType,
  type WasmModule,
} from './types.ts';
import type { VectorName } from './vector-opcodes.ts';

/** A function of the host: bit patterns of its arguments to those of its results. */
export type HostFunction = (args: readonly bigint[]) => readonly bigint[];

/** What a function runs: a body of an instance, a function of the host, or nothing. */
export type FuncSource =
  | { readonly kind: 'body'; readonly instance: Instance; readonly index: number }
  | { readonly kind: 'host'; readonly run: HostFunction }
  /** What the machine provides: written into the empty function. */
  | { readonly kind: 'written'; readonly write: (builder: FuncBuilder) => void }
  /** A vector instruction. */
  | { readonly kind: 'vector'; readonly name: VectorName }
  /** Names a signature and is never called. */
  | { readonly kind: 'signature' };

export interface FuncEntity {
  readonly kind: 'func';
  /** Place in every module that the store links; the value of a reference to the function. */
  readonly place: number;
  readonly type: FuncType;
  readonly source: FuncSource;
}

export interface TableEntity {
  readonly kind: 'table';
  readonly type: TableType;
  bytes: Uint8Array;
  /** Instances that may have put references into it. */
  readonly holders: Set<Instance>;
}

export interface MemoryEntity {
  readonly kind: 'memory';
  readonly type: MemoryType;
  bytes: Uint8Array;
}

export interface GlobalEntity {
  readonly kind: 'global';
  readonly type: GlobalType;
  bytes: Uint8Array;
  /** Instances that may have put a reference into it. */
  readonly holders: Set<Instance>;
}

/** A segment that code may still copy from; a dropped one has no bytes. */
export interface SegmentEntity {
  bytes: Uint8Array;
}

export type Extern = FuncEntity | TableEntity | MemoryEntity | GlobalEntity;

export interface Instance {
  readonly module: WasmModule;
  /** Instances whose functions it imports, or that hand it references as arguments. */
  readonly links: Set<Instance>;
  readonly funcs: readonly FuncEntity[];
  readonly tables: readonly TableEntity[];
  readonly memories: readonly MemoryEntity[];
  readonly globals: readonly GlobalEntity[];
  readonly elems: readonly SegmentEntity[];
  readonly datas: readonly SegmentEntity[];
  readonly exports: ReadonlyMap<string, Extern>;
}

/** Everything that code of an instance can reach, in the order in which it is found. */
export interface Reach {
  readonly instances: ReadonlySet<Instance>;
  readonly tables: ReadonlySet<TableEntity>;
  readonly memories: ReadonlySet<MemoryEntity>;
  readonly globals: ReadonlySet<GlobalEntity>;
}

/** Notes what a new instance and those that it imports from can reach of each other. */
export function link(instance: Instance): void {
  for (const { source, type } of instance.funcs) {
    if (source.kind !== 'body' || source.instance === instance) continue;
    instance.links.add(source.instance);
    if (type.params.includes(FUNCREF)) source.instance.links.add(instance);
  }
  for (const { type, holders } of [...instance.tables, ...instance.globals]) {
    if (type.type === FUNCREF) holders.add(instance);
  }
}

export function reachOf(first: Instance): Reach {
  const instances = new Set([first]);
  const tables = new Set<TableEntity>();
  const memories = new Set<MemoryEntity>();
  const globals = new Set<GlobalEntity>();
  // A set is walked in the order of its entries, those that are added on the way included.
  for (const instance of instances) {
    for (const each of instance.links) instances.add(each);
    for (const each of instance.memories) memories.add(each);
    for (const each of instance.tables) tables.add(each);
    for (const each of instance.globals) globals.add(each);
    for (const { holders } of [...instance.tables, ...instance.globals]) {
      for (const holder of holders) instances.add(holder);
    }
  }
  return { instances, tables, memories, globals };
}

export function isFunc(extern: Extern | undefined): extern is FuncEntity {
  return extern?.kind === 'func';
}

/** A value in as many bytes as its type takes, least significant first. */
export function valueToBytes(type: ValType, value: bigint): Uint8Array {
  const bytes = new Uint8Array(2 ** valueShift(type));
  let rest = value;
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

export function bytesToValue(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] as number);
  return value;
}
