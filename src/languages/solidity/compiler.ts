/**
 * The compiler: the npm package `solc`, an optional peer. Loading it takes about half a second
 * and is put off until it is needed.
 */
import { needPackage } from '../packages.ts';

/** One source position of solc: byte offsets in the UTF-8 text, -1 where there is none. */
export interface SourceLocation {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly message?: string;
}

/** An error or warning of the standard output. */
export interface CompilerMessage {
  readonly severity: 'error' | 'warning' | 'info';
  readonly type: string;
  readonly message: string;
  readonly errorCode?: string;
  readonly sourceLocation?: SourceLocation;
  readonly secondarySourceLocations?: readonly SourceLocation[];
}

/** The parts of the standard output that are read. */
export interface CompilerOutput {
  readonly errors?: readonly CompilerMessage[];
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The index that source maps have for each source. */
  readonly sources?: Readonly<Record<string, { readonly id: number }>>;
}

type ImportResult = { readonly contents: string } | { readonly error: string };

interface SolcModule {
  compile(input: string, callbacks: { import: (unit: string) => ImportResult }): string;
}

export interface Compiler {
  readonly version: string;
  /** Compiles a standard input; `readImport` gives the text of a unit or an error. */
  compile(input: object, readImport: (unit: string) => ImportResult): CompilerOutput;
}

/** @throws InputError `compiler-missing` */
export function findCompiler(root: string): Compiler {
  const { version, require } = needPackage('solidity', root);
  return {
    version,
    compile(input, readImport) {
      const solc = loadQuietly(() => require('solc') as SolcModule);
      return JSON.parse(solc.compile(JSON.stringify(input), { import: readImport }));
    },
  };
}

/** The compiler's runtime takes over the process's error events; they stay with the process. */
function loadQuietly<T>(load: () => T): T {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as never)));
  const loaded = load();
  events.forEach((event, index) => {
    for (const listener of process.listeners(event as never) as ((...a: unknown[]) => void)[]) {
      if (!before[index]!.has(listener)) process.removeListener(event, listener);
    }
  });
  return loaded;
}
