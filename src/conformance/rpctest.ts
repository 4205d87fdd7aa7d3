/**
 * The official tests of JSON-RPC (execution-apis): a chain that is imported, and conversations with
 * a node that has it, one in each `.io` file. They run in the order of their paths on one node, for
 * some of them send transactions.
 *
 * A folder holds `genesis.json` and `chain.rlp`, and perhaps `headfcu.json`, in it or in `common`,
 * and `.io` files anywhere below. Their lines are `//` comments, `>>` requests and `<<` responses.
 * A comment with `speconly:` says that the values are another chain's: only the kind counts.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { LockstepError } from '../base/errors.ts';
import { createProvider, type Provider } from '../node/provider.ts';
import type { CaseResult } from './types.ts';

const NAME = /\.io$/;

/** Runs the tests of a folder; a case's name is its path in it, its fork that of the head. */
export async function* runRpcTests(folder: string, pattern?: RegExp): AsyncGenerator<CaseResult> {
  const provider = loadChain(folder);
  try {
    const { node } = provider;
    const { fork } = node.rulesOf(node.head);
    for (const path of listCases(folder)) {
      const name = relative(folder, path).replaceAll('\\', '/').replace(NAME, '');
      if (pattern !== undefined && !pattern.test(name)) continue;
      yield { name, fork, ...(await runConversation(provider, readFileSync(path, 'utf8'))) };
    }
  } finally {
    provider.close();
  }
}

/** @throws LockstepError L3001 for a folder without a chain, and what the import throws */
function loadChain(folder: string): Provider {
  const place = [folder, join(folder, 'common'), join(folder, 'tests')].find((each) =>
    existsSync(join(each, 'chain.rlp')),
  );
  if (place === undefined) throw new LockstepError('L3001', { path: join(folder, 'chain.rlp') });
  const genesis = readJson(join(place, 'genesis.json'));
  const provider = createProvider({ genesis, accounts: 0, isAutomining: false });
  provider.node.importBlocks(readFileSync(join(place, 'chain.rlp')));
  return provider;
}

function readJson(path: string): unknown {
  if (!existsSync(path)) throw new LockstepError('L3001', { path });
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new LockstepError('L3003', { path, problem });
  }
}

function listCases(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const paths = names.filter((name) => NAME.test(name)).map((name) => join(folder, name));
  return paths.sort();
}

type Conversation = Omit<CaseResult, 'name' | 'fork'>;

async function runConversation(provider: Provider, text: string): Promise<Conversation> {
  const lines = text.split('\n');
  const isKindOnly = lines.some((line) => line.startsWith('//') && line.includes('speconly:'));
  let response: string | undefined;
  for (const line of lines) {
    if (line.startsWith('>> ')) response = await provider.dispatcher.respond(line.slice(3));
    if (!line.startsWith('<< ')) continue;
    const expected = JSON.parse(line.slice(3)) as unknown;
    const got = JSON.parse(response ?? 'null') as unknown;
    const difference = isKindOnly ? kindDifference(expected, got) : firstDifference(expected, got);
    if (difference !== undefined) return { outcome: 'failed', ...difference };
  }
  return { outcome: 'passed' };
}

type Difference = Pick<CaseResult, 'field' | 'expected' | 'got'>;

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 300);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** The first place, in the order of the expectation, at which two JSON values differ. */
function firstDifference(expected: unknown, got: unknown, path = ''): Difference | undefined {
  if (!isObject(expected) || !isObject(got) || Array.isArray(expected) !== Array.isArray(got)) {
    if (expected === got) return undefined;
    return { field: path, expected: shown(expected), got: shown(got) };
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
    const at = path === '' ? key : `${path}.${key}`;
    const difference = firstDifference(expected[key], got[key], at);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** Whether one is a result and the other an error, or their results are of different kinds. */
function kindDifference(expected: unknown, got: unknown): Difference | undefined {
  const kind = (value: unknown): string => {
    if (!isObject(value) || !('result' in value)) return 'error';
    return Array.isArray(value.result) ? 'array' : typeof value.result;
  };
  const [wanted, found] = [kind(expected), kind(got)];
  if (wanted === found) return undefined;
  return { field: 'result', expected: wanted, got: shown(got) };
}
