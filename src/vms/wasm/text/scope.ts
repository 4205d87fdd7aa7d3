/** What code of a module of the text format may refer to. */
import type { ExternKind, FuncType } from '../types.ts';
import type { Cursor } from './cursor.ts';

export type Space = ExternKind | 'type' | 'elem' | 'data';

/** What code refers to by name. */
export interface Scope {
  /** The index that comes next, or that of the identifier. */
  index(space: Space, cursor: Cursor): number;
  /** A type by its index, by its parameters and results, or both. */
  typeUse(cursor: Cursor, options: { readonly allowsNames: boolean }): TypeUse;
}

/** A type and where it stands among the types of the module, which makes it one of them. */
export interface TypeUse {
  readonly type: FuncType;
  /** Names of the parameters. */
  readonly names: readonly (string | undefined)[];
  /** Whether the type was referred to by its index. */
  readonly isNamed: boolean;
  index(): number;
}
