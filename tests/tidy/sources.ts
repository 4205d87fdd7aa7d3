/**
 * The sources as the style rules see them: text, imports, functions and accesses, taken from the
 * syntax trees of the pinned compiler.
 *
 * Paths are relative to the repository and use slashes. The compiler's interface is marked as
 * unstable; this file is the only one that touches it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import {
  isArrayLiteralExpression,
  isCallExpression,
  isExportDeclaration,
  isFunctionLikeDeclaration,
  isImportDeclaration,
  isNewExpression,
  isObjectLiteralExpression,
  isPropertyAccessExpression,
  isStringLiteral,
  isSwitchStatement,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** An import, a re-export, or a string that names a file. */
export interface Reference {
  /** Path of a file of the project, or the specifier of a package. */
  readonly target: string;
  readonly isFile: boolean;
  /** Erased before the program runs. */
  readonly isType: boolean;
  /** Evaluated with the file, unlike `import()` and a name in a string. */
  readonly isStatic: boolean;
  readonly line: number;
}

export interface FunctionSpan {
  readonly name: string;
  readonly line: number;
  /** Lines from the first to the last, without the largest switch or literal table in it. */
  readonly length: number;
}

/** A property access or a construction, as text: `Math.random`, `new Date`. */
export interface Access {
  readonly text: string;
  readonly line: number;
}

export interface Source {
  readonly path: string;
  readonly lines: readonly string[];
  readonly references: readonly Reference[];
  readonly functions: readonly FunctionSpan[];
  readonly accesses: readonly Access[];
  /** By line (from 1): the columns that literal text takes. */
  readonly literalColumns: ReadonlyMap<number, number>;
}

/** Every file of the projects under the root, in the order of their paths. */
export function loadSources(root: string, projects: readonly string[]): Source[] {
  const api = new API({ cwd: root });
  try {
    const openProjects = projects.map((name) => join(root, name));
    const snapshot = api.updateSnapshot({ openProjects });
    const sources = new Map<string, Source>();
    for (const name of openProjects) {
      const project = snapshot.getProject(name);
      if (project === undefined) throw new Error(`the compiler does not open ${name}`);
      for (const file of project.rootFiles) {
        const path = relative(root, file).split(sep).join('/');
        const tree = project.program.getSourceFile(file);
        const isOwn = !path.startsWith('..') && !path.includes('node_modules');
        if (tree !== undefined && isOwn && !sources.has(path)) {
          sources.set(path, readSource(root, path, tree));
        }
      }
    }
    return [...sources.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  } finally {
    api.close();
  }
}

function readSource(root: string, path: string, tree: SourceFile): Source {
  const text = readFileSync(join(root, path), 'utf8');
  const references: Reference[] = [];
  const functions: FunctionSpan[] = [];
  const accesses: Access[] = [];
  const literalColumns = new Map<number, number>();
  const lineAt = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const lineOf = (node: Node) => lineAt(node.getStart(tree));

  const visit = (node: Node): void => {
    const line = lineOf(node);
    const reference = referenceOf(root, path, node);
    if (reference !== undefined) references.push({ ...reference, line });
    if (isFunctionLikeDeclaration(node) && !isGroup(node)) {
      const length = spanOf(node, lineAt, lineOf) - largestTable(node, lineAt, lineOf);
      functions.push({ name: nameOf(node, tree), line, length });
    }
    if (isPropertyAccessExpression(node)) accesses.push({ text: node.getText(tree), line });
    if (isNewExpression(node) && (node.arguments?.length ?? 0) === 0) {
      accesses.push({ text: `new ${node.expression.getText(tree)}`, line });
    }
    if (isLiteralText(node)) {
      const width = node.getText(tree).length - 2;
      literalColumns.set(line, (literalColumns.get(line) ?? 0) + width);
    }
    node.forEachChild(visit);
  };
  tree.forEachChild(visit);
  return { path, lines: text.split('\n'), references, functions, accesses, literalColumns };
}

const TEXT_KINDS: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.StringLiteral,
  SyntaxKind.NoSubstitutionTemplateLiteral,
  SyntaxKind.TemplateExpression,
  SyntaxKind.RegularExpressionLiteral,
]);

function isLiteralText(node: Node): boolean {
  return TEXT_KINDS.has(node.kind) && node.parent?.kind !== SyntaxKind.TemplateExpression;
}

type LineAt = (position: number) => number;
type LineOf = (node: Node) => number;

function spanOf(node: Node, lineAt: LineAt, lineOf: LineOf): number {
  return lineAt(node.end) - lineOf(node) + 1;
}

/** Lines of the largest switch, object or array in the function: a dispatch loop, or a table. */
function largestTable(node: Node, lineAt: LineAt, lineOf: LineOf): number {
  let largest = 0;
  const visit = (child: Node): void => {
    if (isSwitchStatement(child) || isTable(child)) {
      largest = Math.max(largest, spanOf(child, lineAt, lineOf));
    } else if (!isFunctionLikeDeclaration(child)) child.forEachChild(visit);
  };
  node.forEachChild(visit);
  return largest;
}

function isTable(node: Node): boolean {
  return isObjectLiteralExpression(node) || isArrayLiteralExpression(node);
}

/** The callback of `describe`: a group of tests, whose functions are counted one by one. */
function isGroup(node: Node): boolean {
  const call = node.parent;
  return isCallExpression(call) && call.expression.getText() === 'describe';
}

function nameOf(node: Node, tree: SourceFile): string {
  const own = (node as { name?: Node }).name ?? (node.parent as { name?: Node } | undefined)?.name;
  return own?.getText(tree) ?? 'a function';
}

function referenceOf(root: string, path: string, node: Node): Omit<Reference, 'line'> | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) {
    const specifier = node.moduleSpecifier;
    if (specifier === undefined || !isStringLiteral(specifier)) return undefined;
    const isType = isImportDeclaration(node)
      ? node.importClause?.phaseModifier === SyntaxKind.TypeKeyword
      : node.isTypeOnly;
    return { ...targetOf(root, path, specifier.text), isType, isStatic: true };
  }
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) {
    const [argument] = node.arguments;
    if (argument === undefined || !isStringLiteral(argument)) return undefined;
    return { ...targetOf(root, path, argument.text), isType: false, isStatic: false };
  }
  if (!isStringLiteral(node) || !/^[\w./-]+\.ts$/.test(node.text)) return undefined;
  if (isImportDeclaration(node.parent) || isExportDeclaration(node.parent)) return undefined;
  // A file that is started or compiled by name.
  for (const base of [dirname(path), '.', 'src/kernel']) {
    const target = join(base, node.text).split(sep).join('/');
    if (existsSync(join(root, target))) {
      return { target, isFile: true, isType: true, isStatic: false };
    }
  }
  return undefined;
}

function targetOf(root: string, path: string, specifier: string) {
  if (!specifier.startsWith('.')) return { target: specifier, isFile: false };
  const target = relative(root, resolve(root, dirname(path), specifier))
    .split(sep)
    .join('/');
  // AssemblyScript leaves the ending out; its table of forms is made beside a copy of the sources.
  return { target: target.endsWith('.ts') ? target : `${target}.ts`, isFile: true };
}
