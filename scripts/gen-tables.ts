/**
 * Writes the generated pages that are not about dMIR: the memory layout in `docs/ARCHITECTURE.md`,
 * `docs/evm.md`, the opcodes and precompiles of the EVM, the methods in `docs/node.md`, and the
 * tables in `docs/languages.md`. `npm run gen` runs it.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as L from '../src/kernel/layout.ts';
import { LANGUAGES } from '../src/languages/languages.ts';
import { TYPES } from '../src/languages/types.ts';
import { METHODS } from '../src/node/methods/table.ts';
import { FORKS, forkOf } from '../src/vms/evm/forks.ts';
import { opcodeDoc } from '../src/vms/evm/opcode-docs.ts';
import { OPCODE_LIST, opcodesOf } from '../src/vms/evm/opcodes.ts';
import { PRECOMPILES } from '../src/vms/evm/precompiles/index.ts';

const ROOT = join(import.meta.dirname, '..');

/** The areas of the linear memory, ascending, with what they hold. */
const AREAS: readonly (readonly [name: string, base: number, holds: string])[] = [
  ['STATIC', 0, 'constants of the compiler, tables of the kernel'],
  ['MACHINE', L.MACHINE_BASE, 'counters, gas schedule, environment words, scratch'],
  ['MEMO', L.MEMO_BASE, 'digests of 32- and 64-byte preimages'],
  ['FRAMES', L.FRAMES_BASE, 'one record of 1 KiB for each call depth'],
  ['CALLEES', L.CALLEES_BASE, 'accounts whose code the kernel calls by itself'],
  ['WINDOW', L.WINDOW_BASE, 'registers of all frames, callee above caller'],
  ['CODE', L.CODE_BASE, 'code bytes, jump tables, bytecode'],
  ['OWNERS', L.OWNERS_BASE, '32-byte ids of accounts, and their index'],
  ['CELL INDEX', L.CELL_INDEX_BASE, 'hash table over the cells'],
  ['TOUCHED', L.TOUCHED_BASE, 'cells that the transaction reached'],
  ['CELLS', L.CELLS_BASE, 'key, value, original, owner, space, flags: 128 bytes each'],
  ['UNDO', L.UNDO_BASE, 'values and flags before each change'],
  ['LOGS', L.LOGS_BASE, 'topics and data'],
  ['RETURN', L.RETURN_BASE, 'return data of the last call'],
  ['INPUT', L.INPUT_BASE, 'input of the outermost frame'],
  ['HEAP', L.HEAP_BASE, 'memories of the frames, callee above caller; grows'],
];

function size(bytes: number): string {
  return bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 2 ** 10} KiB`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function layoutTable(): string {
  const rows = AREAS.map(([name, base, holds], index) => {
    const next = AREAS[index + 1]?.[1];
    const from = `0x${base.toString(16).padStart(8, '0')}`;
    return [name, `\`${from}\``, next === undefined ? 'the rest' : size(next - base), holds];
  });
  return table(['area', 'from', 'size', 'holds'], rows);
}

function byteText(byte: number): string {
  return `\`0x${byte.toString(16).padStart(2, '0')}\``;
}

/** The reference of the EVM, whole. */
export function evmPage(): string {
  const latest = opcodesOf(FORKS[FORKS.length - 1] as (typeof FORKS)[number]);
  const opcodes = OPCODE_LIST.map((row) => [
    byteText(row.byte),
    `\`${row.name}\``,
    String(row.pops),
    String(row.pushes),
    String(latest.gas[row.byte]),
    row.effect,
    row.fork,
    opcodeDoc(row.name),
  ]);
  const precompiles = PRECOMPILES.map(({ address, name, since }) => [
    byteText(address),
    name,
    since === 'frontier' ? since : forkOf(since),
  ]);
  const head = ['byte', 'name', 'pops', 'pushes', 'gas', 'effect', 'since', 'meaning'];
  return [
    '# The EVM: opcodes and precompiles',
    '',
    'Generated from `src/vms/evm/opcodes.ts`, `src/vms/evm/opcode-docs.ts` and',
    '`src/vms/evm/precompiles/index.ts` by `npm run gen`.',
    '',
    '## Opcodes',
    '',
    'Gas is the part that is known before a run, at the latest fork; what depends on data, on memory or',
    'on the warmth of an account or slot comes on top. DUP and SWAP count the items that they reach as',
    'popped and pushed.',
    '',
    table(head, opcodes),
    '',
    '## Precompiles',
    '',
    table(['address', 'name', 'since'], precompiles),
    '',
  ].join('\n');
}

/** Replaces what stands between the markers of a generated part. */
export function replacePart(text: string, name: string, part: string): string {
  const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no markers \`${start}\` … \`${end}\``);
  return `${text.slice(0, from + start.length)}\n\n${part}\n\n${text.slice(to)}`;
}

/** The methods of the node by namespace, each with its parameters; `?` where one may be missing. */
function methodTables(): string {
  const spaces = new Map<string, string[][]>();
  for (const { name, params, summary } of METHODS.values()) {
    const space = name.slice(0, name.indexOf('_'));
    const list = params.map((each) => `${each.name}${each.type.isOptional ? '?' : ''}`);
    const rows = spaces.get(space) ?? [];
    rows.push([`\`${name}\``, list.join(', '), summary]);
    spaces.set(space, rows);
  }
  const head = ['method', 'parameters', 'what it answers or does'];
  const parts = [...spaces].map(([space, rows]) => `### \`${space}_\`\n\n${table(head, rows)}`);
  return [`${METHODS.size} methods.`, ...parts].join('\n\n');
}

/** The contract languages, and what brings their compilers. */
function languageTable(): string {
  const rows = Object.entries(LANGUAGES).map(([name, { title, extensions, npm, debian }]) => {
    const files = extensions.map((each) => `\`${each}\``).join(', ');
    const needs = npm === undefined ? `\`apt-get install ${debian}\`` : `\`npm install ${npm}\``;
    return [title, `\`${name}\``, files, needs];
  });
  return table(['language', '`--language`', 'files', 'compiler'], rows);
}

/** Types of the ABI, and what languages call them. */
function typeTable(): string {
  const rows = TYPES.map(({ abi, assemblyscript, c, rust }) =>
    [abi, assemblyscript, c, rust].map((name) => `\`${name}\``),
  );
  return table(['ABI', 'AssemblyScript', 'C, C++', 'Rust'], rows);
}

/** Pages by path, as the tables have them. */
export function renderPages(): Readonly<Record<string, string>> {
  const node = readFileSync(join(ROOT, 'docs/node.md'), 'utf8');
  const languages = readFileSync(join(ROOT, 'docs/languages.md'), 'utf8');
  const architecture = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8');
  return {
    'docs/ARCHITECTURE.md': replacePart(architecture, 'layout', layoutTable()),
    'docs/evm.md': evmPage(),
    'docs/languages.md': replacePart(
      replacePart(languages, 'languages', languageTable()),
      'types',
      typeTable(),
    ),
    'docs/node.md': replacePart(node, 'methods', methodTables()),
  };
}

function main(): void {
  for (const [page, text] of Object.entries(renderPages())) {
    const file = join(ROOT, page);
    const isCurrent = existsSync(file) && readFileSync(file, 'utf8') === text;
    if (!isCurrent) writeFileSync(file, text);
    console.log(`${page}: ${isCurrent ? 'unchanged' : 'written'}`);
  }
}

if (import.meta.main) main();
