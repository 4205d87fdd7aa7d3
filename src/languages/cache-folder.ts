/** Where a user's programs keep what can be made again, and how the folders of it are made. */
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** The folder of all that is kept for a user. */
export function userCacheFolder(): string {
  const { env, platform } = process;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'lockstep');
  const isWindows = platform === 'win32';
  const { LOCALAPPDATA = '', XDG_CACHE_HOME = '' } = env;
  const asked = isWindows ? LOCALAPPDATA : XDG_CACHE_HOME;
  // A path that depends on where the program was started is none.
  const home = isAbsolute(asked) ? asked : join(homedir(), isWindows ? 'AppData/Local' : '.cache');
  return join(home, 'lockstep');
}

/**
 * Makes a folder with those that it is in. Node's own way asks for ever where one of them is
 * refused as if it were missing, such as below a home that is in `/proc`.
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const above = dirname(folder);
  if (above !== folder) makeFolder(above);
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have been quicker.
    if (!existsSync(folder)) throw error;
  }
}
