/**
 * From tokens to the syntax tree. Every statement is one line; after a wrong one the parser goes on
 * at the next line, so that one run reports all syntax errors it can.
 */
import type { Location } from '../diagnostics.ts';
import type { BoundsRule } from '../ir.ts';
import type { Token } from '../lex.ts';
import type { Type } from '../types.ts';
import { Cursor, SyntaxProblem } from './cursor.ts';
import { blockId, parseInst } from './parse-inst.ts';
import type {
  BlockSyntax,
  HostSyntax,
  ModuleSyntax,
  Named,
  ParamSyntax,
  RegionSyntax,
} from './syntax.ts';

export type Report = (message: string, location: Location) => void;

const BOUNDS = ['trap', 'zero', 'charge'] as const satisfies readonly BoundsRule[];

/** Words that begin a declaration, which therefore end a function whose `}` is missing. */
const DECLARATIONS: ReadonlySet<string> = new Set([
  'module',
  'region',
  'space',
  'host',
  'func',
  'open',
]);

export function parseSyntax(tokens: readonly Token[], report: Report): ModuleSyntax {
  const cursor = new Cursor(tokens);
  const module: ModuleSyntax = { name: '', regions: [], spaces: [], hosts: [], funcs: [] };
  while (!cursor.at('end')) {
    if (cursor.accept('newline')) continue;
    recover(cursor, report, () => parseDeclaration(cursor, module, report));
  }
  return module;
}

/** Runs a rule; on a syntax problem reports it and skips the rest of the line. */
function recover(cursor: Cursor, report: Report, rule: () => void): void {
  try {
    rule();
  } catch (problem) {
    if (!(problem instanceof SyntaxProblem)) throw problem;
    report(problem.message, problem.location);
    cursor.skipLine();
  }
}

function parseDeclaration(cursor: Cursor, module: ModuleSyntax, report: Report): void {
  const start = cursor.token;
  if (cursor.keyword('module')) {
    module.name = cursor.expect('word', 'the name of the module').text;
    cursor.endOfLine();
  } else if (cursor.keyword('region')) {
    module.regions.push(parseRegion(cursor, start));
  } else if (cursor.keyword('space')) {
    module.spaces.push(cursor.expect('word', 'the name of the cell space'));
    cursor.endOfLine();
  } else if (cursor.keyword('host')) {
    module.hosts.push(parseHost(cursor, start));
  } else if (cursor.at('word', 'func') || cursor.at('word', 'open')) {
    parseFunc(cursor, module, report);
  } else {
    cursor.fail('`module`, `region`, `space`, `host`, `func` or `open func`');
  }
}

/** `region mem trap rw 65536 65536`: name, bounds rule, permission, bytes at start and at most. */
function parseRegion(cursor: Cursor, { line, column }: Location): RegionSyntax {
  const name = cursor.expect('word', 'the name of the region').text;
  const bounds = BOUNDS.find((rule) => cursor.keyword(rule));
  if (bounds === undefined) cursor.fail('a bounds rule (`trap`, `zero` or `charge`)');
  const writable = cursor.keyword('rw');
  if (!writable && !cursor.keyword('ro')) cursor.fail('a permission (`rw` or `ro`)');
  const min = cursor.number('the number of bytes at the start');
  const max = cursor.number('the number of bytes at most');
  cursor.endOfLine();
  return { line, column, name, bounds, writable, min, max };
}

/** `host @balance(i256) -> i256 gas 100 reads account writes slot deterministic`. */
function parseHost(cursor: Cursor, { line, column }: Location): HostSyntax {
  const name = cursor.expect('name', 'the name of the host function, as `@name`').text.slice(1);
  const { params, results } = parseSignature(cursor);
  const gas = cursor.keyword('gas') ? cursor.number('an amount of gas') : 0;
  const reads = cursor.keyword('reads') ? parseWords(cursor) : [];
  const writes = cursor.keyword('writes') ? parseWords(cursor) : [];
  const deterministic = cursor.keyword('deterministic');
  if (!cursor.at('newline')) {
    cursor.fail('`gas`, `reads`, `writes`, `deterministic` in this order, or the end of the line');
  }
  cursor.endOfLine();
  return { line, column, name, params, results, gas, reads, writes, deterministic };
}

function parseWords(cursor: Cursor): string[] {
  const words: string[] = [];
  do {
    words.push(cursor.expect('word', 'the name of a cell space').text);
  } while (cursor.accept('mark', ','));
  return words;
}

function parseSignature(cursor: Cursor): { params: Type[]; results: Type[] } {
  const params: Type[] = [];
  if (cursor.accept('mark', '(') && !cursor.accept('mark', ')')) {
    parseTypes(cursor, params);
    cursor.mark(')', 'after the parameter types');
  }
  const results: Type[] = [];
  if (cursor.accept('mark', '->')) parseTypes(cursor, results);
  return { params, results };
}

function parseTypes(cursor: Cursor, types: Type[]): void {
  do {
    types.push(cursor.type());
  } while (cursor.accept('mark', ','));
}

/**
 * A function up to its `}`. It is entered in the module even where its first line is wrong, so that
 * its body and the calls of it are still read.
 */
function parseFunc(cursor: Cursor, module: ModuleSyntax, report: Report): void {
  const { line, column } = cursor.token;
  const open = cursor.keyword('open');
  if (!cursor.keyword('func')) cursor.fail('`func` after `open`');
  const name = cursor.expect('name', 'the name of the function, as `@name`').text.slice(1);
  let signature: { params: Type[]; results: Type[] } = { params: [], results: [] };
  recover(cursor, report, () => {
    signature = parseSignature(cursor);
    cursor.mark('{', 'before the blocks');
    cursor.endOfLine();
  });
  const blocks: BlockSyntax[] = [];
  module.funcs.push({ line, column, name, open, ...signature, blocks });
  parseBody(cursor, blocks, report, { line, column });
}

function parseBody(cursor: Cursor, blocks: BlockSyntax[], report: Report, start: Location): void {
  let closed = false;
  while (!closed) {
    if (cursor.accept('newline')) continue;
    const { token } = cursor;
    if (token.kind === 'end' || (token.kind === 'word' && DECLARATIONS.has(token.text))) {
      report('the function that begins here has no closing `}`', start);
      return;
    }
    recover(cursor, report, () => {
      if (cursor.accept('mark', '}')) {
        closed = true;
        cursor.endOfLine();
      } else if (cursor.at('block')) {
        parseBlock(cursor, blocks);
      } else {
        parseBodyLine(cursor, blocks);
      }
    });
  }
}

function parseBodyLine(cursor: Cursor, blocks: BlockSyntax[]): void {
  const block = blocks.at(-1);
  if (block === undefined) cursor.fail('a block, as `@0:`, before the first instruction');
  block.insts.push(parseInst(cursor, block.insts.at(-1)?.pc ?? block.pc));
}

/** `@16($0: i256) grow 2 pc 0x10:`. */
function parseBlock(cursor: Cursor, blocks: BlockSyntax[]): void {
  const token = cursor.next();
  const { line, column } = token;
  const id = blockId(token);
  const insts: BlockSyntax['insts'] = [];
  let params: ParamSyntax[] | null = null;
  let grow: number | null = null;
  let pc = -1;
  try {
    params = parseParams(cursor);
    if (cursor.keyword('grow')) grow = cursor.number('a number of window slots');
    if (cursor.keyword('pc')) pc = cursor.number('a source program counter, as `pc 0x42`');
    cursor.mark(':', 'after the block');
    cursor.endOfLine();
  } finally {
    blocks.push({ line, column, id, params, grow, pc, insts });
  }
}

function parseParams(cursor: Cursor): ParamSyntax[] | null {
  if (!cursor.accept('mark', '(')) return null;
  const params: ParamSyntax[] = [];
  if (cursor.accept('mark', ')')) return params;
  do {
    const register: Named = cursor.expect('register', 'a parameter, as `$0: i256`');
    cursor.mark(':', 'between a parameter and its type');
    params.push({ ...register, type: cursor.type() });
  } while (cursor.accept('mark', ','));
  cursor.mark(')', 'after the parameters');
  return params;
}
