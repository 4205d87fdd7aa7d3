/**
 * The thread that compiles beside the run: takes jobs, gives modules that the platform has
 * optimised. `src/chain/background.ts` starts it and talks to it.
 */
import type { LazySource, SourceRecipe } from '../dmir/lazy.ts';
import type { CompileJob, FinishedCode } from '../engines/tiers/background.ts';
import {
  BLOCKS_MAX,
  COMPILER_NAMES,
  COMPILERS,
  type CompilerName,
} from '../engines/tiers/compilers.ts';
import { warmUp } from '../engines/tiers/warm-up.ts';
import { Lowerer, type LowerOptions } from '../vms/evm/lower.ts';
import { createEvmSource } from '../vms/evm/source.ts';
import { CodeFiles, type KeptCode } from './code-files.ts';

/** What the thread is told. */
export interface JobMessage {
  readonly key: string;
  readonly job: CompileJob;
}

/** What it tells; null: there was nothing to compile, or a fault that says so. */
export interface JobResult {
  readonly key: string;
  readonly code: FinishedCode | null;
  readonly fault?: string;
}

/** With what a thread of Node is started. */
export interface ThreadSetup {
  readonly kind: 'compile';
  readonly port: import('node:worker_threads').MessagePort;
  /** One 32-bit number: how many jobs were answered. */
  readonly finished: SharedArrayBuffer;
  /** A folder where compiled code is kept. */
  readonly folder: string | undefined;
}

/** Times the bytes of the code that was asked for that better code may have. */
const BETTER_BYTES_MAX = 2;

const FRONTENDS: Readonly<Record<string, (code: Uint8Array, options: unknown) => LazySource>> = {
  evm: (code, options) => createEvmSource(new Lowerer(code, options as LowerOptions)),
};

function sourceOf({ vm, options }: SourceRecipe, code: Uint8Array): LazySource {
  const frontend = FRONTENDS[vm];
  if (frontend === undefined) throw new Error(`BUG: nobody compiles code of ${vm}`);
  return frontend(code, options);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Compiles the blocks of a job; null where none of them can be compiled.
 *
 * @param files code that was kept, of this engine or a better one, is taken in its place
 */
export async function runJob(job: CompileJob, files?: CodeFiles): Promise<FinishedCode | null> {
  const made = findKept(job, files) ?? compile(job, files);
  if (made === undefined) return null;
  const { bytes, ...rest } = made;
  const module = new WebAssembly.Module(bytes);
  await warmUp(module, made.places, bytes.length, pause);
  return { ...rest, module, bytes: bytes.length };
}

/** The engine, and those whose code is worth more. */
function enginesFrom(engine: CompilerName): CompilerName[] {
  return COMPILER_NAMES.slice(COMPILER_NAMES.indexOf(engine));
}

type Made = KeptCode & Pick<CompileJob, 'engine'>;

/** Code that was kept and has all blocks of the job, of the best engine that has. */
function findKept(job: CompileJob, files: CodeFiles | undefined): Made | undefined {
  if (files === undefined) return undefined;
  for (const engine of enginesFrom(job.engine).reverse()) {
    const kept = files.read(job, engine);
    const blocks = new Set(kept?.blocks);
    if (kept !== undefined && job.blocks.every((id) => blocks.has(id))) return { ...kept, engine };
  }
  return undefined;
}

/**
 * The code of the engine that was asked for, or of a better one where that is not much more: the
 * platform's work on a module, which grows with its bytes, is most of what the module costs, and is
 * done once then.
 */
function compile(job: CompileJob, files: CodeFiles | undefined): Made | undefined {
  const source = sourceOf(job.recipe, job.code);
  let made: Made | undefined;
  for (const engine of enginesFrom(job.engine)) {
    const kept = files?.read(job, engine)?.blocks ?? [];
    // What other runs reached is likely to be reached again.
    const blocks = [...new Set([...job.blocks, ...kept])].slice(0, BLOCKS_MAX);
    const better = COMPILERS[engine]({ source, blocks });
    if (better === undefined) continue;
    if (made !== undefined && better.bytes.length > made.bytes.length * BETTER_BYTES_MAX) continue;
    made = { ...better, engine, blocks };
  }
  if (made !== undefined) files?.write({ ...job, engine: made.engine }, made);
  return made;
}

/** Answers jobs one after another. */
export function serve(
  listen: (onMessage: (message: JobMessage) => void) => void,
  answer: (result: JobResult) => void,
  files?: CodeFiles,
): void {
  let last = Promise.resolve();
  listen(({ key, job }) => {
    last = last.then(async () => {
      try {
        answer({ key, code: await runJob(job, files) });
      } catch (error) {
        answer({ key, code: null, fault: String(error) });
      }
    });
  });
}

const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
const setup = threads?.workerData as ThreadSetup | null | undefined;
if (setup?.kind === 'compile') {
  const count = new Int32Array(setup.finished);
  serve(
    (onMessage) => setup.port.on('message', onMessage),
    (result) => {
      setup.port.postMessage(result);
      Atomics.add(count, 0, 1);
    },
    setup.folder === undefined ? undefined : new CodeFiles(setup.folder),
  );
} else if (threads === undefined && typeof document === 'undefined') {
  const scope = globalThis as unknown as Worker;
  serve(
    (onMessage) => scope.addEventListener('message', ({ data }) => onMessage(data)),
    (result) => scope.postMessage(result),
  );
}
