/**
 * Has the platform optimise compiled code before it is used.
 *
 * A platform translates a function plainly when it is first called and well when it was called
 * often: until then compiled code is slower than the interpreter. Another thread can make those
 * calls, since threads share the code of a module: each function is called with no gas, so that it
 * does nothing but find that out, until the platform has had enough of it.
 */
import { INITIAL_PAGES } from '../../kernel/layout.ts';

/** What V8 lets a function run before it optimises it: bytes of machine code, about. */
const TIERING_BUDGET = 13_000_000;
/** Bytes of machine code for one of WebAssembly, at least. */
const EXPANSION = 2;
const CALLS_MAX = 30_000;
/** Milliseconds that optimising a byte may take. */
const MS_PER_BYTE = 0.003;
/** Where the frame and the window of those calls are: somewhere in a memory of their own. */
const [FRAME, WINDOW] = [4096, 65_536];
const NO_GAS = -1n;

type RegionFunction = (frame: number, window: number, gas: bigint, steps: bigint) => number;

let memory: WebAssembly.Memory | undefined;

/** What a module imports, with nothing behind it. */
function emptyImports(module: WebAssembly.Module, table: WebAssembly.Table): WebAssembly.Imports {
  memory ??= new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: 65_536 });
  const env: Record<string, WebAssembly.ImportValue> = {};
  for (const { name, kind } of WebAssembly.Module.imports(module)) {
    if (kind === 'memory') env[name] = memory;
    else if (kind === 'table') env[name] = table;
    else if (kind === 'global') env[name] = 0;
    else env[name] = () => NO_GAS;
  }
  return { env };
}

/**
 * Calls the function of every region until it is optimised, one after another, so that no more than
 * one other thread of the platform is at work.
 *
 * @param places of regions in the module
 * @param bytes of the module
 * @param pause waits for milliseconds
 */
export async function warmUp(
  module: WebAssembly.Module,
  places: number,
  bytes: number,
  pause: (ms: number) => Promise<void>,
): Promise<void> {
  const table = new WebAssembly.Table({ element: 'anyfunc', initial: places });
  new WebAssembly.Instance(module, emptyImports(module, table));
  const average = bytes / places;
  const calls = Math.min(CALLS_MAX, Math.ceil(TIERING_BUDGET / (average * EXPANSION)));
  let owed = 0;
  for (let place = 0; place < places; place++) {
    const run = table.get(place) as RegionFunction;
    for (let i = 0; i < calls; i++) run(FRAME, WINDOW, NO_GAS, 0n);
    owed += average * MS_PER_BYTE;
    if (owed < 1) continue;
    await pause(owed);
    owed = 0;
  }
  await pause(owed);
}
