/**
 * The dMIR verifier. It reports every violation with its place and never throws. It checks:
 *
 * Module
 *  - names of the module, regions, spaces, hosts and functions are identifiers, and unique in their
 *    kind;
 *  - at most 8 regions; sizes are whole bytes below 2^32 with min <= max; the bounds rule is known;
 *  - a host's gas fits 32 bits, its types are types, and its spaces are declared.
 *
 * Function
 *  - it has a block; a block's key is its id, a number below 2^32; types are types;
 *  - closed: the entry block's parameters have the types of the function's;
 *  - open: no parameters and no results; every block parameter is an i256;
 *  - a block ends in its only terminator; a source program counter is -1 or a whole number.
 *
 * Instruction (`verify-inst.ts`)
 *  - the controlling type is in the row's set; operands and results have the number and the types
 *    of the row; a constant exists, is not negative and fits its type; zext, sext and trunc start
 *    from a register and do what their name says to the width;
 *  - the immediate is in range: region, space, function, host, trap kind but `none`, 32-bit gas;
 *  - a write goes to a writable region; a callee is closed; a tail call has the caller's results;
 *  - targets: their number and blocks exist; in a closed function the arguments (and after them the
 *    results of a host) have the number and types of the block's parameters; in an open function
 *    they are i256;
 *  - closed: no `dispatch`; open: no `return` or `tail_call`, a host takes and gives i256 only,
 *    `grow` covers what the block leaves; `grow` is 0 in a closed function.
 *
 * Registers
 *  - each is defined once and its definition dominates its uses; in an open function, where
 *    `dispatch` may enter any block, it is used in its own block only;
 *  - a block that the entry does not reach must still define before use what it defines itself.
 */
import {
  createReporter,
  type Diagnostic,
  type Locations,
  NO_LOCATIONS,
  type Reporter,
  registerName,
} from './diagnostics.ts';
import { computeDominators } from './dominators.ts';
import type { Block, Func, HostDecl, Inst, Module, RegId, Region } from './ir.ts';
import { IDENTIFIER } from './lex.ts';
import { TERMINATORS } from './ops.ts';
import { isType } from './types.ts';
import { blockGrowth, paramTypes } from './typing.ts';
import { type InstContext, verifyInst } from './verify-inst.ts';

/** Most regions of a module: a frame has as many region descriptors. */
export const REGION_COUNT_MAX = 8;

const U32_LIMIT = 2 ** 32;

/**
 * Every violation in the module, none for a valid one.
 *
 * @param locations from `parseModule`, so that the violations name lines
 */
export function verifyModule(module: Module, locations: Locations = NO_LOCATIONS): Diagnostic[] {
  const reporter = createReporter(locations);
  verifyNames(module, reporter);
  if (module.regions.length > REGION_COUNT_MAX) {
    const message = `a module has at most ${REGION_COUNT_MAX} regions, not ${module.regions.length}`;
    reporter.report('region', message, { part: module.regions[REGION_COUNT_MAX]! });
  }
  for (const region of module.regions) verifyRegion(region, reporter);
  for (const host of module.hosts) verifyHost(module, host, reporter);
  for (const func of module.funcs) new FuncVerifier(module, func, reporter, locations).run();
  return reporter.diagnostics;
}

function isBelow(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < limit;
}

function verifyNames(module: Module, { report }: Reporter): void {
  if (module.name !== '' && !IDENTIFIER.test(module.name)) {
    report('name', `\`${module.name}\` is no name for a module`);
  }
  const kinds: [string, readonly { readonly name: string }[]][] = [
    ['region', module.regions],
    ['cell space', module.spaces.map((name) => ({ name }))],
    ['host function', module.hosts],
    ['function', module.funcs],
  ];
  for (const [what, parts] of kinds) {
    const seen = new Set<string>();
    for (const part of parts) {
      if (!IDENTIFIER.test(part.name)) report('name', `\`${part.name}\` is no name`, { part });
      if (seen.has(part.name)) {
        report('name', `${what} \`${part.name}\` is declared twice`, { part });
      }
      seen.add(part.name);
    }
  }
}

function verifyRegion(region: Region, { report }: Reporter): void {
  const { name, bounds, min, max } = region;
  if (!['trap', 'zero', 'charge'].includes(bounds)) {
    report('region', `region ${name}: \`${bounds}\` is no bounds rule`, { part: region });
  }
  if (!isBelow(min, U32_LIMIT) || !isBelow(max, U32_LIMIT)) {
    report('region', `region ${name}: sizes are whole bytes below 2^32`, { part: region });
  } else if (min > max) {
    const message = `region ${name}: ${min} bytes at the start are more than the ${max} at most`;
    report('region', message, { part: region });
  }
}

function verifyHost(module: Module, host: HostDecl, { report }: Reporter): void {
  if (!isBelow(host.gas, U32_LIMIT)) {
    const message = `host @${host.name}: gas ${host.gas} is no whole number below 2^32`;
    report('host', message, { part: host });
  }
  for (const type of [...host.params, ...host.results]) {
    if (!isType(type)) report('host', `host @${host.name}: \`${type}\` is no type`, { part: host });
  }
  for (const space of new Set([...host.reads, ...host.writes])) {
    if (module.spaces.includes(space)) continue;
    const message = `host @${host.name}: \`${space}\` is no cell space; declare \`space ${space}\``;
    report('host', message, { part: host });
  }
}

/** Where a register gets its value; parameters come before instruction 0. */
interface Definition {
  readonly block: Block;
  readonly index: number;
}

class FuncVerifier {
  readonly #module: Module;
  readonly #func: Func;
  readonly #report: Reporter['report'];
  readonly #locations: Locations;
  readonly #definitions = new Map<RegId, Definition>();

  constructor(module: Module, func: Func, reporter: Reporter, locations: Locations) {
    this.#module = module;
    this.#func = func;
    this.#report = reporter.report;
    this.#locations = locations;
  }

  run(): void {
    const func = this.#func;
    this.#verifySignature();
    if (func.blocks.size === 0) {
      this.#report('function', `@${func.name} has no block; add \`@0:\``, { func });
    }
    for (const [key, block] of func.blocks) {
      this.#verifyBlock(key, block);
      this.#define(block);
    }
    for (const block of func.blocks.values()) this.#verifyInsts(block);
    this.#verifyUses();
  }

  #verifySignature(): void {
    const func = this.#func;
    for (const type of [...func.params, ...func.results, ...func.types]) {
      if (!isType(type)) this.#report('function', `\`${type}\` is no type`, { func });
    }
    if (func.open) {
      if (func.params.length + func.results.length === 0) return;
      const message = 'an open function has no parameters and no results: it has a window';
      this.#report('open', message, { func });
      return;
    }
    const entry: Block | undefined = func.blocks.values().next().value;
    if (entry === undefined) return;
    const types = paramTypes(func, entry).join(', ');
    if (types === func.params.join(', ')) return;
    const message = `the entry block takes (${types}) but the function (${func.params.join(', ')})`;
    this.#report('function', message, { func, block: entry });
  }

  #verifyBlock(key: number, block: Block): void {
    const func = this.#func;
    const place = { func, block };
    if (key !== block.id || !isBelow(block.id, U32_LIMIT)) {
      const message = `block @${block.id} under the key ${key}: ids are whole numbers below 2^32`;
      this.#report('block', message, place);
    }
    this.#verifyGrow(block);
    const last = block.insts.at(-1);
    if (last === undefined) {
      this.#report('terminator', `block @${block.id} is empty; end it as with \`stop\``, place);
    } else if (!TERMINATORS.has(last.op)) {
      const message = `block @${block.id} ends in \`${last.op}\`, which is no terminator`;
      this.#report('terminator', message, { ...place, inst: last });
    }
    for (const inst of block.insts.slice(0, -1)) {
      if (!TERMINATORS.has(inst.op)) continue;
      const message = `terminator \`${inst.op}\` stands before the end of block @${block.id}`;
      this.#report('terminator', message, { ...place, inst });
    }
    if (!func.open) return;
    for (const register of block.params) {
      const type = func.types[register];
      if (type === 'i256' || type === undefined) continue;
      const message = `parameter ${this.#name(register)} is ${type}; the window holds i256`;
      this.#report('open', message, place);
    }
  }

  #verifyGrow(block: Block): void {
    const func = this.#func;
    const least = blockGrowth(this.#module, func, block);
    const isRight = func.open ? isBelow(block.grow, 2 ** 16) && block.grow >= least : !block.grow;
    if (isRight) return;
    const rule = func.open
      ? `it leaves ${least} slots; write at least \`grow ${least}\``
      : 'a closed function has no window';
    const message = `block @${block.id} cannot have \`grow ${block.grow}\`: ${rule}`;
    this.#report('open', message, { func, block });
  }

  #define(block: Block): void {
    const place = { func: this.#func, block };
    const define = (register: RegId, index: number, inst?: Inst): void => {
      const where = inst === undefined ? place : { ...place, inst };
      if (!isBelow(register, this.#func.types.length)) {
        this.#report('register', `$${register} has no type in the function`, where);
      } else if (this.#definitions.has(register)) {
        const message = `${this.#name(register)} is defined twice; a register has one definition`;
        this.#report('register', message, where);
      } else {
        this.#definitions.set(register, { block, index });
      }
    };
    for (const register of block.params) define(register, -1);
    block.insts.forEach((inst, index) => {
      for (const register of inst.results) define(register, index, inst);
    });
  }

  #verifyInsts(block: Block): void {
    const context: InstContext = {
      module: this.#module,
      func: this.#func,
      block,
      report: this.#report,
      name: (register) => this.#name(register),
    };
    for (const inst of block.insts) verifyInst(context, inst);
  }

  #verifyUses(): void {
    const func = this.#func;
    const dominators = computeDominators(func);
    const reached = new Set(dominators.order);
    for (const block of func.blocks.values()) {
      block.insts.forEach((inst, index) => {
        const operands = [...inst.args, ...inst.targets.flatMap((target) => target.args)];
        for (const register of new Set(operands.filter((operand) => operand >= 0))) {
          const problem = this.#useProblem(register, block, index, reached, dominators.dominates);
          if (problem === null) continue;
          this.#report(problem.code, problem.message, { func, block, inst });
        }
      });
    }
  }

  #useProblem(
    register: RegId,
    block: Block,
    index: number,
    reached: ReadonlySet<number>,
    dominates: (a: number, b: number) => boolean,
  ): { code: 'register' | 'dominance' | 'open'; message: string } | null {
    const definition = this.#definitions.get(register);
    const name = this.#name(register);
    if (definition === undefined) {
      return { code: 'register', message: `${name} is never defined` };
    }
    if (definition.block === block) {
      if (definition.index < index) return null;
      return { code: 'dominance', message: `${name} is used before its definition` };
    }
    const home = definition.block.id;
    if (this.#func.open) {
      const remedy = 'an open block sees its own registers only: pass it as an argument';
      return { code: 'open', message: `${name} is defined in block @${home}; ${remedy}` };
    }
    if (!reached.has(block.id) || dominates(home, block.id)) return null;
    const remedy = `which does not dominate block @${block.id}`;
    return { code: 'dominance', message: `${name} is defined in block @${home}, ${remedy}` };
  }

  #name(register: RegId): string {
    return registerName(this.#locations, this.#func, register);
  }
}
