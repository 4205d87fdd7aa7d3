/**
 * Bytecode as text: one line for a word with those that extend it. Registers are `[offset]`,
 * constants `#value`, changes of the window pointer `sp+n`, targets `@name`.
 */
import { flattenFunc } from '../flat-func.ts';
import type { BlockId, Module } from '../ir.ts';
import { FunctionEncoder } from './encode-function.ts';
import { FORM_ROWS, type Form } from './forms.ts';
import type { FunctionCode } from './function-code.ts';
import { FUNCTION_KEYS, PIECE_KEYS, type Piece } from './piece.ts';
import { HEADER_BYTES, type Relocation } from './writer.ts';

const WORD_BYTES = 8;
const H_CONSTANTS = 12;

/** The name of the block whose address stands at the offset. */
export type NameTarget = (offset: number, value: number) => string;

/**
 * The lines of an encoded block: its header, then its words.
 *
 * @param bytes the block with its header, and nothing behind it
 */
export function disassembleBlock(bytes: Uint8Array, nameTarget: NameTarget): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [need, grow] = [view.getUint16(8, true), view.getUint16(10, true)];
  const window = [...(need === 0 ? [] : [`need ${need}`]), ...(grow === 0 ? [] : [`grow ${grow}`])];
  const head = [`gas ${view.getUint32(0, true)}`, `steps ${view.getUint32(4, true)}`, ...window];
  const lines = [head.join(', ')];
  const constants = view.getUint32(H_CONSTANTS, true);
  for (let at = HEADER_BYTES; at < constants; ) {
    const form = FORM_ROWS[view.getUint16(at, true)];
    if (form === undefined) {
      lines.push(`unknown form ${view.getUint16(at, true)}`);
      break;
    }
    const { fields, next } = readFields(view, form, at, nameTarget);
    lines.push([form.name, fields.join(', ')].join(' ').trimEnd());
    at = next;
  }
  return lines;
}

function readFields(
  view: DataView,
  form: Form,
  start: number,
  nameTarget: NameTarget,
): { fields: string[]; next: number } {
  const fields: string[] = [];
  let at = start;
  form.words.forEach((letters, index) => {
    if (letters[0] === '*T') {
      // The second field tells the number of the last target.
      const count = view.getUint16(start + 4, true) + 1;
      for (let i = 0; i < count; i++) {
        fields.push(nameTarget(at + i * 4, view.getUint32(at + i * 4, true)));
      }
      at += Math.ceil(count / 2) * WORD_BYTES;
      return;
    }
    let offset = at + (index === 0 ? 2 : 0);
    for (const letter of letters) {
      const text = readField(view, letter, offset, nameTarget);
      if (text !== '') fields.push(text);
      offset += letter === 'T' || letter === 'P' ? 4 : 2;
    }
    at += WORD_BYTES;
  });
  return { fields, next: at };
}

function readField(view: DataView, letter: string, offset: number, nameTarget: NameTarget): string {
  switch (letter) {
    case '.':
      return '';
    case 'i':
      return String(view.getUint16(offset, true));
    case 's': {
      const delta = view.getInt16(offset, true);
      return `sp${delta < 0 ? '' : '+'}${delta}`;
    }
    case 'k':
      return `#${readConstant(view, view.getUint32(H_CONSTANTS, true) + view.getUint16(offset, true))}`;
    case 'T':
      return nameTarget(offset, view.getUint32(offset, true));
    case 'P':
      return String(view.getUint32(offset, true));
    default:
      return `[${view.getInt16(offset, true)}]`;
  }
}

function readConstant(view: DataView, at: number): string {
  let value = 0n;
  for (let i = 24; i >= 0; i -= 8) value = (value << 64n) | view.getBigUint64(at + i, true);
  return value < 0x1_0000_0000n ? String(value) : `0x${value.toString(16)}`;
}

/** The bytecode of every function of a module that verifies, as text. */
export function printBytecode(module: Module): string {
  const names = new Map<string, number>();
  const signatures = module.funcs.map(({ params, results }) => {
    const key = `${params.join()}>${results.join()}`;
    const number = names.get(key) ?? names.size + 1;
    names.set(key, number);
    return number;
  });
  const encoder = new FunctionEncoder({
    module,
    spaces: module.spaces.map((_, index) => index),
    signature: (index) => signatures[index] as number,
  });
  const parts = module.funcs.map((func) => {
    const code = encoder.encode(flattenFunc(func));
    const name = nameTargets(module, [...func.blocks.keys()], code.pieces);
    const lines = code.pieces.flatMap((piece) => printPiece(code, piece, name));
    return [`func @${func.name}`, ...lines].join('\n');
  });
  return `${parts.join('\n\n')}\n`;
}

/** `@16` for a block's first piece, `@16.1` for the next, `@f` for a function. */
function nameTargets(
  module: Module,
  blocks: readonly BlockId[],
  pieces: readonly Piece[],
): (target: number) => string {
  const names = new Map<number, string>(blocks.map((id, index) => [index, `@${id}`]));
  const counts = new Map<BlockId, number>();
  for (const { key, block } of pieces) {
    const count = counts.get(block) ?? 0;
    counts.set(block, count + 1);
    if (key >= PIECE_KEYS) names.set(key, `@${block}.${count}`);
  }
  return (target) => {
    if (target >= FUNCTION_KEYS) return `@${module.funcs[target - FUNCTION_KEYS]?.name}`;
    return names.get(target) ?? `@${target}`;
  };
}

/**
 * The lines of a block that has no address yet, as `BlockWriter.take` gives it.
 *
 * @param name what stands in the place of an address, by what the relocation calls it
 */
export function disassemblePiece(
  {
    bytes,
    relocations,
  }: { readonly bytes: Uint8Array; readonly relocations: readonly Relocation[] },
  name: (target: number) => string,
): string[] {
  const targets = new Map(relocations.map(({ offset, block }) => [offset, block]));
  return disassembleBlock(bytes, (offset) => {
    const target = targets.get(offset);
    return target === undefined ? '@?' : name(target);
  });
}

function printPiece(
  code: FunctionCode,
  { key, block, offset, byteLength }: Piece,
  name: (target: number) => string,
): string[] {
  const relocations: Relocation[] = [];
  for (let i = 0; i < code.relocationCount; i++) {
    const at = (code.relocations[i] as number) - offset;
    if (at < 0 || at >= byteLength) continue;
    relocations.push({ offset: at, block: code.targets[i] as number });
  }
  const bytes = new Uint8Array(code.words.buffer, offset, byteLength);
  const [head, ...words] = disassemblePiece({ bytes, relocations }, name);
  const own = key < PIECE_KEYS ? `@${block}` : name(key);
  return [`${own}: ${head}`, ...words.map((line) => `  ${line}`)];
}
