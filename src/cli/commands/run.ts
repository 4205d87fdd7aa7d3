/** `lockstep run`: deploys a contract, calls it, and tells what happened. */

import type { Outcome } from '../../chain/types.ts';
import type { EngineName } from '../../engines/tiering.ts';
import type { EvmContract } from '../../languages/contract.ts';
import type { Loaded } from '../../languages/load.ts';
import { type Args, onePositional, usageError } from '../args.ts';
import { loadInput } from '../code-input.ts';
import { explainStep } from '../explain-step.ts';
import { FORK_OPTIONS } from '../fork-table.ts';
import type { ForkedMachine, Insist } from '../forked-machine.ts';
import { createPaint } from '../format.ts';
import type { Io } from '../io.ts';
import { type Call, checkCall, readCall, readCreation } from '../message-args.ts';
import { showNotes } from '../notes.ts';
import { readPositive } from '../option-values.ts';
import { Printed } from '../printed.ts';
import { renderRun } from '../render.ts';
import {
  isSuccess,
  type NameSlot,
  type RunReport,
  reportStep,
  runToJson,
  type StepReport,
} from '../report.ts';
import {
  callOptions,
  deployContract,
  machineOptions,
  openSession,
  type Placed,
  type Session,
  type SessionOptions,
  sendMessage,
} from '../session.ts';
import { slotNamer } from '../slot-names.ts';
import { type Timing, timeCall } from '../timing.ts';
import { transactionGas } from '../transaction-gas.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const name = onePositional(args, 'a file: lockstep run FILE', 'run');
  checkOptions(args);
  const { contract, notes, readDebug } = await loadInput(name, args);
  showNotes(notes, io, args.flag('verbose'));
  if (contract.kind === 'dmir') {
    const { runDmir } = await import('./run-dmir.ts');
    return runDmir(contract, args, io);
  }
  if (args.flag('steps')) throw usageError('--steps is for dMIR; EVM code ends by its gas', 'run');
  const report = await runContract(contract, readDebug, args, io);
  if (args.flag('json')) io.out(`${JSON.stringify(runToJson(report))}\n`);
  else io.out(renderRun(report, createPaint(io.color)) + (await hint(report, contract)));
  return isSuccess(report) ? 0 : 1;
}

function checkOptions(args: Args): void {
  if (args.flag('deploy') && args.flag('runtime')) {
    throw usageError('--deploy and --runtime exclude each other', 'run');
  }
  checkCall(args, 'run');
}

async function runContract(
  contract: EvmContract,
  readDebug: Loaded['readDebug'],
  args: Args,
  io: Io,
): Promise<RunReport> {
  // What was asked for is read before anything runs, so that a typing error costs nothing.
  const call = await readCall(contract, args);
  const creation = await readCreation(contract, args);
  const options = {
    fork: args.value('fork'),
    from: args.value('from'),
    gas: readPositive(args.value('gas'), '--gas'),
    engine: args.value('engine') as EngineName | undefined,
    codeCache: args.value('code-cache'),
  };
  const forked = await openFork(args, options);
  const insist: Insist = forked?.insist ?? ((run) => run());
  const own = forked === undefined ? io : { createMachine: async () => forked.machine };
  const session = await openSession(own, options, insist);
  const started = performance.now();
  const printed = new Printed();
  const placed = await insist(() => deployContract(session, contract, creation, printed.begin()));
  const firstMs = performance.now() - started;
  const timing: Timing = { engine: session.engine, firstMs, medianMs: undefined, runs: 0 };
  const running = { session, insist, readDebug };
  const deploy = await reportDeployment(running, placed, creation, { timing, printed });
  const deployed = deploy === undefined || deploy.outcome.status === 'success';
  const step = deployed && call ? await runCall(running, placed, call, args, io) : undefined;
  return {
    file: contract.file,
    contract: contract.name,
    format: contract.format,
    compiler: contract.compiler,
    fork: session.fork,
    from: session.from,
    address: placed.address,
    deploy,
    call: step,
  };
}

/** The machine over another chain, where the options name one. */
async function openFork(args: Args, options: SessionOptions): Promise<ForkedMachine | undefined> {
  if (!FORK_OPTIONS.some(({ name }) => args.flag(name))) return undefined;
  const { openForkedMachine } = await import('../forked-machine.ts');
  return openForkedMachine(args, machineOptions(options));
}

/** What runs the steps. */
interface Running {
  readonly session: Session;
  readonly insist: Insist;
  readonly readDebug: Loaded['readDebug'];
}

type Creation = Awaited<ReturnType<typeof readCreation>>;

async function reportDeployment(
  { session, insist, readDebug }: Running,
  placed: Placed,
  creation: Creation,
  { timing, printed }: { readonly timing: Timing; readonly printed: Printed },
): Promise<StepReport | undefined> {
  if (placed.deployment === undefined) return undefined;
  const { outcome, code } = placed.deployment;
  const { fork, machine, from, gas } = session;
  const message = {
    code,
    from,
    value: creation?.value ?? 0n,
    ...(gas === undefined ? {} : { gas }),
  };
  return reportStep(
    {
      kind: 'deploy',
      address: placed.address,
      item: undefined,
      data: code,
      outcome,
      gas: transactionGas(fork, code, true, outcome.gasUsed, outcome.gasRefund),
      timings: [timing],
      abi: placed.contract.abi,
      printed: printed.lines,
      trace: await explainStep({ machine, insist, readDebug }, outcome, message),
    },
    await slotNames(session, placed, new Uint8Array(0), outcome),
  );
}

function slotNames(
  session: Session,
  placed: Placed,
  data: Uint8Array,
  outcome: Outcome,
): Promise<NameSlot> {
  return slotNamer(placed.contract, placed.address, session.from, data, outcome);
}

async function runCall(
  { session, insist, readDebug }: Running,
  placed: Placed,
  call: Call,
  args: Args,
  io: Io,
): Promise<StepReport> {
  const { machine, fork } = session;
  const message = { to: placed.address, data: call.data, value: call.value };
  const before = machine.snapshot();
  const printed = new Printed();
  const { outcome, timing } = await insist(() => {
    // Of the calls that are timed, the first is heard.
    let onPrint: ReturnType<Printed['begin']> | undefined = printed.begin();
    const send = (): Outcome => {
      const heard = onPrint;
      onPrint = undefined;
      return sendMessage(session, message, heard);
    };
    return timeCall(machine, send, session.engine);
  });
  if (args.flag('trace')) {
    const { writeTrace } = await import('../trace.ts');
    machine.restore(before);
    writeTrace(machine, callOptions(session, message), fork, io.out);
  }
  return reportStep(
    {
      kind: 'call',
      address: placed.address,
      item: call.item,
      data: call.data,
      outcome,
      gas: transactionGas(fork, call.data, false, outcome.gasUsed, outcome.gasRefund),
      timings: [timing],
      abi: placed.contract.abi,
      printed: printed.lines,
      trace: await explainStep(
        { machine, insist, readDebug },
        outcome,
        callOptions(session, message),
      ),
    },
    await slotNames(session, placed, call.data, outcome),
  );
}

/** After a deployment alone, what could be called. */
async function hint(report: RunReport, contract: EvmContract): Promise<string> {
  if (report.call !== undefined || contract.abi === undefined || !isSuccess(report)) return '';
  const { describeFunction } = await import('../../languages/abi.ts');
  const functions = contract.abi.filter((item) => item.type === 'function');
  if (functions.length === 0) return '';
  const list = functions.map((item) => `  ${describeFunction(item)}\n`).join('');
  return `\nfunctions, for --call\n${list}`;
}
