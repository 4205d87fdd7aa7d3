/** Runs a command line in this process and keeps what it wrote. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import type { Machine } from '../../../src/chain/types.ts';
import { runCli } from '../../../src/cli/cli.ts';
import { createFakeMachine } from './fake-machine.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly machine?: Machine;
  /** Lines of the standard input. */
  readonly input?: string;
  readonly color?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Ends a command that runs until it is stopped. */
  readonly stopped?: AbortSignal;
  /** Told of what is printed as it comes. */
  onOut?(text: string): void;
}

export async function lockstep(words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  let out = '';
  let err = '';
  const code = await runCli(words, {
    out: (text) => {
      out += text;
      options.onOut?.(text);
    },
    err: (text) => {
      err += text;
    },
    color: options.color ?? false,
    errorColor: options.color ?? false,
    env: options.env ?? {},
    ...(options.stopped === undefined ? {} : { stopped: options.stopped }),
    input: Readable.from([options.input ?? '']),
    createMachine: async () => options.machine ?? createFakeMachine(),
  });
  return { code, out, err };
}

/** A folder with files that goes with the test. */
export function folderOf(context: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-test-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}
