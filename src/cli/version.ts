/** What the package says of itself. */
import { readFileSync } from 'node:fs';

interface Description {
  readonly name: string;
  readonly version: string;
  /** Compilers, with the versions that are known to work. */
  readonly peerDependencies: Readonly<Record<string, string>>;
}

export function packageDescription(): Description {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return JSON.parse(text) as Description;
}

export function packageVersion(): string {
  return packageDescription().version;
}
