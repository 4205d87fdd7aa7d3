/**
 * Rules of operations that the kernel carries out for compiled functions: on cells, logs, hashes,
 * the growth of regions, words modulo another; and how the frame ends.
 */
import type { Inst, Module, Operand } from '../../dmir/ir.ts';
import type { OpName } from '../../dmir/ops.ts';
import {
  F_OUT_LENGTH,
  M_LEFT,
  MACHINE_BASE,
  STATUS_FINISH,
  STATUS_REVERT,
} from '../../kernel/layout.ts';
import type { EffectRule } from './effects.ts';
import type { FunctionEmitter } from './function.ts';
import { callForGas, callRuntime, keepWord, pushFrame, pushWord, wordAt } from './runtime.ts';

const NONE = (): readonly number[] => [];

function spaceOf({ context }: FunctionEmitter, { imm }: Inst): number {
  return context.spaces[imm] as number;
}

const cellLoad: EffectRule = {
  regions: NONE,
  isKnown: ({ type }) => type === 'i256',
  emit(emitter, inst) {
    const { code } = emitter;
    keepWord(emitter, inst.args[0] as Operand, 'i256', 0);
    pushFrame(emitter);
    code.i32(spaceOf(emitter, inst)).i32(wordAt(0)).i32(wordAt(1)).get(emitter.gas);
    callForGas(emitter, 'rtLoadCell');
    pushWord(emitter, 1);
    emitter.setResult(inst);
  },
};

const cellStore: EffectRule = {
  regions: NONE,
  isKnown: ({ type }) => type === 'i256',
  emit(emitter, inst) {
    const { code } = emitter;
    for (const [place, operand] of inst.args.entries()) keepWord(emitter, operand, 'i256', place);
    pushFrame(emitter);
    code.i32(spaceOf(emitter, inst)).i32(wordAt(0)).i32(wordAt(1));
    code.i64(emitter.prepaid).get(emitter.gas);
    callForGas(emitter, 'rtStoreCell');
  },
};

function isNarrowTrap({ type, imm }: Inst, { regions }: Module): boolean {
  return type === 'i64' && regions[imm]?.bounds === 'trap';
}

const keccak: EffectRule = {
  regions: NONE,
  isKnown: isNarrowTrap,
  emit(emitter, inst) {
    const { code } = emitter;
    pushFrame(emitter);
    code.i32(inst.imm).i32(wordAt(0));
    for (const operand of inst.args) emitter.push(operand, 'i64');
    code.get(emitter.gas);
    callForGas(emitter, 'rtHashRange');
    pushWord(emitter, 0);
    emitter.setResult(inst);
  },
};

const log: EffectRule = {
  regions: NONE,
  isKnown: isNarrowTrap,
  emit(emitter, inst) {
    const { code } = emitter;
    const [offset, size, ...topics] = inst.args as [Operand, Operand, ...Operand[]];
    for (const [place, topic] of topics.entries()) keepWord(emitter, topic, 'i256', place);
    pushFrame(emitter);
    code.i32(inst.imm);
    emitter.push(offset, 'i64');
    emitter.push(size, 'i64');
    code.i32(topics.length).i32(wordAt(0)).get(emitter.gas);
    callForGas(emitter, 'rtLogRange');
  },
};

const memGrow: EffectRule = {
  regions: NONE,
  isKnown: isNarrowTrap,
  emit(emitter, inst) {
    pushFrame(emitter);
    emitter.code.i32(inst.imm);
    emitter.push(inst.args[0] as Operand, 'i64');
    callRuntime(emitter, 'rtGrowRegion');
    emitter.setResult(inst);
    emitter.lengths.load();
  },
};

function modular(name: 'rtAddmod' | 'rtMulmod'): EffectRule {
  return {
    regions: NONE,
    isKnown: ({ type }) => type === 'i256',
    emit(emitter, inst) {
      const { code } = emitter;
      for (const [place, operand] of inst.args.entries()) keepWord(emitter, operand, 'i256', place);
      code.i32(wordAt(3)).i32(wordAt(0)).i32(wordAt(1)).i32(wordAt(2));
      callRuntime(emitter, name);
      pushWord(emitter, 3);
      emitter.setResult(inst);
    },
  };
}

export const STATE_EFFECTS: Readonly<Partial<Record<OpName, EffectRule>>> = {
  cell_load: cellLoad,
  cell_store: cellStore,
  keccak256: keccak,
  log,
  mem_grow: memGrow,
  addmod: modular('rtAddmod'),
  mulmod: modular('rtMulmod'),
};

/**
 * Does what a terminator does that ends the frame, if it can: when the functions have been left,
 * their entry gives the status, and the interpreter has nothing to do.
 */
export function endFrame(emitter: FunctionEmitter, inst: Inst): void {
  const { code, context, lengths } = emitter;
  if (context.layout !== undefined) return;
  if (inst.op === 'stop') {
    const frame = lengths.pushFrame();
    code.i32(0).access('i32.store', frame + F_OUT_LENGTH);
  } else if ((inst.op === 'finish' || inst.op === 'revert') && isNarrowTrap(inst, context.module)) {
    pushFrame(emitter);
    code.i32(inst.imm);
    for (const operand of inst.args) emitter.push(operand, 'i64');
    code.get(emitter.gas);
    callForGas(emitter, 'rtOutput');
  } else {
    return;
  }
  const status = inst.op === 'revert' ? STATUS_REVERT : STATUS_FINISH;
  code
    .i32(0)
    .i32(status)
    .access('i32.store', MACHINE_BASE + M_LEFT);
}
