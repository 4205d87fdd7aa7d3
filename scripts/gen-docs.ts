/**
 * `npm run gen`: writes the generated parts of the documents. A part stands between the markers
 * `<!-- generated: NAME -->` and `<!-- end: NAME -->`; the rest of the document is not touched.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { OP_NAMES, OPS, type OpName, TRAP_KINDS, TYPE_SETS } from '../src/dmir/ops.ts';
import { OP_DOCS, OP_GROUPS } from '../src/dmir/ops-docs.ts';
import { TYPE_BITS, TYPE_SLOTS, TYPES } from '../src/dmir/types.ts';
import { CONTRACT_GAS, CONTRACT_LIMITS } from '../src/vms/wasm/contract.ts';
import { ENV_DOCS } from '../src/vms/wasm/env/docs.ts';
import { ENV_FUNCTIONS, type EnvName } from '../src/vms/wasm/env/functions.ts';
import { DEFAULT_GAS } from '../src/vms/wasm/gas.ts';
import { DEFAULT_LIMITS, type WasmLimits } from '../src/vms/wasm/limits.ts';
import { type CostClass, OPCODES } from '../src/vms/wasm/opcodes.ts';

const ROOT = path.join(import.meta.dirname, '..');

/** Parts by document and name. */
export const PARTS: Readonly<Record<string, Readonly<Record<string, () => string>>>> = {
  'docs/dmir.md': { types: renderTypes, traps: renderTraps, operations: renderOperations },
  'docs/wasm.md': { gas: renderWasmGas, limits: renderWasmLimits },
  'docs/wasm-contracts.md': {
    env: renderEnv,
    'contract-gas': renderContractGas,
    'contract-limits': renderContractLimits,
  },
};

/** The document with its generated parts written anew. */
export function renderDocument(file: string, text: string): string {
  let result = text;
  for (const [name, render] of Object.entries(PARTS[file] ?? {})) {
    const [start, end] = [`<!-- generated: ${name} -->`, `<!-- end: ${name} -->`];
    const [from, to] = [result.indexOf(start), result.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`${file} has no markers \`${start}\` … \`${end}\``);
    result = `${result.slice(0, from + start.length)}\n\n${render()}\n\n${result.slice(to)}`;
  }
  return result;
}

function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

function renderTypes(): string {
  const rows = TYPES.map((type) => {
    return [code(type), String(TYPE_BITS[type]), String(TYPE_SLOTS[type])];
  });
  return renderTable(['type', 'bits', 'slots'], rows);
}

function renderTraps(): string {
  const rows = TRAP_KINDS.map((kind, index) => {
    const ops = OP_NAMES.filter((op) => (OPS[op].traps as readonly string[]).includes(kind));
    return [String(index), code(kind), ops.map(code).join(' ')];
  });
  return renderTable(['code', 'kind', 'declared by'], rows);
}

function renderOperations(): string {
  const starts = OP_GROUPS.map(([, first]) => OP_NAMES.indexOf(first));
  return OP_GROUPS.map(([title], index) => {
    const ops = OP_NAMES.slice(starts[index], starts[index + 1]);
    return `### ${title}\n\n${ops.map(renderOperation).join('\n\n')}`;
  }).join('\n\n');
}

function renderOperation(op: OpName): string {
  const row = OPS[op];
  const imm = row.imm === 'none' ? '' : `${row.imm}`;
  const signature = [imm, row.operands].filter((part) => part !== '').join('; ') || '—';
  const types = TYPE_SETS[row.types].join(' ');
  const facts = [
    `(${signature}) → (${row.results || '—'})`,
    ...(types === '' ? [] : [`T: ${types}`]),
    `effect ${row.effect}`,
    ...(row.traps.length === 0 ? [] : [`traps ${row.traps.join(', ')}`]),
    `cost ${row.cost}`,
    `Wasm ${code(row.wasm)}`,
  ];
  return `**\`${op}\`** ${OP_DOCS[op]}<br>\n<sub>${facts.join(' · ')}</sub>`;
}

/** Gas by cost class, with the instructions of each. */
function renderWasmGas(): string {
  const classes = Object.keys(DEFAULT_GAS.classes) as CostClass[];
  const rows = classes.map((each) => {
    const names = OPCODES.filter(({ cost }) => cost === each).map(({ name }) => code(name));
    return [code(each), String(DEFAULT_GAS.classes[each]), names.join(' ')];
  });
  return renderTable(['class', 'gas', 'instructions'], rows);
}

function renderWasmLimits(): string {
  const names = Object.keys(DEFAULT_LIMITS) as (keyof WasmLimits)[];
  const rows = names.map((name) => [code(name), String(DEFAULT_LIMITS[name])]);
  return renderTable(['limit', 'most'], rows);
}

function renderEnv(): string {
  const rows = [...ENV_FUNCTIONS].map(([name, { params, result = '', opcode }]) => {
    const signature = `${name}(${params.join(', ')}) ${result}`.trim();
    return [code(signature), code(opcode), ENV_DOCS[name as EnvName]];
  });
  return renderTable(['function', 'gas of', 'meaning'], rows);
}

function renderContractGas(): string {
  const meanings: Readonly<Record<keyof typeof CONTRACT_GAS, string>> = {
    instance: 'a frame of a module',
    page: 'a page that the memory has at the start',
    entry: 'an entry that a table has at the start',
    word: '32 bytes of data, elements and globals that are written',
    moduleByte: 'a byte of a module that a creation reads',
  };
  const names = Object.keys(CONTRACT_GAS) as (keyof typeof CONTRACT_GAS)[];
  return renderTable(
    ['gas', 'for'],
    names.map((name) => [String(CONTRACT_GAS[name]), meanings[name]]),
  );
}

/** Those that differ from the limits of any module. */
function renderContractLimits(): string {
  const names = Object.keys(CONTRACT_LIMITS) as (keyof WasmLimits)[];
  const rows = names
    .filter((name) => CONTRACT_LIMITS[name] !== DEFAULT_LIMITS[name])
    .map((name) => [code(name), String(CONTRACT_LIMITS[name])]);
  return renderTable(['limit', 'most'], rows);
}

function main(): void {
  for (const file of Object.keys(PARTS)) {
    const name = path.join(ROOT, file);
    const text = readFileSync(name, 'utf8');
    const rendered = renderDocument(file, text);
    if (rendered !== text) writeFileSync(name, rendered);
    console.log(`${file}: ${rendered === text ? 'unchanged' : 'written'}`);
  }
}

if (import.meta.main) main();
