/**
 * How a remote node is asked: several requests at once, over HTTP or by a function (EIP-1193), with
 * retries by count. What a node answers with an error is an answer; what does not answer is one of
 * ours, which names the host alone: addresses have keys in them.
 */
import { LockstepError } from '../../base/errors.ts';

/** A request of JSON-RPC. */
export interface Call {
  readonly method: string;
  readonly params: readonly unknown[];
}

export interface RemoteError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

export type Answer = { readonly result: unknown } | { readonly error: RemoteError };

/** A node that can be asked. */
export interface Remote {
  /** Its name in messages. */
  readonly host: string;
  /**
   * Answers in the order of the calls.
   *
   * @throws LockstepError L2101 where none comes, L2104 where it is none of JSON-RPC
   */
  ask(calls: readonly Call[]): Promise<readonly Answer[]>;
}

export interface RemoteOptions {
  /** Of HTTP or HTTPS. */
  readonly url?: string;
  /** In place of an address: a provider's. */
  readonly request?: (call: { method: string; params: readonly unknown[] }) => Promise<unknown>;
  /** Sent with each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds that an answer may take; 45,000 unless told. */
  readonly timeoutMs?: number;
  /** How often a request is sent again; 5 unless told. */
  readonly retries?: number;
  /** Milliseconds before the first repetition, twice as many before each further one; 1,000. */
  readonly backoffMs?: number;
  /** Compute units a second that the remote allows; no limit unless told. */
  readonly unitsPerSecond?: number;
}

const TIMEOUT_MS = 45_000;
const RETRIES = 5;
const BACKOFF_MS = 1000;
/** Requests that are sent as one. */
const BATCH_COUNT_MAX = 100;
/** Requests under way at a time to a node that takes no batches. */
const PARALLEL_MAX = 8;
/** What providers count for a request that reads the state, on average. */
const UNITS_OF_CALL = 20;
const RATE_LIMIT = /rate limit|too many requests|request limit|exceeded.*(capacity|limit)|throttl/i;
const RATE_LIMIT_CODES: ReadonlySet<number> = new Set([429, -32005]);
const STATUS_TOO_MANY = 429;
const STATUS_SERVER = 500;

/** A failure after which the same request may succeed. */
class PassingFailure extends Error {}

/** @throws LockstepError L2106 for an address of another kind */
export function createRemote(options: RemoteOptions): Remote {
  const { request, url } = options;
  if (request !== undefined) {
    return { host: 'the provider', ask: (calls) => inParallel(calls, askFunction(request)) };
  }
  return new HttpRemote(parseUrl(url), options);
}

function parseUrl(url: string | undefined): URL {
  const parsed = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) return parsed;
  throw new LockstepError('L2106', {
    problem: 'the address of the remote node is no URL that begins with http:// or https://',
  });
}

function askFunction(request: NonNullable<RemoteOptions['request']>) {
  return async ({ method, params }: Call): Promise<Answer> => {
    try {
      return { result: await request({ method, params }) };
    } catch (error) {
      const { code = -32000, message, data } = error as RemoteError;
      return { error: { code, message, ...(data === undefined ? {} : { data }) } };
    }
  };
}

async function inParallel(
  calls: readonly Call[],
  ask: (call: Call) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < calls.length; at += PARALLEL_MAX) {
    answers.push(...(await Promise.all(calls.slice(at, at + PARALLEL_MAX).map(ask))));
  }
  return answers;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

class HttpRemote implements Remote {
  readonly host: string;
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #retries: number;
  readonly #backoffMs: number;
  readonly #unitsPerSecond: number | undefined;
  /** Until the remote refuses a batch. */
  #takesBatches = true;

  constructor(url: URL, options: RemoteOptions) {
    this.host = url.host;
    const { username, password } = url;
    this.#url = new URL(url);
    this.#url.username = '';
    this.#url.password = '';
    // A request of the platform takes no address with a name and a password in it.
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    this.#headers = {
      'content-type': 'application/json',
      ...(username === '' ? {} : { authorization: `Basic ${btoa(login)}` }),
      ...options.headers,
    };
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#retries = options.retries ?? RETRIES;
    this.#backoffMs = options.backoffMs ?? BACKOFF_MS;
    this.#unitsPerSecond = options.unitsPerSecond;
  }

  async ask(calls: readonly Call[]): Promise<readonly Answer[]> {
    const answers: Answer[] = [];
    for (let at = 0; at < calls.length; at += BATCH_COUNT_MAX) {
      answers.push(...(await this.#askSome(calls.slice(at, at + BATCH_COUNT_MAX))));
    }
    return answers;
  }

  async #askSome(calls: readonly Call[]): Promise<Answer[]> {
    if (calls.length > 1 && this.#takesBatches) {
      const answers = await this.#insist(calls);
      if (answers !== undefined) return answers;
      this.#takesBatches = false;
    }
    return inParallel(calls, async (call) => {
      const [answer] = (await this.#insist([call])) ?? [];
      return answer ?? this.#misfit(call, 'nothing');
    });
  }

  /** Asks until there is an answer to each; undefined where the remote takes no batches. */
  async #insist(calls: readonly Call[]): Promise<Answer[] | undefined> {
    const found: Answer[] = [];
    let left = [...calls.keys()];
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#keepPace(left.length);
        const answers = await this.#send(left.map((index) => calls[index] as Call));
        if (answers === undefined) return undefined;
        for (const [place, index] of left.entries()) found[index] = answers[place] as Answer;
        left = left.filter((index) => isRateLimit(found[index]));
        if (left.length === 0 || attempt >= this.#retries) break;
      } catch (error) {
        if (!(error instanceof PassingFailure)) throw error;
        if (attempt >= this.#retries) {
          const problem = `${error.message}, ${attempt + 1} times`;
          throw new LockstepError('L2101', { host: this.host, problem });
        }
      }
      await pause(this.#backoffMs * 2 ** attempt);
    }
    return found;
  }

  async #keepPace(count: number): Promise<void> {
    if (this.#unitsPerSecond === undefined) return;
    await pause((count * UNITS_OF_CALL * 1000) / this.#unitsPerSecond);
  }

  /** Sends requests as one; undefined where the remote takes no batches. */
  async #send(calls: readonly Call[]): Promise<Answer[] | undefined> {
    const requests = calls.map((call, id) => ({ jsonrpc: '2.0', id, ...call }));
    const isBatch = requests.length > 1;
    const { status, text } = await this.#post(JSON.stringify(isBatch ? requests : requests[0]));
    const body = parseJson(text);
    if (status === STATUS_TOO_MANY) throw new PassingFailure('it is asked too often (HTTP 429)');
    if (status >= STATUS_SERVER) throw new PassingFailure(`it fails (HTTP ${status})`);
    if (body === undefined) {
      if (status < 300) throw new PassingFailure('it answers no JSON');
      const problem = `HTTP ${status}, and no JSON`;
      throw new LockstepError('L2101', { host: this.host, problem });
    }
    if (isBatch && !Array.isArray(body)) return this.#refusedBatch(body);
    const list = Array.isArray(body) ? body : [body];
    const byId = new Map(list.map((each) => [each?.id, each]));
    return calls.map((call, id) => {
      const own = isBatch ? byId.get(id) : list[0];
      return toAnswer(own) ?? this.#misfit(call, 'something else');
    });
  }

  async #post(body: string): Promise<{ readonly status: number; readonly text: string }> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      const init = { method: 'POST', headers: this.#headers, body, signal };
      const response = await fetch(this.#url, init);
      return { status: response.status, text: await response.text() };
    } catch (error) {
      if (signal.aborted) throw new PassingFailure(`nothing came in ${this.#timeoutMs} ms`);
      const { cause } = error as { cause?: { code?: unknown } };
      throw new PassingFailure(`no connection (${String(cause?.code ?? 'network error')})`);
    }
  }

  /** One answer to many requests: too many, or that batches are not taken. */
  #refusedBatch(body: unknown): undefined {
    const answer = toAnswer(body);
    if (isRateLimit(answer)) throw new PassingFailure('it is asked too often');
    return undefined;
  }

  #misfit({ method }: Call, found: string): never {
    throw new LockstepError('L2104', {
      host: this.host,
      method,
      found,
      wanted: 'a response of JSON-RPC',
    });
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what a stranger sends is looked at field by field
function parseJson(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toAnswer(body: unknown): Answer | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { result, error } = body as { result?: unknown; error?: Partial<RemoteError> | null };
  if (typeof error === 'object' && error !== null) {
    const { code = -32000, message = 'no message', data } = error;
    return { error: { code, message: String(message), ...(data === undefined ? {} : { data }) } };
  }
  return 'result' in body ? { result } : undefined;
}

function isRateLimit(answer: Answer | undefined): boolean {
  if (answer === undefined || 'result' in answer) return false;
  const { code, message } = answer.error;
  return RATE_LIMIT_CODES.has(code) || RATE_LIMIT.test(message);
}
