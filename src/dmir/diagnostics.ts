/**
 * What the dMIR parser and verifier answer when something is wrong: data with a place, never an
 * exception. A message says what is wrong and, where it is not obvious, what to write instead.
 */
import type { Block, Func, Inst, RegId } from './ir.ts';

/** Stable class of a violation, for programs; the message is for people. */
export type DiagnosticCode =
  | 'syntax' // the text does not follow the grammar
  | 'name' // a name is unknown, repeated or not an identifier
  | 'region'
  | 'host'
  | 'function'
  | 'block'
  | 'terminator'
  | 'target'
  | 'operand-count'
  | 'operand-type'
  | 'result-count'
  | 'result-type'
  | 'type' // the controlling type is not in the row's set, or is not settled
  | 'constant'
  | 'immediate'
  | 'permission'
  | 'register' // a register is undefined, defined twice, or out of range
  | 'dominance'
  | 'open' // a rule of open functions
  | 'pc';

/** One violation. Lines and columns count from 1; null where the module did not come from text. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly func: string | null;
  readonly block: number | null;
  /** Index of the instruction in its block. */
  readonly inst: number | null;
  readonly line: number | null;
  readonly column: number | null;
}

export interface Location {
  readonly line: number;
  readonly column: number;
}

/** Where the parts of a parsed module stand in its text, and how the text calls the registers. */
export interface Locations {
  readonly places: ReadonlyMap<object, Location>;
  readonly registers: ReadonlyMap<Func, readonly string[]>;
}

export const NO_LOCATIONS: Locations = { places: new Map(), registers: new Map() };

/** The name under which messages speak of a register. */
export function registerName(locations: Locations, func: Func, register: RegId): string {
  return locations.registers.get(func)?.[register] ?? `$${register}`;
}

/** Collects violations; the place of a part is looked up when it is reported. */
export interface Reporter {
  readonly diagnostics: Diagnostic[];
  report(code: DiagnosticCode, message: string, place?: Place): void;
}

export interface Place {
  readonly part?: object;
  readonly func?: Func;
  readonly block?: Block;
  readonly inst?: Inst;
}

export function createReporter(locations: Locations): Reporter {
  const diagnostics: Diagnostic[] = [];
  return {
    diagnostics,
    report(code, message, { part, func, block, inst } = {}) {
      const where = [part, inst, block, func].find((each) => each && locations.places.has(each));
      const location = where && locations.places.get(where);
      diagnostics.push({
        code,
        message,
        func: func?.name ?? null,
        block: block?.id ?? null,
        inst: block && inst ? block.insts.indexOf(inst) : null,
        line: location?.line ?? null,
        column: location?.column ?? null,
      });
    },
  };
}

/** One line for people: `fib.dmir:3:5: error: …`, or the function and block without a text. */
export function formatDiagnostic(diagnostic: Diagnostic, file = ''): string {
  const { line, column, func, block, inst, message } = diagnostic;
  if (line !== null) {
    return `${file === '' ? '' : `${file}:`}${line}:${column ?? 1}: error: ${message}`;
  }
  const path = [
    func === null ? '' : `@${func}`,
    block === null ? '' : `block @${block}`,
    inst === null ? '' : `instruction ${inst}`,
  ].filter((part) => part !== '');
  return `${path.length === 0 ? 'module' : path.join(', ')}: error: ${message}`;
}
