/** The scripts of paths, one after another, on one kernel. */
import { LockstepError } from '../../base/errors.ts';
import { Kernel } from '../../engines/interpreter/kernel.ts';
import type { EngineName } from '../../engines/names.ts';
import { type Document, listSources, readDocuments } from '../sources.ts';
import { runScript, type WastResult } from './run.ts';
import { readScript, type WastScript } from './script.ts';
import { readTextScript } from './text-script.ts';

/**
 * Results of all commands, and what is wrong with files that are no scripts.
 *
 * @param isWanted - Whether the script with the path shall run.
 * @throws LockstepError L3001, L3002 and L3007 for paths that cannot be read
 */
export async function* runScripts(
  paths: readonly string[],
  isWanted: (path: string) => boolean,
  engine: EngineName = 'auto',
): AsyncGenerator<WastResult | LockstepError> {
  const kernel = new Kernel();
  for await (const document of readDocuments(listSources(paths, ['.wast']))) {
    let script: WastScript;
    try {
      script = read(document);
    } catch (error) {
      if (!(error instanceof LockstepError)) throw error;
      yield error;
      continue;
    }
    if (isWanted(script.path)) yield* runScript(script, { kernel, engine });
  }
}

function read(document: Document): WastScript {
  const { path, bytes } = document;
  if (path?.endsWith('.wast') !== true) return readScript(document);
  return readTextScript(path, Buffer.from(bytes).toString('utf8'));
}
