/** Requests to responses: one, or a batch (JSON-RPC 2.0, sections 4 to 6). */
import { LockstepError } from '../../base/errors.ts';
import type { ChainEntry } from '../../chain/blocks/chain.ts';
import type { Node } from '../node.ts';
import { RPC_CODE, RpcError } from './errors.ts';
import { type Method, readArgs, type Session } from './method.ts';
import { Rendered } from './rendered.ts';

/** Most that a client may ask for at a time. */
export interface RpcLimits {
  /** Bytes of a request. */
  readonly bodyBytesMax: number;
  /** Requests of a batch. */
  readonly batchCountMax: number;
  /** Arrays and objects within each other. */
  readonly depthMax: number;
}

export const RPC_LIMITS: RpcLimits = {
  bodyBytesMax: 16 << 20,
  batchCountMax: 10_000,
  depthMax: 64,
};

type Id = string | number | null;

interface ErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export type Response =
  | { readonly jsonrpc: '2.0'; readonly id: Id; readonly result: unknown }
  | { readonly jsonrpc: '2.0'; readonly id: Id; readonly error: ErrorBody };

/** A text, or the bytes of a long one in pieces, as `Rendered` gives them. */
export type Answer = string | Iterable<Uint8Array>;

/** A session without notifications, for a transport that has none. */
export const NO_SESSION: Session = { notify: undefined, subscriptions: new Map() };

export class Dispatcher {
  readonly #node: Node;
  readonly #methods: ReadonlyMap<string, Method>;
  readonly #limits: RpcLimits;

  constructor(node: Node, methods: ReadonlyMap<string, Method>, limits: RpcLimits = RPC_LIMITS) {
    this.#node = node;
    this.#methods = methods;
    this.#limits = limits;
  }

  /** Of the chain: another one after a request that made a block. */
  get head(): ChainEntry {
    return this.#node.dev.head;
  }

  /** Runs a method, whose result may be `Rendered`. Its errors are `RpcError`s. */
  async call(name: string, params: readonly unknown[], session: Session): Promise<unknown> {
    const method = this.#methods.get(name);
    const node = this.#node;
    if (method === undefined) {
      if (!node.isHardhat) throw unknownMethod(name);
      throw (await import('../compat/hardhat.ts')).notSupported(name);
    }
    try {
      if (node.ready !== undefined) await node.ready;
      const read = readArgs(method, params);
      const args = method.prepare === undefined ? read : await method.prepare(node, read);
      if (node.isHardhat) {
        const { runAsHardhat } = await import('../compat/hardhat.ts');
        return await runAsHardhat(node, method, args, () => {
          return this.#run(method, args, params, session);
        });
      }
      return await this.#run(method, args, params, session);
    } catch (error) {
      throw toRpcError(error);
    }
  }

  #run(
    method: Method,
    args: readonly unknown[],
    params: readonly unknown[],
    session: Session,
  ): unknown {
    const node = this.#node;
    if (node.fork === undefined) return method.run(node, args, session);
    const request = { method, args, params, session };
    return import('../fork/routes.ts').then(({ runForked }) => runForked(node, request));
  }

  /** The text of the response to the text of a request; undefined where there is none. */
  async respond(body: string, session: Session = NO_SESSION): Promise<string | undefined> {
    const response = await this.#respond(body, session);
    return typeof response !== 'object' ? response : this.#textOf(response.only, response.problem);
  }

  /** The same, in pieces where it may be long: each is made when it is asked for. */
  async answer(body: string, session: Session = NO_SESSION): Promise<Answer | undefined> {
    const response = await this.#respond(body, session);
    if (typeof response !== 'object') return response;
    const { only, problem } = response;
    const isLong = problem === undefined && 'result' in only && only.result instanceof Rendered;
    if (!isLong) return this.#textOf(only, problem);
    try {
      return piecesOf(only.id, begun((only.result as Rendered).pieces()));
    } catch (error) {
      return stringify(toFailure(only.id, error));
    }
  }

  /** A text, or the response to a request that came alone, with what became of the commit. */
  async #respond(
    body: string,
    session: Session,
  ): Promise<string | { readonly only: Response; readonly problem: unknown } | undefined> {
    const { bodyBytesMax, batchCountMax, depthMax } = this.#limits;
    if (body.length > bodyBytesMax) return stringify(tooLarge(bodyBytesMax));
    if (isDeeper(body, depthMax)) {
      return stringify(failure(null, RPC_CODE.invalidRequest, `deeper than ${depthMax} levels`));
    }
    let value: unknown;
    try {
      value = JSON.parse(body);
    } catch {
      return stringify(failure(null, RPC_CODE.parse, 'parse error'));
    }
    if (!Array.isArray(value)) {
      const only = await this.#single(value, session);
      return only && { only, problem: await this.#failureOfCommit() };
    }
    if (value.length === 0) return stringify(failure(null, RPC_CODE.invalidRequest, 'empty batch'));
    if (value.length > batchCountMax) {
      const text = `batch of ${value.length} requests, at most ${batchCountMax}`;
      return stringify(failure(null, RPC_CODE.invalidRequest, text));
    }
    const responses: Response[] = [];
    for (const each of value) {
      const response = await this.#single(each, session);
      if (response !== undefined) responses.push(response);
    }
    const problem = await this.#failureOfCommit();
    const parts = responses.map((response) => this.#textOf(response, problem));
    if (parts.length === 0) return undefined;
    try {
      return `[${parts.join(',')}]`;
    } catch {
      return stringify(tooLong('the answers of this batch are'));
    }
  }

  /** Resolves when what was done so far outlives the process; with an error where it does not. */
  async #failureOfCommit(): Promise<unknown> {
    try {
      await this.#node.dev.settled();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** Whether what was done so far outlives the process, as soon as that is known. */
  async isSettled(): Promise<boolean> {
    return (await this.#failureOfCommit()) === undefined;
  }

  /** The text of the response to one request. */
  #textOf(response: Response, problem: unknown): string {
    if (problem !== undefined) return stringify(toFailure(response.id, problem));
    try {
      if ('result' in response && response.result instanceof Rendered) {
        let text = '';
        for (const piece of piecesOf(response.id, response.result.pieces()))
          text += decoder.decode(piece);
        return text;
      }
      return stringify(response);
    } catch (error) {
      if (!(error instanceof RangeError)) return stringify(toFailure(response.id, error));
      return stringify(tooLong('the answer is', response.id));
    }
  }

  async #single(value: unknown, session: Session): Promise<Response | undefined> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return failure(null, RPC_CODE.invalidRequest, 'invalid request');
    }
    const { id, method, params = [] } = value as Readonly<Record<string, unknown>>;
    const isId = typeof id === 'string' || typeof id === 'number' || id === null;
    if (id !== undefined && !isId) return failure(null, RPC_CODE.invalidRequest, 'invalid id');
    const known = isId ? id : null;
    if (typeof method !== 'string') {
      return failure(known, RPC_CODE.invalidRequest, 'invalid request: the method is no text');
    }
    try {
      const result = await this.call(method, this.#listParams(method, params), session);
      // What has no id is a notification: it is done, and nothing is said of it.
      return id === undefined ? undefined : { jsonrpc: '2.0', id: known, result: result ?? null };
    } catch (error) {
      if (id === undefined) return undefined;
      return toFailure(known, error);
    }
  }

  /** Parameters by place; those by name are put in the order of the method's. */
  #listParams(name: string, params: unknown): readonly unknown[] {
    if (Array.isArray(params)) return params;
    if (params === null) return [];
    const method = this.#methods.get(name);
    if (typeof params !== 'object') {
      throw new RpcError(RPC_CODE.invalidParams, 'the params are neither an array nor an object');
    }
    if (method === undefined) return [];
    const named = params as Readonly<Record<string, unknown>>;
    const names = method.params.map((each) => each.name);
    const unknown = Object.keys(named).find((key) => !names.includes(key));
    if (unknown !== undefined) {
      const text = `${name} has no parameter ${JSON.stringify(unknown)}`;
      throw new RpcError(RPC_CODE.invalidParams, text);
    }
    return names.map((each) => (Object.hasOwn(named, each) ? named[each] : undefined));
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function* piecesOf(id: Id, result: Iterable<Uint8Array>): Generator<Uint8Array> {
  yield encoder.encode(`{"jsonrpc":"2.0","id":${stringify(id)},"result":`);
  yield* result;
  yield encoder.encode('}');
}

/** The same pieces, of which the first one is there: what cannot even be begun throws here. */
function begun(pieces: Generator<Uint8Array>): Iterable<Uint8Array> {
  const { value: first } = pieces.next();
  return (function* () {
    if (first !== undefined) yield first;
    yield* pieces;
  })();
}

function unknownMethod(name: string): RpcError {
  const text = `the method ${name.slice(0, 100)} does not exist/is not available`;
  return new RpcError(RPC_CODE.methodNotFound, text);
}

/** A failure of whatever kind as JSON-RPC has it. A defect of this program stays one: -32603. */
export function toRpcError(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (error instanceof LockstepError) {
    const code = error.plane === 'rejection' ? RPC_CODE.invalidParams : RPC_CODE.internal;
    return new RpcError(code, `${error.message}. ${error.remedy}`);
  }
  const text = error instanceof Error ? error.message : String(error);
  return new RpcError(RPC_CODE.internal, text);
}

function toFailure(id: Id, error: unknown): Response {
  const { code, message, data } = toRpcError(error);
  return failure(id, code, message, data);
}

function failure(id: Id, code: number, message: string, data?: unknown): Response {
  const error = data === undefined ? { code, message } : { code, message, data };
  return { jsonrpc: '2.0', id, error };
}

/** The response to a request that is not even read. */
export function tooLarge(bytesMax: number): Response {
  return failure(null, RPC_CODE.invalidRequest, `request body above ${bytesMax} bytes`);
}

function tooLong(what: string, id: Id = null): Response {
  const text = `${what} longer than a text can be: ask for less at a time`;
  return failure(id, RPC_CODE.limitExceeded, text);
}

export function stringify(value: unknown): string {
  return JSON.stringify(value);
}

const QUOTE = '"'.charCodeAt(0);
const BACKSLASH = '\\'.charCodeAt(0);
/** Of `[` and `{`, whose closing partners stand two places on. */
const OPENING = ['[', '{'].map((each) => each.charCodeAt(0));

/** How often a character is in a text; above a limit it is not counted on. */
function countOf(text: string, char: string, limit: number): number {
  let count = 0;
  let at = text.indexOf(char);
  while (at >= 0 && count <= limit) {
    count++;
    at = text.indexOf(char, at + 1);
  }
  return count;
}

/** Whether the arrays and objects of a JSON text go deeper than a limit. */
function isDeeper(body: string, limit: number): boolean {
  const [bracket = 0, brace = 0] = OPENING;
  // Most requests have fewer of either than they may have within each other.
  if (countOf(body, '[', limit) + countOf(body, '{', limit) <= limit) return false;
  let depth = 0;
  let deepest = 0;
  let isText = false;
  for (let at = 0; at < body.length && deepest <= limit; at++) {
    const code = body.charCodeAt(at);
    if (isText) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isText = false;
    } else if (code === QUOTE) isText = true;
    else if (code === bracket || code === brace) deepest = Math.max(deepest, ++depth);
    else if (code === bracket + 2 || code === brace + 2) depth--;
  }
  return deepest > limit;
}
