/** `lockstep compile`: a source, or an artifact, to its ABI and bytecode. */
import { join } from 'node:path';
import { bytesToHex } from '../../base/bytes.ts';
import type { DmirContract, EvmContract } from '../../languages/contract.ts';
import { loadContract } from '../../languages/load.ts';
import type { Fork } from '../../vms/evm/forks.ts';
import { costsOf, MODULE_BYTES_MAX } from '../../vms/evm/gas.ts';
import { readContract } from '../../vms/wasm/contract.ts';
import { isWasm } from '../../vms/wasm/deployment.ts';
import { type Args, onePositional } from '../args.ts';
import { createPaint, formatCount, formatTable, type Paint } from '../format.ts';
import type { Io } from '../io.ts';
import { showNotes } from '../notes.ts';
import { readForkName } from '../option-values.ts';
import { writeOutput } from '../output-file.ts';
import { readFork } from '../session.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const file = onePositional(args, 'a file: lockstep compile FILE', 'compile');
  const fork = readForkName(args.value('fork'));
  const { contract, notes } = await loadContract(file, { contract: args.value('contract'), fork });
  showNotes(notes, io, args.flag('verbose'));
  if (contract.kind === 'dmir') return compileDmir(contract, args, io);
  if (contract.format === 'wasm') readContract(contract.runtimeCode ?? new Uint8Array(0));
  const artifact = toArtifact(contract);
  const text = `${JSON.stringify(artifact, null, 2)}\n`;
  const path = writeTo(args.value('out'), `${contract.name}.json`, text);
  if (args.flag('json')) io.out(`${JSON.stringify({ ok: true, ...artifact })}\n`);
  else io.out(await render(contract, path, readFork(fork), createPaint(io.color)));
  return 0;
}

/** Checks a module, and writes its binary form, which is a contract of its own. */
async function compileDmir(contract: DmirContract, args: Args, io: Io): Promise<number> {
  const { readModule } = await import('../dmir-module.ts');
  const { encodeModule } = await import('../../dmir/bytecode/container.ts');
  const module = readModule(contract);
  const bytes = encodeModule(module);
  const functions = module.funcs.map((func) => func.name);
  const path = writeTo(args.value('out'), `${contract.name}.dmirb`, bytes);
  if (args.flag('json')) {
    const { file } = contract;
    const written = path === undefined ? {} : { written: path };
    const report = { ok: true, file, functions, bytecode: bytesToHex(bytes), ...written };
    io.out(`${JSON.stringify(report)}\n`);
    return 0;
  }
  const rows = [
    ['functions', functions.map((name) => `@${name}`).join(', ') || 'none'],
    ['bytecode', `${formatCount(bytes.length)} bytes`],
    ...(path === undefined ? [] : [['written', path]]),
  ];
  const paint = createPaint(io.color);
  io.out(`${paint('bold', contract.name)}  valid dMIR\n${formatTable(rows)}`);
  return 0;
}

/** The form of a Hardhat artifact, which other tools read too. */
function toArtifact(contract: EvmContract): object {
  return {
    contractName: contract.name,
    sourceName: contract.file,
    ...(contract.compiler === undefined ? {} : { compiler: contract.compiler }),
    abi: contract.abi ?? [],
    bytecode: bytesToHex(contract.initCode ?? new Uint8Array(0)),
    deployedBytecode: bytesToHex(contract.runtimeCode ?? new Uint8Array(0)),
    ...(contract.storageLayout === undefined ? {} : { storageLayout: contract.storageLayout }),
  };
}

/** The path of what was written; undefined where no folder is named. */
function writeTo(
  folder: string | undefined,
  name: string,
  content: string | Uint8Array,
): string | undefined {
  if (folder === undefined) return undefined;
  const path = join(folder, name);
  writeOutput(path, content, '--out');
  return path;
}

/** Most bytes of code and of creation data: those of the fork, for modules those of the machine. */
function codeLimits(fork: Fork, code: Uint8Array | undefined) {
  if (code === undefined || !isWasm(code)) return costsOf(fork);
  return { codeBytesMax: MODULE_BYTES_MAX, initcodeBytesMax: 2n * MODULE_BYTES_MAX };
}

function sizeText(code: Uint8Array | undefined, max: bigint, paint: Paint): string {
  if (code === undefined) return 'none';
  const text = `${formatCount(code.length)} bytes`;
  const share = `of at most ${formatCount(max)}`;
  return BigInt(code.length) > max
    ? paint('red', `${text}, too large: ${share}`)
    : `${text}  ${paint('dim', share)}`;
}

async function render(
  contract: EvmContract,
  path: string | undefined,
  fork: Fork,
  paint: Paint,
): Promise<string> {
  const { describeFunction, selectorOf, signatureOf } = await import('../../languages/abi.ts');
  const { codeBytesMax, initcodeBytesMax } = codeLimits(fork, contract.runtimeCode);
  const abi = contract.abi ?? [];
  const origin = [contract.file, contract.compiler].filter((each) => each !== undefined);
  const sizes = [
    ['init code', sizeText(contract.initCode, initcodeBytesMax, paint)],
    ['runtime code', sizeText(contract.runtimeCode, codeBytesMax, paint)],
    ...(path === undefined ? [] : [['written', path]]),
  ];
  const kinds = [
    ['functions', abi.filter((item) => item.type === 'function')],
    ['events', abi.filter((item) => item.type === 'event')],
    ['errors', abi.filter((item) => item.type === 'error')],
  ] as const;
  const lists = kinds.map(([title, items]) => {
    const rows = items.map((item) =>
      title === 'events'
        ? [signatureOf(item)]
        : [paint('dim', selectorOf(item)), describeFunction(item)],
    );
    return rows.length === 0 ? '' : `\n${paint('bold', title)}\n${formatTable(rows)}`;
  });
  const heading = `${paint('bold', contract.name)}  ${paint('dim', origin.join(', '))}\n`;
  return heading + formatTable(sizes) + lists.join('');
}
