/**
 * Threads that share the documents of a run.
 *
 * The cases of a document are dealt out in units, one for each thread, since a single test may take
 * as long as a whole bundle. Each thread has one unit at hand and one waiting, and gets the next
 * when it is done, so that none runs dry. Events leave in the order of documents and cases,
 * whichever thread was first. A thread that dies costs the case it was at, which is a failed one;
 * the rest of its units go to a new thread.
 */
import { Worker } from 'node:worker_threads';
import {
  comparePlaces,
  type DocumentEvent,
  failure,
  type Place,
  type Share,
  WHOLE,
} from './execute.ts';
import { type Document, openDocument } from './sources.ts';
import type { RunnerKind, RunRequest } from './types.ts';

export interface WorkerSetup {
  readonly kind: RunnerKind;
  readonly request: RunRequest;
  /** A module whose `run` takes the place of the kind's runner. */
  readonly module: string | undefined;
  /** Two 32-bit integers: the place of the case at hand, -1 for none. */
  readonly position: SharedArrayBuffer;
}

/** Work for a thread. */
export interface Unit {
  readonly document: Document;
  /** Position of the document in the run. */
  readonly sequence: number;
  readonly share: Share;
}

/** What a thread tells; it works on its units in the order that it got them. */
export type UnitMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'event'; readonly event: DocumentEvent }
  | { readonly kind: 'done' };

/** Units that a thread holds: the one at hand and the next. */
const UNITS_AT_HAND = 2;
/** Each unit of a document stands for as many bytes at least. */
const UNIT_BYTES_MIN = 1024;

/** The worker's file is compiled with this one. */
const WORKER_FILE = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';

interface Progress {
  readonly events: DocumentEvent[];
  unitsLeft: number;
}

interface Thread {
  readonly worker: Worker;
  readonly position: Int32Array;
  readonly units: Unit[];
  isReady: boolean;
  error: unknown;
}

/** In how many units a document is run. */
export function countShares(bytes: number, jobs: number): number {
  return Math.min(jobs, Math.max(1, Math.ceil(bytes / UNIT_BYTES_MIN)));
}

export class Pool {
  readonly #kind: RunnerKind;
  readonly #request: RunRequest;
  readonly #jobs: number;
  readonly #module: string | undefined;
  readonly #waiting: Unit[] = [];
  readonly #progress: Progress[] = [];
  #threads: Thread[] = [];
  #isClosed = false;
  /** Ends the run: a thread that cannot start, or dies without work. */
  #fatal: unknown;
  #wake: () => void = () => {};

  /** @param module - URL of a module whose `run` takes the place of the kind's runner. */
  constructor(kind: RunnerKind, request: RunRequest, jobs: number, module?: string) {
    this.#kind = kind;
    this.#module = module;
    this.#request = request;
    this.#jobs = jobs;
  }

  /**
   * What came of each case, in order.
   *
   * @throws what reading the documents throws, and an error of a thread that cannot start
   */
  async *run(documents: AsyncIterator<Document>): AsyncGenerator<DocumentEvent> {
    let next = 0;
    let isRead = false;
    try {
      while (!isRead || next < this.#progress.length) {
        while (!isRead && this.#hasRoom()) {
          const { done, value } = await documents.next();
          if (done === true) isRead = true;
          else this.#add(value);
          this.#handOut();
        }
        const woken = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#handOut();
        if (this.#fatal !== undefined) throw this.#fatal;
        const first = this.#progress[next];
        if (first === undefined || first.unitsLeft > 0) {
          if (!isRead || next < this.#progress.length) await woken;
          continue;
        }
        yield* first.events.sort((a, b) => comparePlaces(a.place, b.place));
        first.events.length = 0;
        next++;
      }
    } finally {
      await documents.return?.();
      await this.#close();
    }
  }

  /** Whether a thread could take another unit. */
  #hasRoom(): boolean {
    if (this.#waiting.length > 0) return false;
    if (this.#threads.length < this.#jobs) return true;
    return this.#threads.some(({ units }) => units.length < UNITS_AT_HAND);
  }

  #add(document: Document): void {
    const sequence = this.#progress.length;
    const parts = countShares(document.bytes.length, this.#jobs);
    this.#progress.push({ events: [], unitsLeft: parts });
    for (let part = 0; part < parts; part++) {
      this.#waiting.push({ document, sequence, share: { part, parts, from: WHOLE.from } });
    }
  }

  /** Gives waiting units to the threads that hold the fewest; starts threads up to the limit. */
  #handOut(): void {
    while (this.#waiting.length > 0 && this.#fatal === undefined) {
      let least = this.#threads[0];
      for (const thread of this.#threads) {
        if (least === undefined || thread.units.length < least.units.length) least = thread;
      }
      const isBusy = least === undefined || least.units.length > 0;
      if (isBusy && this.#threads.length < this.#jobs) least = this.#start();
      if (least === undefined || least.units.length >= UNITS_AT_HAND) return;
      const unit = this.#waiting.shift() as Unit;
      least.units.push(unit);
      least.worker.postMessage(unit);
    }
  }

  #start(): Thread {
    const position = new SharedArrayBuffer(8);
    const setup: WorkerSetup = {
      kind: this.#kind,
      request: this.#request,
      module: this.#module,
      position,
    };
    const worker = new Worker(new URL(WORKER_FILE, import.meta.url), { workerData: setup });
    const thread: Thread = {
      worker,
      position: new Int32Array(position).fill(-1),
      units: [],
      isReady: false,
      error: undefined,
    };
    worker.on('message', (message: UnitMessage) => this.#hear(thread, message));
    worker.on('error', (error) => {
      thread.error = error;
    });
    worker.on('exit', (code) => this.#bury(thread, code));
    this.#threads.push(thread);
    return thread;
  }

  #hear(thread: Thread, message: UnitMessage): void {
    if (message.kind === 'ready') {
      thread.isReady = true;
      return;
    }
    const unit = thread.units[0];
    const progress = unit === undefined ? undefined : this.#progress[unit.sequence];
    if (progress === undefined) throw new Error('BUG: a thread tells of no unit');
    if (message.kind === 'event') progress.events.push(message.event);
    else {
      thread.units.shift();
      progress.unitsLeft--;
      this.#wake();
    }
  }

  #bury(thread: Thread, code: number): void {
    this.#threads = this.#threads.filter((each) => each !== thread);
    if (this.#isClosed) return;
    const cause = thread.error ?? new Error(`a thread ended with exit code ${code}`);
    const [unit, ...others] = thread.units;
    if (!thread.isReady || unit === undefined) this.#fatal = cause;
    else {
      const [test = -1, ordinal = 0] = thread.position;
      this.#waiting.unshift(...this.#afterCrash(unit, { test, ordinal }, cause), ...others);
    }
    this.#wake();
  }

  /** Fails the case that a thread died at; what is left of its unit. */
  #afterCrash(unit: Unit, place: Place, cause: unknown): Unit[] {
    const progress = this.#progress[unit.sequence];
    if (progress === undefined) throw new Error('BUG: a unit of no document');
    if (place.test < 0) {
      // It died before the first case, or behind the last: no test can be named.
      const path = unit.document.place;
      const last = { test: Number.MAX_SAFE_INTEGER, ordinal: 0 };
      progress.events.push({ place: last, path, result: failure(path, cause) });
      progress.unitsLeft--;
      return [];
    }
    const { path, tests } = openDocument(unit.document);
    const name = tests[place.test]?.[0] ?? 'unknown';
    progress.events.push({ place, path, result: failure(name, cause) });
    return [{ ...unit, share: { ...unit.share, from: { ...place, ordinal: place.ordinal + 1 } } }];
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}
