/** The answers of a remote node in a file, a line for each. Copies of it are recordings. */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../languages/cache-folder.ts';
import type { ForkCache } from '../fork/client.ts';

/** A cache in a file, which is made with its folder when there is something to keep. */
export function openForkCache(path: string): ForkCache {
  let isWritable = true;
  return {
    load() {
      if (!existsSync(path)) return [];
      const bytes = readFileSync(path);
      // A line that has no end was cut off while it was written.
      const end = bytes.lastIndexOf(LINE_FEED) + 1;
      if (end < bytes.length) truncateSync(path, end);
      return bytes.toString('utf8', 0, end).split('\n');
    },
    append(line) {
      if (!isWritable) return;
      try {
        makeFolder(dirname(path));
        appendFileSync(path, `${line}\n`);
      } catch {
        // Without it answers are asked for again the next time, and nothing else.
        isWritable = false;
      }
    },
  };
}

const LINE_FEED = 10;
