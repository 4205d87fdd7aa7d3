/**
 * A thread of a run: takes units, runs their tests one after another, and posts what came of each.
 * The place of the case at hand stands in shared memory, so that it is known after a crash.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { createDocumentRunner } from './execute.ts';
import type { Unit, UnitMessage, WorkerSetup } from './pool.ts';
import { RUNNERS } from './runners.ts';
import type { Runner } from './types.ts';

const { kind, request, module, position } = workerData as WorkerSetup;
const port = parentPort;
if (port === null) throw new Error('BUG: the worker runs outside of a thread');
const current = new Int32Array(position);
const post = (message: UnitMessage): void => port.postMessage(message);

const runner =
  module === undefined
    ? await RUNNERS[kind]()
    : ((await import(module)) as { readonly run: Runner }).run;
const run = createDocumentRunner(kind, runner, request, ({ test, ordinal }) => {
  Atomics.store(current, 0, test);
  Atomics.store(current, 1, ordinal);
});

async function runUnit({ document, share }: Unit): Promise<void> {
  Atomics.store(current, 0, -1);
  for await (const event of run(document, share)) post({ kind: 'event', event });
  Atomics.store(current, 0, -1);
  post({ kind: 'done' });
}

let last = Promise.resolve();
port.on('message', (unit: Unit) => {
  last = last.then(() => runUnit(unit));
});
post({ kind: 'ready' });
