/**
 * Filetests: dMIR files that say what must come of them. The first line names the subjects, as
 * `; test verify, run`; directives are comments with one `;`, prose is written with `;;`.
 *
 *   ; error: TEXT         on the guilty line: a message there contains TEXT; all errors are named
 *   ; check: TEXT         the subject's output has a line with TEXT, after that of the check before
 *   ; run: @f(1, -2) == 3, 0.5            results, or `trap KIND`, `stop`, `finish 0x…`,
 *                                         `revert 0x…`, `suspend @host(…)`
 *   ; run: @f(1) with gas 10, static, host 42, region input 0xff == trap out-of-gas
 *   ; gas: @f(1) == 21                    gas used
 *   ; steps: @f(1) == 5                   operations executed
 *
 * With `precise` among the subjects the `check` lines must be the whole output. Subjects and
 * engines are tables: a new one is a new row.
 */
import { printBytecode } from '../../src/dmir/bytecode/disassemble.ts';
import { type Diagnostic, formatDiagnostic } from '../../src/dmir/diagnostics.ts';
import type { Func, Module } from '../../src/dmir/ir.ts';
import { type ParseResult, parseModule } from '../../src/dmir/parse.ts';
import { printModule } from '../../src/dmir/print.ts';
import { printConstant } from '../../src/dmir/text/literals.ts';
import { verifyModule } from '../../src/dmir/verify.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import { ModuleRunner } from '../../src/engines/interpreter/module.ts';
import type { EngineName } from '../../src/engines/names.ts';
import { parseCommand, type RunCommand } from './filetest-command.ts';
import { type ReferenceResult, runReference } from './reference.ts';

/** What an engine must tell of a run. */
export type RunResult = Pick<
  ReferenceResult,
  'status' | 'results' | 'trap' | 'gasLeft' | 'steps' | 'output' | 'suspended'
>;

export type Engine = (module: Module, command: RunCommand) => RunResult;

/** Engines that every `run` and `gas` line is given to, and `steps` where they count them. */
export const ENGINES: Record<string, Engine> = {
  reference: (module, { func, args, gas, isStatic, memory, hostResults }) =>
    runReference(module, func, args, {
      gas,
      isStatic,
      memory,
      ...(hostResults && { host: () => hostResults }),
    }),
  interpreter: (module, command) => runOn('interpreter', module, command),
  multipass: (module, command) => runOn('multipass', module, command),
};

/** Compiled code counts no steps. */
const UNCOUNTED: ReadonlySet<string> = new Set(['multipass']);

function runOn(
  engine: EngineName,
  module: Module,
  { func, args, gas, isStatic, memory, hostResults }: RunCommand,
): RunResult {
  kernel ??= new Kernel();
  const result = new ModuleRunner(module, kernel, undefined, { engine }).run(func, args, {
    gas,
    isStatic,
    memory,
    ...(hostResults && { host: () => hostResults }),
  });
  return { ...result, status: result.end, steps: Number(result.steps) };
}

/** One kernel serves all files. */
let kernel: Kernel | undefined;

/** Subjects whose output is text that `check` lines speak of. */
export const PRINTERS: Record<string, (module: Module) => string> = {
  parse: printModule,
  lower: printBytecode,
};

/** A line of the file that is not as it should be, and what to write there instead. */
export interface Failure {
  /** Counts from 1. */
  readonly line: number;
  readonly message: string;
  /** The line with the expectation that would hold; null where blessing cannot help. */
  readonly blessed: string | null;
}

export interface FileTest {
  readonly subjects: readonly string[];
  readonly isPrecise: boolean;
  readonly text: string;
  readonly lines: readonly string[];
}

type Subject = (test: FileTest, parsed: ParseResult) => Failure[];

const SUBJECTS: Record<string, Subject> = {
  parse: (test, parsed) => [...checkErrors(test, parsed.errors), ...checkRoundTrip(parsed)],
  verify: (test, parsed) => checkErrors(test, allErrors(parsed)),
  run: (test, parsed) => checkCommands(test, parsed, 'run'),
  gas: (test, parsed) => [
    ...checkCommands(test, parsed, 'gas'),
    ...checkCommands(test, parsed, 'steps'),
  ],
};

const HEADER = /^; test ([a-z, ]+)$/;

export function readFileTest(text: string): FileTest | string {
  const lines = text.split('\n');
  const header = HEADER.exec(lines[0] ?? '');
  if (header === null) return 'the first line must be as `; test verify, run`';
  const words = header[1]!.split(',').map((word) => word.trim());
  const subjects = words.filter((word) => word !== 'precise');
  const unknown = subjects.filter((each) => !(each in SUBJECTS) && !(each in PRINTERS));
  if (unknown.length > 0) {
    const known = [...new Set([...Object.keys(SUBJECTS), ...Object.keys(PRINTERS)])].join(', ');
    return `no subject \`${unknown.join(', ')}\`; there are ${known}`;
  }
  return { subjects, isPrecise: words.includes('precise'), text, lines };
}

/** Every failure of a file, by line. */
export function runFileTest(text: string): Failure[] {
  const test = readFileTest(text);
  if (typeof test === 'string') return [{ line: 1, message: test, blessed: null }];
  const parsed = parseModule(text);
  const failures = test.subjects.flatMap((name) => {
    const found = SUBJECTS[name]?.(test, parsed) ?? [];
    const printer = PRINTERS[name];
    const isValid = parsed.errors.length === 0;
    return printer && isValid ? [...found, ...checkOutput(test, printer(parsed.module))] : found;
  });
  const isAboutErrors = test.subjects.some((name) => name === 'parse' || name === 'verify');
  const errors = isAboutErrors ? [] : allErrors(parsed);
  return [...errors.map(unexpected), ...failures].sort((a, b) => a.line - b.line);
}

/** Violations are looked for only in what parsed. */
function allErrors({ module, errors, locations }: ParseResult): Diagnostic[] {
  return errors.length > 0 ? errors : verifyModule(module, locations);
}

function unexpected(diagnostic: Diagnostic): Failure {
  const message = `unexpected ${formatDiagnostic(diagnostic)}`;
  return { line: diagnostic.line ?? 1, message, blessed: null };
}

const ERROR = /\s*; error:\s*((?:(?!; error:).)*)/g;

function checkErrors(test: FileTest, diagnostics: readonly Diagnostic[]): Failure[] {
  const failures: Failure[] = [];
  test.lines.forEach((text, index) => {
    const line = index + 1;
    const found = diagnostics.filter((each) => (each.line ?? 1) === line).map((d) => d.message);
    const wanted = [...text.matchAll(ERROR)].map((match) => match[1]!.trim());
    const left = [...found];
    const missing = wanted.filter((each) => {
      const at = left.findIndex((message) => message.includes(each));
      if (at >= 0) left.splice(at, 1);
      return at < 0;
    });
    if (missing.length + left.length === 0) return;
    const message = [
      ...missing.map((each) => `no error \`${each}\``),
      ...left.map((each) => `unexpected error: ${each}`),
    ].join('; ');
    const clean = text.replaceAll(ERROR, '');
    const blessed = [clean, ...found.map((each) => `; error: ${each}`)].join(' ');
    failures.push({ line, message, blessed });
  });
  return failures;
}

function checkRoundTrip({ module, errors }: ParseResult): Failure[] {
  if (errors.length > 0) return [];
  const first = printModule(module);
  const second = printModule(parseModule(first).module);
  if (first === second) return [];
  return [{ line: 1, message: 'printing, parsing and printing changes the text', blessed: null }];
}

const CHECK = /^; check: (.*)$/;

function checkOutput({ lines, isPrecise }: FileTest, output: string): Failure[] {
  const printed = output.replace(/\n+$/, '').split('\n');
  if (isPrecise) return checkPrecisely(lines, printed);
  const failures: Failure[] = [];
  let from = 0;
  lines.forEach((text, index) => {
    const wanted = CHECK.exec(text)?.[1]?.trim();
    if (wanted === undefined) return;
    const at = printed.findIndex((each, position) => position >= from && each.includes(wanted));
    if (at >= 0) {
      from = at + 1;
      return;
    }
    const message = `no line with \`${wanted}\` from line ${from + 1} of the output:\n${output}`;
    failures.push({ line: index + 1, message, blessed: null });
  });
  return failures;
}

/** The `check` lines, which stand together, must be the output. */
function checkPrecisely(lines: readonly string[], printed: readonly string[]): Failure[] {
  const positions = lines.flatMap((text, index) => (CHECK.test(text) ? [index] : []));
  const wanted = positions.map((index) => CHECK.exec(lines[index]!)![1]!);
  if (wanted.join('\n') === printed.join('\n')) return [];
  const blessed = printed.map((each) => `; check: ${each}`).join('\n');
  const first = positions[0] ?? lines.length - 1;
  const message = `the output is not as the \`check\` lines say:\n${printed.join('\n')}`;
  // Blessing replaces the first line by the whole output and removes the others.
  const removed = positions.slice(1).map((index) => ({
    line: index + 1,
    message: 'a `check` line of the old output',
    blessed: '',
  }));
  return [{ line: first + 1, message, blessed }, ...removed];
}

type CommandKind = 'run' | 'gas' | 'steps';

function checkCommands(test: FileTest, parsed: ParseResult, kind: CommandKind): Failure[] {
  if (allErrors(parsed).length > 0) {
    return test.subjects.includes('verify') ? [] : allErrors(parsed).map(unexpected);
  }
  const failures: Failure[] = [];
  test.lines.forEach((text, index) => {
    if (!text.startsWith(`; ${kind}: `)) return;
    const command = parseCommand(text.slice(kind.length + 4), parsed.module);
    if (typeof command === 'string') {
      failures.push({ line: index + 1, message: command, blessed: null });
      return;
    }
    for (const [name, engine] of Object.entries(ENGINES)) {
      if (kind === 'steps' && UNCOUNTED.has(name)) continue;
      const found = describe(parsed.module, command, engine(parsed.module, command), kind);
      if (found === command.expected) continue;
      const message = `${name}: ${command.text} == ${found}, not ${command.expected}`;
      failures.push({
        line: index + 1,
        message,
        blessed: `; ${kind}: ${command.text} == ${found}`,
      });
      break;
    }
  });
  return failures;
}

function describe(
  module: Module,
  command: RunCommand,
  result: RunResult,
  kind: CommandKind,
): string {
  if (kind === 'gas') return String(command.gas - result.gasLeft);
  if (kind === 'steps') return String(result.steps);
  const func = module.funcs.find((each) => each.name === command.func)!;
  return describeOutcome(func, result);
}

function describeOutcome(func: Func, result: RunResult): string {
  const { status, results, trap, output, suspended } = result;
  switch (status) {
    case 'return':
      if (results.length === 0) return 'return';
      return results.map((value, index) => printConstant(value, func.results[index]!)).join(', ');
    case 'trap':
      return `trap ${trap}`;
    case 'finish':
    case 'revert':
      return `${status} 0x${Buffer.from(output).toString('hex')}`;
    case 'suspend':
      return `suspend @${suspended?.host}(${suspended?.args.join(', ')})`;
    default:
      return status;
  }
}

/** The text with every expectation that blessing can repair as it would hold; prose is kept. */
export function blessFileTest(text: string): string {
  const lines: (string | null)[] = text.split('\n');
  for (const { line, blessed } of runFileTest(text)) {
    if (blessed === null) continue;
    lines[line - 1] = blessed === '' ? null : blessed;
  }
  return lines.filter((line) => line !== null).join('\n');
}
