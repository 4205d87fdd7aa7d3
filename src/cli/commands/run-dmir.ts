/** `lockstep run FILE.dmir`: runs a function of a dMIR module. */
import { bytesToHex } from '../../base/bytes.ts';
import { CodeLimitError } from '../../dmir/bytecode/encode-function.ts';
import type { Func, Module } from '../../dmir/ir.ts';
import { TYPE_BITS, type Type } from '../../dmir/types.ts';
import {
  type ModuleResult,
  ModuleRunner,
  RegionLimitError,
} from '../../engines/interpreter/module.ts';
import type { EngineName } from '../../engines/names.ts';
import { parseInteger } from '../../languages/abi-values.ts';
import type { DmirContract } from '../../languages/contract.ts';
import { InputError } from '../../languages/errors.ts';
import { type Args, usageError } from '../args.ts';
import { findModuleFunction, readModule } from '../dmir-module.ts';
import { HALTS, type HaltReason } from '../explanations.ts';
import {
  createPaint,
  formatCount,
  formatQuantity,
  formatTable,
  formatTime,
  formatWord,
  type Paint,
} from '../format.ts';
import type { Io } from '../io.ts';
import { readPositive } from '../option-values.ts';

/** Operations after which a run ends unless `--steps` tells another number: some seconds. */
const STEPS_MAX = 1_000_000_000n;
/** The kernel's gas is a signed number where it charges. */
const GAS_LIMIT = 1n << 63n;

/** Options that are about EVM code. */
const EVM_OPTIONS = [
  'data',
  'deploy-args',
  'value',
  'deploy-value',
  'from',
  'contract',
  'deploy',
  'runtime',
  'trace',
] as const;

/** @throws InputError `argument-type` */
function readArgument(type: Type, text: string, index: number, owner: string): bigint {
  const where = `${owner}, parameter ${index + 1}: ${JSON.stringify(text)}`;
  if (type === 'f32' || type === 'f64') return floatBits(type, text, where);
  const bits = BigInt(TYPE_BITS[type]);
  const value = parseInteger(text);
  if (value === undefined) {
    throw new InputError('argument-type', `${where} is not an integer`, `its type is ${type}`);
  }
  // Negative numbers are written as such and passed as their two's complement.
  if (value >= 1n << bits || value < -(1n << (bits - 1n))) {
    throw new InputError('argument-type', `${where} does not fit the type ${type}`);
  }
  return BigInt.asUintN(Number(bits), value);
}

function floatBits(type: 'f32' | 'f64', text: string, where: string): bigint {
  const value = Number(text);
  if (text.trim() === '' || (Number.isNaN(value) && text.toLowerCase() !== 'nan')) {
    throw new InputError('argument-type', `${where} is not a number of type ${type}`);
  }
  const view = new DataView(new ArrayBuffer(8));
  if (type === 'f64') {
    view.setFloat64(0, value);
    return view.getBigUint64(0);
  }
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
}

function showResult(type: Type, bits: bigint): string {
  if (type !== 'f32' && type !== 'f64') return String(bits);
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return String(type === 'f64' ? view.getFloat64(0) : view.getFloat32(4));
}

/** What was asked for. */
interface ModuleCall {
  readonly func: Func;
  readonly given: readonly string[];
  readonly args: readonly bigint[];
  readonly gas: bigint | undefined;
  readonly engine: EngineName;
  /** Undefined for compiled code, which counts no steps: its gas bounds it. */
  readonly stepsMax: bigint | undefined;
}

function readCall(module: Module, contract: DmirContract, args: Args): ModuleCall {
  const unfit = EVM_OPTIONS.find((name) => args.flag(name));
  if (unfit !== undefined) throw usageError(`--${unfit} is for EVM code, not for dMIR`, 'run');
  const [name, ...given] = args.list('call') ?? [];
  const func = findModuleFunction(module, name, contract.file);
  const owner = `@${func.name}(${func.params.join(', ')})`;
  if (given.length !== func.params.length) {
    throw new InputError(
      'argument-count',
      `${owner} takes ${func.params.length} arguments, not ${given.length}`,
      `call it so: --call '@${func.name}'${func.params.map((type) => ` ${type}`).join('')}`,
    );
  }
  const gas = readPositive(args.value('gas'), '--gas');
  if (gas !== undefined && gas >= GAS_LIMIT) {
    throw usageError(`--gas ${gas}: a dMIR run has gas below 2^63`, 'run');
  }
  const engine = (args.value('engine') ?? 'interpreter') as EngineName;
  const stepsMax = readPositive(args.value('steps'), '--steps');
  if (engine !== 'interpreter' && stepsMax !== undefined) {
    throw usageError('compiled code counts no steps: leave --engine out, or use --gas', 'run');
  }
  return {
    func,
    given,
    engine,
    args: func.params.map((type, index) => readArgument(type, given[index]!, index, owner)),
    gas,
    stepsMax: engine === 'interpreter' ? (stepsMax ?? STEPS_MAX) : undefined,
  };
}

/** @throws InputError `dmir-invalid` for a module that is too large for the machine */
function execute(module: Module, call: ModuleCall, file: string): ModuleResult {
  const { func, args, gas, stepsMax, engine } = call;
  try {
    const runner = new ModuleRunner(module, undefined, undefined, { engine });
    return runner.run(func.name, args, { gas, stepsMax });
  } catch (error) {
    if (error instanceof RegionLimitError || error instanceof CodeLimitError) {
      throw new InputError('dmir-invalid', `${file} cannot run: ${error.message}`);
    }
    throw error;
  }
}

/** How the run ended, in words; empty for a success. */
function explainEnd(result: ModuleResult, stepsMax = 0n): string {
  const { status, trap, suspended } = result;
  if (status === 'trap') return `trap: ${trap}: ${HALTS[trap as HaltReason]}`;
  if (status === 'revert') return 'revert';
  if (status === 'paused') {
    return `stopped after ${formatCount(stepsMax)} steps; --steps N allows more or fewer`;
  }
  if (status !== 'suspended') return '';
  const args = suspended?.args.map(String).join(', ');
  return `suspended: it asks for @${suspended?.host}(${args}), and the command has no host functions`;
}

interface ShownValue {
  readonly type: Type;
  readonly value: string;
}

function toJson(
  file: string,
  call: ModuleCall,
  result: ModuleResult,
  results: readonly ShownValue[],
  firstMs: number,
): object {
  const { status, trap, suspended, gasUsed, refund, steps, output, logs, cells } = result;
  return {
    ok: status === 'success',
    file,
    function: call.func.name,
    arguments: call.args.map(String),
    status,
    ...(trap === null ? {} : { reason: trap }),
    ...(suspended === null
      ? {}
      : { suspended: { host: suspended.host, arguments: suspended.args.map(String) } }),
    result: results,
    output: bytesToHex(output),
    gas: Number(gasUsed),
    refund: Number(refund),
    ...(call.stepsMax === undefined ? {} : { steps: Number(steps) }),
    logs: logs.map((log) => ({
      topics: log.topics.map(formatQuantity),
      data: bytesToHex(log.data),
    })),
    cells: cells.map(({ space, key, value }) => ({
      space,
      key: formatQuantity(key),
      value: formatQuantity(value),
    })),
    time: [{ engine: call.engine, firstMs }],
  };
}

function render(
  call: ModuleCall,
  result: ModuleResult,
  results: readonly ShownValue[],
  firstMs: number,
  paint: Paint,
): string {
  const { gasUsed, refund, steps, output, logs, cells } = result;
  const end = explainEnd(result, call.stepsMax);
  const status = end === '' ? paint('green', 'success') : paint('red', end);
  const shown = results.map(({ type, value }) => `${paint('cyan', value)}  ${paint('dim', type)}`);
  const label = (text: string): string => paint('dim', text);
  const gas = refund === 0n ? '' : `  ${label(`refund ${formatCount(refund)}`)}`;
  const rows = [
    ...(shown.length > 0 ? [[label('result'), shown.join(', ')]] : []),
    ...(output.length > 0 ? [[label('output'), paint('cyan', bytesToHex(output))]] : []),
    ...logs.map(({ topics, data }) => {
      return [label('log'), [...topics.map(formatQuantity), bytesToHex(data)].join('  ')];
    }),
    ...cells.map(({ space, key, value }) => {
      return [label('cell'), `${space} ${formatQuantity(key)}  ${formatWord(value)}`];
    }),
    [label('gas'), `${formatCount(gasUsed)}${gas}`],
    ...(call.stepsMax === undefined ? [] : [[label('steps'), formatCount(steps)]]),
    [label('time'), `${formatTime(firstMs)}  ${label(call.engine)}`],
  ];
  const heading = paint('bold', `@${call.func.name}(${call.given.join(', ')})`);
  return `${heading}  ${status}\n${formatTable(rows)}`;
}

export async function runDmir(contract: DmirContract, args: Args, io: Io): Promise<number> {
  const module = readModule(contract);
  const call = readCall(module, contract, args);
  const started = performance.now();
  const result = execute(module, call, contract.file);
  const firstMs = performance.now() - started;
  const types = result.end === 'return' ? call.func.results : [];
  const results = types.map((type, index) => {
    return { type, value: showResult(type, result.results[index] as bigint) };
  });
  if (args.flag('json')) {
    io.out(`${JSON.stringify(toJson(contract.file, call, result, results, firstMs))}\n`);
  } else {
    io.out(render(call, result, results, firstMs, createPaint(io.color)));
  }
  return result.status === 'success' ? 0 : 1;
}
