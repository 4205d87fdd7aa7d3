/**
 * From the syntax tree to IR objects: names become indices, registers get ids in the order of their
 * definitions, omitted type suffixes are settled by operands, and constants get their bit patterns.
 *
 * Only what the IR cannot express is reported here (an unknown name, a type that nothing settles, a
 * literal that has no bits in its type). Everything else is left to the verifier.
 */
import type { Location } from '../diagnostics.ts';
import {
  addConst,
  addReg,
  type Block,
  createFunc,
  type Func,
  type Inst,
  type Module,
} from '../ir.ts';
import { OPS, TRAP_KINDS, TYPE_SETS } from '../ops.ts';
import type { Type } from '../types.ts';
import {
  blockGrowth,
  constAddressType,
  type Expected,
  OPERAND_CLASSES,
  operandTypes,
  resultTypes,
  targetTypes,
} from '../typing.ts';
import { literalBits } from './literals.ts';
import type { Report } from './parse-syntax.ts';
import type { FuncSyntax, InstSyntax, ModuleSyntax, Named, OperandSyntax } from './syntax.ts';

export interface Resolved {
  readonly module: Module;
  readonly places: Map<object, Location>;
  readonly registers: Map<Func, string[]>;
}

export function resolve(syntax: ModuleSyntax, report: Report): Resolved {
  const module: Module = {
    name: syntax.name,
    regions: syntax.regions.map(({ line, column, ...region }) => region),
    spaces: syntax.spaces.map((space) => space.text),
    hosts: syntax.hosts.map(({ line, column, ...host }) => host),
    funcs: syntax.funcs.map((func) => createFunc(func.name, func.open)),
  };
  const places = new Map<object, Location>();
  const registers = new Map<Func, string[]>();
  module.regions.forEach((region, index) => {
    places.set(region, syntax.regions[index]!);
  });
  module.hosts.forEach((host, index) => {
    places.set(host, syntax.hosts[index]!);
  });
  module.funcs.forEach((func, index) => {
    func.params = syntax.funcs[index]!.params;
    func.results = syntax.funcs[index]!.results;
  });
  module.funcs.forEach((func, index) => {
    places.set(func, syntax.funcs[index]!);
    const resolver = new FuncResolver(module, func, report, places);
    resolver.run(syntax.funcs[index]!);
    registers.set(func, resolver.names);
  });
  return { module, places, registers };
}

class FuncResolver {
  /** Names in the text, by register. */
  readonly names: string[] = [];
  readonly #module: Module;
  readonly #func: Func;
  readonly #report: Report;
  readonly #places: Map<object, Location>;
  readonly #ids = new Map<string, number>();
  readonly #constants = new Map<bigint, number>();

  constructor(module: Module, func: Func, report: Report, places: Map<object, Location>) {
    this.#module = module;
    this.#func = func;
    this.#report = report;
    this.#places = places;
  }

  run(syntax: FuncSyntax): void {
    const insts: { syntax: InstSyntax; inst: Inst }[] = [];
    syntax.blocks.forEach((block, index) => {
      const params = this.#defineParams(block.params, index === 0 && !syntax.open);
      if (this.#func.blocks.has(block.id)) {
        this.#report(`block @${block.id} is defined twice in @${syntax.name}`, block);
        return;
      }
      const made: Block = { id: block.id, params, insts: [], grow: block.grow ?? 0 };
      this.#func.blocks.set(block.id, made);
      this.#places.set(made, block);
      for (const each of block.insts) {
        const inst = this.#start(each);
        made.insts.push(inst);
        insts.push({ syntax: each, inst });
      }
    });
    this.#settleTypes(insts);
    for (const each of insts) this.#finish(each.syntax, each.inst);
    for (const block of syntax.blocks) {
      const made = this.#func.blocks.get(block.id);
      if (made !== undefined && block.grow === null) {
        made.grow = blockGrowth(this.#module, this.#func, made);
      }
    }
  }

  /** The entry block of a closed function takes the function's parameters where it lists none. */
  #defineParams(params: readonly (Named & { type: Type })[] | null, isEntry: boolean): number[] {
    if (isEntry && params === null) {
      return this.#func.params.map((type, index) => this.#define(`$${index}`, type));
    }
    return (params ?? []).map((param) => this.#define(param.text, param.type));
  }

  /** A register defined a second time keeps its id, so that the verifier sees both definitions. */
  #define(name: string, type: Type): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id = addReg(this.#func, type);
    this.#ids.set(name, id);
    this.names[id] = name;
    return id;
  }

  #start(syntax: InstSyntax): Inst {
    const { op, pc } = syntax;
    const inst: Inst = {
      op,
      type: syntax.type ?? 'i64',
      args: [],
      results: [],
      imm: this.#imm(syntax),
      targets: [],
      pc,
    };
    this.#places.set(inst, syntax);
    return inst;
  }

  #imm({ op, imm }: InstSyntax): number {
    if (imm.kind === 'none') return 0;
    if (imm.kind === 'number') return imm.value;
    const module = this.#module;
    const [first, second] = imm.names;
    const funcs = module.funcs.map((func) => func.name);
    const hosts = module.hosts.map((host) => host.name);
    const regions = module.regions.map((region) => region.name);
    switch (OPS[op].imm) {
      case 'func':
        return this.#lookUp('function', '@', funcs, first);
      case 'host':
        return this.#lookUp('host function', '@', hosts, first);
      case 'space':
        return this.#lookUp('cell space', '', module.spaces, first);
      case 'trap':
        return this.#lookUp('trap kind', '', TRAP_KINDS, first);
      case 'regions':
        return (
          this.#lookUp('region', '', regions, first) * 256 +
          this.#lookUp('region', '', regions, second)
        );
      default:
        return this.#lookUp('region', '', regions, first);
    }
  }

  #lookUp(what: string, sigil: string, names: readonly string[], name: Named | undefined): number {
    if (name === undefined) throw new Error('BUG: an immediate without its name');
    const index = names.indexOf(name.text.slice(sigil.length));
    if (index >= 0) return index;
    const known = names.map((each) => sigil + each).join(', ');
    const remedy = names.length === 0 ? 'none is declared' : `known: ${known}`;
    this.#report(`\`${name.text}\` is no ${what}; ${remedy}`, name);
    return 0;
  }

  /**
   * Settles types until every instruction has one; a use may stand above its definition, so several
   * rounds may be needed. What nothing settles gets a type too, so that it is reported only once.
   */
  #settleTypes(insts: readonly { syntax: InstSyntax; inst: Inst }[]): void {
    let open = [...insts];
    while (open.length > 0) {
      const left = open.filter(({ syntax, inst }) => !this.#settle(syntax, inst));
      if (left.length === open.length) this.#force(left.shift()!);
      open = left;
    }
  }

  #force({ syntax, inst }: { syntax: InstSyntax; inst: Inst }): void {
    const allowed: readonly Type[] = TYPE_SETS[OPS[syntax.op].types];
    inst.type = allowed[0] ?? 'i64';
    const isUndefined = this.#usesUndefined(syntax);
    this.#defineResults(syntax, inst);
    if (isUndefined) return;
    const choices = allowed.map((type) => `.${type}`).join(', ');
    const message = `\`${syntax.op}\` needs a type suffix, as no operand settles it: ${choices}`;
    this.#report(message, syntax);
  }

  #settle(syntax: InstSyntax, inst: Inst): boolean {
    const type = this.#controllingType(syntax);
    if (type === null) return false;
    inst.type = type;
    this.#defineResults(syntax, inst);
    return true;
  }

  #controllingType({ op, type, args }: InstSyntax): Type | null {
    if (type !== null) return type;
    const allowed: readonly Type[] = TYPE_SETS[OPS[op].types];
    if (allowed.length === 0) return 'i64';
    if (allowed.length === 1) return allowed[0]!;
    for (const [index, entry] of OPERAND_CLASSES[op].entries()) {
      const arg = args[index];
      if (entry !== 'T' || arg?.kind !== 'register') continue;
      const id = this.#ids.get(arg.text);
      if (id !== undefined) return this.#func.types[id]!;
    }
    return null;
  }

  #usesUndefined({ args }: InstSyntax): boolean {
    return args.some((arg) => arg.kind === 'register' && !this.#ids.has(arg.text));
  }

  #defineResults(syntax: InstSyntax, inst: Inst): void {
    const types = resultTypes(this.#module, inst) ?? [];
    inst.results = syntax.results.map(({ text }, index) =>
      this.#define(text, types[index] ?? inst.type),
    );
  }

  #finish(syntax: InstSyntax, inst: Inst): void {
    // The number of operands decides the types of some (topics), so it must be known first.
    inst.args = syntax.args.map(() => 0);
    const expected = operandTypes(this.#module, this.#func, inst) ?? [];
    inst.args = syntax.args.map((arg, index) => this.#operand(arg, expected[index] ?? inst.type));
    for (const { line, column, block, args } of syntax.targets) {
      const target = { block, args: args.map(() => 0) };
      const types = targetTypes(this.#module, this.#func, inst, target) ?? [];
      target.args = args.map((arg, index) => this.#operand(arg, types[index] ?? 'i64'));
      this.#places.set(target, { line, column });
      inst.targets.push(target);
    }
  }

  #operand(operand: OperandSyntax, expected: Expected): number {
    if (operand.kind === 'register') {
      const isType = expected !== 'address' && expected !== 'integer';
      return this.#define(operand.text, isType ? expected : 'i64');
    }
    const { literal } = operand;
    const bits = literalBits(literal, literalType(expected, operand));
    if (typeof bits !== 'string') return this.#constant(bits);
    this.#report(bits, operand);
    return this.#constant(0n);
  }

  #constant(value: bigint): number {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const operand = addConst(this.#func, value);
    this.#constants.set(value, operand);
    return operand;
  }
}

function literalType(expected: Expected, operand: OperandSyntax & { kind: 'literal' }): Type {
  if (expected !== 'address' && expected !== 'integer') return expected;
  return operand.literal.kind === 'integer' ? constAddressType(operand.literal.value) : 'i64';
}
