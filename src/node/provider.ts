/**
 * A provider in process (EIP-1193): what the server answers, without a server. It runs in a browser
 * as well.
 */

import { canLoadCurves, loadCurves } from '../vms/evm/precompiles/curves.ts';
import { createMethods, METHODS } from './methods/table.ts';
import { Node } from './node.ts';
import type { NodeOptions } from './options.ts';
import type { Plugin } from './plugins.ts';
import { Dispatcher, RPC_LIMITS, type RpcLimits, toRpcError } from './rpc/dispatch.ts';
import type { RpcError } from './rpc/errors.ts';
import type { Session } from './rpc/method.ts';
import { Rendered } from './rpc/rendered.ts';

export interface RequestArguments {
  readonly method: string;
  readonly params?: readonly unknown[] | object;
}

/** What the provider tells: `message` for subscriptions (EIP-1193). */
export type ProviderListener = (message: { readonly type: string; readonly data: unknown }) => void;

export interface ProviderOptions extends NodeOptions {
  readonly limits?: Partial<RpcLimits>;
  /** Methods of the user's own: rows as `method` makes them. */
  readonly methods?: Plugin['methods'];
}

export class Provider {
  readonly node: Node;
  readonly dispatcher: Dispatcher;
  readonly #listeners = new Set<ProviderListener>();
  readonly #session: Session;
  /** Signatures need curves, which a browser and a bundle load ahead of their use. */
  readonly #curves: Promise<void> | undefined = canLoadCurves() ? undefined : loadCurves();
  /** Told of what went wrong without a request. */
  onError: ((error: RpcError) => void) | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @throws LockstepError L1701 for methods or precompiles that are not right */
  constructor({ limits, methods, ...options }: ProviderOptions = {}) {
    const table = methods === undefined ? METHODS : createMethods(methods);
    this.node = new Node(options);
    this.node.onProblem = (error) => this.onError?.(toRpcError(error));
    this.dispatcher = new Dispatcher(this.node, table, { ...RPC_LIMITS, ...limits });
    this.#session = {
      subscriptions: new Map(),
      notify: (message) => {
        const { params } = message as { readonly params: unknown };
        // Of nothing that could still be lost.
        const settled = this.node.dev.settled();
        if (settled === undefined) this.#tell(params);
        else settled.then(() => this.#tell(params), NOTHING);
      },
    };
    this.node.onBlockTime = (seconds) => this.#mineEvery(seconds);
    this.#mineEvery(this.node.settings.blockTime);
  }

  #tell(data: unknown): void {
    for (const listener of this.#listeners) listener({ type: 'eth_subscription', data });
  }

  /**
   * Runs a method.
   *
   * @throws RpcError with a code of JSON-RPC, and for a revert with its data
   */
  async request({ method, params = [] }: RequestArguments): Promise<unknown> {
    if (this.#curves !== undefined) await this.#curves;
    const list = Array.isArray(params) ? params : [params];
    try {
      const result = await this.#call(method, list);
      return result instanceof Rendered ? result.toValue() : result;
    } catch (error) {
      throw toRpcError(error);
    }
  }

  /** An error is told as a result is: of what is kept. */
  async #call(method: string, params: readonly unknown[]): Promise<unknown> {
    try {
      return await this.dispatcher.call(method, params, this.#session);
    } finally {
      const settled = this.node.dev.settled();
      if (settled !== undefined) await settled;
    }
  }

  on(event: string, listener: ProviderListener): this {
    if (event === 'message') this.#listeners.add(listener);
    return this;
  }

  removeListener(event: string, listener: ProviderListener): this {
    if (event === 'message') this.#listeners.delete(listener);
    return this;
  }

  /** Ends timers, subscriptions, and the database where there is one. */
  close(): void {
    this.#mineEvery(0);
    for (const stop of this.#session.subscriptions.values()) stop();
    this.#session.subscriptions.clear();
    this.#listeners.clear();
    this.node.dev.close();
  }

  /** A block that cannot be made is told, and tried again at the next time. */
  async #mineOnTime(): Promise<void> {
    try {
      await this.node.ready;
      await this.node.attempt(() => this.node.dev.mineOne());
      await this.node.dev.settled();
    } catch (error) {
      this.onError?.(toRpcError(error));
    }
  }

  #mineEvery(seconds: number): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    if (seconds <= 0) return;
    this.#timer = setInterval(() => this.#mineOnTime(), seconds * 1000);
    // A timer alone does not keep a program alive; in a browser it is a number.
    (this.#timer as { unref?: () => void }).unref?.();
  }
}

/** Each request tells of a write that failed. */
const NOTHING = (): void => {};

/** A node in process. */
export function createProvider(options: ProviderOptions = {}): Provider {
  return new Provider(options);
}
