/** Compilers that are programs of the machine: found on the PATH, run in a folder of their own. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Note } from './contract.ts';
import { InputError } from './errors.ts';
import { LANGUAGES, type LanguageName } from './languages.ts';

export interface Program {
  readonly path: string;
  /** What `--version` says first. */
  readonly version: string;
}

export interface ProgramNeed {
  readonly name: string;
  /** Says of a program of that name whether it will do. */
  readonly accepts?: (path: string) => boolean;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a program prints, or undefined where it fails. */
export function ask(path: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync(path, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** The first program on the PATH that will do; undefined where there is none. */
export function findProgram({ name, accepts }: ProgramNeed): Program | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    if (folder === '' || !isExecutable(path) || accepts?.(path) === false) continue;
    const version = ask(path, ['--version'])?.split('\n')[0];
    if (version !== undefined) return { path, version };
  }
  return undefined;
}

/** @throws InputError `compiler-missing`, with the packages that bring the language's compiler */
export function needProgram(need: ProgramNeed, language: LanguageName): Program {
  const program = findProgram(need);
  if (program !== undefined) return program;
  const { title, debian } = LANGUAGES[language];
  throw new InputError(
    'compiler-missing',
    `compiling ${title} needs ${need.name}${need.accepts ? ' for wasm32-unknown-unknown' : ''}, ` +
      'which is not on the PATH',
    `install it, on Debian and Ubuntu with: apt-get install ${debian}`,
  );
}

/** A folder that is gone when the work is done. */
export function withFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Step {
  readonly program: Program;
  readonly args: readonly string[];
  /** Folder in which it runs. */
  readonly cwd: string;
  /** Variables of the environment besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** What to do where it fails, if that needs saying. */
  readonly remedy?: string;
}

/**
 * Runs a compiler; what it says without failing becomes a warning.
 *
 * @throws InputError `compiler-failed` with what it says
 */
export function compileStep(step: Step, file: string, notes: Note[]): void {
  const { program, args, cwd, env, remedy } = step;
  const { status, stderr, error } = spawnSync(program.path, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  const said = (stderr ?? '').trim();
  if (status !== 0) {
    const text = said || error?.message || `${program.path} ended with ${status}`;
    throw new InputError(
      'compiler-failed',
      `${file} does not compile (${program.version})\n\n${text}`,
      remedy,
    );
  }
  if (said !== '') notes.push({ level: 'warning', text: said });
}
