/** The stages of a compiler as text: regions, WebAssembly, and tiers after a call. */
import type { EvmMachine } from '../chain/machine.ts';
import type { Outcome } from '../chain/types.ts';
import { chooseRegions } from '../engines/multipass/compile.ts';
import { printRegion } from '../engines/multipass/print.ts';
import { printWasm } from '../engines/wasm/print.ts';
import type { EvmContract } from '../languages/contract.ts';
import { InputError } from '../languages/errors.ts';
import { EVM_HOSTS } from '../vms/evm/abi.ts';
import { usageError } from './args.ts';
import { chooseCode } from './code-input.ts';
import type { DumpContext, Shown } from './commands/dump.ts';
import {
  type CompiledCode,
  callTimes,
  compileAll,
  countCodeBytes,
  countOperations,
  createNotingMachine,
  describe,
  noteRegions,
  programOf,
  readCompiler,
} from './compiled.ts';
import { formatTable } from './format.ts';
import { checkCall, readCall, readCreation } from './message-args.ts';
import { readPositive } from './option-values.ts';
import { callOptions, deployContract, openSession } from './session.ts';
import { sizeLine } from './stages.ts';

/** Calls unless told: more than any engine waits for. */
const TIMES = 256n;

/** The code after its calls: what was compiled of it, if anything was. */
interface Ran {
  readonly code: Uint8Array;
  readonly machine: EvmMachine | undefined;
  readonly compiled: CompiledCode | undefined;
  readonly about: readonly string[];
}

async function compile(context: DumpContext): Promise<Ran> {
  const { contract, fork, args } = context;
  const engine = readCompiler(args.value('engine'), 'dump');
  checkCall(args, 'dump');
  if (args.flag('call') || args.flag('data')) return runCalls(context);
  const code = chooseCode(contract, args.flag('init'));
  const { compiled, isCut } = compileAll(code, fork, engine);
  const about = isCut
    ? 'cut off: the first blocks that the code can reach; all would make this too long'
    : 'all blocks that the code can reach';
  return { code, machine: undefined, compiled, about: [about] };
}

async function runCalls({ contract: given, fork, args }: DumpContext): Promise<Ran> {
  const contract = given as EvmContract;
  const engine = readCompiler(args.value('engine'), 'dump');
  const times = Number(readPositive(args.value('times'), '--times') ?? TIMES);
  const call = await readCall(contract, args);
  const creation = await readCreation(contract, args);
  if (call === undefined) throw new Error('BUG: a call was asked for');
  const { machine, notes } = createNotingMachine({ fork, engine });
  const session = await openSession({ createMachine: async () => machine }, { fork });
  const placed = deployContract(session, contract, creation);
  const deployed = placed.deployment?.outcome;
  if (deployed !== undefined && deployed.status !== 'success') {
    throw usageError(
      `the deployment of ${contract.name} ends with ${ending(deployed)}, so that nothing can be ` +
        'called; its constructor may need --deploy-args',
      'dump',
    );
  }
  const message = { to: placed.address, data: call.data, value: call.value };
  const outcome = callTimes(machine, callOptions(session, message), times);
  const code = machine.state.getCode(placed.address);
  const note = notes.get(programOf(machine, code));
  const others = notes.size - (note === undefined ? 0 : 1);
  const about = [
    `${times} calls on ${engine}, each from the state before the first; the last: ${ending(outcome)}`,
    ...(others === 0 ? [] : [`${others} other programs were compiled for them`]),
  ];
  return { code, machine, compiled: note && describe(engine, note), about };
}

const ending = ({ status, reason }: Outcome): string =>
  reason === undefined ? status : `${status} (${reason})`;

/** What was compiled; nothing is a mistake in how the stage was asked for. */
function needModule({ compiled, machine }: Ran): CompiledCode {
  if (compiled !== undefined) return compiled;
  if (machine === undefined) {
    const message = 'no block of this code can be compiled';
    throw new InputError('usage', message, 'the interpreter runs it: --stage=lowered');
  }
  const message = 'nothing of the contract was compiled: it was not called often enough';
  throw new InputError('usage', message, 'raise --times, or leave the call out to compile all');
}

function sizesOf(code: Uint8Array, { fork }: DumpContext, compiled: CompiledCode) {
  const { program, blocks, regions, module, bytes } = compiled;
  return {
    codeBytes: code.length,
    compiledCodeBytes: countCodeBytes(code, fork, blocks),
    blocks: blocks.length,
    operations: countOperations(program, blocks),
    regions: regions.length,
    functions: module.functions.length,
    wasmBytes: bytes.length,
  };
}

/** Regions as multipass has them before it writes them. */
export async function showRegions(context: DumpContext): Promise<Shown> {
  const ran = await compile(context);
  const compiled = needModule(ran);
  if (compiled.engine !== 'multipass') {
    const message = `${compiled.engine} writes WebAssembly as it goes and has no stage before it`;
    throw new InputError('usage', message, 'use: --stage=wasm, or --engine multipass');
  }
  const { program, blocks, regions } = compiled;
  const sizes = sizesOf(ran.code, context, compiled);
  const { versions } = chooseRegions({ source: program.source, blocks });
  const hostName = (host: number): string => EVM_HOSTS[host]?.name ?? String(host);
  const texts = versions.flatMap((version, place) => [
    '',
    `;; ${regions[place]?.function.bytes} bytes of WebAssembly`,
    ...printRegion(version, place, hostName),
  ]);
  const head = [...ran.about.map((line) => `;; ${line}`), sizeLine(sizes)];
  return { text: [...head, ...texts, ''].join('\n'), sizes };
}

/** The module as text of WebAssembly. */
export async function showWasm(context: DumpContext): Promise<Shown> {
  const ran = await compile(context);
  const compiled = needModule(ran);
  const sizes = sizesOf(ran.code, context, compiled);
  const head = [...ran.about.map((line) => `;; ${line}`), sizeLine(sizes), ''].join('\n');
  return { text: head + printWasm(compiled.module, noteRegions(compiled)), sizes };
}

/** A block that was reached, and what runs it. */
interface TierRow {
  readonly block: number;
  readonly instructions: number;
  readonly operations: number;
  readonly words: number;
  /** The engine that runs the block from now on. */
  readonly tier: string;
  /** Places of the regions that it is in. */
  readonly regions: readonly number[];
  /** Bytes of the regions that begin with it. */
  readonly wasmBytes: number;
}

/** Which blocks were reached, and what they run in. */
export async function showTiers(context: DumpContext): Promise<Shown> {
  const { code, machine, compiled, about } = await compile(context);
  if (machine === undefined) throw new Error('BUG: tiers without a call');
  const engine = readCompiler(context.args.value('engine'), 'dump');
  const program = programOf(machine, code);
  const regions = compiled?.regions ?? [];
  const rows = [...program.blocks.values()]
    .sort((a, b) => a.id - b.id)
    .map((info): TierRow => {
      const inside = [...regions.keys()].filter((place) => regions[place]?.blocks.has(info.id));
      const own = regions.filter(({ root }) => root === info.id);
      const isCompiled = program.installed.has(info.id) || inside.length > 0;
      return {
        block: info.id,
        instructions: info.instructions,
        operations: program.source.lower(info.id).block.insts.length,
        words: info.dispatches,
        tier: isCompiled ? engine : 'interpreter',
        regions: inside,
        wasmBytes: own.reduce((sum, each) => sum + each.function.bytes, 0),
      };
    });
  const sizes = compiled
    ? sizesOf(code, context, compiled)
    : { codeBytes: code.length, blocks: 0, wasmBytes: 0 };
  const head = [...about.map((line) => `;; ${line}`), sizeLine(sizes), ''].join('\n');
  return { text: head + tierTable(rows), sizes, rows };
}

function tierTable(rows: readonly TierRow[]): string {
  const heads = ['block', 'instructions', 'operations', 'words', 'tier', 'in regions', 'own bytes'];
  const cells = rows.map((row) => [
    `@${row.block}`,
    String(row.instructions),
    String(row.operations),
    String(row.words),
    row.tier,
    row.regions.join(' ') || '-',
    row.wasmBytes === 0 ? '-' : String(row.wasmBytes),
  ]);
  return formatTable([heads, ...cells], [1, 2, 3, 6], '');
}
