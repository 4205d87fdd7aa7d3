/**
 * Reads one instruction line. The shapes:
 *
 *   results = op.type imm, operands         the ordinary one
 *   results = call @f(operands)             also tail_call, and suspend with `-> target`
 *   results = call_indirect @f $i(operands) the index stands before the arguments
 *   br_if $c, @1(…), @2(…)                  operands, then targets
 *   dispatch.i256 $pc(…)                    the operand takes the place of the block
 */
import type { Location } from '../diagnostics.ts';
import { isOpName, OP_NAMES, OPS, type OpName } from '../ops.ts';
import { isType, type Type } from '../types.ts';
import { NO_BLOCK, targetCounts } from '../typing.ts';
import { type Cursor, SyntaxProblem } from './cursor.ts';
import type { ImmSyntax, InstSyntax, Named, OperandSyntax, TargetSyntax } from './syntax.ts';

/** Reads an instruction up to the end of its line; `pc` is that of the instruction before. */
export function parseInst(cursor: Cursor, pc: number): InstSyntax {
  const results = parseResults(cursor);
  const { line, column } = cursor.token;
  const { op, type } = parseMnemonic(cursor);
  const imm = parseImm(cursor, op);
  const { args, targets } = parseOperands(cursor, op, imm.kind !== 'none');
  const suffix = parsePc(cursor);
  cursor.endOfLine();
  return { line, column, op, type, results, imm, args, targets, pc: suffix ?? pc };
}

function parseResults(cursor: Cursor): Named[] {
  const results: Named[] = [];
  if (!cursor.at('register')) return results;
  do {
    results.push(cursor.expect('register', 'a register, as `$2`'));
  } while (cursor.accept('mark', ','));
  cursor.mark('=', 'after the results');
  return results;
}

function parseMnemonic(cursor: Cursor): { op: OpName; type: Type | null } {
  const token = cursor.expect('word', 'an operation, as `add.i64`');
  const dot = token.text.indexOf('.');
  const op = dot < 0 ? token.text : token.text.slice(0, dot);
  if (!isOpName(op)) {
    const hint = nearest(op);
    const remedy = hint === null ? 'docs/dmir.md lists them' : `did you mean \`${hint}\`?`;
    throw new SyntaxProblem(`\`${op}\` is no operation; ${remedy}`, token);
  }
  if (dot < 0) return { op, type: null };
  const type = token.text.slice(dot + 1);
  if (!isType(type)) throw new SyntaxProblem(`\`${type}\` after \`${op}.\` is no type`, token);
  if (OPS[op].types === 'none') {
    throw new SyntaxProblem(`\`${op}\` takes no type; write \`${op}\``, token);
  }
  return { op, type };
}

function parseImm(cursor: Cursor, op: OpName): ImmSyntax {
  switch (OPS[op].imm) {
    case 'none':
      return { kind: 'none' };
    case 'region':
      return { kind: 'names', names: [cursor.expect('word', 'the name of a region')] };
    case 'regions': {
      const to = cursor.expect('word', 'the name of the destination region');
      cursor.mark(',', 'between the regions');
      return { kind: 'names', names: [to, cursor.expect('word', 'the name of the source region')] };
    }
    case 'space':
      return { kind: 'names', names: [cursor.expect('word', 'the name of a cell space')] };
    case 'func':
      return { kind: 'names', names: [cursor.expect('name', 'a function, as `@name`')] };
    case 'host':
      return { kind: 'names', names: [cursor.expect('name', 'a host function, as `@name`')] };
    case 'trap':
      if (cursor.at('word')) return { kind: 'names', names: [cursor.next()] };
      return { kind: 'number', value: cursor.number('a trap kind, as `user`, or its code') };
    case 'gas':
      return { kind: 'number', value: cursor.number('an amount of gas') };
    case 'count':
      return { kind: 'number', value: cursor.number('a count') };
  }
}

interface Operands {
  readonly args: OperandSyntax[];
  readonly targets: TargetSyntax[];
}

function parseOperands(cursor: Cursor, op: OpName, hasImm: boolean): Operands {
  switch (op) {
    case 'call':
    case 'tail_call':
      return { args: parseArgs(cursor, true), targets: [] };
    case 'suspend': {
      const args = parseArgs(cursor, true);
      cursor.mark('->', 'and the block that takes the results');
      return { args, targets: [parseTarget(cursor)] };
    }
    case 'call_indirect':
    case 'tail_call_indirect': {
      const index = parseOperand(cursor);
      return { args: [index, ...parseArgs(cursor, true)], targets: [] };
    }
    case 'dispatch': {
      const { line, column } = cursor.token;
      const pc = parseOperand(cursor);
      const args = parseArgs(cursor, false);
      return { args: [pc], targets: [{ line, column, block: NO_BLOCK, args }] };
    }
    default:
      return parseList(cursor, hasImm, targetCounts(op)[1] > 0);
  }
}

/** Operands separated by commas, then targets where the operation has them. */
function parseList(cursor: Cursor, hasImm: boolean, hasTargets: boolean): Operands {
  const args: OperandSyntax[] = [];
  const targets: TargetSyntax[] = [];
  const ends = () => cursor.at('newline') || cursor.at('mark', '!');
  if (ends()) return { args, targets };
  if (hasImm) cursor.mark(',', 'between the operands');
  do {
    if (hasTargets && (cursor.at('block') || targets.length > 0)) targets.push(parseTarget(cursor));
    else args.push(parseOperand(cursor));
  } while (cursor.accept('mark', ','));
  if (!ends()) cursor.fail('`,` or the end of the line');
  return { args, targets };
}

function parseOperand(cursor: Cursor): OperandSyntax {
  const { kind, text, line, column } = cursor.token;
  if (kind === 'register') {
    cursor.next();
    return { kind: 'register', text, line, column };
  }
  if (kind !== 'integer' && kind !== 'float') cursor.fail('a register or a constant');
  return { kind: 'literal', literal: cursor.literal(), line, column };
}

/** Operands in parentheses; an empty list may be left out where it is not required. */
function parseArgs(cursor: Cursor, required: boolean): OperandSyntax[] {
  const args: OperandSyntax[] = [];
  if (!required && !cursor.at('mark', '(')) return args;
  cursor.mark('(', 'before the arguments');
  if (cursor.accept('mark', ')')) return args;
  do {
    args.push(parseOperand(cursor));
  } while (cursor.accept('mark', ','));
  cursor.mark(')', 'after the arguments');
  return args;
}

function parseTarget(cursor: Cursor): TargetSyntax {
  const { line, column } = cursor.token;
  const block = blockId(cursor.expect('block', 'a block, as `@3(…)`'));
  return { line, column, block, args: parseArgs(cursor, false) };
}

/** The number of a block token. */
export function blockId(token: Location & { readonly text: string }): number {
  const id = Number(token.text.slice(1));
  if (id >= 2 ** 32) throw new SyntaxProblem(`block ${token.text} is above @4294967295`, token);
  return id;
}

/** The source program counter of `!0x42`, -1 for `!none`, null where there is no suffix. */
function parsePc(cursor: Cursor): number | null {
  if (!cursor.accept('mark', '!')) return null;
  if (cursor.keyword('none')) return -1;
  if (!cursor.at('integer')) {
    cursor.fail(`a source program counter, as \`!0x42\`, or \`!none\``);
  }
  return cursor.number('a source program counter');
}

/** A mnemonic within two edits of a wrong one, for the message. */
function nearest(word: string): OpName | null {
  let best: OpName | null = null;
  let bestDistance = 3;
  for (const op of OP_NAMES) {
    const distance = editDistance(word, op);
    if (distance < bestDistance && distance < word.length) {
      best = op;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replace, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
