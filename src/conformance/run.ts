/** A run: the cases of paths, on one thread or several, always in the same order. */
import { statSync } from 'node:fs';
import { LockstepError } from '../base/errors.ts';
import { createDocumentRunner, type DocumentEvent, WHOLE } from './execute.ts';
import { countShares, Pool } from './pool.ts';
import { RUNNERS } from './runners.ts';
import { listSources, readDocuments } from './sources.ts';
import type { CaseResult, RunnerKind, RunRequest } from './types.ts';

/** One case with the file it is from, or what is wrong with a file. */
export type RunEvent =
  | { readonly kind: 'case'; readonly path: string; readonly result: CaseResult }
  | { readonly kind: 'problem'; readonly error: LockstepError };

/**
 * Runs all wanted cases of the paths.
 *
 * @param jobs - Threads at most; with 1 everything runs in the caller's thread.
 * @throws LockstepError L3001, L3002 and L3007 for paths that cannot be read; SyntaxError for a
 *   malformed regular expression
 */
export async function* runCases(
  kind: RunnerKind,
  paths: readonly string[],
  request: RunRequest,
  jobs: number,
): AsyncGenerator<RunEvent> {
  const sources = listSources(paths);
  const [only] = sources;
  const isSmall =
    sources.length === 1 &&
    only?.container === 'json' &&
    countShares(statSync(only.file).size, jobs) === 1;
  const documents = readDocuments(sources);
  const events =
    jobs === 1 || isSmall
      ? runHere(kind, documents, request)
      : new Pool(kind, request, jobs).run(documents);
  let lastProblem = '';
  for await (const event of events) {
    if ('result' in event) {
      yield { kind: 'case', path: event.path, result: event.result };
      continue;
    }
    // Threads that share a document of another layout tell it each.
    const { code, context } = event.problem;
    const problem = JSON.stringify(event.problem);
    if (problem === lastProblem) continue;
    lastProblem = problem;
    yield { kind: 'problem', error: new LockstepError(code, context) };
  }
}

async function* runHere(
  kind: RunnerKind,
  documents: ReturnType<typeof readDocuments>,
  request: RunRequest,
): AsyncGenerator<DocumentEvent> {
  const run = createDocumentRunner(kind, await RUNNERS[kind](), request);
  for await (const document of documents) yield* run(document, WHOLE);
}
