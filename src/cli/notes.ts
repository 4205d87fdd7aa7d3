/** Notes about an input, on the standard error: warnings only where they are wanted. */
import type { Note } from '../languages/contract.ts';
import { createPaint } from './format.ts';
import type { Io } from './io.ts';

export function showNotes(notes: readonly Note[], io: Io, verbose: boolean): void {
  const paint = createPaint(io.errorColor);
  for (const { level, text } of notes) {
    if (level === 'warning' && !verbose) continue;
    io.err(level === 'warning' ? `${text}\n\n` : `${paint('yellow', 'note:')} ${text}\n`);
  }
}
