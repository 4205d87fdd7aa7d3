/**
 * Compiles beside the run: one thread for all machines of a process, and what it made, by code,
 * recipe and engine, within a budget of bytes.
 *
 * Under Node results are taken without the event loop, so that a long run gets them too. Where a
 * platform has no threads code stays with the interpreter. A thread that nobody asked for a while
 * ends, for its heap is more than 10 MB; the next job starts another one.
 */
import type { BackgroundCompiler, CompileJob, FinishedCode } from '../engines/tiers/background.ts';
import { prepareFolder } from './code-files.ts';
import type { JobMessage, JobResult, ThreadSetup } from './compile-worker.ts';

/** Bytes of WebAssembly that are kept, of which the platform makes several times as much. */
const BYTES_MAX = 32 * 1024 * 1024;
/** Milliseconds after which a thread that has nothing to do ends. */
const IDLE_MS = 10_000;

/** A thread that compiles. */
interface Thread {
  post(message: JobMessage): void;
  /** A result that nobody took yet. */
  receive(): JobResult | undefined;
  /** How many results there were so far. */
  readonly answers: number;
  end(): void;
}

// This file is TypeScript, or what the compiler made of it, and so is the thread's.
const WORKER_FILE = import.meta.url.endsWith('.ts') ? './compile-worker.ts' : './compile-worker.js';

/** A thread of Node: it does not keep the process alive. */
function startNodeThread(
  threads: typeof import('node:worker_threads'),
  folder: string | undefined,
): Thread {
  const { port1, port2 } = new threads.MessageChannel();
  const finished = new SharedArrayBuffer(4);
  const setup: ThreadSetup = { kind: 'compile', port: port2, finished, folder };
  const worker = new threads.Worker(new URL(WORKER_FILE, import.meta.url), {
    workerData: setup,
    transferList: [port2],
    execArgv: [],
  });
  // A thread that dies answers no more; what was asked of it stays with the interpreter.
  worker.on('error', () => {});
  worker.unref();
  port1.unref();
  const count = new Int32Array(finished);
  return {
    post: (message) => port1.postMessage(message),
    receive: () => threads.receiveMessageOnPort(port1)?.message as JobResult | undefined,
    get answers() {
      return Atomics.load(count, 0);
    },
    end: () => {
      port1.close();
      void worker.terminate();
    },
  };
}

/** A thread of a browser, whose results come with the event loop. */
function startWebThread(): Thread {
  const worker = new Worker(new URL('./compile-worker.js', import.meta.url), { type: 'module' });
  const results: JobResult[] = [];
  let answers = 0;
  worker.addEventListener('message', ({ data }) => {
    results.push(data as JobResult);
    answers++;
  });
  return {
    post: (message) => worker.postMessage(message),
    receive: () => results.shift(),
    get answers() {
      return answers;
    },
    end: () => worker.terminate(),
  };
}

/** Starts a thread; undefined where the platform has none. */
function startThread(folder?: string): Thread | undefined {
  const threads = globalThis.process?.getBuiltinModule?.('node:worker_threads');
  if (threads !== undefined) return startNodeThread(threads, folder);
  return typeof Worker === 'undefined' ? undefined : startWebThread();
}

export class SharedCompiler implements BackgroundCompiler {
  readonly #start: () => Thread | undefined;
  readonly #idleMs: number;
  #thread: Thread | undefined;
  #isStarted = false;
  /** Results that were taken of the thread, and those of threads that ended. */
  #taken = 0;
  #ended = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What was made, the latest used last; null: nothing could be. */
  readonly #codes = new Map<string, FinishedCode | null>();
  readonly #pending = new Set<string>();
  readonly #bytesMax: number;
  #bytes = 0;
  /** What went wrong in the thread. */
  readonly faults: string[] = [];

  /**
   * @param bytesMax - Bytes of WebAssembly after which what was used least lately is given up.
   * @param idleMs - Milliseconds without a job after which the thread ends.
   */
  constructor(start: () => Thread | undefined, bytesMax = BYTES_MAX, idleMs = IDLE_MS) {
    this.#start = start;
    this.#bytesMax = bytesMax;
    this.#idleMs = idleMs;
  }

  get finished(): number {
    return this.#ended + (this.#thread?.answers ?? 0);
  }

  /** Jobs that are not answered yet. */
  get pending(): number {
    this.#take();
    return this.#pending.size;
  }

  obtain(key: string, makeJob: () => CompileJob): FinishedCode | null | undefined {
    this.#take();
    const known = this.#codes.get(key);
    if (known === null) return null;
    if (known === undefined && this.#pending.has(key)) return undefined;
    const job = makeJob();
    if (known !== undefined) {
      this.#codes.delete(key);
      this.#codes.set(key, known);
      const there = new Set(known.blocks);
      const missing = job.blocks.filter((block) => !there.has(block));
      if (missing.length === 0) return known;
      if (this.#pending.has(key)) return undefined;
      return this.#ask(key, { ...job, blocks: [...known.blocks, ...missing] });
    }
    return this.#ask(key, job);
  }

  #ask(key: string, job: CompileJob): null | undefined {
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#thread = this.#start();
    }
    if (this.#thread === undefined) return null;
    this.#pending.add(key);
    this.#thread.post({ key, job });
    this.#endWhenIdle();
    return undefined;
  }

  /** Ends the thread when it has been idle for a while; that keeps no process alive. */
  #endWhenIdle(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.pending > 0) {
        this.#endWhenIdle();
        return;
      }
      this.#thread?.end();
      this.#ended += this.#taken;
      this.#taken = 0;
      this.#thread = undefined;
      this.#isStarted = false;
    }, this.#idleMs);
    this.#timer.unref?.();
  }

  #take(): void {
    const thread = this.#thread;
    while (thread !== undefined && thread.answers > this.#taken) {
      const result = thread.receive();
      if (result === undefined) return;
      this.#taken++;
      const { key, code, fault } = result;
      this.#pending.delete(key);
      if (fault !== undefined) this.faults.push(fault);
      this.#bytes += (code?.bytes ?? 0) - (this.#codes.get(key)?.bytes ?? 0);
      this.#codes.delete(key);
      this.#codes.set(key, code);
      this.#evict();
    }
  }

  #evict(): void {
    for (const [key, code] of this.#codes) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#bytes -= code?.bytes ?? 0;
      this.#codes.delete(key);
    }
  }
}

const shared = new Map<string | undefined, SharedCompiler>();

/**
 * The compiler of this process, or the one of those that keep code in a folder.
 *
 * @throws LockstepError L2003 where the folder cannot be written to
 */
export function sharedCompiler(folder?: string): SharedCompiler {
  const known = shared.get(folder);
  if (known !== undefined) return known;
  if (folder !== undefined) prepareFolder(folder);
  const made = new SharedCompiler(() => startThread(folder));
  shared.set(folder, made);
  return made;
}
