/**
 * Compiled code that is kept in a folder from process to process: WebAssembly, which depends on the
 * contract, the recipe and the compiler alone.
 *
 * A file is found by the hash of all three, the compiler's being that of its sources, and begins
 * with a checksum. What is damaged or cannot be read counts as not there; what cannot be written is
 * not kept. Whoever can write to the folder decides what contracts do: it is as trusted as the
 * program's own files.
 */
import { dataToText } from '../base/data-text.ts';
import { LockstepError } from '../base/errors.ts';
import type { CompiledModule } from '../engines/region/module.ts';
import type { CompileJob } from '../engines/tiers/background.ts';
import type { CompilerName } from '../engines/tiers/compilers.ts';

/** Bytes of a folder after which what was written first is given up. */
const BYTES_MAX = 256 * 1024 * 1024;
const HASH_BYTES = 32;
/** The checksum, and the length of the description in 32 bits, before the description. */
const HEAD_BYTES = HASH_BYTES + 4;
const SUFFIX = '.lockstep-code';
/** Folders beside this one's whose sources decide what the compilers make. */
const COMPILER_FOLDERS = ['base', 'dmir', 'engines', 'kernel', 'vms'];

/** A compiled module, and the blocks that it was made of. */
export interface KeptCode extends CompiledModule {
  readonly blocks: readonly number[];
}

/** What is read of Node when it is used: this file is loaded in a browser as well. */
const builtin: typeof process.getBuiltinModule = (name: string) =>
  globalThis.process.getBuiltinModule(name);

/**
 * Makes the folder.
 *
 * @throws LockstepError L2003 where it cannot be written to
 */
export function prepareFolder(folder: string): void {
  const { mkdirSync, accessSync, constants } = builtin('node:fs');
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new LockstepError('L2003', { folder, problem: (error as Error).message });
  }
}

export class CodeFiles {
  readonly #fs = builtin('node:fs');
  readonly #folder: string;
  readonly #bytesMax: number;
  readonly #version: string;

  /**
   * @param folder that is there
   * @param options.version of the compilers; found out unless told
   */
  constructor(folder: string, options: { bytesMax?: number; version?: string } = {}) {
    this.#folder = folder;
    this.#bytesMax = options.bytesMax ?? BYTES_MAX;
    this.#version = options.version ?? versionOfCompilers();
  }

  /** What was kept for the job's code, recipe and engine, whichever blocks it was made of. */
  read(job: CompileJob, engine: CompilerName): KeptCode | undefined {
    try {
      return this.#decode(this.#fs.readFileSync(this.#pathOf(job, engine)));
    } catch {
      return undefined;
    }
  }

  /** Keeps the code; another process never reads half of it. */
  write(job: CompileJob, code: KeptCode): void {
    const path = this.#pathOf(job, job.engine);
    let own: string | undefined;
    try {
      own = this.#fs.mkdtempSync(`${path}.`);
      this.#fs.writeFileSync(`${own}/code`, this.#encode(code));
      this.#fs.renameSync(`${own}/code`, path);
      this.#evict();
    } catch {
      // Without the file the next process compiles the code itself.
    } finally {
      if (own !== undefined) this.#fs.rmSync(own, { recursive: true, force: true });
    }
  }

  #pathOf({ code, recipe }: CompileJob, engine: CompilerName): string {
    const key = `${this.#version} ${engine} ${dataToText(recipe)} `;
    const name = hash(key, code).toString('hex');
    return this.#pathIn(`${name}${SUFFIX}`);
  }

  #pathIn(name: string): string {
    return `${this.#folder}/${name}`;
  }

  #encode({ bytes, ...description }: KeptCode): Uint8Array {
    const text = Buffer.from(JSON.stringify(description));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    const body = Buffer.concat([length, text, bytes]);
    return Buffer.concat([hash(body), body]);
  }

  #decode(file: Buffer): KeptCode | undefined {
    if (file.length < HEAD_BYTES) return undefined;
    const checksum = file.subarray(0, HASH_BYTES);
    if (!checksum.equals(hash(file.subarray(HASH_BYTES)))) return undefined;
    const end = HEAD_BYTES + file.readUInt32BE(HASH_BYTES);
    const description = JSON.parse(file.toString('utf8', HEAD_BYTES, end));
    return { ...description, bytes: new Uint8Array(file.subarray(end)) };
  }

  #evict(): void {
    const files = this.#fs
      .readdirSync(this.#folder)
      .filter((name) => name.endsWith(SUFFIX))
      .map((name) => {
        const path = this.#pathIn(name);
        const { size, mtimeMs } = this.#fs.statSync(path);
        return { path, size, mtimeMs };
      })
      .sort((a, b) => a.mtimeMs - b.mtimeMs);
    let bytes = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files) {
      if (bytes <= this.#bytesMax) return;
      this.#fs.rmSync(path, { force: true });
      bytes -= size;
    }
  }
}

function hash(...parts: readonly (string | Uint8Array)[]): Buffer {
  const sha256 = builtin('node:crypto').createHash('sha256');
  for (const part of parts) sha256.update(part);
  return sha256.digest();
}

/** The hash of all that the compilers are made of. */
function versionOfCompilers(): string {
  const { readdirSync, readFileSync } = builtin('node:fs');
  const parts: (string | Uint8Array)[] = [];
  for (const folder of COMPILER_FOLDERS) {
    const root = new URL(`../${folder}/`, import.meta.url);
    const names = readdirSync(root, { recursive: true }) as string[];
    for (const name of names.filter((each) => /(?<!\.d)\.(?:ts|js)$/.test(each)).sort()) {
      parts.push(name, readFileSync(new URL(name, root)));
    }
  }
  return hash(...parts).toString('hex');
}
