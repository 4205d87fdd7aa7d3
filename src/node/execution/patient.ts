/**
 * Calls that take long: they stop again and again, so that the node serves others meanwhile.
 *
 * A call begins in the world of the chain, as all do. If it takes more than a few milliseconds it
 * begins anew in a world of its own, of which a part runs at a time; where a part ends is a matter
 * of counts, and nothing of the outcome depends on it. Each part runs on the state after the block
 * of the call, whatever the chain has done since, but for changes from outside to this very block.
 */
import type { BlockRules } from '../../chain/blocks/rules.ts';
import type { DevChain } from '../../chain/dev/dev-chain.ts';
import { LongRunError } from '../../chain/executor.ts';
import { EvmWorld, type ExecutedTransaction, type TransactionResult } from '../../chain/world.ts';
import { callRejection } from '../format/rejection.ts';
import type { Node } from '../node.ts';
import { others } from '../others.ts';
import { serverError } from '../rpc/errors.ts';
import { type CallRequest, NOBODY } from '../rpc/requests.ts';
import {
  blockEnv,
  type CallContext,
  callEnv,
  callLimits,
  type Message,
  runCall,
  toMessage,
} from './call.ts';
import { applyOverridesFor } from './overrides.ts';

/** Runs of the machine's loop at a time, of 250,000 operations or 512 calls each. */
const PATIENCE = 4;

const CHAIN_REPLACED = 'the chain was reset while the call ran; call again on the new one';

/** Long calls of a node, one after the other: each world has a memory of its own. */
export class PatientCalls {
  readonly #node: Node;
  #rules: BlockRules | undefined;
  #world: EvmWorld | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(node: Node) {
    this.#node = node;
  }

  /**
   * Runs the call of a request.
   *
   * @throws RpcError where it cannot begin
   */
  run(
    request: CallRequest,
    context: CallContext,
  ): ExecutedTransaction | Promise<ExecutedTransaction> {
    // A run on a fork is as a whole or not at all.
    if (this.#node.fork !== undefined) return runCall(this.#node, request, context);
    const rules = this.#node.rulesOf(context.entry);
    const { machine } = this.#node.dev.state.world(rules).executor;
    machine.patience = PATIENCE;
    try {
      return runCall(this.#node, request, context);
    } catch (error) {
      if (!(error instanceof LongRunError)) throw error;
    } finally {
      machine.patience = Number.POSITIVE_INFINITY;
    }
    const { dev } = this.#node;
    const done = this.#last.then(() => this.#runSlowly(dev, request, context, rules));
    this.#last = done.catch(() => {});
    return done;
  }

  /** Worlds are made anew: the chain is another one. */
  forget(): void {
    this.#world = undefined;
  }

  async #runSlowly(
    dev: DevChain,
    request: CallRequest,
    context: CallContext,
    rules: BlockRules,
  ): Promise<ExecutedTransaction> {
    if (this.#node.dev !== dev) throw serverError(CHAIN_REPLACED);
    const world = this.#worldFor(rules);
    const { entry, block } = context;
    const sender = request.from ?? NOBODY;
    let message: Message | undefined;
    let steps: Generator<undefined, TransactionResult> | undefined;
    const advance = (): IteratorResult<undefined, TransactionResult> => {
      if (steps === undefined || message === undefined) {
        message = toMessage(this.#node, request, world.getNonce(sender));
        world.setBlock(callEnv(blockEnv(this.#node, entry, block), message.tx));
        steps = world.applySlowly(message.tx, sender, callLimits(message.tx, rules), PATIENCE);
      }
      return steps.next();
    };
    try {
      for (;;) {
        const part = () => dev.watchCalls(world, advance);
        const { done, value } = this.#onState(world, context, rules, part);
        if (done && message !== undefined) return keep(value, message);
        await others();
        if (this.#node.dev !== dev) throw serverError(CHAIN_REPLACED);
      }
    } finally {
      steps?.return({ kind: 'rejected' } as TransactionResult);
    }
  }

  /** Does something on the state that the call began on. */
  #onState<T>(world: EvmWorld, { entry, state }: CallContext, rules: BlockRules, use: () => T): T {
    const node = this.#node;
    return node.chain.withState(entry, rules, (own) => {
      applyOverridesFor(world, node, own, state);
      return use();
    });
  }

  #worldFor(rules: BlockRules): EvmWorld {
    if (this.#world === undefined || this.#rules !== rules) {
      this.#world = new EvmWorld(this.#node.dev.state.worldOptions(rules));
      this.#rules = rules;
    }
    this.#world.reset();
    this.#world.executor.host.movedPrecompiles = undefined;
    return this.#world;
  }
}

/** The result with what it reads of the world, which the next call will change. */
function keep(result: TransactionResult, { tx, sender }: Message): ExecutedTransaction {
  if (result.kind === 'rejected') throw callRejection(result.rejection, sender, tx.gasLimit);
  const { outcome, output, logs, logBytes } = result;
  return { ...result, outcome, output, logs, logBytes };
}
