/** `lockstep repl`: a prompt with one machine. Without a terminal it runs the lines it is given. */
import { createInterface } from 'node:readline';
import type { Args } from '../args.ts';
import { reportError } from '../cli-errors.ts';
import { createPaint } from '../format.ts';
import type { Io } from '../io.ts';
import { completions, createRepl, evaluate, type Repl } from '../repl/evaluate.ts';
import { openSession } from '../session.ts';

export async function run(args: Args, io: Io): Promise<number> {
  const session = await openSession(io, { fork: args.value('fork') });
  const repl = createRepl(session, io, createPaint(io.color));
  for (const file of args.positionals)
    io.out(await evaluate(repl, `deploy ${JSON.stringify(file)}`));
  const terminal = 'isTTY' in io.input && io.input.isTTY === true;
  const lines = createInterface({
    input: io.input,
    ...(terminal ? { output: process.stdout } : {}),
    terminal,
    prompt: 'lockstep> ',
    completer: (line: string) => [completions(repl).filter((each) => each.startsWith(line)), line],
  });
  if (terminal) {
    io.out('One machine, kept until you leave. Type help for what can be done.\n');
    lines.prompt();
  }
  for await (const line of lines) {
    await answer(repl, line, io);
    if (repl.done) break;
    if (terminal) lines.prompt();
  }
  lines.close();
  // A script of lines fails where one of them failed; a person has seen it.
  return terminal || repl.ok ? 0 : 1;
}

async function answer(repl: Repl, line: string, io: Io): Promise<void> {
  try {
    io.out(await evaluate(repl, line));
  } catch (error) {
    repl.ok = false;
    reportError(error, io, false);
  }
}
