/** What a run is asked for, as the questions that a runner asks. */
import { parseBlockFork } from '../chain/blocks/rules.ts';
import type { RunOptions, RunRequest } from './types.ts';

/**
 * The name of a case that filters and samples see: `PATH NAME FORK/INDEX`.
 *
 * @param index - Left out where the test has one case for a fork.
 */
export function caseId(path: string, name: string, fork: string, index?: number): string {
  return `${path} ${name} ${fork}${index === undefined ? '' : `/${index}`}`;
}

/** Whether two names are of one fork or network, such as `istanbul` and `Istanbul`. */
export function isFork(a: string, b: string): boolean {
  if (a.toLowerCase() === b.toLowerCase()) return true;
  const fork = parseBlockFork(a);
  return fork !== undefined && fork === parseBlockFork(b);
}

/** FNV-1a over the UTF-16 code units: unsigned 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  }
  // The low bits of FNV depend on few input bits; the high ones mix.
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Whether a case is one of those that were asked for. */
export type IsChosen = RunOptions['isWanted'];

/** @throws SyntaxError for a malformed regular expression */
export function createFilter({ fork: wantedFork, run, every = 1 }: RunRequest): IsChosen {
  const pattern = run === undefined ? undefined : new RegExp(run);
  return (path, name, fork, index) => {
    if (wantedFork !== undefined && !isFork(fork, wantedFork)) return false;
    if (pattern === undefined && every === 1) return true;
    const id = caseId(path, name, fork, index);
    if (pattern !== undefined && !pattern.test(id)) return false;
    return every === 1 || hashText(id) % every === 0;
  };
}
