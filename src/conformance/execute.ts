/**
 * Runs the cases of one document, or a share of them. What a case does wrong ends that case, never
 * the run: an unexpected error is a failed case, a test of another layout is a problem.
 */
import { type ErrorCode, type ErrorContext, LockstepError } from '../base/errors.ts';
import { malformed, wrongFormat } from './formats.ts';
import { createFilter } from './request.ts';
import { skipReason } from './skips.ts';
import { type Document, openDocument } from './sources.ts';
import {
  type CaseResult,
  FormatError,
  type Runner,
  type RunnerKind,
  type RunOptions,
  type RunRequest,
} from './types.ts';

/** An error as plain data, for the way between threads. */
export interface Problem {
  readonly code: ErrorCode;
  readonly context: ErrorContext;
}

/** Where a case is in its document: which test, and which of the test's chosen cases. */
export interface Place {
  readonly test: number;
  readonly ordinal: number;
}

/** What came of a case, or what is wrong with a document. Plain data: it crosses threads. */
export type DocumentEvent = { readonly place: Place; readonly path: string } & (
  | { readonly result: CaseResult }
  | { readonly problem: Problem }
);

/**
 * Which cases of a document: those from a place on whose test and ordinal add up to `part` modulo
 * `parts`. So the cases of one large test are shared like those of many small ones.
 */
export interface Share {
  readonly part: number;
  readonly parts: number;
  readonly from: Place;
}

const START: Place = { test: 0, ordinal: 0 };

export const WHOLE: Share = { part: 0, parts: 1, from: START };

/** Whether a place is before another. */
export function comparePlaces(a: Place, b: Place): number {
  return a.test === b.test ? a.ordinal - b.ordinal : a.test - b.test;
}

/** Runs a share of a document. */
export type DocumentRunner = (document: Document, share: Share) => AsyncGenerator<DocumentEvent>;

/**
 * @param onCase - Hears the place of each case before it runs.
 * @throws SyntaxError for a malformed regular expression in the request
 */
export function createDocumentRunner(
  kind: RunnerKind,
  runner: Runner,
  request: RunRequest,
  onCase: (place: Place) => void = () => {},
): DocumentRunner {
  const run = new TestRun(kind, runner, request, onCase);
  return async function* runDocument(document, share) {
    const file = openOrProblem(document);
    if (file instanceof LockstepError) {
      yield { place: START, path: document.place, problem: toProblem(file) };
      return;
    }
    const { path, tests } = file;
    for (const [test, [name, content]] of tests.entries()) {
      if (test < share.from.test) continue;
      const wrong = wrongFormat(kind, document.place, content);
      if (wrong !== undefined) {
        yield { place: { test, ordinal: 0 }, path, problem: toProblem(wrong) };
        return;
      }
      yield* run.run({ path, name, content, test, share, file: document.place });
    }
  };
}

interface TestTask {
  readonly path: string;
  readonly name: string;
  readonly content: unknown;
  /** Position in the document. */
  readonly test: number;
  readonly share: Share;
  /** Name of the document, for messages. */
  readonly file: string;
}

interface Case {
  readonly fork: string;
  readonly index?: number | undefined;
}

const keyOf = ({ fork, index }: Case): string => `${fork}/${index}`;

/** Runs tests one after another and puts their results in the places of the cases. */
class TestRun {
  readonly #kind: RunnerKind;
  readonly #runner: Runner;
  readonly #onCase: (place: Place) => void;
  readonly #options: RunOptions;
  /** Ordinals of the chosen cases of the test, by key. */
  #ordinals = new Map<string, number>();
  /** Cases that have a result. */
  #settled = new Set<string>();
  readonly #events: DocumentEvent[] = [];
  /** The case that the runner is at. */
  #current: Case | undefined;
  #task!: TestTask;

  constructor(
    kind: RunnerKind,
    runner: Runner,
    request: RunRequest,
    onCase: (place: Place) => void,
  ) {
    this.#kind = kind;
    this.#runner = runner;
    this.#onCase = onCase;
    const isChosen = createFilter(request);
    this.#options = {
      engine: request.engine,
      isWanted: (path, name, fork, index) => {
        return isChosen(path, name, fork, index) && this.#isMine(path, name, { fork, index });
      },
    };
  }

  /** Runs one test. An error costs only the case that it is from: the others run again without. */
  async *run(task: TestTask): AsyncGenerator<DocumentEvent> {
    this.#task = task;
    this.#ordinals = new Map();
    this.#settled = new Set();
    const { path, name, content } = task;
    for (let isDone = false; !isDone; ) {
      this.#current = undefined;
      try {
        for await (const result of this.#runner(path, name, content, this.#options)) {
          this.#settle(result);
          yield* this.#takeEvents();
        }
        isDone = true;
      } catch (error) {
        // Where no case is at hand, or the test cannot be read, another try would end the same.
        const isFormat = error instanceof FormatError;
        isDone = isFormat || this.#current === undefined;
        if (isFormat) this.#tellProblem(error);
        else this.#settle(failure(name, error, this.#current));
      }
      yield* this.#takeEvents();
    }
  }

  #takeEvents(): DocumentEvent[] {
    return this.#events.splice(0);
  }

  #tellProblem({ message }: FormatError): void {
    const { test, path, name, file } = this.#task;
    const wrong = malformed(this.#kind, file, `${name}: ${message}`);
    const place = { test, ordinal: this.#ordinals.size };
    this.#events.push({ place, path, problem: toProblem(wrong) });
  }

  /** Whether a chosen case is in the share and has no result yet. */
  #isMine(path: string, name: string, asked: Case): boolean {
    const key = keyOf(asked);
    if (this.#settled.has(key)) return false;
    const ordinal = this.#ordinals.get(key) ?? this.#ordinals.size;
    this.#ordinals.set(key, ordinal);
    const { test, share } = this.#task;
    const place = { test, ordinal };
    if ((test + ordinal) % share.parts !== share.part) return false;
    if (comparePlaces(place, share.from) < 0) return false;
    const { fork, index } = asked;
    const reason = skipReason(this.#kind, path, name);
    if (reason !== undefined) {
      const own = index === undefined ? {} : { index };
      this.#settle({ name, fork, ...own, outcome: 'skipped', reason });
      return false;
    }
    this.#current = asked;
    this.#onCase(place);
    return true;
  }

  #settle(result: CaseResult): void {
    const key = keyOf(result);
    const { test, path } = this.#task;
    this.#settled.add(key);
    const ordinal = this.#ordinals.get(key) ?? this.#ordinals.size;
    this.#events.push({ place: { test, ordinal }, path, result });
  }
}

function openOrProblem(document: Document): ReturnType<typeof openDocument> | LockstepError {
  try {
    return openDocument(document);
  } catch (error) {
    if (error instanceof LockstepError) return error;
    throw error;
  }
}

const toProblem = ({ code, context }: LockstepError): Problem => ({ code, context });

/**
 * The failed case that an unexpected error leaves; its reason is where the error arose.
 *
 * @param asked - The case, where it is known.
 */
export function failure(name: string, error: unknown, asked?: Case): CaseResult {
  const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    name,
    fork: asked?.fork ?? 'unknown',
    ...(asked?.index === undefined ? {} : { index: asked.index }),
    outcome: 'failed',
    field: 'error of the runner',
    reason,
  };
}
