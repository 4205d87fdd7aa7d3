/**
 * The layouts of the official tests, told apart by their keys, so that a file given to the wrong
 * command has a clear answer.
 */
import { LockstepError } from '../base/errors.ts';
import type { RunnerKind } from './types.ts';

interface FormatRow {
  /** With its article, for messages. */
  readonly what: string;
  /** Keys that tests of the layout have, and no other layout has all of them. */
  readonly keys: readonly string[];
  /** What runs them; undefined where nothing of this program does. */
  readonly command?: string;
  readonly kind?: RunnerKind;
}

const FORMATS: readonly FormatRow[] = [
  {
    what: 'a state test',
    keys: ['env', 'pre', 'post', 'transaction'],
    kind: 'statetest',
    command: 'lockstep statetest',
  },
  {
    what: 'a blockchain test',
    keys: ['blocks', 'pre', 'network'],
    kind: 'blocktest',
    command: 'lockstep blocktest',
  },
  { what: 'an engine test', keys: ['engineNewPayloads'] },
  { what: 'a transaction test', keys: ['txbytes'], kind: 'txtest', command: 'lockstep txtest' },
  { what: 'a VM test', keys: ['exec', 'env', 'pre'], kind: 'vmtest', command: 'lockstep vmtest' },
  { what: 'an EOF test', keys: ['vectors'] },
  { what: 'a trie test', keys: ['in', 'root'] },
  { what: 'an RLP test', keys: ['in', 'out'] },
];

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function detect(test: unknown): FormatRow | undefined {
  if (!isRecord(test)) return undefined;
  return FORMATS.find(({ keys }) => keys.every((key) => Object.hasOwn(test, key)));
}

/** What tests of a kind are called, with the article. */
export function describeKind(kind: RunnerKind): string {
  return FORMATS.find((row) => row.kind === kind)?.what ?? 'a difficulty test';
}

/**
 * Why a test is not one of the kind; undefined where it may be one.
 *
 * @param path - Names the file in the message.
 */
export function wrongFormat(
  kind: RunnerKind,
  path: string,
  test: unknown,
): LockstepError | undefined {
  const wanted = describeKind(kind);
  const found = detect(test);
  if (found?.kind === kind) return undefined;
  if (found !== undefined) {
    const { what, command } = found;
    if (command === undefined) return new LockstepError('L3008', { path, found: what });
    const file = path.replace(/:\d+$|!.*$/, '');
    const context = { path, found: what, wanted, command: `${command} ${file}` };
    return new LockstepError('L3004', context);
  }
  if (!isRecord(test)) {
    const problem = `a test is an object, not ${describeValue(test)}`;
    return new LockstepError('L3005', { path, wanted: stripArticle(wanted), problem });
  }
  return undefined;
}

/** A file whose tests lack something. */
export function malformed(kind: RunnerKind, path: string, problem: string): LockstepError {
  return new LockstepError('L3005', { path, wanted: stripArticle(describeKind(kind)), problem });
}

const stripArticle = (what: string): string => what.replace(/^an? /, '');

function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return `a ${typeof value}`;
}
