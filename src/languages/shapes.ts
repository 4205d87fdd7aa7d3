/** What a parameter of the ABI is made of, for the code that reads and writes it. */
import type { AbiParam } from './contract.ts';
import { findType, type TypeRow } from './types.ts';

export type Shape =
  | { readonly kind: 'plain'; readonly row: TypeRow }
  /** An array; without a count of any length. */
  | { readonly kind: 'list'; readonly item: Shape; readonly count: number | undefined }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly Field[] };

export interface Field {
  readonly name: string;
  readonly shape: Shape;
}

/** A structure is known by the name that its `internalType` gives it, as solc writes it. */
export function shapeOf(param: AbiParam): Shape {
  const { type, internalType = '', components } = param;
  const list = /^(.*)\[(\d*)\]$/.exec(type);
  if (list !== null) {
    const [, inner = '', count = ''] = list;
    const item = { ...param, type: inner, internalType: internalType.replace(/\[\d*\]$/, '') };
    return { kind: 'list', item: shapeOf(item), count: count === '' ? undefined : Number(count) };
  }
  if (components !== undefined) {
    const name = internalType.replace(/^struct /, '');
    return { kind: 'struct', name, fields: fieldsOf(components) };
  }
  const row = findType(type);
  if (row === undefined) throw new Error(`BUG: ${type} was not checked`);
  return { kind: 'plain', row };
}

/** Parameters with their shapes; those without a name are `a0`, `a1`, …. */
export function fieldsOf(params: readonly AbiParam[] = []): Field[] {
  return params.map((param, at) => ({ name: param.name || `a${at}`, shape: shapeOf(param) }));
}

/** Whether an offset stands in the place of the value: Contract ABI Specification, Formal. */
export function isDynamic(shape: Shape): boolean {
  if (shape.kind === 'plain') return !shape.row.isWord;
  if (shape.kind === 'list') return shape.count === undefined || isDynamic(shape.item);
  return shape.fields.some((field) => isDynamic(field.shape));
}

/** Words that a value takes among others, without what an offset leads to. */
export function headWords(shape: Shape): number {
  if (shape.kind === 'plain' || isDynamic(shape)) return 1;
  if (shape.kind === 'list') return (shape.count ?? 0) * headWords(shape.item);
  return headOf(shape.fields);
}

/** The same of values one after the other. */
export function headOf(fields: readonly Field[]): number {
  return fields.reduce((sum, { shape }) => sum + headWords(shape), 0);
}

/** Arrays and structures that parameters are made of, each once, what others need first. */
export function compositesOf(
  params: readonly AbiParam[],
  nameOf: (shape: Shape) => string,
): Shape[] {
  const found = new Map<string, Shape>();
  const visit = (shape: Shape): void => {
    if (shape.kind === 'plain' || found.has(nameOf(shape))) return;
    if (shape.kind === 'list') visit(shape.item);
    else for (const field of shape.fields) visit(field.shape);
    found.set(nameOf(shape), shape);
  };
  for (const param of params) visit(shapeOf(param));
  return [...found.values()];
}
