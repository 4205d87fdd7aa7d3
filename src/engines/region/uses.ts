/** How often each node of a region is needed. */
import { type Graph, hasSecond, K, type Node, W } from './graph.ts';
import type { Region } from './region.ts';
import type { RegionBlock, Statement } from './statements.ts';
import type { Wide } from './wide.ts';

export class Uses {
  readonly #graph: Graph;
  readonly #counts: number[] = [];
  /** Of vectors, by the local that a statement sets. */
  readonly #vectors = new Set<number>();

  constructor({ graph, body }: Pick<Region, 'graph' | 'body'>) {
    this.#graph = graph;
    this.#countBlock(body);
  }

  of(node: Node): number {
    return this.#counts[node] ?? 0;
  }

  usesVector(local: number): boolean {
    return this.#vectors.has(local);
  }

  #countBlock({ statements, end }: RegionBlock): void {
    for (const statement of statements) this.#countStatement(statement);
    if (end.kind === 'block') this.#countBlock(end.block);
    else if (end.kind === 'branch') {
      this.#count(end.condition);
      this.#countBlock(end.yes);
      this.#countBlock(end.no);
    } else {
      if ('writes' in end) for (const [, value] of end.writes) this.#countWide(value);
      if (end.kind === 'dispatch') this.#countWide(end.target);
      if (end.kind === 'finish') {
        this.#countWide(end.offset);
        this.#countWide(end.size);
      }
    }
  }

  #countStatement(statement: Statement): void {
    if ('offset' in statement) this.#countWide(statement.offset);
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
    const before = this.#counts[node] ?? 0;
    this.#counts[node] = before + 1;
    if (before > 0) return;
    const { kinds, a, b, c } = this.#graph;
    const kind = kinds[node] as number;
    if (kind === K.localVector) this.#vectors.add(a[node] as number);
    if (
      kind === K.narrowed ||
      kind === K.lane ||
      kind === K.reverse ||
      kind < 0x100 ||
      kind === K.mulHigh
    ) {
      this.#count(a[node] as Node);
      if (hasSecond(kind)) this.#count(b[node] as Node);
      if (kind === W.select) this.#count(c[node] as Node);
    }
  }
}
