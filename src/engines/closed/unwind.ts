/**
 * Makes the interpreter's frames of the records that compiled functions wrote when they were left,
 * so that the loop goes on where the innermost of them stood.
 */
import { layoutOf } from '../../dmir/bytecode/frame-layout.ts';
import type { Block, BlockId, Inst, RegId } from '../../dmir/ir.ts';
import type { Type } from '../../dmir/types.ts';
import * as L from '../../kernel/layout.ts';
import type { Kernel } from '../interpreter/kernel.ts';
import type { ModuleProgram, PlacedPiece } from '../interpreter/module-program.ts';
import type { FrameSite, FunctionShape, Site } from './sites.ts';
import { limbCount } from './values.ts';

const LIMB_BYTES = 8;

/** A frame that was left, and where its values stand among the records. */
interface Left {
  readonly shape: FunctionShape;
  readonly site: FrameSite;
  /** In limbs. */
  readonly first: number;
}

/** Gives a function's shape; it may be one that is not compiled. */
type Shapes = (index: number) => FunctionShape;

export function unwind(
  kernel: Kernel,
  program: ModuleProgram,
  frame: number,
  shapes: Shapes,
): void {
  const { u32, u64 } = kernel;
  const machine = L.MACHINE_BASE;
  let pointer = u32[(frame + L.F_SP) / 4] as number;
  const end = u32[(machine + L.M_UNWIND) / 4] as number;
  const records = u64.slice((pointer + L.RECORDS_OFFSET) / LIMB_BYTES, end / LIMB_BYTES);
  const left = readRecords(records, shapes);
  let control = u32[(frame + L.F_CONTROL) / 4] as number;
  for (let i = left.length - 1; i >= 0; i--) {
    const each = left[i] as Left;
    writeRegisters(kernel, each, pointer, records);
    const pieces = program.pieces(each.site.func);
    if (i === 0) {
      goOn(kernel, frame, each.site, pieces);
      break;
    }
    const { block, index } = each.site;
    u32[control / 4] = pieceAt(pieces, block, index + 1).address;
    u32[control / 4 + 1] = pointer;
    control += L.CONTROL_BYTES;
    pointer += each.shape.slots.top;
  }
  u32[(frame + L.F_SP) / 4] = pointer;
  u32[(frame + L.F_CONTROL) / 4] = control;
  const depth = (frame + L.F_CALL_DEPTH) / 4;
  u32[depth] = (u32[depth] as number) + left.length - 1;
}

/** Innermost first. */
function readRecords(records: BigUint64Array, shapes: Shapes): Left[] {
  const left: Left[] = [];
  for (let at = 0; at < records.length; ) {
    const header = records[at++] as bigint;
    const { sites } = shapes(Number(header & 0xffff_ffffn));
    for (const site of (sites[Number(header >> 32n)] as Site).frames) {
      const shape = shapes(site.func);
      left.push({ shape, site, first: at });
      for (const register of site.registers) at += limbCount(shape.func.types[register] as Type);
    }
  }
  return left;
}

function writeRegisters(
  { u64 }: Kernel,
  { shape, site, first }: Left,
  pointer: number,
  records: BigUint64Array,
): void {
  const { func, slots } = shape;
  const handed = handedOver(shape, site);
  let from = first;
  for (const register of site.registers) {
    const offset = handed.get(register) ?? (slots.offsets[register] as number);
    const at = (pointer + offset) / LIMB_BYTES;
    const count = limbCount(func.types[register] as Type);
    const size = (slots.sizes[register] as number) / LIMB_BYTES;
    for (let limb = 0; limb < size; limb++) {
      u64[at + limb] = limb < count ? (records[from + limb] as bigint) : 0n;
    }
    from += count;
  }
}

/** Where results of a call that returned are: the piece behind it moves them to their slots. */
function handedOver(
  { func, slots }: FunctionShape,
  { kind, block, index }: FrameSite,
): ReadonlyMap<RegId, number> {
  if (kind !== 'after') return new Map();
  const { results } = (func.blocks.get(block) as Block).insts[index - 1] as Inst;
  const { offsets } = layoutOf(results.map((register) => func.types[register] as Type));
  return new Map(results.map((register, i) => [register, slots.top + (offsets[i] as number)]));
}

/** Sets where the loop goes on: at a block, or at the words of an instruction. */
function goOn(
  kernel: Kernel,
  frame: number,
  { kind, block, index }: FrameSite,
  pieces: readonly PlacedPiece[],
): void {
  const { u32, u64 } = kernel;
  if (kind !== 'inst') {
    const piece =
      kind === 'block' ? pieces.find(({ key }) => key === block) : pieceAt(pieces, block, index);
    u32[(frame + L.F_PC) / 4] = (piece as PlacedPiece).address;
    return;
  }
  const piece = pieceOf(pieces, block, index);
  u32[(frame + L.F_PC) / 4] = (piece.address + wordOf(piece, index)) | 1;
  const constants = u32[(piece.address + L.H_CONSTANTS) / 4] as number;
  u32[(frame + L.F_CONSTANTS) / 4] = piece.address + constants;
  const steps = (L.MACHINE_BASE + L.M_STEPS) / 8;
  u64[steps] = (u64[steps] as bigint) + BigInt(piece.count);
}

/** The piece behind a call. */
function pieceAt(pieces: readonly PlacedPiece[], block: BlockId, first: number): PlacedPiece {
  const piece = pieces.find((each) => each.block === block && each.first === first);
  if (piece === undefined)
    throw new Error(`BUG: no piece begins at instruction ${first} of @${block}`);
  return piece;
}

function pieceOf(pieces: readonly PlacedPiece[], block: BlockId, index: number): PlacedPiece {
  const piece = pieces.find((each) => {
    return each.block === block && each.first <= index && index < each.first + each.count;
  });
  if (piece === undefined) throw new Error(`BUG: no piece has instruction ${index} of @${block}`);
  return piece;
}

/** Offset of the first word of an instruction, behind a charge that belongs to it. */
function wordOf({ marks }: PlacedPiece, index: number): number {
  let offset: number | undefined;
  for (let i = 0; i < marks.length; i += 2) if (marks[i + 1] === index) offset = marks[i];
  if (offset === undefined) throw new Error(`BUG: instruction ${index} has no mark`);
  return offset;
}
