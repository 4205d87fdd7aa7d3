/**
 * Regions as text: what multipass makes of blocks before it writes WebAssembly, for people and
 * tests.
 *
 * A line is a node, a statement, or how a path ends; the two ways of a branch are indented below
 * it. A node `%n` is a limb of 64 bits or a condition and stands above the first line that needs
 * it; a way of a branch does not see the nodes of the other. `slot[h]` is the item at height h over
 * the window's top at entry, `.i` its limb i, the least first; `l` and `v` are what statements set.
 * A word of 256 bits is a number, a slot, one limb where the others are zero, or `(a b c d)`.
 */
import { TRAP_KINDS } from '../../dmir/ops.ts';
import { RT_SPILL_BASE } from '../../kernel/layout.ts';
import type { Facts } from '../region/facts.ts';
import { type Graph, hasSecond, K, type Node, W } from '../region/graph.ts';
import type { Region } from '../region/region.ts';
import type { Argument, End, Exit, Leave, RegionBlock, Statement } from '../region/statements.ts';
import { isNarrow, type Wide, wideValue } from '../region/wide.ts';
import { findOpcode } from '../wasm/opcodes.ts';
import type { Version } from './compile.ts';

const WORD = 32;
const LIMB = 8;
const INDENT = '  ';

/** The name of a host function by its number. */
export type NameHost = (host: number) => string;

/** The lines of a region: its head, then its body. */
export function printRegion(version: Version, place: number, nameHost: NameHost): string[] {
  const { region, root, facts } = version;
  const known = printFacts(facts);
  const notes = [
    `region ${place} at @${root}`,
    ...(region.isLoop ? [`loop that changes ${listSlots(region.changed)}`] : []),
    ...(known.length === 0 ? [] : [`entered with ${known.join(' and ')}`]),
  ];
  const printer = new RegionPrinter(region, nameHost);
  printer.block(region.body);
  return [`${notes.join(', ')} {`, ...printer.lines, '}'];
}

const hex = (value: bigint): string => (value < 10n ? String(value) : `0x${value.toString(16)}`);

function listSlots(heights: ReadonlySet<number>): string {
  const sorted = [...heights].sort((a, b) => a - b);
  return sorted.length === 0 ? 'nothing' : sorted.map((height) => `slot[${height}]`).join(' ');
}

function printFacts({ slots, low, high, memory }: Facts): string[] {
  const known = [...slots].sort(([a], [b]) => a - b);
  const facts = known.map(([height, fact]) =>
    'value' in fact ? `slot[${height}] = ${hex(fact.value)}` : `slot[${height}] < 2^${fact.bits}`,
  );
  const window = low === 0 && high === 0 ? [] : [`window ${low} to ${high}`];
  return [...facts, ...window, ...(memory === 0 ? [] : [`memory >= ${memory}`])];
}

class RegionPrinter {
  readonly lines: string[] = [];
  readonly #graph: Graph;
  readonly #nameHost: NameHost;
  /** Numbers of the nodes that the path has printed, in their order. */
  readonly #printed = new Map<Node, number>();
  #count = 0;
  #depth = 1;

  constructor({ graph }: Region, nameHost: NameHost) {
    this.#graph = graph;
    this.#nameHost = nameHost;
  }

  #line(text: string): void {
    this.lines.push(INDENT.repeat(this.#depth) + text);
  }

  block({ statements, end }: RegionBlock): void {
    for (const statement of statements) this.#statement(statement);
    this.#end(end);
  }

  // ---- values

  /** The name of a node; prints the nodes that it is made of first. */
  #node(node: Node): string {
    const { kinds, a, b } = this.#graph;
    const value = this.#graph.valueOf(node);
    if (value !== undefined) return hex(value);
    const [first, second] = [a[node] as number, b[node] as number];
    switch (kinds[node]) {
      case K.local:
        return `l${first}`;
      case K.window:
        return `slot[${first}].${second}`;
      case K.absolute:
        return `${spillName(first - ((first - RT_SPILL_BASE) % WORD))}.${(first % WORD) / LIMB}`;
      case K.frame:
        return `frame[${first}]`;
      case K.narrowed:
        return this.#node(first);
      default:
        return `%${this.#printed.get(node) ?? this.#define(node)}`;
    }
  }

  /** Prints how a node is made; gives its number. */
  #define(node: Node): number {
    const { kinds, a, b, c, bits } = this.#graph;
    const kind = kinds[node] as number;
    const operands = [this.#node(a[node] as Node)];
    if (hasSecond(kind)) operands.push(this.#node(b[node] as Node));
    if (kind === W.select) operands.push(this.#node(c[node] as Node));
    const isLimb = !this.#graph.isCondition(node);
    const known = isLimb && (bits[node] as number) < 64 ? `  ; < 2^${bits[node]}` : '';
    const number = this.#count++;
    this.#printed.set(node, number);
    this.#line(`%${number} = ${kindName(kind)} ${operands.join(', ')}${known}`);
    return number;
  }

  #wide(value: Wide): string {
    const known = wideValue(this.#graph, value);
    if (known !== undefined) return hex(known);
    const whole = this.#whole(value);
    if (whole !== undefined) return whole;
    const [first] = value;
    if (isNarrow(this.#graph, value)) return this.#node(first);
    return `(${value.map((node) => this.#node(node)).join(' ')})`;
  }

  /** The name of a word whose limbs are those of one slot or one result. */
  #whole(value: Wide): string | undefined {
    const { kinds, a, b } = this.#graph;
    const start = a[value[0]] as number;
    const isSlot = value.every(
      (node, i) => kinds[node] === K.window && a[node] === start && b[node] === i,
    );
    if (isSlot) return `slot[${start}]`;
    const isResult = value.every(
      (node, i) => kinds[node] === K.absolute && a[node] === start + i * LIMB,
    );
    return isResult ? spillName(start) : undefined;
  }

  #argument(argument: Argument): string {
    if ('number' in argument) return String(argument.number);
    return 'node' in argument ? this.#node(argument.node) : this.#wide(argument.wide);
  }

  #arguments(list: readonly Argument[]): string {
    return list.map((each) => this.#argument(each)).join(', ');
  }

  // ---- statements and ends

  #statement(statement: Statement): void {
    switch (statement.kind) {
      case 'enter':
        this.#enter(statement);
        return;
      case 'cover':
        this.#line(`cover ${this.#wide(statement.offset)}`);
        return;
      case 'load': {
        const { offset, result } = statement;
        this.#line(`l${result}..l${result + 3} = load ${this.#wide(offset)}`);
        return;
      }
      case 'store': {
        const [at, value] = [this.#wide(statement.offset), this.#wide(statement.value)];
        this.#line(`store ${at}, ${value}`);
        return;
      }
      case 'loadZero': {
        const { region, offset, result } = statement;
        this.#line(`${resultName(result)} = load_zero ${region}, ${this.#wide(offset)}`);
        return;
      }
      case 'compute': {
        const { name, args, result } = statement;
        this.#line(`${resultName(result)} = ${name} ${this.#arguments(args)}`);
        return;
      }
      case 'apply': {
        const { name, args, result } = statement;
        this.#line(`l${result}..l${result + 3} = ${name} ${this.#arguments(args)}`);
        return;
      }
      case 'charge':
        this.#charge(statement);
        return;
      case 'gasLeft': {
        const rest = statement.rest === 0 ? '' : ` + ${statement.rest}`;
        this.#line(`l${statement.result} = gas_left${rest}`);
        return;
      }
      case 'memorySize':
        this.#line(`l${statement.result} = memory_size`);
    }
  }

  #enter({ gas, low, high, steps }: Statement & { kind: 'enter' }): void {
    const window = [
      ...(low === undefined ? [] : [`low ${low}`]),
      ...(high === undefined ? [] : [`high ${high}`]),
    ];
    this.#line(
      ['enter', `gas ${gas},`, `steps ${steps}${window.length === 0 ? '' : ','}`, window.join(', ')]
        .join(' ')
        .trimEnd(),
    );
  }

  #charge({ name, args, result, resultAt, rest }: Statement & { kind: 'charge' }): void {
    const left = resultAt === undefined ? '' : `${resultName(result)} = `;
    const note = rest === 0 ? '' : `  ; rest ${rest}`;
    this.#line(`${left}charge ${name} ${this.#arguments(args)}`.trimEnd() + note);
  }

  #end(end: End): void {
    switch (end.kind) {
      case 'block':
        this.block(end.block);
        return;
      case 'branch':
        this.#branch(end);
        return;
      case 'loop':
        this.#line(`loop${this.#leave(end)}`);
        return;
      case 'fork': {
        const [yes, no] = [exitName(end.yes), exitName(end.no)];
        this.#line(`fork ${this.#node(end.condition)}, ${yes}, ${no}${this.#leave(end)}`);
        return;
      }
      case 'goto':
        this.#line(`goto ${exitName(end)}${this.#leave(end)}`);
        return;
      case 'dispatch':
        this.#line(`dispatch ${this.#wide(end.target)}${this.#leave(end)}`);
        return;
      case 'suspend': {
        const host = this.#nameHost(end.host);
        this.#line(`suspend ${host} then @${end.next}${this.#leave(end)}`);
        return;
      }
      case 'finish': {
        const [offset, size] = [this.#wide(end.offset), this.#wide(end.size)];
        this.#line(`${end.isRevert ? 'revert' : 'finish'} ${offset}, ${size}`);
        return;
      }
      case 'trap':
        this.#line(`trap ${TRAP_KINDS[end.trap]}`);
        return;
      case 'stop':
        this.#line('stop');
    }
  }

  #branch({ condition, yes, no }: End & { kind: 'branch' }): void {
    this.#line(`if ${this.#node(condition)}`);
    this.#way(yes);
    this.#line('else');
    this.#way(no);
  }

  /** One way of a branch; what it printed is not there for the other. */
  #way(block: RegionBlock): void {
    const before = this.#printed.size;
    this.#depth++;
    this.block(block);
    this.#depth--;
    for (const node of [...this.#printed.keys()].slice(before)) this.#printed.delete(node);
  }

  /** The window as a path leaves it. */
  #leave({ writes, top }: Leave): string {
    const slots = writes.map(([height, value]) => `slot[${height}] = ${this.#wide(value)}`);
    return [`, top ${top}`, ...slots].join(', ');
  }
}

const resultName = (index: number): string => `r${index}`;
const spillName = (address: number): string => resultName((address - RT_SPILL_BASE) / WORD);

function exitName({ target, version }: Exit): string {
  return `@${target} ${version === undefined ? 'interpreter' : `region ${version}`}`;
}

const KIND_NAMES: Readonly<Record<number, string>> = {
  [K.mulHigh]: 'mul_high',
};

const kindName = (kind: number): string =>
  KIND_NAMES[kind] ?? findOpcode(kind)?.name ?? `kind-${kind}`;
