/**
 * Memory of compiled contracts: many copies of one contract, each with code of its own and called
 * until it is compiled, in a process that does nothing else.
 */
import { fork as startProcess } from 'node:child_process';
import type { EngineName } from '../../engines/tiering.ts';
import type { Subject } from './subject.ts';

export interface MemoryRow {
  readonly name: string;
  readonly engine: EngineName;
  readonly codeBytes: number;
  readonly copies: number;
  /** Copies of which something is compiled. */
  readonly compiledCopies: number;
  /** Resident bytes of the process that a copy adds. */
  readonly residentBytes: number;
  /** Bytes of the machine's code area that a copy takes: part of the resident ones. */
  readonly areaBytes: number;
  readonly wasmBytes: number;
}

/** What the process is told. */
export interface MemoryRequest {
  readonly subject: Subject;
  readonly engine: EngineName;
  readonly copies: number;
}

const PROCESS_FILE = import.meta.url.endsWith('.ts')
  ? './memory-process.ts'
  : './memory-process.js';

export function measureMemory(request: MemoryRequest): Promise<MemoryRow> {
  return new Promise((resolve, reject) => {
    const child = startProcess(new URL(PROCESS_FILE, import.meta.url), [], {
      serialization: 'advanced',
      execArgv: ['--expose-gc'],
    });
    let row: MemoryRow | undefined;
    child.on('message', (message) => {
      row = message as MemoryRow;
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      if (row !== undefined) resolve(row);
      else reject(new Error(`the process that measures memory ended with ${code}`));
    });
    child.send(request);
  });
}
