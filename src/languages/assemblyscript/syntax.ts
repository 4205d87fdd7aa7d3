/**
 * The parts of the compiler's syntax trees that are read and changed. The package's own types name
 * modules that only its own build has.
 */

export interface Range {
  readonly start: number;
  readonly source: SourceNode;
  toString(): string;
}

export interface Named {
  readonly text: string;
  readonly range: Range;
}

/** A type; `name` is missing where it is the type of a function. */
export interface TypeNode {
  readonly kind: number;
  readonly range: Range;
  readonly name?: { readonly identifier: Named };
  readonly typeArguments?: readonly TypeNode[] | null;
}

export interface Parameter {
  readonly name: Named;
  readonly type: TypeNode;
}

/** A class or a function of a source. */
export interface Declaration {
  readonly kind: number;
  readonly name: Named;
  flags: number;
}

/** A function: its parameters and its result. */
export interface Signature {
  readonly parameters: readonly Parameter[];
  readonly returnType: TypeNode;
}

export interface FunctionNode extends Declaration {
  readonly signature: Signature;
}

/** A method, or with a type and without a signature a field. */
export interface Member extends Declaration {
  readonly range: Range;
  readonly decorators: readonly { readonly name: Named }[] | null;
  readonly type?: TypeNode | null;
  readonly initializer?: { readonly range: Range } | null;
  readonly signature?: Signature;
  body?: unknown;
}

export interface ClassNode extends Declaration {
  readonly extendsType: TypeNode | null;
  readonly members: Member[];
}

export interface SourceNode {
  /** Below the folder of the contract, or `~lib/` for what is no file of the project. */
  readonly normalizedPath: string;
  readonly text: string;
  readonly statements: Declaration[];
}

export interface ParserNode {
  readonly sources: readonly SourceNode[];
  readonly diagnostics: unknown;
  parseFile(text: string, path: string, isEntry: boolean): void;
}

/** `throw`, in whatever holds statements. */
export interface ThrowNode {
  readonly kind: number;
  readonly range: Range;
  /** An expression; of a call `expression` is what is called. */
  readonly value: { readonly kind: number; readonly expression?: { readonly text?: string } };
}

/** Numbers of `NodeKind` and `CommonFlags`. */
export const KIND = {
  new: 18,
  throw: 46,
  class: 52,
  field: 55,
  function: 56,
  method: 59,
} as const;
export const FLAG = {
  export: 1 << 1,
  declare: 1 << 2,
  static: 1 << 5,
  readonly: 1 << 6,
  abstract: 1 << 7,
  private: 1 << 9,
  protected: 1 << 10,
  get: 1 << 11,
  set: 1 << 12,
  constructor: 1 << 19,
} as const;

/** Parses a text by itself. */
export function parseText(parser: ParserNode, text: string, path: string): SourceNode {
  const Parser = parser.constructor as new (diagnostics: unknown) => ParserNode;
  const own = new Parser(parser.diagnostics);
  own.parseFile(text, path, false);
  const [source] = own.sources;
  if (source === undefined) throw new Error(`BUG: the parser gave no tree of ${path}`);
  return source;
}

const isNode = (value: unknown): value is { readonly kind: number } =>
  typeof value === 'object' && value !== null && 'kind' in value;

/** Puts what a function gives in the place of every node below one that it gives something for. */
export function replaceNodes(
  root: object,
  replace: (node: { readonly kind: number }) => object | undefined,
): void {
  for (const [key, value] of Object.entries(root)) {
    // Ranges lead to the source, and so back up.
    if (key === 'range' || typeof value !== 'object' || value === null) continue;
    const other = isNode(value) ? replace(value) : undefined;
    if (other !== undefined) Object.assign(root, { [key]: other });
    else if (isNode(value) || Array.isArray(value)) replaceNodes(value, replace);
  }
}
