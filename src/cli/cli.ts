/** A command line to an exit code: 0 done, 1 the contract or test failed, 2 bad usage. */
import type { InputError } from '../languages/errors.ts';
import { didYouMean } from '../languages/suggest.ts';
import { type Args, parseArgs, usageError } from './args.ts';
import { reportError } from './cli-errors.ts';
import type { ConformanceCommand } from './commands/conformance.ts';
import { COMMANDS, type CommandName, type CommandSpec } from './commands.ts';
import type { Io } from './io.ts';

/** Gives the exit code: 0, or 1 where the contract or test failed. */
export type Run = (args: Args, io: Io) => Promise<number>;

const testRunner = async (command: ConformanceCommand): Promise<{ run: Run }> => {
  const { runnerOf } = await import('./commands/conformance.ts');
  return runnerOf(command);
};

/** The code of a command is loaded on use: a start shall be quick. */
const LOADERS: Record<CommandName, () => Promise<{ run: Run }>> = {
  run: () => import('./commands/run.ts'),
  compile: () => import('./commands/compile.ts'),
  new: () => import('./commands/new.ts'),
  disasm: () => import('./commands/disasm.ts'),
  dump: () => import('./commands/dump.ts'),
  bench: () => import('./commands/bench.ts'),
  repl: () => import('./commands/repl.ts'),
  statetest: () => testRunner('statetest'),
  blocktest: () => testRunner('blocktest'),
  txtest: () => testRunner('txtest'),
  vmtest: () => testRunner('vmtest'),
  wast: () => import('./commands/wast.ts'),
  t8n: () => import('./commands/t8n.ts'),
  node: () => import('./commands/node.ts'),
  rpctest: () => import('./commands/rpctest.ts'),
  error: () => import('./commands/error.ts'),
  help: () => import('./commands/help.ts'),
};

const findCommand = (name: string): CommandSpec | undefined =>
  COMMANDS.find((each) => each.name === name);

/** Runs a command line; never throws. */
export async function runCli(words: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(words, io);
  } catch (error) {
    return reportError(error, io, words.includes('--json'));
  }
}

async function dispatch(words: readonly string[], io: Io): Promise<number> {
  const [name = '--help', ...rest] = words;
  if (name === '--version' || name === '-V') {
    const { packageVersion } = await import('./version.ts');
    io.out(`lockstep ${packageVersion()}\n`);
    return 0;
  }
  const wantsHelp = ['--help', '-h'];
  if (wantsHelp.includes(name)) return runCommand(findCommand('help')!, [], io);
  const command = findCommand(name);
  if (command === undefined) throw unknownCommand(name);
  const end = rest.indexOf('--');
  const own = end < 0 ? rest : rest.slice(0, end);
  if (own.some((word) => wantsHelp.includes(word)))
    return runCommand(findCommand('help')!, [name], io);
  return runCommand(command, rest, io);
}

async function runCommand(command: CommandSpec, words: readonly string[], io: Io): Promise<number> {
  const args = parseArgs(command.options, words, command.name);
  const { run } = await LOADERS[command.name]();
  return run(args, io);
}

function unknownCommand(name: string): InputError {
  if (name.startsWith('-')) return usageError(`there is no option ${name} before a command`);
  if (/[./\\]/.test(name)) {
    return usageError(`${name} is no command; to run a file: lockstep run ${name}`);
  }
  const names = COMMANDS.map((each) => each.name);
  return usageError(`there is no command ${name}${didYouMean(name, names)}`);
}
