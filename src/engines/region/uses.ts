/** How often each node of a region is needed. */
import { type Graph, hasSecond, K, type Node, W } from './graph.ts';
import type { Region } from './region.ts';
import type { RegionBlock, Statement } from './statements.ts';
import type { Wide } from './wide.ts';

export class Uses {
  #graph!: Graph;
  readonly #counts: number[] = [];
  /** Whether words of the memory are read or written. */
  usesMemory = false;

  /** Counts for the next region. */
  begin({ graph, body }: Pick<Region, 'graph' | 'body'>): void {
    this.#graph = graph;
    this.usesMemory = false;
    for (let node = 0; node < graph.size; node++) this.#counts[node] = 0;
    this.#countBlock(body);
  }

  of(node: Node): number {
    return this.#counts[node] as number;
  }

  #countBlock({ statements, end }: RegionBlock): void {
    for (const statement of statements) this.#countStatement(statement);
    if (end.kind === 'block') this.#countBlock(end.block);
    else if (end.kind === 'branch') {
      this.#count(end.condition);
      this.#countBlock(end.yes);
      this.#countBlock(end.no);
    } else {
      if (end.kind === 'fork') this.#count(end.condition);
      if ('writes' in end) for (const [, value] of end.writes) this.#countWide(value);
      if (end.kind === 'dispatch') this.#countWide(end.target);
      if (end.kind === 'finish') {
        this.#countWide(end.offset);
        this.#countWide(end.size);
      }
    }
  }

  #countStatement(statement: Statement): void {
    if ('offset' in statement) {
      this.#countWide(statement.offset);
      this.usesMemory ||= statement.kind !== 'loadZero';
    }
    if (statement.kind === 'store') this.#countWide(statement.value);
    if (!('args' in statement)) return;
    for (const arg of statement.args) {
      if ('wide' in arg) this.#countWide(arg.wide);
      else if ('node' in arg) this.#count(arg.node);
    }
  }

  #countWide(value: Wide): void {
    for (const node of value) this.#count(node);
  }

  #count(node: Node): void {
    const before = this.#counts[node] as number;
    this.#counts[node] = before + 1;
    if (before > 0) return;
    const { kinds, a, b, c } = this.#graph;
    const kind = kinds[node] as number;
    if (kind === K.narrowed || kind < 0x100 || kind === K.mulHigh) {
      this.#count(a[node] as Node);
      if (hasSecond(kind)) this.#count(b[node] as Node);
      if (kind === W.select) this.#count(c[node] as Node);
    }
  }
}
