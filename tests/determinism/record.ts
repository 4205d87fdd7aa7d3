/**
 * What the workload observed: lines by program and field, kept as one digest a field, or as text
 * for the one program that is looked at. Platform-neutral.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '../../src/base/bytes.ts';

/** Fields that an engine may not change; the golden file keeps them. */
export const AGREED_FIELDS = ['outcome', 'gas', 'logs', 'writes', 'state', 'trace'] as const;
/** All fields. `engine` is what a better lowering may change, yet no platform. */
export const FIELDS = [...AGREED_FIELDS, 'engine'] as const;

export type Field = (typeof FIELDS)[number];

/** Digests of one program's fields. */
export interface ProgramRecord {
  readonly name: string;
  readonly fields: Readonly<Record<Field, string>>;
}

/** Lines of one program's fields. */
export type ProgramText = Readonly<Record<Field, readonly string[]>>;

export interface WorkloadReport {
  readonly programs: readonly ProgramRecord[];
  /** SHA-256 over the agreed fields of every program. */
  readonly digest: string;
  /** SHA-256 over all fields. */
  readonly engineDigest: string;
  /** The text of the program that was asked for. */
  readonly text?: ProgramText;
}

/** Takes what a program shows, a line at a time. */
export type Write = (field: Field, line: string) => void;

const encoder = new TextEncoder();
/** Lines gathered before they are hashed, in characters. */
const CHUNK = 16_384;

function createLineHash(): { write(line: string): void; digest(): string } {
  const hash = sha256.create();
  let pending = '';
  const flush = (): void => {
    hash.update(encoder.encode(pending));
    pending = '';
  };
  return {
    write(line) {
      pending += `${line}\n`;
      if (pending.length > CHUNK) flush();
    },
    digest() {
      flush();
      return bytesToHex(hash.digest()).slice(2);
    },
  };
}

function forFields<T>(make: (field: Field) => T): Record<Field, T> {
  return Object.fromEntries(FIELDS.map((field) => [field, make(field)])) as Record<Field, T>;
}

export interface Recorder {
  /** Records a program, which writes its fields. */
  program(name: string, run: (write: Write) => void): void;
  report(): WorkloadReport;
}

/** A recorder; `textOf` names the program whose text is to be kept. */
export function createRecorder(textOf?: string): Recorder {
  const programs: ProgramRecord[] = [];
  let text: ProgramText | undefined;
  const total = (fields: readonly Field[]): string => {
    const hash = createLineHash();
    for (const program of programs) {
      for (const field of fields) hash.write(`${program.name} ${field} ${program.fields[field]}`);
    }
    return hash.digest();
  };
  return {
    program(name, run) {
      const hashes = forFields(createLineHash);
      const lines = name === textOf ? forFields((): string[] => []) : undefined;
      run((field, line) => {
        hashes[field].write(line);
        lines?.[field].push(line);
      });
      if (lines !== undefined) text = lines;
      programs.push({ name, fields: forFields((field) => hashes[field].digest()) });
    },
    report: () => ({
      programs,
      digest: total(AGREED_FIELDS),
      engineDigest: total(FIELDS),
      ...(text === undefined ? {} : { text }),
    }),
  };
}
