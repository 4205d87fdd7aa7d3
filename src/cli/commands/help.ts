/** `lockstep help`: all commands, or one with its options. */
import { didYouMean } from '../../languages/suggest.ts';
import { type Args, usageError } from '../args.ts';
import { COMMANDS, type CommandSpec } from '../commands.ts';
import { createPaint, formatTable } from '../format.ts';
import type { Io } from '../io.ts';
import { packageVersion } from '../version.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const [name] = args.positionals;
  if (name === undefined) {
    io.out(overview(io));
    return 0;
  }
  const command = COMMANDS.find((each) => each.name === name);
  if (command === undefined) {
    const names = COMMANDS.map((each) => each.name);
    throw usageError(`there is no command ${name}${didYouMean(name, names)}`);
  }
  io.out(describe(command, io));
  return 0;
}

function overview(io: Io): string {
  const paint = createPaint(io.color);
  const rows = COMMANDS.map(({ usage, summary }) => [
    paint('bold', usage.replace(/ \[options\]/, '').replace(/ \[--.*/, '')),
    summary,
  ]);
  return [
    `lockstep ${packageVersion()}: one deterministic machine for every contract\n\n`,
    formatTable(rows),
    '\n  lockstep help COMMAND shows the options of a command.\n',
    '  Exit codes: 0 done, 1 the contract or test failed, 2 bad usage.\n',
  ].join('');
}

function describe(command: CommandSpec, io: Io): string {
  const paint = createPaint(io.color);
  const rows = command.options.map(({ name, value, summary }) => [
    paint('bold', `--${name}${value === undefined ? '' : ` ${value}`}`),
    summary,
  ]);
  const details = command.details?.replace(/^(?=.)/gm, '  ');
  return [
    `lockstep ${command.usage}\n\n  ${command.summary}\n`,
    rows.length === 0 ? '' : `\n${formatTable(rows)}`,
    details === undefined ? '' : `\n${details}\n`,
  ].join('');
}
