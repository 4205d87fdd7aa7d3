/**
 * How operations of open functions of the EVM become words, apart from plain operations on 256-bit
 * registers: its memory is region 0, which grows, and its context lies in fixed regions. Operations
 * that the EVM does not need are in `rules.ts`.
 */
import type { OpName } from '../ops.ts';
import type { OpenEncoder } from './encode-open.ts';
import { FORM } from './forms.ts';

/**
 * Where a region's accesses go: the growing memory, words of the frame or environment, or by
 * number.
 */
export type RegionUse = 'memory' | 'frame' | 'env' | 'zero';

/** Writes the operation of the index. */
export type Emitter = (encoder: OpenEncoder, index: number) => void;

const emitLoad: Emitter = (encoder, index) => {
  const address = encoder.operand(index, 0);
  const immediate = encoder.immediate(address);
  const use = encoder.region(index);
  const { writer } = encoder;
  if (use === 'memory' || use === 'zero') {
    const a = immediate < 0 ? encoder.register(address) : 0;
    encoder.release(index);
    const d = encoder.result(index);
    if (use === 'memory') {
      if (immediate >= 0) writer.put(FORM.MLOAD_I, d, 0, immediate);
      else writer.put(FORM.MLOAD, d, a, 0);
    } else if (immediate >= 0) writer.put(FORM.LOADZ_I, d, immediate, encoder.imm(index));
    else writer.put(FORM.LOADZ, d, a, encoder.imm(index));
    return;
  }
  if (immediate < 0) throw new Error(`BUG: words of the region ${use} have constant addresses`);
  const form = use === 'frame' ? FORM.WORD_FRAME : FORM.WORD_ENV;
  writer.put(form, encoder.result(index), 0, immediate);
};

const emitStore: Emitter = (encoder, index) => {
  const address = encoder.operand(index, 0);
  const value = encoder.operand(index, 1);
  const immediate = encoder.immediate(address);
  const { writer } = encoder;
  if (immediate >= 0 && value < 0) {
    writer.put(FORM.MSTORE_IK, immediate, 0, encoder.constant(value));
  } else if (immediate >= 0) {
    writer.put(FORM.MSTORE_I, immediate, 0, encoder.register(value));
  } else if (value < 0) {
    const constant = encoder.constant(value);
    writer.put(FORM.MSTORE_K, 0, encoder.register(address), constant);
  } else {
    writer.put(FORM.MSTORE, 0, encoder.register(address), encoder.register(value));
  }
  encoder.release(index);
};

function emitModular(form: number, formK: number): Emitter {
  return (encoder, index) => {
    const { writer } = encoder;
    const a = encoder.register(encoder.operand(index, 0));
    const b = encoder.register(encoder.operand(index, 1));
    const modulus = encoder.operand(index, 2);
    const isKnown = modulus < 0;
    const c = isKnown ? encoder.constant(modulus) : encoder.register(modulus);
    encoder.release(index);
    writer.put(isKnown ? formK : form, encoder.result(index), a, b);
    writer.extension(c, 0, 0, 0);
  };
}

/** An operation over one register, in the form. */
function emitUnary(form: number): Emitter {
  return (encoder, index) => {
    const a = encoder.register(encoder.operand(index, 0));
    encoder.release(index);
    encoder.writer.put(form, encoder.result(index), a, 0);
  };
}

function emitEnd(form: number): Emitter {
  return (encoder, index) => {
    const a = encoder.register(encoder.operand(index, 0));
    const b = encoder.register(encoder.operand(index, 1));
    encoder.writer.put(form, encoder.imm(index), a, b);
  };
}

/** Operations that are no plain unary or binary operation on 256-bit registers, and ends. */
export const EMITTERS: Readonly<Partial<Record<OpName, Emitter>>> = {
  charge: (encoder, index) => encoder.charged(encoder.imm(index)),
  addmod: emitModular(FORM.ADDMOD, FORM.ADDMOD_K),
  mulmod: emitModular(FORM.MULMOD, FORM.MULMOD_K),
  load: emitLoad,
  load_be: emitLoad,
  store_be: emitStore,
  iszero: (encoder, index) => {
    const a = encoder.register(encoder.operand(index, 0));
    encoder.release(index);
    encoder.writer.put(FORM.EQ_K, encoder.result(index), a, encoder.writer.constant(0n));
  },
  zext: emitUnary(FORM.ZEXT64),
  select: (encoder, index) => {
    const c = encoder.register(encoder.operand(index, 0));
    const a = encoder.register(encoder.operand(index, 1));
    const b = encoder.register(encoder.operand(index, 2));
    encoder.release(index);
    encoder.writer.put(FORM.SELECT, encoder.result(index), a, b);
    encoder.writer.extension(c, 0, 0, 0);
  },
  store8: (encoder, index) => {
    const a = encoder.register(encoder.operand(index, 0));
    const b = encoder.register(encoder.operand(index, 1));
    encoder.writer.put(FORM.MSTORE8, 0, a, b);
    encoder.release(index);
  },
  mem_size: (encoder, index) => encoder.writer.put(FORM.MSIZE, encoder.result(index), 0, 0),
  mem_copy: (encoder, index) => {
    const a = encoder.register(encoder.operand(index, 0));
    const b = encoder.register(encoder.operand(index, 1));
    const c = encoder.register(encoder.operand(index, 2));
    encoder.writer.put(FORM.COPY, encoder.imm(index), a, b);
    encoder.writer.extension(c, 0, 0, 0);
    encoder.release(index);
  },
  keccak256: (encoder, index) => {
    const offset = encoder.operand(index, 0);
    const size = encoder.operand(index, 1);
    const i = encoder.immediate(offset);
    const j = encoder.immediate(size);
    if (i >= 0 && j >= 0) {
      encoder.writer.put(FORM.KECCAK_I, encoder.result(index), i, j);
      return;
    }
    const a = encoder.register(offset);
    const b = encoder.register(size);
    encoder.release(index);
    encoder.writer.put(FORM.KECCAK, encoder.result(index), a, b);
  },
  charge_dyn: (encoder, index) => {
    encoder.writer.put(FORM.CHARGE_DYN, 0, encoder.register(encoder.operand(index, 0)), 0);
    encoder.release(index);
  },
  gas_left: (encoder, index) => {
    encoder.writer.put(FORM.GAS, encoder.result(index), 0, 0);
    encoder.writer.pair(encoder.rest, 0);
  },
  cell_load: (encoder, index) => {
    const a = encoder.register(encoder.operand(index, 0));
    encoder.release(index);
    encoder.writer.put(FORM.CELL_LOAD, encoder.result(index), a, encoder.space(index));
  },
  cell_store: (encoder, index) => {
    const a = encoder.register(encoder.operand(index, 0));
    const b = encoder.register(encoder.operand(index, 1));
    encoder.writer.put(FORM.CELL_STORE, encoder.space(index), a, b);
    encoder.writer.pair(encoder.rest, 0);
    encoder.release(index);
  },
  log: (encoder, index) => {
    const count = encoder.operandCount(index);
    const at = (which: number): number =>
      which < count ? encoder.register(encoder.operand(index, which)) : 0;
    const [a, b, c, d, e, f] = [at(0), at(1), at(2), at(3), at(4), at(5)];
    encoder.writer.put(FORM.LOG, count - 2, a, b);
    encoder.writer.extension(c, d, e, f);
    encoder.release(index);
  },
  // Ends
  br: (encoder) => {
    encoder.moveExits();
    encoder.writer.jump(encoder.delta, encoder.target(0));
  },
  br_if: (encoder, index) => encoder.branch(index),
  dispatch: (encoder, index) => {
    const a = encoder.keep(encoder.register(encoder.operand(index, 0)));
    encoder.moveExits();
    encoder.writer.put(FORM.DISPATCH, encoder.delta, a, 0);
  },
  suspend: (encoder, index) => {
    encoder.moveExits();
    encoder.writer.put(FORM.SUSPEND, encoder.imm(index), encoder.delta, 0);
    encoder.writer.continuation(encoder.target(0), encoder.pc(index));
  },
  stop: ({ writer }) => writer.put(FORM.STOP, 0, 0, 0),
  trap: (encoder, index) => encoder.writer.put(FORM.TRAP, encoder.imm(index), 0, 0),
  finish: emitEnd(FORM.FINISH),
  revert: emitEnd(FORM.REVERT),
};
