/**
 * `npm run build:command`: the command in few files, for a start that reads hundreds of them takes
 * twice as long. What is loaded on use stays in files of its own.
 *
 * Files beside a source (templates, libraries of languages) stay in the tree that the sources are
 * in: `import.meta.url` means the same as there. In a clone the bundle is made of `src`, and
 * `bin/lockstep.js` takes it while nothing in `src` is newer; what is published, of `dist`.
 *
 * Exit codes: 0 written, 1 the sources cannot be bundled.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** What processes and threads begin with. */
const ENTRIES = [
  'cli/main',
  'cli/bench/memory-process',
  'conformance/worker',
  'chain/compile-worker',
] as const;

/** Who starts them finds them beside itself, in the tree and in the bundle. */
const STARTERS = /\/(?:cli\/bench\/memory|conformance\/pool|chain\/background)\.[jt]s$/;

/** Loaded on use, from where they are installed. */
const EXTERNAL = ['solc', 'assemblyscript', '@noble/curves'];

/** Binaries as text that the library has: what is published shall not have them twice. */
const BINARIES = /\/(?:kernel|precompiles)\/[\w-]+\.generated\.js$/;

/** Lets what is found by the place of a source be found from the bundle. */
function keepPlaces(folder: string, out: string): Plugin {
  const wayTo = (path: string): string => relative(out, path).replaceAll('\\', '/');
  const place = (path: string): string =>
    `new URL(${JSON.stringify(wayTo(path))}, import.meta.url).href`;
  return {
    name: 'keep-places',
    setup({ onLoad, onResolve }) {
      if (!isSource(folder)) {
        onResolve({ filter: /\.generated\.js$/ }, ({ path, resolveDir }) => {
          const file = join(resolveDir, path);
          return BINARIES.test(file) ? { path: wayTo(file), external: true } : undefined;
        });
      }
      onLoad({ filter: /\.[jt]s$/ }, ({ path }) => {
        if (!path.startsWith(folder) || STARTERS.test(path)) return undefined;
        const text = readFileSync(path, 'utf8');
        if (!text.includes('import.meta.url')) return undefined;
        const loader = path.endsWith('.ts') ? 'ts' : 'js';
        return { contents: text.replaceAll('import.meta.url', place(path)), loader };
      });
    },
  };
}

const isSource = (folder: string): boolean => folder.endsWith('src');

/**
 * Writes the command and what it starts into a folder, which is emptied first.
 *
 * @param folder - The tree, `src` or what the compiler made of it.
 * @throws Error for sources that cannot be bundled
 */
export async function bundle(folder: string, out: string): Promise<void> {
  rmSync(out, { recursive: true, force: true });
  const extension = isSource(folder) ? 'ts' : 'js';
  await build({
    entryPoints: ENTRIES.map((each) => join(folder, `${each}.${extension}`)),
    outdir: out,
    entryNames: '[name]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    external: EXTERNAL,
    // Names stay: they are what a stack of a bug tells.
    minifySyntax: true,
    minifyWhitespace: true,
    plugins: [keepPlaces(folder, out)],
    logLevel: 'warning',
  });
}

const ROOT = join(import.meta.dirname, '..');
if (import.meta.main) await bundle(join(ROOT, 'src'), join(ROOT, 'build/command'));
