/**
 * `lockstep dump`: a contract at a stage of the pipeline, or which of its blocks run in which tier
 * after a call.
 */
import type { Contract } from '../../languages/contract.ts';
import { InputError } from '../../languages/errors.ts';
import { languageOf } from '../../languages/languages.ts';
import type { Fork } from '../../vms/evm/forks.ts';
import { isWasm } from '../../vms/wasm/deployment.ts';
import { type Args, usageError } from '../args.ts';
import { chooseCode, readCodeInput } from '../code-input.ts';
import { STAGES, type Stage } from '../commands.ts';
import type { Io } from '../io.ts';
import { readFork } from '../session.ts';

/** A stage as text, and how much it is. */
export interface Shown {
  readonly text: string;
  readonly sizes: Readonly<Record<string, number>>;
  /** Rows that are more than text, for `--json`. */
  readonly rows?: readonly object[];
}

export interface DumpContext {
  readonly contract: Contract;
  readonly fork: Fork;
  readonly args: Args;
}

type Show = (context: DumpContext) => Promise<Shown>;

/** Closed functions, whose compiled code is the same on every compiler. */
const showClosedCode: Show = async (context) => {
  const given = CALL_OPTIONS.find((name) => context.args.flag(name));
  if (given !== undefined) throw usageError(`--${given} is for EVM code`, 'dump');
  (await import('../compiled.ts')).readCompiler(context.args.value('engine'), 'dump');
  return (await import('../closed-stages.ts')).showClosedCode(context);
};

interface Shows {
  readonly evm: Show;
  readonly dmir?: Show;
  readonly wasm?: Show;
}

/** What each stage shows of EVM code, and of a dMIR file and a module where they have the stage. */
const SHOW: Readonly<Record<Stage, Shows>> = {
  source: { evm: showSource, dmir: showSource, wasm: showSource },
  bytecode: {
    evm: async (context) => (await import('../stages.ts')).showCode(codeOf(context)),
    dmir: async ({ contract }) => (await import('../stages.ts')).showBinary(contract),
    wasm: async (context) => (await import('../stages.ts')).showCode(codeOf(context)),
  },
  evm: {
    evm: async (context) =>
      (await import('../stages.ts')).showInstructions(codeOf(context), context.fork),
  },
  dmir: {
    evm: async (context) =>
      (await import('../stages.ts')).showEvmModule(codeOf(context), context.fork),
    dmir: async ({ contract }) => (await import('../stages.ts')).showModule(contract),
    wasm: async (context) => (await import('../closed-stages.ts')).showLowered(context),
  },
  lowered: {
    evm: async (context) =>
      (await import('../stages.ts')).showEvmBytecode(codeOf(context), context.fork),
    dmir: async ({ contract }) => (await import('../stages.ts')).showModuleBytecode(contract),
  },
  opt: { evm: async (context) => (await import('../compiled-stages.ts')).showRegions(context) },
  wasm: {
    evm: async (context) => (await import('../compiled-stages.ts')).showWasm(context),
    dmir: showClosedCode,
    wasm: showClosedCode,
  },
  tiers: { evm: async (context) => (await import('../compiled-stages.ts')).showTiers(context) },
};

export async function run(args: Args, io: Io): Promise<number> {
  const stage = args.value('stage') as Stage | undefined;
  if (stage === undefined) {
    throw usageError(`dump needs a stage: --stage=${STAGES.join(', ')}`, 'dump');
  }
  checkOptions(args, stage);
  const fork = readFork(args.value('fork'));
  const contract = await readCodeInput(args, io, 'dump');
  const kind = contract.kind === 'dmir' ? 'dmir' : isModule(contract) ? 'wasm' : 'evm';
  const show = SHOW[stage][kind];
  if (show === undefined) throw noStage(contract, stage, kind);
  if (stage === 'tiers' && !hasCall(args)) {
    throw usageError('which tier a block runs in is known after a call: --call or --data', 'dump');
  }
  const { text, sizes, rows } = await show({ contract, fork, args });
  if (args.flag('json')) {
    const { file, name } = contract;
    const extra = rows === undefined ? {} : { rows };
    io.out(`${JSON.stringify({ stage, file, contract: name, fork, sizes, ...extra, text })}\n`);
  } else io.out(text.endsWith('\n') ? text : `${text}\n`);
  return 0;
}

/** Options that mean something at some stages only. */
const COMPILED_STAGES: readonly Stage[] = ['opt', 'wasm', 'tiers'];
const CALL_OPTIONS = ['call', 'data', 'times', 'deploy-args', 'value'] as const;
const COMPILED_OPTIONS = ['engine', ...CALL_OPTIONS] as const;

const hasCall = (args: Args): boolean => args.flag('call') || args.flag('data');

function checkOptions(args: Args, stage: Stage): void {
  const given = COMPILED_OPTIONS.find((name) => args.flag(name));
  if (given !== undefined && !COMPILED_STAGES.includes(stage)) {
    throw usageError(`--${given} is for the stages ${COMPILED_STAGES.join(', ')}`, 'dump');
  }
  if (hasCall(args) && args.flag('init')) {
    throw usageError('--call and --init exclude each other: a call runs the runtime code', 'dump');
  }
  const needsCall = (['times', 'deploy-args', 'value'] as const).find((name) => args.flag(name));
  if (needsCall !== undefined && !hasCall(args)) {
    throw usageError(`--${needsCall} needs a call: --call or --data`, 'dump');
  }
}

function codeOf({ contract, args }: DumpContext): Uint8Array {
  return chooseCode(contract, args.flag('init'));
}

async function showSource({ contract: { name, file } }: DumpContext): Promise<Shown> {
  if (!/\.(dmir|wat)$/.test(file) && languageOf(file) === undefined) {
    throw new InputError(
      'file-format',
      `${name} in ${file} comes without a source`,
      'name the source itself, or use: lockstep dump FILE --stage=evm',
    );
  }
  const { readFileSync } = await import('node:fs');
  const text = readFileSync(file, 'utf8');
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return { text, sizes: { sourceBytes: Buffer.byteLength(text), lines } };
}

function isModule(contract: Contract): boolean {
  return (
    contract.kind === 'evm' && contract.runtimeCode !== undefined && isWasm(contract.runtimeCode)
  );
}

function noStage(contract: Contract, stage: Stage, kind: 'evm' | 'dmir' | 'wasm'): InputError {
  const stages = STAGES.filter((each) => SHOW[each][kind] !== undefined);
  const what = kind === 'dmir' ? 'dMIR' : 'a WebAssembly module';
  return new InputError(
    'file-format',
    `${contract.file} is ${what} and has no stage ${stage}, which is for EVM code`,
    `use: lockstep dump FILE --stage=${stages.join(', ')}`,
  );
}
