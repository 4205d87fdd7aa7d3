/**
 * What is known of a remote node: every answer that cannot change is kept, by its request, so that
 * nothing is asked twice; what is asked for twice at a time is one request.
 */
import { LockstepError } from '../../base/errors.ts';
import { RpcError } from '../rpc/errors.ts';
import type { Answer, Call, Remote } from './transport.ts';

/** Where answers are kept: a file, or whatever a browser has. */
export interface ForkCache {
  /** All that is kept, one line for each answer (`formatLine`). */
  load(): Iterable<string>;
  append(line: string): void;
}

/** A line of a cache. Files of them are recordings: with one a fork runs offline. */
export function formatLine({ method, params }: Call, result: unknown): string {
  return JSON.stringify({ method, params, result });
}

interface Line extends Call {
  readonly result: unknown;
}

function parseLine(text: string, line: number): Line {
  try {
    const value = JSON.parse(text) as Line;
    if (typeof value.method === 'string' && Array.isArray(value.params)) return value;
  } catch {
    // Said below.
  }
  throw new LockstepError('L2107', { line, problem: 'it is no answer with method and params' });
}

export function keyOf({ method, params }: Call): string {
  return `${method} ${JSON.stringify(params)}`;
}

/** What nodes say of states that they do not keep. */
const NO_STATE =
  /missing trie node|historical state|state.{0,40}(not available|unavailable|pruned)|archive|header not found|unknown block|distance to target/i;

const HEX = /^0x[0-9a-fA-F]*$/;

export interface ClientOptions {
  /** Undefined for a fork that is offline. */
  readonly remote: Remote | undefined;
  readonly cache?: ForkCache | undefined;
}

export class Client {
  #remote: Remote | undefined;
  #cache: ForkCache | undefined;
  readonly #known = new Map<string, Line>();
  readonly #underWay = new Map<string, Promise<void>>();

  constructor({ remote, cache }: ClientOptions) {
    this.#remote = remote;
    if (cache !== undefined) this.open(cache);
  }

  /** The name of who is asked, for messages. */
  get host(): string {
    return this.#remote?.host ?? 'the cache';
  }

  /** Asks another node from now on; what is known stays. */
  moveTo(remote: Remote): void {
    this.#remote = remote;
  }

  get isOffline(): boolean {
    return this.#remote === undefined;
  }

  /**
   * Takes in what a cache holds, and keeps there from now on what is new.
   *
   * @throws LockstepError L2107 for a line that is no answer
   */
  open(cache: ForkCache): void {
    const before = [...this.#known.values()];
    const kept = new Set<string>();
    let number = 0;
    for (const text of cache.load()) {
      number++;
      if (text.trim() === '') continue;
      const line = parseLine(text, number);
      const key = keyOf(line);
      kept.add(key);
      this.#known.set(key, line);
    }
    this.#cache = cache;
    for (const line of before) {
      if (!kept.has(keyOf(line))) cache.append(formatLine(line, line.result));
    }
  }

  /** The kept answer to a request; undefined where there is none. */
  peek(call: Call): unknown {
    return this.#known.get(keyOf(call))?.result;
  }

  #keep(call: Call, result: unknown): void {
    this.#known.set(keyOf(call), { ...call, result });
    this.#cache?.append(formatLine(call, result));
  }

  /**
   * Sees to it that there are answers to all requests, each of which is for a number or bytes.
   *
   * @throws LockstepError L2101 to L2105
   */
  async bring(calls: readonly Call[]): Promise<void> {
    const waits: Promise<void>[] = [];
    const missing: Call[] = [];
    for (const call of calls) {
      const key = keyOf(call);
      if (this.#known.has(key)) continue;
      const underWay = this.#underWay.get(key);
      if (underWay === undefined) missing.push(call);
      else waits.push(underWay);
    }
    if (missing.length > 0) waits.push(this.#fetch(missing));
    await Promise.all(waits);
  }

  async #fetch(calls: readonly Call[]): Promise<void> {
    const work = this.#fetchAll(calls);
    for (const call of calls) this.#underWay.set(keyOf(call), work);
    try {
      await work;
    } finally {
      for (const call of calls) this.#underWay.delete(keyOf(call));
    }
  }

  async #fetchAll(calls: readonly Call[]): Promise<void> {
    const answers = await this.#ask(calls);
    for (const [index, call] of calls.entries()) {
      const result = this.#resultOf(call, answers[index]);
      // What is wrong is not kept.
      if (typeof result !== 'string' || !HEX.test(result)) throw this.misfit(call, result);
      this.#keep(call, result);
    }
  }

  /** Keeps an answer unless there is one. */
  note(call: Call, result: unknown): void {
    if (!this.#known.has(keyOf(call))) this.#keep(call, result);
  }

  /** The answer of the remote, whatever is kept. */
  async ask(call: Call): Promise<unknown> {
    const [answer] = await this.#ask([call]);
    return this.#resultOf(call, answer);
  }

  /** The answer to a request, which is kept but for null: what is not there may come. */
  async get(call: Call): Promise<unknown> {
    const known = this.peek(call);
    if (known !== undefined) return known;
    const result = await this.ask(call);
    if (result !== null) this.#keep(call, result);
    return result;
  }

  /** The same for a request of a user: an error is that of the remote. */
  async forward(call: Call): Promise<unknown> {
    const known = this.peek(call);
    if (known !== undefined) return known;
    const [answer] = await this.#ask([call]);
    if (answer !== undefined && 'error' in answer && !NO_STATE.test(answer.error.message)) {
      const { code, message, data } = answer.error;
      throw new RpcError(code, message, data);
    }
    const result = this.#resultOf(call, answer);
    if (result !== null) this.#keep(call, result);
    return result;
  }

  /** The error for an answer that nobody can use. */
  misfit({ method }: Call, result: unknown, wanted = 'hexadecimal digits'): LockstepError {
    const found = (JSON.stringify(result) ?? 'nothing').slice(0, 80);
    return new LockstepError('L2104', { host: this.host, method, found, wanted });
  }

  async #ask(calls: readonly Call[]): Promise<readonly Answer[]> {
    if (this.#remote !== undefined) return this.#remote.ask(calls);
    throw new LockstepError('L2105', { method: calls[0]?.method ?? 'a request' });
  }

  #resultOf(call: Call, answer: Answer | undefined): unknown {
    const { host } = this;
    const { method, params } = call;
    if (answer === undefined) throw this.misfit(call, undefined, 'a response of JSON-RPC');
    if ('result' in answer) return answer.result;
    const problem = answer.error.message;
    if (!NO_STATE.test(problem)) throw new LockstepError('L2103', { host, method, problem });
    const block = String(params.findLast((each) => typeof each === 'string') ?? 'that was named');
    throw new LockstepError('L2102', { host, block, problem });
  }
}
