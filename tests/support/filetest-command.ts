/**
 * Reads what a `run`, `gas` or `steps` line of a filetest says:
 * `@f(ARGS) [with gas N, static, host N, region NAME 0xHEX] == EXPECTED`.
 */
import type { Func, Module } from '../../src/dmir/ir.ts';
import { lex, showToken } from '../../src/dmir/lex.ts';
import { Cursor, SyntaxProblem } from '../../src/dmir/text/cursor.ts';
import { literalBits, printConstant } from '../../src/dmir/text/literals.ts';
import type { Type } from '../../src/dmir/types.ts';

export interface RunCommand {
  /** The part before `==`. */
  readonly text: string;
  readonly func: string;
  readonly args: readonly bigint[];
  readonly gas: bigint;
  readonly isStatic: boolean;
  readonly memory: ReadonlyMap<string, Uint8Array>;
  /** What every host function answers; null where the run ends at the first suspension. */
  readonly hostResults: readonly bigint[] | null;
  /** Canonical text of what must come of it. */
  readonly expected: string;
}

/** Gas of a run that names none. */
export const GAS_DEFAULT = 10_000_000n;

/** The command, or what is wrong with the line. */
export function parseCommand(line: string, module: Module): RunCommand | string {
  const at = line.indexOf('==');
  if (at < 0) return '`==` and the expected outcome are missing';
  const text = line.slice(0, at).trim();
  try {
    const cursor = new Cursor(lex(text).tokens);
    const name = cursor.expect('name', 'a function, as `@f`').text.slice(1);
    const func = module.funcs.find((each) => each.name === name);
    if (func === undefined) return `no function @${name} in the file`;
    const args = parseValues(cursor, func.params);
    const options = parseOptions(cursor);
    const expected = canonicalOutcome(line.slice(at + 2).trim(), func);
    return { text, func: name, args, ...options, expected };
  } catch (problem) {
    if (problem instanceof SyntaxProblem) return problem.message;
    throw problem;
  }
}

function parseValue(cursor: Cursor, type: Type): bigint {
  if (!cursor.at('integer') && !cursor.at('float')) cursor.fail(`a constant of type ${type}`);
  const { token } = cursor;
  const bits = literalBits(cursor.literal(), type);
  if (typeof bits === 'string') throw new SyntaxProblem(bits, token);
  return bits;
}

/** As many values in parentheses as there are types. */
function parseValues(cursor: Cursor, types: readonly Type[]): bigint[] {
  cursor.mark('(', 'before the arguments');
  const values = types.map((type, index) => {
    if (index > 0) cursor.mark(',', `as there are ${types.length} parameters`);
    return parseValue(cursor, type);
  });
  cursor.mark(')', `after ${types.length} arguments`);
  return values;
}

type Options = Pick<RunCommand, 'gas' | 'isStatic' | 'memory' | 'hostResults'>;

function parseOptions(cursor: Cursor): Options {
  const memory = new Map<string, Uint8Array>();
  let gas = GAS_DEFAULT;
  let isStatic = false;
  let hostResults: bigint[] | null = null;
  if (cursor.keyword('with')) {
    do {
      if (cursor.keyword('gas')) {
        gas = BigInt(cursor.expect('integer', 'an amount of gas').text);
      } else if (cursor.keyword('static')) {
        isStatic = true;
      } else if (cursor.keyword('host')) {
        hostResults = [parseValue(cursor, 'i256')];
      } else if (cursor.keyword('region')) {
        const name = cursor.expect('word', 'the name of a region').text;
        const hex = cursor.expect('integer', 'the bytes as 0x…').text.slice(2);
        memory.set(name, Uint8Array.from(Buffer.from(hex, 'hex')));
      } else {
        cursor.fail('`gas`, `static`, `host` or `region`');
      }
    } while (cursor.accept('mark', ','));
  }
  if (!cursor.at('newline')) cursor.fail('`with` or `==`');
  return { gas, isStatic, memory, hostResults };
}

/** Results in canonical form, so that `-1` may be written; other outcomes as they are. */
function canonicalOutcome(text: string, func: Func): string {
  const { tokens } = lex(text);
  const first = tokens[0]!;
  if (first.kind !== 'integer' && first.kind !== 'float') return text;
  if (func.results.length === 0) return text;
  const cursor = new Cursor(tokens);
  const parts = func.results.map((type, index) => {
    if (index > 0) cursor.mark(',', 'between the results');
    return printConstant(parseValue(cursor, type), type);
  });
  const { token } = cursor;
  if (token.kind === 'newline') return parts.join(', ');
  throw new SyntaxProblem(`found ${showToken(token)} after the results`, token);
}
