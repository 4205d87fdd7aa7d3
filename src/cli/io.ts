/** What a command may touch of the outside, so that a test can run commands in its own process. */
import type { Machine } from '../chain/types.ts';
import type { EngineName, TierOptions } from '../engines/tiering.ts';

export interface MachineOptions {
  readonly fork?: string;
  readonly engine?: EngineName;
  readonly tier?: TierOptions;
}

export interface Io {
  /** Writes text to the standard output; lines end with a line feed that the caller writes. */
  out(text: string): void;
  /** The same for what is no result: notes and errors. */
  err(text: string): void;
  /** Whether the standard output is for a person's eyes. */
  readonly color: boolean;
  /** The same for the standard error. */
  readonly errorColor: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly input: NodeJS.ReadableStream;
  /** Ends a command that runs until it is stopped, as a signal to the process does. */
  readonly stopped?: AbortSignal;
  createMachine(options: MachineOptions): Promise<Machine>;
}

function wantsColor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** The outside of the running process. */
export function processIo(): Io {
  const { stdout, stderr, env } = process;
  // A reader that has seen enough (`| head`) closes the pipe: that is no error.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    color: wantsColor(stdout, env),
    errorColor: wantsColor(stderr, env),
    env,
    get input() {
      return process.stdin;
    },
    async createMachine(options) {
      const { createMachine } = await import('../chain/machine.ts');
      return createMachine(options);
    },
  };
}
