/**
 * Where the functions of a Solidity source stand, found by its words alone: artifacts have the
 * source more often than its syntax tree. Offsets are bytes, so the text has one character a byte.
 */

/** A function, modifier or constructor with a body. */
export interface SourceFunction {
  /** `constructor`, `receive` and `fallback` are their own names. */
  readonly name: string;
  /** Undefined for a function outside of contracts. */
  readonly contract: string | undefined;
  readonly start: number;
  /** Of the brace that opens the body. */
  readonly bodyStart: number;
  /** Behind the brace that closes it. */
  readonly end: number;
}

interface Scope {
  readonly contract: string | undefined;
  readonly opened?: { readonly name: string; readonly start: number; readonly bodyStart: number };
  readonly kind: 'file' | 'contract' | 'function' | 'other';
}

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_$][\w$]*|[{};]/g;
const CONTRACTS: ReadonlySet<string> = new Set(['contract', 'library', 'interface']);
const NAMED: ReadonlySet<string> = new Set(['function', 'modifier']);
const UNNAMED: ReadonlySet<string> = new Set(['constructor', 'receive', 'fallback']);

/** @param text - One character for each byte. */
export function findFunctions(text: string): SourceFunction[] {
  const found: SourceFunction[] = [];
  const scopes: Scope[] = [{ kind: 'file', contract: undefined }];
  let header: { kind: 'contract' | 'function'; name: string; start: number } | undefined;
  let wantsName = false;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const scope = scopes.at(-1) as Scope;
    if (token === '{') {
      scopes.push(scopeOf(header, scope, index));
      header = undefined;
    } else if (token === '}') {
      if (scopes.length > 1) scopes.pop();
      if (scope.opened !== undefined) {
        found.push({ ...scope.opened, contract: scope.contract, end: index + 1 });
      }
    } else if (token === ';') {
      header = undefined;
    } else if (header !== undefined && wantsName && /^[A-Za-z_$]/.test(token)) {
      header.name = token;
      wantsName = false;
    } else if (header === undefined && (scope.kind === 'file' || scope.kind === 'contract')) {
      const kind = CONTRACTS.has(token) ? 'contract' : 'function';
      wantsName = kind === 'contract' || NAMED.has(token);
      if (wantsName || UNNAMED.has(token)) header = { kind, name: token, start: index };
    }
  }
  return found.sort((a, b) => a.start - b.start);
}

function scopeOf(
  header: { readonly kind: string; readonly name: string; readonly start: number } | undefined,
  { contract, kind }: Scope,
  bodyStart: number,
): Scope {
  if (header === undefined) return { kind: kind === 'function' ? 'function' : 'other', contract };
  const { name, start } = header;
  if (header.kind === 'contract') return { kind: 'contract', contract: name };
  return { kind: 'function', contract, opened: { name, start, bodyStart } };
}
