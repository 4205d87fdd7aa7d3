/** Contract code by hash, with the programs that the machine made of it. */
import { bigintToBytes32, bytesToBigint } from '../base/u256.ts';
import { PendingError, type ProgramHandle } from '../dmir/host.ts';
import type { Kernel } from '../engines/interpreter/kernel.ts';
import { type Backend, isPending } from '../state/backends/backend.ts';
import { findCodeBlob, getCodeBlob, putCodeBlob } from '../state/views/evm.ts';
import { type Code, type CodeStore, delegationOf } from '../vms/evm/host/accounts.ts';

const NO_CODE = new Uint8Array(0);
/** Entries of the cache that finds code by the words of its hash without making a bigint. */
const CACHE_SIZE = 1024;

interface CodeEntry extends Code {
  program: ProgramHandle | undefined;
  /** The hash in eight parts, least first, as the kernel holds it. */
  readonly parts: Uint32Array;
}

export class Codes implements CodeStore {
  /** Whose memory hash addresses point into. */
  kernel!: Kernel;
  readonly #backend: Backend;
  readonly #load: (code: Uint8Array) => ProgramHandle;
  readonly #keccak256: (code: Uint8Array) => Uint8Array;
  readonly #entries = new Map<bigint, CodeEntry>();
  readonly #cache: (CodeEntry | undefined)[] = new Array(CACHE_SIZE).fill(undefined);

  constructor(
    backend: Backend,
    load: (code: Uint8Array) => ProgramHandle,
    keccak256: (code: Uint8Array) => Uint8Array,
  ) {
    this.#backend = backend;
    this.#keccak256 = keccak256;
    this.#load = load;
  }

  /** The code with the hash; zero stands for no code. */
  code(hash: bigint): Uint8Array {
    return hash === 0n ? NO_CODE : this.#entry(hash).bytes;
  }

  codeAt(address: number): CodeEntry | undefined {
    const { kernel } = this;
    const low = kernel.u32[address / 4] as number;
    const cached = this.#cache[low & (CACHE_SIZE - 1)];
    if (cached !== undefined && kernel.equalsWord(address, cached.parts)) return cached;
    const hash = kernel.readWord(address);
    if (hash === 0n) return undefined;
    const entry = this.#entry(hash);
    this.#cache[low & (CACHE_SIZE - 1)] = entry;
    return entry;
  }

  put(code: Uint8Array): bigint {
    const key = putCodeBlob(this.#backend, code, this.#keccak256);
    const hash = bytesToBigint(key);
    if (!this.#entries.has(hash)) {
      const kept = findCodeBlob(this.#backend, key);
      const isThere = kept !== undefined && !isPending(kept);
      this.#entries.set(hash, createEntry(hash, isThere ? kept : code.slice()));
    }
    return hash;
  }

  program(code: Code): ProgramHandle {
    const entry = code as CodeEntry;
    if (entry.program === undefined || entry.program.isReleased) {
      entry.program = this.#load(entry.bytes);
    }
    return entry.program;
  }

  /** The program of the code with a hash that is not zero. */
  programOf(hash: bigint): ProgramHandle {
    return this.program(this.#entry(hash));
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Forgets all codes; the backend has them. Only between transactions. */
  clear(): void {
    this.#entries.clear();
    this.#cache.fill(undefined);
  }

  #entry(hash: bigint): CodeEntry {
    const known = this.#entries.get(hash);
    if (known !== undefined) return known;
    const code = getCodeBlob(this.#backend, bigintToBytes32(hash, 'the code hash'));
    if (isPending(code)) throw new PendingError(code.ready);
    const entry = createEntry(hash, code);
    this.#entries.set(hash, entry);
    return entry;
  }
}

function createEntry(hash: bigint, bytes: Uint8Array): CodeEntry {
  const parts = new Uint32Array(8);
  for (let i = 0; i < 8; i++) parts[i] = Number((hash >> BigInt(i * 32)) & 0xffff_ffffn);
  return { hash, bytes, delegate: delegationOf(bytes), program: undefined, parts };
}
