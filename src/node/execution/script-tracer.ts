/**
 * Tracers that are scripts, with go-ethereum's interface. The transaction runs twice: once for what
 * its instructions cost, and once for the script, which is told of each before it runs.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { bytesToHex, hexToBytes } from '../../base/bytes.ts';
import { bigintToBytes32 } from '../../base/u256.ts';
import { FrameRecorder, type TracedFrame } from '../../chain/tracers/observer.ts';
import { CostRecorder, type StepCosts } from '../../chain/tracers/step-costs.ts';
import type { StepWatcher, StepWorld } from '../../chain/tracers/steps.ts';
import type { TraceStep } from '../../chain/types.ts';
import { type ExecutedTransaction, effectiveGasPrice } from '../../chain/world.ts';
import type { FrameEnd, MachineAccess, Owner } from '../../dmir/host.ts';
import { SPACE } from '../../vms/evm/host/accounts.ts';
import { create2Address, createAddress } from '../../vms/evm/host/creates.ts';
import type { FrameEntry } from '../../vms/evm/host/observer.ts';
import { OPCODES } from '../../vms/evm/opcodes.ts';
import type { Node } from '../node.ts';
import { RpcError, serverError } from '../rpc/errors.ts';
import {
  type Guest,
  type HostFunction,
  type Plain,
  type Sandbox,
  Sandboxes,
} from '../scripts/sandbox.ts';
import { TRACER_GUEST } from '../scripts/tracer-guest.ts';
import { fail, type Scripts, type TraceTask } from './trace.ts';

/** What go-ethereum finds before it tells of an instruction, which then is no fault. */
const EARLY_ERROR = /^(out of gas|stack |gas uint64)/;
const OPCODE_NAMES = OPCODES.map((row) => row?.name ?? '').join(' ');
const NO_BYTES = new Uint8Array(0);

/**
 * Makes a sandbox for the scripts of one request.
 *
 * @throws LockstepError L1702 where there is no QuickJS
 */
export async function openScripts(node: Node): Promise<Scripts> {
  node.sandboxes ??= new Sandboxes(node.quickJs);
  const sandbox = await node.sandboxes.create();
  return (task, code, config) => traceByScript(task, sandbox, code, config);
}

/** What the script's `result` gives for a transaction, as a JSON value. */
function traceByScript(task: TraceTask, sandbox: Sandbox, code: string, config: unknown): unknown {
  const { stepped, tx, sender, limits } = task;
  const { executor } = stepped.world;
  const recorder = new CostRecorder(stepped);
  const scripted = new ScriptTracer(stepped, recorder);
  scripted.start(sandbox, code, config);
  try {
    executor.host.observer = recorder;
    const first = stepped.apply(tx, sender, limits, recorder);
    if (first.kind === 'rejected') return fail(task, first.rejection);
    executor.undo();
    executor.host.observer = scripted;
    const second = stepped.apply(tx, sender, limits, scripted);
    if (second.kind === 'rejected')
      throw new Error('BUG: a transaction is refused the second time');
    return scripted.result(task, second);
  } finally {
    executor.host.observer = undefined;
  }
}

/** What the code of a frame finds of its call. */
interface Contract {
  readonly address: Uint8Array;
  readonly caller: Uint8Array;
  readonly value: bigint;
  readonly input: Uint8Array;
}

class ScriptTracer extends FrameRecorder implements StepWatcher {
  readonly #stepped: StepWorld;
  readonly #costs: StepCosts;
  readonly #contracts: Contract[] = [];
  #guest: Guest | undefined;
  #hasStep = false;
  #hasFrames = false;
  #step: TraceStep | undefined;
  #index = 0;
  #problem: { readonly error: unknown } | undefined;

  constructor(stepped: StepWorld, costs: StepCosts) {
    super(stepped.world.executor.host, stepped.world.executor.machine);
    this.#stepped = stepped;
    this.#costs = costs;
  }

  /** Reads the script. */
  start(sandbox: Sandbox, code: string, config: unknown): void {
    this.#guest = sandbox.load(TRACER_GUEST, this.#functions());
    const has = this.#guest.call('start', code, JSON.stringify(config ?? {}), OPCODE_NAMES);
    this.#hasStep = has.includes('step');
    this.#hasFrames = has.includes('frames');
  }

  // ---- what happens

  before(step: TraceStep): void {
    const index = this.#index++;
    this.#throwProblem();
    this.#step = step;
    const error = this.#costs.errors.get(index);
    if (!this.#hasStep && error === undefined) return;
    const isEarly = error !== undefined && EARLY_ERROR.test(error);
    const early = isEarly ? error : undefined;
    const { op, pc, gas, depth, refund, stack, memorySize } = step;
    const cost = this.#costs.costs[index] as number;
    const sizes = [stack.length, memorySize] as const;
    this.#tell('step', this.#hasStep ? 'step' : 'note', [
      ...[op, pc, Number(gas), cost, depth, Number(refund), ...sizes],
      ...(early === undefined ? [] : [early]),
    ]);
    if (error !== undefined && !isEarly) {
      const state = [op, pc, Number(gas), cost, depth, Number(refund), ...sizes, error];
      this.#tell('fault', 'note', state);
      this.#tell('fault', 'fault', []);
    }
    this.#throwProblem();
  }

  override enter(machine: MachineAccess, entry: FrameEntry): void {
    super.enter(machine, entry);
    const frame = this.running as TracedFrame;
    this.#contracts.push(contractOf(frame, this.#contracts.at(-1)));
    this.#enterScript(frame, this.#contracts.length);
  }

  #enterScript({ type, from, to, input, gas, value }: TracedFrame, depth: number): void {
    if (depth === 1 || !this.#hasFrames) return;
    const names = [type, bytesToHex(from), bytesToHex(to), bytesToHex(input)];
    const amount = value === undefined ? [] : [value.toString()];
    this.#tell('enter', 'enter', [...names, Number(gas), ...amount]);
  }

  override exit(machine: MachineAccess, end: FrameEnd, output?: Uint8Array): void {
    const frame = this.running as TracedFrame;
    super.exit(machine, end, output);
    this.#contracts.pop();
    if (this.#contracts.length > 0) this.#exitScript(frame);
  }

  #exitScript({ gasUsed, output, error }: TracedFrame): void {
    if (!this.#hasFrames) return;
    const reason = error === undefined ? [] : [error];
    this.#tell('exit', 'exit', [Number(gasUsed), bytesToHex(output), ...reason]);
  }

  override selfDestruct(machine: MachineAccess, from: Owner, to: Owner, balance: bigint): void {
    super.selfDestruct(machine, from, to, balance);
    const frame = this.running?.calls.at(-1);
    if (frame === undefined) return;
    this.#enterScript(frame, this.#contracts.length + 1);
    this.#exitScript(frame);
  }

  /** What `result` gives, as a JSON value. */
  result({ tx, sender, place }: TraceTask, done: ExecutedTransaction): unknown {
    this.#throwProblem();
    const { block, rules } = this.#stepped.world;
    const frame = this.outermost as TracedFrame;
    const { blockHash, transactionHash, transactionPosition } = place;
    const context = {
      ...(blockHash === undefined ? {} : { blockHash: { bytes: blockHash } }),
      ...(transactionHash === undefined
        ? {}
        : { txHash: { bytes: transactionHash }, txIndex: transactionPosition }),
      type: tx.to === undefined ? 'CREATE' : 'CALL',
      from: { bytes: bytesToHex(sender) },
      to: { bytes: bytesToHex(frame.to) },
      input: { bytes: bytesToHex(tx.data) },
      gas: Number(tx.gasLimit),
      gasUsed: Number(done.gasUsed),
      gasPrice: numberOf(effectiveGasPrice(tx, rules.eip1559 ? BigInt(block.baseFee) : 0n)),
      value: numberOf(tx.value),
      block: Number(block.number),
      coinbase: { bytes: String(block.coinbase) },
      output: { bytes: bytesToHex(frame.output) },
      ...(frame.error === undefined ? {} : { error: frame.error }),
    };
    let text = 'null';
    this.#attempt('result', (guest) => {
      text = guest.call('result', JSON.stringify(context));
    });
    this.#throwProblem();
    return JSON.parse(text);
  }

  // ---- the script

  #tell(place: string, name: string, args: readonly Plain[]): void {
    this.#attempt(place, (guest) => guest.call(name, ...args));
  }

  /** What fails is told where the machine stands between two instructions. */
  #attempt(place: string, run: (guest: Guest) => void): void {
    if (this.#problem !== undefined) return;
    try {
      run(this.#guest as Guest);
    } catch (error) {
      const isScripts = error instanceof RpcError;
      const text = isScripts ? `${error.message}    in server-side tracer function '${place}'` : '';
      this.#problem = { error: isScripts ? serverError(text) : error };
    }
  }

  #throwProblem(): void {
    if (this.#problem !== undefined) throw this.#problem.error;
  }

  #functions(): Readonly<Record<string, HostFunction>> {
    const { world } = this.#stepped;
    const { executor } = world;
    const word = (value: bigint) => bigintToBytes32(value, 'a word');
    return {
      peek: (index) => String((this.#step as TraceStep).stack.at(-1 - Number(index))),
      memory: (start, end) =>
        this.#stepped.readMemory(BigInt(start), BigInt(end) - BigInt(start)) ?? NO_BYTES,
      contract: (name) => {
        const contract = this.#contracts.at(-1) as Contract;
        const value = contract[name as keyof Contract];
        return typeof value === 'bigint' ? word(value) : value;
      },
      balance: (address) => world.getBalance(hexToBytes(address)).toString(),
      nonce: (address) => Number(world.getNonce(hexToBytes(address))),
      code: (address) => world.getCode(hexToBytes(address)),
      slot: (address, slot) =>
        word(executor.readWord(SPACE.slot, hexToBytes(address), BigInt(slot))),
      exists: (address) => {
        const bytes = hexToBytes(address);
        const isThere = executor.readWord(SPACE.exists, bytes, 0n) !== 0n;
        const isEmpty = executor.host.accounts.isEmpty(
          executor.machine,
          executor.machine.ownerOf(bytes),
        );
        return isThere || !isEmpty ? 1 : 0;
      },
      isPrecompiled: (address) => (executor.host.allPrecompiles().has(BigInt(address)) ? 1 : 0),
      created: (from, nonce) => createAddress(hexToBytes(from), BigInt(Math.trunc(Number(nonce)))),
      created2: (from, salt, code) =>
        create2Address(hexToBytes(from), BigInt(salt), keccak_256(hexToBytes(code))),
    };
  }
}

function numberOf(value: bigint): { readonly number: string } {
  return { number: value.toString() };
}

/** What the code of a frame finds, by its type and the frame above. */
function contractOf(
  { type, from, to, value = 0n, input }: TracedFrame,
  above?: Contract,
): Contract {
  if (type === 'DELEGATECALL' && above !== undefined) return { ...above, input };
  if (type === 'CALLCODE') return { address: from, caller: from, value, input };
  const isCreation = type.startsWith('CREATE');
  return { address: to, caller: from, value, input: isCreation ? NO_BYTES : input };
}
