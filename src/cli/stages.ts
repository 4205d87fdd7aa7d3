/**
 * Contracts as text at the stages of the pipeline before a compiler. Hostile EVM code can have
 * blocks of a thousand times its own size, so its text ends at a limit on their operations and
 * operands, and then says so in its first line.
 */
import { bytesToHex } from '../base/bytes.ts';
import { encodeModule } from '../dmir/bytecode/container.ts';
import { disassemblePiece, printBytecode } from '../dmir/bytecode/disassemble.ts';
import { CodeLimitError } from '../dmir/bytecode/encode-function.ts';
import { OpenEncoder } from '../dmir/bytecode/encode-open.ts';
import type { Module } from '../dmir/ir.ts';
import { printModule } from '../dmir/print.ts';
import type { Contract, DmirContract } from '../languages/contract.ts';
import { InputError } from '../languages/errors.ts';
import { BLOCK_BAD_JUMP, BLOCK_DROP, BLOCK_DYNAMIC } from '../vms/evm/abi.ts';
import { disassemble } from '../vms/evm/disassemble.ts';
import type { Fork } from '../vms/evm/forks.ts';
import { Lowerer } from '../vms/evm/lower.ts';
import { lowerPart, walkBlocks } from '../vms/evm/module.ts';
import { createEvmSource } from '../vms/evm/source.ts';
import type { Shown } from './commands/dump.ts';
import { readModule } from './dmir-module.ts';

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

/** Names of sizes as the first line of a text has them. */
const SIZE_NAMES: Readonly<Record<string, string>> = {
  codeBytes: 'bytes of EVM code',
  compiledCodeBytes: 'bytes of it compiled',
  instructions: 'EVM instructions',
  blocks: 'blocks',
  operations: 'dMIR operations',
  words: 'words of bytecode',
  regions: 'regions',
  functions: 'functions',
  moduleBytes: 'bytes of the module',
  compiled: 'of them compiled',
  wasmBytes: 'bytes of WebAssembly',
};

/** Sizes as a comment, for the head of a text. */
export function sizeLine(sizes: Readonly<Record<string, number>>): string {
  const parts = Object.entries(sizes).map(([name, size]) => `${size} ${SIZE_NAMES[name] ?? name}`);
  return `;; ${parts.join(', ')}`;
}

/** EVM code as hexadecimal text, which other commands take. */
export function showCode(code: Uint8Array): Shown {
  return { text: bytesToHex(code), sizes: { codeBytes: code.length } };
}

/** EVM code as its instructions, one on a line. */
export function showInstructions(code: Uint8Array, fork: Fork): Shown {
  const lines = disassemble(code, { fork });
  const sizes = { codeBytes: code.length, instructions: lines.length };
  return { text: [sizeLine(sizes), ...lines].join('\n'), sizes };
}

/** All blocks of EVM code as one dMIR module; what is not cut off parses and verifies. */
export function showEvmModule(code: Uint8Array, fork: Fork): Shown {
  const { module, blocksLeft } = lowerPart(code, { fork }, WORK_MAX);
  const blocks = module.funcs.flatMap((func) => [...func.blocks.values()]);
  const operations = blocks.reduce((sum, { insts }) => sum + insts.length, 0);
  const sizes = { codeBytes: code.length, blocks: blocks.length, operations };
  const notes = [
    ...explainCut(blocksLeft),
    sizeLine(sizes),
    ...explainBlocks(blocks.map(({ id }) => id)),
  ];
  return { text: [...notes, printModule(module)].join('\n'), sizes };
}

/** All blocks of EVM code as the register bytecode that the interpreter runs. */
export function showEvmBytecode(code: Uint8Array, fork: Fork): Shown {
  const lowerer = new Lowerer(code, { fork });
  const source = createEvmSource(lowerer);
  const encoder = new OpenEncoder();
  const blocks = new Map<number, string[]>();
  const sizes = { codeBytes: code.length, blocks: 0, operations: 0, words: 0 };
  const blocksLeft = walkBlocks(
    lowerer,
    (block) => {
      encoder.encode(lowerer.flatten(block.id), source);
      const piece = encoder.writer.take(encoder.header);
      sizes.blocks++;
      sizes.operations += block.insts.length;
      sizes.words += encoder.writer.dispatches;
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
  const notes = [...explainCut(blocksLeft), sizeLine(sizes), ...explainBlocks(ids)];
  return { text: [...notes, ...texts].join('\n'), sizes };
}

function sizesOfModule({ funcs }: Module) {
  const blocks = funcs.flatMap((func) => [...func.blocks.values()]);
  const operations = blocks.reduce((sum, { insts }) => sum + insts.length, 0);
  return { funcs: funcs.length, blocks: blocks.length, operations };
}

/** A dMIR file in its binary form, as hexadecimal text. */
export function showBinary(contract: Contract): Shown {
  const module = readModule(contract as DmirContract);
  const bytes = encodeModule(module);
  return { text: bytesToHex(bytes), sizes: { ...sizesOfModule(module), bytes: bytes.length } };
}

/** A dMIR file in its canonical text. */
export function showModule(contract: Contract): Shown {
  const module = readModule(contract as DmirContract);
  return { text: printModule(module), sizes: sizesOfModule(module) };
}

/**
 * A dMIR file as the register bytecode that the interpreter runs.
 *
 * @throws InputError `dmir-invalid` for a function that is larger than bytecode can say
 */
export function showModuleBytecode(contract: Contract): Shown {
  const module = readModule(contract as DmirContract);
  try {
    return { text: printBytecode(module), sizes: sizesOfModule(module) };
  } catch (error) {
    if (!(error instanceof CodeLimitError)) throw error;
    throw new InputError('dmir-invalid', `${contract.file} cannot be encoded: ${error.message}`);
  }
}
