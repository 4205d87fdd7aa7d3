/**
 * AssemblyScript to a contract, in this process: the compiler reads the source, its imports and
 * the library `lockstep/contract`; between parsing and compiling the declarations are read and the
 * code around them is added.
 */
import { readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { EvmContract, Note } from '../contract.ts';
import { InputError } from '../errors.ts';
import { type Model, moduleContract } from '../model.ts';
import { needPackage } from '../packages.ts';
import { addEntry, addGlue } from './glue.ts';
import { onlyContract, readDeclarations, readModel, scopeOf } from './read.ts';
import type { ParserNode } from './syntax.ts';

interface Compilation {
  readonly error: Error | null;
  readonly stderr: { toString(): string };
}

interface Asc {
  main(options: readonly string[], api: object): Promise<Compilation>;
}

async function findCompiler(folder: string): Promise<{ asc: Asc; version: string }> {
  const { version, require } = needPackage('assemblyscript', folder);
  const path = require.resolve('assemblyscript/package.json');
  const entry = pathToFileURL(join(dirname(path), 'dist/asc.js')).href;
  const { default: asc } = (await import(entry)) as { default: Asc };
  return { asc, version };
}

/** The library's own sources, by the file that the compiler looks for below `node_modules`. */
const LIBRARY = fileURLToPath(new URL('./assembly/', import.meta.url));

const ENTRY = '__entry.ts';

const OPTIONS = [
  ENTRY,
  '--outFile=module.wasm',
  '--runtime=stub',
  '--optimizeLevel=3',
  '--shrinkLevel=2',
  '--use=abort=~lib/lockstep/contract/abort',
  '--noColors',
  '--config=none',
];

/** @throws InputError `compiler-missing`, `compiler-failed`, `contract-none` */
export async function compileAssemblyScript(file: string, notes: Note[]): Promise<EvmContract> {
  const folder = dirname(resolve(file));
  const { asc, version } = await findCompiler(folder);
  const unit = basename(file);
  const entry = [
    `export { __call as call, __deploy as deploy } from './${unit.replace(/\.ts$/, '')}';`,
    "import 'lockstep/glue';",
  ].join('\n');
  let module: Uint8Array | undefined;
  let model: Model | undefined;
  let rejection: unknown;
  const afterParse = (parser: ParserNode): void => {
    try {
      const files = parser.sources
        .filter(({ normalizedPath: path }) => !path.startsWith('~lib/') && path !== ENTRY)
        .map(readDeclarations);
      const own = files.find(({ source }) => source.normalizedPath === unit);
      if (own === undefined) throw new Error(`BUG: ${unit} was not parsed`);
      const contract = onlyContract(own, file);
      const scope = scopeOf(dirname(file), files);
      model = readModel(scope, contract, files);
      for (const each of files) addGlue(parser, scope, each);
      addEntry(parser, scope, own, contract);
    } catch (error) {
      rejection = error;
      throw error;
    }
  };
  const { error, stderr } = await asc.main(OPTIONS, {
    readFile: (name: string) => (name === ENTRY ? entry : readUnit(folder, name)),
    writeFile: (_: string, content: Uint8Array) => {
      module = content;
    },
    listFiles: () => [],
    transforms: [{ afterParse }],
  });
  if (rejection !== undefined) throw rejection;
  const said = stderr.toString().trim();
  if (error !== null || module === undefined || model === undefined) {
    throw new InputError(
      'compiler-failed',
      `${file} does not compile (assemblyscript ${version})\n\n${said}`,
    );
  }
  if (said !== '') notes.push({ level: 'warning', text: said });
  const compiler = `assemblyscript ${version}`;
  return moduleContract(model, module, { file, format: 'assemblyscript', compiler });
}

/** TypeScript marks imports of types; AssemblyScript does not know the mark. Places stay. */
function withoutTypeMarks(text: string): string {
  return text.replace(/^import\b[^'"]*/gm, (clause) =>
    clause.replace(/\btype\b(?=\s+[\w{*])/g, '    '),
  );
}

function readUnit(folder: string, name: string): string | null {
  const own = /(?:^|[\\/])node_modules[\\/]lockstep[\\/](\w+\.ts)$/.exec(name)?.[1];
  const path = own === undefined ? join(folder, name) : join(LIBRARY, own);
  try {
    return withoutTypeMarks(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}
