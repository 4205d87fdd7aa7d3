/**
 * Contracts as text at the later stages of the pipeline. Hostile EVM code can have blocks of a
 * thousand times its own size, so its text ends at a limit on their operations and operands, and
 * then says so in its first line.
 */
import { disassemblePiece, printBytecode } from '../dmir/bytecode/disassemble.ts';
import { CodeLimitError } from '../dmir/bytecode/encode-function.ts';
import { OpenEncoder } from '../dmir/bytecode/encode-open.ts';
import type { Module } from '../dmir/ir.ts';
import { printModule } from '../dmir/print.ts';
import { InputError } from '../languages/errors.ts';
import { BLOCK_BAD_JUMP, BLOCK_DROP, BLOCK_DYNAMIC } from '../vms/evm/abi.ts';
import type { Fork } from '../vms/evm/forks.ts';
import { Lowerer } from '../vms/evm/lower.ts';
import { lowerPart, walkBlocks } from '../vms/evm/module.ts';
import { createEvmSource } from '../vms/evm/source.ts';

/** Operations and operands that are shown: nine times what a contract of the largest size has. */
const WORK_MAX = 1 << 18;

/** What a block is that stands for no program counter; undefined for one that does. */
function explainBlock(id: number): string | undefined {
  if (id === BLOCK_DYNAMIC) return 'jumps to the destination on the stack';
  if (id === BLOCK_BAD_JUMP) return 'traps: the destination of the jump is none';
  if (id < BLOCK_DROP) return undefined;
  return `drops the unused destination of a JUMPI, then goes on at @${id - BLOCK_DROP}`;
}

function explainBlocks(ids: Iterable<number>): string[] {
  const lines: string[] = [];
  for (const id of ids) {
    const meaning = explainBlock(id);
    if (meaning !== undefined) lines.push(`;; @${id} ${meaning}`);
  }
  return lines;
}

function explainCut(blocksLeft: number): string[] {
  if (blocksLeft === 0) return [];
  const count = blocksLeft === 1 ? '1 block' : `${blocksLeft} blocks`;
  return [`;; cut off: at least ${count} more, which would make this text too long`];
}

/** All blocks of EVM code as one dMIR module; what is not cut off parses and verifies. */
export function printEvmModule(code: Uint8Array, fork: Fork): string {
  const { module, blocksLeft } = lowerPart(code, { fork }, WORK_MAX);
  const ids = module.funcs.flatMap((func) => [...func.blocks.keys()]);
  const notes = [...explainCut(blocksLeft), ...explainBlocks(ids)];
  return [...notes, printModule(module)].join('\n');
}

/** All blocks of EVM code as the register bytecode that the interpreter runs. */
export function printEvmBytecode(code: Uint8Array, fork: Fork): string {
  const lowerer = new Lowerer(code, { fork });
  const source = createEvmSource(lowerer);
  const encoder = new OpenEncoder();
  const blocks = new Map<number, string[]>();
  const blocksLeft = walkBlocks(
    lowerer,
    (block) => {
      encoder.encode(lowerer.flatten(block.id), source);
      const piece = encoder.writer.take(encoder.header);
      blocks.set(
        block.id,
        disassemblePiece(piece, (key) => `@${key}`),
      );
    },
    WORK_MAX,
  );
  const ids = [...blocks.keys()].sort((a, b) => a - b);
  const texts = ids.map((id) => {
    const [head = '', ...words] = blocks.get(id) as string[];
    return [`@${id}: ${head}`, ...words.map((line) => `  ${line}`), ''].join('\n');
  });
  return [...explainCut(blocksLeft), ...explainBlocks(ids), ...texts].join('\n');
}

/**
 * A dMIR module as the register bytecode that the interpreter runs.
 *
 * @throws InputError `dmir-invalid` for a function that is larger than bytecode can say
 */
export function printModuleBytecode(module: Module, file: string): string {
  try {
    return printBytecode(module);
  } catch (error) {
    if (!(error instanceof CodeLimitError)) throw error;
    throw new InputError('dmir-invalid', `${file} cannot be encoded: ${error.message}`);
  }
}
