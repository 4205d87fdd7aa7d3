/**
 * Expansions of gas, cells, logs and host functions: operations of the core with the same meaning,
 * and moves of their operands through the port.
 */

import { splitNumber } from '../core/encoding.ts';
import {
  CELL_ACTIONS,
  type CellAction,
  PORT_ARGUMENTS,
  PORT_FLAG,
  PORT_KEY,
  PORT_TOPICS,
  PORT_VALUE,
  SCHEDULE_LOG_BYTE,
  SPACE_PORT,
  STATIC_ADDRESS,
  scheduleAddress,
} from '../core/spaces.ts';
import { boundsOf, machineWord, quantity, readAddress, touch, trapIfHuge } from './bounds.ts';
import type { CoreBuilder, Reg, Slots } from './builder.ts';
import { whileLeft } from './bulk.ts';
import { enterTarget } from './control.ts';
import { loadBytes } from './memory.ts';
import { type Expansion, result, scopeOf, slot, source } from './site.ts';

function writePort(b: CoreBuilder, address: number, x: Slots): void {
  b.scope(() => {
    const zero = b.word(0n);
    for (const [i, register] of x.entries()) {
      b.store(SPACE_PORT, zero, address + 8 * i, register);
    }
  });
}

function readPort(b: CoreBuilder, d: Slots, address: number): void {
  b.scope(() => {
    const zero = b.word(0n);
    for (const [i, register] of d.entries()) b.load(SPACE_PORT, register, zero, address + 8 * i);
  });
}

/** A cell operation: which operand is the value, and where the result stands in the port. */
const cell =
  (action: CellAction, takesValue: boolean, resultAt?: number): Expansion =>
  (b, site) => {
    writePort(b, PORT_KEY, source(site, 0));
    if (takesValue) writePort(b, PORT_VALUE, source(site, 1));
    b.emit('cell', { aux: CELL_ACTIONS.indexOf(action), ...splitNumber(site.imm) });
    if (resultAt !== undefined) readPort(b, result(site), resultAt);
  };

const charge: Expansion = (b, site) => b.emit('charge', { a: b.word(BigInt(site.imm)) });

const chargeDyn: Expansion = (b, site) => {
  const amount = quantity(b, source(site, 0));
  b.trapIf(amount.high, 'out-of-gas');
  b.emit('charge', { a: amount.low });
};

const gasLeft: Expansion = (b, site) => {
  const d = result(site);
  b.emit('gas', { d: slot(d, 0) });
  for (const register of d.slice(1)) b.const(register, 0n);
};

/** Appends bytes of a region to the log, eight to a word; the last word is filled with zeros. */
function emitBytes(b: CoreBuilder, region: number, from: Reg, size: Reg): void {
  const [at, left, word, mask, end] = [b.temp(), b.temp(), b.temp(), b.temp(), b.label()];
  b.mov(at, from);
  b.mov(left, size);
  whileLeft(b, left, 8, () => {
    loadBytes(b, region, [word], at, 8);
    b.emit('emit', { a: word });
    b.imm('addi', at, at, 8);
    b.imm('addi', left, left, -8);
  });
  b.branchZero(left, end);
  loadBytes(b, region, [word], at, 8);
  b.imm('shli', left, left, 3);
  b.op('shl', mask, b.word(1n), left);
  b.imm('addi', mask, mask, -1);
  b.op('and', word, word, mask);
  b.emit('emit', { a: word });
  b.place(end);
}

const log: Expansion = (b, site) => {
  const [address, size] = [quantity(b, source(site, 0)), quantity(b, source(site, 1))];
  b.trapIf(machineWord(b, STATIC_ADDRESS), 'static-violation');
  if (boundsOf(site, site.imm) !== 'trap') trapIfHuge(b, size);
  const extra = machineWord(b, scheduleAddress(SCHEDULE_LOG_BYTE));
  b.op('mul', extra, extra, size.low);
  touch(b, site, [{ region: site.imm, address, size, isWrite: false }], extra);
  const topics = site.src.slice(2);
  for (const [i, topic] of topics.entries()) writePort(b, PORT_TOPICS + 32 * i, topic);
  emitBytes(b, site.imm, readAddress(b, site, site.imm, address), size.low);
  b.emit('log', { aux: topics.length, a: size.low });
};

/** Stops with the arguments in the port; the results come off the tape, word by word. */
const suspend: Expansion = (b, site) => {
  const host = scopeOf(site).hosts[site.imm];
  const target = site.targets[0];
  if (host === undefined || target === undefined) throw new Error('BUG: a bad suspend');
  b.emit('charge', { a: b.word(BigInt(host.gas)) });
  writePort(b, PORT_ARGUMENTS, site.src.flat());
  b.emit('host', splitNumber(site.imm));
  const params = scopeOf(site).blockParams(target.block).slice(target.args.length);
  const results = params.map((slots) => b.temps(slots.length));
  for (const register of results.flat()) b.emit('tape', { d: register });
  enterTarget(b, site, { block: target.block, args: [...target.args, ...results] });
};

export const STATE_EXPANSIONS = {
  charge,
  charge_dyn: chargeDyn,
  gas_left: gasLeft,
  refund_add: (b, site) => b.emit('refund', { a: slot(source(site, 0), 0) }),
  cell_load: cell('load', false, PORT_VALUE),
  cell_store: cell('store', true),
  cell_original: cell('original', false, PORT_VALUE),
  cell_is_warm: cell('is-warm', false, PORT_FLAG),
  cell_delete: cell('delete', false),
  cell_add: cell('add', true, PORT_FLAG),
  cell_insert_once: cell('insert-once', true),
  cell_consume: cell('consume', false, PORT_VALUE),
  log,
  suspend,
} as const satisfies Record<string, Expansion>;
