/**
 * How operations on memory, gas and state become words. Regions are reached by number, with 64-bit
 * addresses: a wider address that does not fit stands for the greatest one.
 */
import { TYPE_BITS } from '../types.ts';
import type { FormName } from './forms.ts';
import { address, isWide, type Operation, type Site, slotOf } from './site.ts';

type Rule = (site: Site, inst: Operation) => void;

function accessForm(kind: 'LOAD' | 'STORE', { op, type }: Operation): FormName {
  if (op === 'load8_u' || op === 'store8') return `${kind}8` as FormName;
  const bits = TYPE_BITS[type];
  const order = op.endsWith('_be') && bits > 8 ? '_BE' : '';
  return `${kind}${bits}${order}` as FormName;
}

/** The form and the first field of an access whose word adds the offset, and the offset. */
function placed(
  site: Site,
  inst: Operation,
  kind: 'LOAD' | 'STORE',
): { readonly form: FormName; readonly a: number; readonly offset: number } | undefined {
  const place = site.place();
  if (place === undefined) return undefined;
  const suffix = place.base === null ? '_C' : '_AT';
  const form = `${accessForm(kind, inst)}${suffix}` as FormName;
  return { form, a: place.base ?? 0, offset: place.offset };
}

const load: Rule = (site, inst) => {
  const place = placed(site, inst, 'LOAD');
  if (place !== undefined) {
    site.writer.word(place.form, site.result(), place.a, inst.imm);
    site.writer.pair(place.offset, 0);
    return;
  }
  const a = address(site, 0);
  const form = accessForm('LOAD', inst);
  if (inst.op !== 'load8_u' || inst.type === 'i64') {
    site.writer.word(form, site.result(), a, inst.imm);
    return;
  }
  const t = site.temp();
  site.writer.word(form, t, a, inst.imm);
  site.writer.word('ZEXT64', site.result(), t, 0);
};

const store: Rule = (site, inst) => {
  const place = placed(site, inst, 'STORE');
  if (place !== undefined) {
    site.writer.word(place.form, inst.imm, place.a, slotOf(site, site.arg(1)));
    site.writer.pair(place.offset, 0);
    return;
  }
  const a = address(site, 0);
  const b = slotOf(site, site.arg(1));
  site.writer.word(accessForm('STORE', inst), inst.imm, a, b);
};

/** A 64-bit number as a result of type i64 or i256. */
function giveNumber(site: Site, inst: Operation, write: (d: number) => void): void {
  if (inst.type === 'i64') {
    write(site.result());
    return;
  }
  const t = site.temp();
  write(t);
  site.writer.word('ZEXT64', site.result(), t, 0);
}

const memSize: Rule = (site, inst) => {
  giveNumber(site, inst, (d) => site.writer.word('MEM_SIZE', d, 0, inst.imm));
};

const memGrow: Rule = (site, inst) => {
  const a = slotOf(site, site.arg(0));
  site.writer.word('MEM_GROW', site.result(), a, inst.imm);
};

const memCopy: Rule = (site, inst) => {
  const [a, b, c] = [address(site, 0), address(site, 1), address(site, 2)];
  site.writer.word('MEM_COPY', inst.imm, a, b);
  site.writer.extension(c, 0, 0, 0);
};

const memFill: Rule = (site, inst) => {
  const a = address(site, 0);
  const b = slotOf(site, site.arg(1));
  const c = address(site, 2);
  site.writer.word('MEM_FILL', inst.imm, a, b);
  site.writer.extension(c, 0, 0, 0);
};

const memCompare: Rule = (site, inst) => {
  const [a, b, c] = [address(site, 0), address(site, 1), address(site, 2)];
  site.writer.word('MEM_COMPARE', site.result(), a, b);
  site.writer.extension(c, inst.imm, 0, 0);
};

const hash: Rule = (site, inst) => {
  const [a, b] = [address(site, 0), address(site, 1)];
  site.writer.word('HASH', site.result(), a, b);
  site.writer.extension(inst.imm, 0, 0, 0);
};

const chargeDynamic: Rule = (site, inst) => {
  const source = site.arg(0);
  let a = typeof source === 'bigint' ? slotOf(site, source) : source;
  if (typeof source === 'number' && !isWide(inst.type)) {
    a = site.temp();
    site.writer.word('ZEXT64', a, source, 0);
  }
  site.writer.word('CHARGE_DYN', 0, a, 0);
};

const gasLeft: Rule = (site, inst) => {
  const isDirect = inst.type === 'i256';
  const d = isDirect ? site.result() : site.temp();
  site.writer.word('GAS', d, 0, 0);
  site.writer.pair(0, 0);
  if (!isDirect) site.writer.word('MOVE_64', site.result(), d, 0);
};

/** A cell operation `d a i`. */
function cellRead(form: 'CELL_LOAD' | 'CELL_ORIGINAL' | 'CELL_IS_WARM' | 'CELL_CONSUME'): Rule {
  return (site, inst) => {
    const a = slotOf(site, site.arg(0));
    site.writer.word(form, site.result(), a, site.space(inst.imm));
  };
}

const cellStore: Rule = (site, inst) => {
  const [a, b] = [slotOf(site, site.arg(0)), slotOf(site, site.arg(1))];
  site.writer.word('CELL_STORE', site.space(inst.imm), a, b);
  site.writer.pair(0, 0);
};

const cellInsert: Rule = (site, inst) => {
  const [a, b] = [slotOf(site, site.arg(0)), slotOf(site, site.arg(1))];
  site.writer.word('CELL_INSERT', site.space(inst.imm), a, b);
};

const cellDelete: Rule = (site, inst) => {
  site.writer.word('CELL_DELETE', site.space(inst.imm), slotOf(site, site.arg(0)), 0);
};

const cellAdd: Rule = (site, inst) => {
  const [a, b] = [slotOf(site, site.arg(0)), slotOf(site, site.arg(1))];
  site.writer.word('CELL_ADD', site.result(), a, b);
  site.writer.extension(site.space(inst.imm), 0, 0, 0);
};

const refundAdd: Rule = (site) => {
  site.writer.word('REFUND', 0, slotOf(site, site.arg(0)), 0);
};

const log: Rule = (site, inst) => {
  const [a, b] = [address(site, 0), address(site, 1)];
  const topics = Array.from({ length: site.argCount - 2 }, (_, i) => slotOf(site, site.arg(i + 2)));
  const [c = 0, e = 0, f = 0, g = 0] = topics;
  site.writer.word('LOG_RANGE', topics.length, a, b);
  site.writer.extension(c, e, f, g);
  site.writer.extension(inst.imm, 0, 0, 0);
};

/** The output of `finish` and `revert`; the kernel's statuses for them are 1 and 2. */
export function emitOutput(site: Site, inst: Operation): void {
  const [a, b] = [address(site, 0), address(site, 1)];
  site.writer.word('OUTPUT', inst.imm, a, b);
  site.writer.extension(inst.op === 'finish' ? 1 : 2, 0, 0, 0);
}

export const MEMORY_RULES = {
  load,
  load_be: load,
  load8_u: load,
  store,
  store_be: store,
  store8: store,
  mem_size: memSize,
  mem_grow: memGrow,
  mem_copy: memCopy,
  mem_fill: memFill,
  mem_compare: memCompare,
  keccak256: hash,
  charge_dyn: chargeDynamic,
  gas_left: gasLeft,
  cell_load: cellRead('CELL_LOAD'),
  cell_store: cellStore,
  cell_original: cellRead('CELL_ORIGINAL'),
  cell_is_warm: cellRead('CELL_IS_WARM'),
  cell_delete: cellDelete,
  cell_add: cellAdd,
  cell_insert_once: cellInsert,
  cell_consume: cellRead('CELL_CONSUME'),
  refund_add: refundAdd,
  log,
} as const satisfies Readonly<Record<string, Rule>>;
