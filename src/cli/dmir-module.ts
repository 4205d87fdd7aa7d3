/**
 * A dMIR file, text or binary, to a module that may run: parsed or decoded, and verified, with all
 * errors told at once.
 */
import { ContainerError, decodeModule } from '../dmir/bytecode/container.ts';
import { type Diagnostic, type DiagnosticCode, formatDiagnostic } from '../dmir/diagnostics.ts';
import type { Func, Module } from '../dmir/ir.ts';
import { parseModule } from '../dmir/parse.ts';
import { verifyModule } from '../dmir/verify.ts';
import type { DmirContract } from '../languages/contract.ts';
import { InputError } from '../languages/errors.ts';
import { didYouMean } from '../languages/suggest.ts';

/** One diagnostic with its line of the text and a mark below the place. */
function showDiagnostic(diagnostic: Diagnostic, file: string, lines: readonly string[]): string {
  const heading = formatDiagnostic(diagnostic, file);
  const { line, column } = diagnostic;
  const source = line === null ? undefined : lines[line - 1];
  if (source === undefined) return heading;
  const margin = ' '.repeat(String(line).length);
  const indent = source.slice(0, (column ?? 1) - 1).replace(/[^\t]/g, ' ');
  return `${heading}\n ${line} | ${source}\n ${margin} | ${indent}^`;
}

/** Violations that an instruction which did not parse cannot have caused elsewhere. */
const INDEPENDENT: ReadonlySet<DiagnosticCode> = new Set([
  'name',
  'operand-count',
  'result-count',
  'region',
  'host',
  'function',
  'register',
]);

/**
 * What the verifier finds beside errors of the parser. In a function with such an error some
 * violations are only its echo: a register without a definition because the line of the definition
 * is the wrong one. Those are left out.
 */
function withoutEchoes(
  violations: readonly Diagnostic[],
  errors: readonly Diagnostic[],
  text: string,
  startOf: (name: string) => number,
): Diagnostic[] {
  const lines = text.split('\n');
  const wrongLines = new Set(errors.map((error) => error.line ?? 0));
  const starts = [...lines.keys()].filter((index) => /^\s*func\b/.test(lines[index] ?? ''));
  const functionOf = (line: number): number => starts.findLast((index) => index < line) ?? -1;
  const wrongFunctions = new Set([...wrongLines].map(functionOf));
  const definitions = [...wrongLines].map((line) => (lines[line - 1] ?? '').split('=')[0] ?? '');
  return violations.filter((violation) => {
    const line = violation.line ?? (violation.func === null ? 0 : startOf(violation.func));
    if (wrongLines.has(line)) return false;
    if (!wrongFunctions.has(functionOf(line))) return true;
    const register = /^(\S+) is never defined/.exec(violation.message)?.[1];
    if (register !== undefined) {
      return !definitions.some((names) => names.split(/[\s,:]+/).includes(register));
    }
    return INDEPENDENT.has(violation.code);
  });
}

/**
 * The module of a file, which verifies.
 *
 * @throws InputError `dmir-invalid`
 */
export function readModule({ content, file }: DmirContract): Module {
  return typeof content === 'string' ? readText(content, file) : readBinary(content, file);
}

function readBinary(bytes: Uint8Array, file: string): Module {
  const module = decode(bytes, file);
  const violations = verifyModule(module);
  if (violations.length > 0) throw invalidModule(violations, file, []);
  return module;
}

function decode(bytes: Uint8Array, file: string): Module {
  try {
    return decodeModule(bytes);
  } catch (error) {
    if (!(error instanceof ContainerError)) throw error;
    throw new InputError(
      'dmir-invalid',
      `${file} is damaged: ${error.message}`,
      'the file has to be whole and unchanged; lockstep compile FILE.dmir --out DIR writes it anew',
    );
  }
}

/** A text that does not parse is verified all the same, so that all its mistakes come at once. */
function readText(text: string, file: string): Module {
  const { module, errors, locations } = parseModule(text);
  const violations = verifyModule(module, locations);
  if (errors.length === 0 && violations.length === 0) return module;
  const startOf = (name: string): number => {
    const func = module.funcs.find((each) => each.name === name);
    return (func && locations.places.get(func)?.line) ?? 0;
  };
  const found = errors.length === 0 ? violations : withoutEchoes(violations, errors, text, startOf);
  const diagnostics = [...errors, ...found].sort((a, b) => {
    return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
  });
  throw invalidModule(diagnostics, file, text.split('\n'));
}

function invalidModule(
  diagnostics: readonly Diagnostic[],
  file: string,
  lines: readonly string[],
): InputError {
  const count = diagnostics.length === 1 ? '1 error' : `${diagnostics.length} errors`;
  const list = diagnostics.map((each) => showDiagnostic(each, file, lines)).join('\n\n');
  return new InputError('dmir-invalid', `${file} is not valid dMIR: ${count}\n\n${list}`);
}

/**
 * The function of a name, with or without its `@`; without a name the only one, or `@main`.
 *
 * @throws InputError `function-unknown`
 */
export function findModuleFunction(module: Module, name: string | undefined, file: string): Func {
  const names = module.funcs.map((func) => func.name);
  const [first, second] = module.funcs;
  if (name === undefined && second === undefined && first !== undefined) return first;
  const wanted = (name ?? 'main').replace(/^@/, '');
  const found = module.funcs.find((func) => func.name === wanted);
  if (found !== undefined) return found;
  const list = names.map((each) => `@${each}`).join(', ');
  throw new InputError(
    'function-unknown',
    name === undefined
      ? `${file} has ${names.length} functions and none is @main`
      : `${file} has no function @${wanted}${didYouMean(wanted, names)}`,
    names.length === 0 ? 'the module has no functions' : `name one with --call: ${list}`,
  );
}
