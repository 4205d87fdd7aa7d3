/**
 * Writes the generated half of docs/provable-profile.md: the table of core operations and the size
 * of every operation's expansion.
 *
 *   node scripts/gen-core-docs.ts           rewrites the file
 *   node scripts/gen-core-docs.ts --check   fails where the file is not up to date
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CORE_OP_NAMES, CORE_OPS, type CoreFormat, type CoreKind } from '../src/dmir/core/ops.ts';
import { isPureOp } from '../src/dmir/eval.ts';
import { CoreBuilder, type Slots } from '../src/dmir/expand/builder.ts';
import { EXPANSIONS } from '../src/dmir/expand/table.ts';
import { OP_NAMES, OPS, type OpName, TYPE_SETS } from '../src/dmir/ops.ts';
import { TYPE_SLOTS, TYPES, type Type } from '../src/dmir/types.ts';
import { isConversion, OPERAND_CLASSES, RESULT_CLASSES } from '../src/dmir/typing.ts';

const PAGE = fileURLToPath(new URL('../docs/provable-profile.md', import.meta.url));
const BEGIN = '<!-- generated: core -->';
const END = '<!-- end: core -->';

const FORMATS: Readonly<Record<CoreFormat, string>> = {
  none: '',
  d: 'd',
  a: 'a',
  xa: 'aux, a',
  ab: 'aux, a, b',
  da: 'd, a',
  dab: 'd, a, b',
  dai: 'd, a, imm16',
  di: 'd, imm32',
  load: 'd, [aux: a + imm16]',
  store: '[aux: a + imm16], b',
  jump: 'imm32',
  branch: 'a, imm32',
  call: 'd, imm32',
  number: 'aux, imm32',
};

const KINDS: Readonly<Record<CoreKind, string>> = {
  compute: 'Values',
  memory: 'Memory',
  control: 'Control',
  gas: 'Gas',
  host: 'Host',
  chip: 'Chips',
};

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}

function kindTable(kind: CoreKind): string {
  const rows = CORE_OP_NAMES.filter((name) => CORE_OPS[name].kind === kind).map((name) => {
    const { format, reads, writes, accesses, meaning } = CORE_OPS[name];
    const code = CORE_OP_NAMES.indexOf(name);
    const counts = `${reads} | ${writes} | ${accesses}`;
    return `| ${code} | \`${name}\` | ${FORMATS[format]} | ${counts} | ${escapeCell(meaning)} |`;
  });
  const head = '| code | name | fields | reads | writes | accesses | meaning |';
  return [`### ${KINDS[kind]}`, '', head, '|--:|---|---|--:|--:|--:|---|', ...rows].join('\n');
}

/** Instructions of the expansion of a pure operation, from one type of source where it converts. */
function expansionSize(op: OpName, type: Type): number {
  let next = 0;
  const take = (entry: string): Slots => {
    const named = TYPES.find((each) => each === entry);
    const own = isConversion(op) && entry === 'A' ? conversionSource(op, type) : type;
    return Array.from({ length: TYPE_SLOTS[named ?? own] }, () => next++);
  };
  const src = OPERAND_CLASSES[op].map(take);
  const dst = RESULT_CLASSES[op].map(take);
  const b = new CoreBuilder();
  b.beginFrame(next);
  const operandTypes = [isConversion(op) ? conversionSource(op, type) : type];
  EXPANSIONS[op](b, { type, operandTypes, src, dst, imm: 0, targets: [] });
  b.endFrame();
  return b.finish().length;
}

function conversionSource(op: OpName, type: Type): Type {
  if (op === 'trunc') return 'i256';
  return type === 'i8' ? 'i1' : 'i8';
}

function expansionTable(): string {
  const columns = TYPES;
  const rows = OP_NAMES.filter(isPureOp).map((op) => {
    const types: readonly Type[] = TYPE_SETS[OPS[op].types];
    const cells = columns.map((type) => {
      const allowed = types.includes(type) || (types.length === 0 && type === 'i64');
      if (!allowed || (op === 'trunc' && type === 'i256')) return '';
      return String(expansionSize(op, type));
    });
    return `| \`${op}\` | ${cells.join(' | ')} |`;
  });
  const head = `| operation | ${columns.join(' | ')} |`;
  return [head, `|---|${columns.map(() => '--:').join('|')}|`, ...rows].join('\n');
}

/** The generated part of the page, without its markers. */
export function coreReferenceMarkdown(): string {
  const kinds = Object.keys(KINDS) as CoreKind[];
  return [
    `## The ${CORE_OP_NAMES.length} operations`,
    '',
    'Counts are of register reads, register writes and aligned 8-byte accesses by one step.',
    '',
    kinds.map(kindTable).join('\n\n'),
    '',
    '## Sizes of the expansions',
    '',
    'Core instructions of the expansion of each pure operation, by its type. Loops count once;',
    'conversions start from i8 (`trunc` from i256); operations without a type stand under i64.',
    '',
    expansionTable(),
  ].join('\n');
}

function render(page: string): string {
  const from = page.indexOf(BEGIN);
  const to = page.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${PAGE} lacks the markers of the generated part`);
  const body = `${BEGIN}\n\n${coreReferenceMarkdown()}\n\n`;
  return page.slice(0, from) + body + page.slice(to);
}

/** Whether the page on disk holds what the tables say. */
export function isCoreReferenceCurrent(): boolean {
  const page = readFileSync(PAGE, 'utf8');
  return render(page) === page;
}

function main(args: readonly string[]): void {
  if (!args.includes('--check')) {
    writeFileSync(PAGE, render(readFileSync(PAGE, 'utf8')));
  } else if (!isCoreReferenceCurrent()) {
    console.error('docs/provable-profile.md is not up to date: run node scripts/gen-core-docs.ts');
    process.exitCode = 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
