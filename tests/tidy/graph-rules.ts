/** Rules on what imports what: layers, circles, and files that nothing reaches. */
import type { Source } from './sources.ts';
import type { Violation } from './violation.ts';

interface Layer {
  /** Rooms it may import besides itself. */
  readonly rooms: readonly string[];
  /** Packages it may import; `node:` stands for the modules of Node. */
  readonly packages: readonly string[];
}

const ANY = ['*'] as const;
const HASHES = ['@noble/hashes'] as const;
const ENGINE_ROOMS = ['dmir', 'base', 'kernel'] as const;
const CHAIN_ROOMS = ['engines', 'vms', 'state', 'dmir', 'base', 'kernel'] as const;

/**
 * The rooms of `docs/ARCHITECTURE.md`. A room under `vms` is a room of its own: no VM imports
 * another. Only conformance, languages, the servers of `node` and the command touch Node, so that
 * the rest also runs in a browser.
 */
export const LAYERS: Readonly<Record<string, Layer>> = {
  base: { rooms: [], packages: [] },
  kernel: { rooms: [], packages: [] },
  dmir: { rooms: ['base'], packages: HASHES },
  state: { rooms: ['base'], packages: [] },
  engines: { rooms: ENGINE_ROOMS, packages: [] },
  vms: { rooms: ['dmir', 'state', 'base'], packages: ['@noble/curves', ...HASHES] },
  chain: { rooms: CHAIN_ROOMS, packages: HASHES },
  conformance: { rooms: ['node', 'chain', ...CHAIN_ROOMS], packages: ['node:', ...HASHES] },
  node: {
    rooms: ['languages', 'chain', ...CHAIN_ROOMS],
    packages: ['node:', 'ox', '@scure/bip39', ...HASHES],
  },
  languages: { rooms: ['base'], packages: ['node:', 'ox', ...HASHES] },
  cli: { rooms: ANY, packages: ANY },
  index: { rooms: ['chain', ...CHAIN_ROOMS], packages: [] },
};

/** What engines and the chain may know of the kernel: where things are, and the binary. */
const KERNEL_FACE = ['src/kernel/layout.ts', 'src/kernel/wasm.generated.ts'];

function roomOf(path: string): string | undefined {
  const [top, room, file] = path.split('/');
  if (top !== 'src' || room === undefined) return undefined;
  return file === undefined ? room.replace(/\.ts$/, '') : room;
}

function vmOf(path: string): string | undefined {
  return /^src\/vms\/([^/]+)\//.exec(path)?.[1];
}

export function findLayerViolations(sources: readonly Source[]): Violation[] {
  return sources.flatMap((source) => {
    const room = roomOf(source.path);
    if (room === undefined) return [];
    const layer = LAYERS[room];
    if (layer === undefined) {
      return [{ file: source.path, line: 1, message: `the room ${room} has no row in the layers` }];
    }
    return source.references
      .map(({ target, isFile, line }) => {
        const message = isFile
          ? fileViolation(source.path, room, layer, target)
          : packageViolation(room, layer, target);
        return { file: source.path, line, message };
      })
      .filter((each): each is Violation => each.message !== undefined);
  });
}

function fileViolation(
  path: string,
  room: string,
  layer: Layer,
  target: string,
): string | undefined {
  const other = roomOf(target);
  if (other === undefined) return `src imports ${target}, which is not published`;
  if (other === room) {
    const own = vmOf(path);
    return own === vmOf(target) ? undefined : `${own} imports another VM: ${target}`;
  }
  if (layer.rooms.includes('*')) return undefined;
  if (!layer.rooms.includes(other)) return `${room} does not import ${other}: ${target}`;
  if (other === 'kernel' && !KERNEL_FACE.includes(target)) {
    return `${room} knows of the kernel only ${KERNEL_FACE.join(' and ')}: ${target}`;
  }
  return undefined;
}

function packageViolation(room: string, layer: Layer, name: string): string | undefined {
  const isAllowed = layer.packages.some((each) => {
    return each === '*' || name === each || name.startsWith(each.endsWith(':') ? each : `${each}/`);
  });
  return isAllowed ? undefined : `${room} does not import the package ${name}`;
}

/** Circles of imports that are evaluated; each is reported once, at its first file. */
export function findCircles(sources: readonly Source[]): Violation[] {
  const edges = new Map(
    sources.map((source) => [
      source.path,
      source.references.filter((each) => each.isFile && !each.isType && each.isStatic),
    ]),
  );
  const violations: Violation[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    trail.push(path);
    for (const { target, line } of edges.get(path) ?? []) {
      const start = trail.indexOf(target);
      if (start >= 0) {
        const circle = [...trail.slice(start), target].join(' → ');
        violations.push({ file: path, line, message: `a circle of imports: ${circle}` });
      } else if (!done.has(target)) visit(target);
    }
    trail.pop();
    done.add(path);
  };
  for (const { path } of sources) if (!done.has(path)) visit(path);
  return violations;
}

/** Files that no entry point reaches. */
export function findDeadFiles(sources: readonly Source[], entries: readonly string[]): Violation[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const reached = new Set<string>();
  const pending = [...entries];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    for (const { target, isFile } of byPath.get(path)?.references ?? []) {
      if (isFile) pending.push(target);
    }
  }
  return sources
    .filter(({ path }) => !reached.has(path))
    .map(({ path }) => ({ file: path, line: 1, message: 'nothing uses this file' }));
}
