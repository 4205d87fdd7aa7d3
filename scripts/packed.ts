/** The package as an installer would put it into a folder, for scripts that use it there. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const ROOT: string = join(import.meta.dirname, '..');

export interface Description {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
}

export function readDescription(folder: string): Description {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Description;
}

/** Runs a program to its end and gives what it printed. */
export function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
  });
  if (status === 0) return stdout;
  const shown = [command, ...args].join(' ').slice(0, 200);
  throw new Error(`${shown} failed with ${status}: ${error?.message ?? stdout + stderr}`);
}

/**
 * Packs the package and unpacks it into `node_modules` of a folder; its dependencies are links to
 * those of the repository.
 */
export function installPacked(folder: string): Description {
  const description = readDescription(ROOT);
  // `prepare` builds the kernel, which is there; `prepack` builds what is packed.
  run(process.execPath, [join(ROOT, 'scripts/build.ts')], ROOT);
  run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
  const archive = join(folder, `${description.name}-${description.version}.tgz`);
  run('tar', ['-xzf', archive, '-C', folder], folder);
  const own = join(folder, 'node_modules', description.name);
  cpSync(join(folder, 'package'), own, { recursive: true });
  for (const name of Object.keys(description.dependencies)) {
    const link = join(own, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), link, 'dir');
  }
  return description;
}
