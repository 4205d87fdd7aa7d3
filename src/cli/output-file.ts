/** Files that a command writes because an option names them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '../languages/errors.ts';

/**
 * Writes a file, and makes the folder that it is in.
 *
 * @param option - What named it, for the message.
 * @throws InputError `file-unreadable`
 */
export function writeOutput(path: string, content: string | Uint8Array, option: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  } catch (error) {
    throw new InputError(
      'file-unreadable',
      `${path} cannot be written: ${(error as Error).message}`,
      `name another place with ${option}`,
    );
  }
}
