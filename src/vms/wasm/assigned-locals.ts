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
  const found: (readonly number[])[] = [];
  let depth = 0;
  OPEN.firsts[0] = 0;
  OPEN.top = 0;
  while (!reader.isAtEnd) {
    readInstruction(reader, INSTRUCTION);
    const { name } = INSTRUCTION.op;
    if (name === 'block' || name === 'loop' || name === 'if') {
      depth++;
      OPEN.blocks[depth] = found.length;
      OPEN.firsts[depth] = OPEN.top;
      found.push(NONE);
    } else if (name === 'local.set' || name === 'local.tee') {
      note(OPEN.firsts[depth] as number, INSTRUCTION.a);
    } else if (name === 'end') {
      if (depth === 0) break;
      const first = OPEN.firsts[depth] as number;
      const locals = first === OPEN.top ? NONE : OPEN.locals.slice(first, OPEN.top);
      found[OPEN.blocks[depth] as number] = locals;
      depth--;
      OPEN.top = first;
      for (const local of locals) note(OPEN.firsts[depth] as number, local);
    }
  }
  return found;
}

const INSTRUCTION = createInstruction();
const NONE: readonly number[] = [];

/** Blocks that are open, by depth: their number, and where their locals begin. */
const OPEN = { blocks: [] as number[], firsts: [] as number[], locals: [] as number[], top: 0 };

/** Notes a local of the innermost block, whose locals begin at a place, in its order. */
function note(first: number, local: number): void {
  const { locals } = OPEN;
  let at = OPEN.top;
  while (at > first && (locals[at - 1] as number) > local) at--;
  if (at > first && locals[at - 1] === local) return;
  for (let to = OPEN.top; to > at; to--) locals[to] = locals[to - 1] as number;
  locals[at] = local;
  OPEN.top++;
}
