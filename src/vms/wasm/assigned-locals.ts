/**
 * Which locals each block of a body assigns. Where control flow joins, these locals are parameters
 * of the dMIR block; all others are the same on every path.
 */
import { createInstruction, readInstruction } from './instructions.ts';
import { Reader } from './reader.ts';

/**
 * Locals that are set inside of each block, ascending, in the order in which blocks begin. Both
 * arms of an `if` are one block.
 *
 * @param start - Offset of the first instruction of a valid body.
 */
export function findAssignedLocals(
  bytes: Uint8Array,
  start: number,
  end: number,
): readonly (readonly number[])[] {
  const reader = new Reader(bytes, start, end);
  const instruction = createInstruction();
  const found: (readonly number[])[] = [];
  const open: { readonly index: number; readonly locals: Set<number> }[] = [];
  while (!reader.isAtEnd) {
    readInstruction(reader, instruction);
    const { name } = instruction.op;
    if (name === 'block' || name === 'loop' || name === 'if') {
      open.push({ index: found.length, locals: new Set() });
      found.push([]);
    } else if (name === 'local.set' || name === 'local.tee') {
      open[open.length - 1]?.locals.add(instruction.a);
    } else if (name === 'end') {
      const block = open.pop();
      if (block === undefined) break;
      found[block.index] = [...block.locals].sort((a, b) => a - b);
      const outer = open[open.length - 1];
      if (outer !== undefined) for (const local of block.locals) outer.locals.add(local);
    }
  }
  return found;
}
