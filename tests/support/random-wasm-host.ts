/** What random modules import, for this machine and for the platform: the same on both. */
import type { Extern } from '../../src/vms/wasm/entities.ts';
import type { Imports, Linker } from '../../src/vms/wasm/linker.ts';
import { I32, I64 } from '../../src/vms/wasm/types.ts';
import { BASE, HOST_TYPES } from './random-wasm.ts';

const SHARED = 1n;

/** Functions that note what they are given; notes are the same where runs are. */
export class RandomHost {
  readonly notes: string[] = [];

  /** A number that depends on all that was noted. */
  #note(...args: readonly bigint[]): bigint {
    this.notes.push(args.join());
    const sum = args.reduce((a, b) => a * 31n + b, BigInt(this.notes.length));
    return BigInt.asUintN(64, sum);
  }

  /** A reference here is the number itself; 0 is null on both sides. */
  here(linker: Linker): Imports {
    const { note, mint, unmint } = HOST_TYPES;
    const given: Readonly<Record<string, Extern>> = {
      note: linker.hostFunction(note, (args) => [this.#note(...args)]),
      mint: linker.hostFunction(mint, (args) => args),
      unmint: linker.hostFunction(unmint, (args) => args),
      base: linker.global({ type: I32, isMutable: false }, BigInt(BASE)),
      shared: linker.global({ type: I64, isMutable: true }, SHARED),
    };
    return (_, name) => given[name];
  }

  onPlatform(): WebAssembly.Imports {
    const bits = new DataView(new ArrayBuffer(8));
    const note = (a: number, b: bigint, c: number, d: number): bigint => {
      bits.setFloat32(0, c);
      const low = BigInt(bits.getUint32(0));
      bits.setFloat64(0, d);
      const all = [BigInt(a >>> 0), BigInt.asUintN(64, b), low, bits.getBigUint64(0)];
      return BigInt.asIntN(64, this.#note(...all));
    };
    const mint = (value: number): number | null => (value === 0 ? null : value);
    const unmint = (value: number | null): number => value ?? 0;
    const base = new WebAssembly.Global({ value: 'i32', mutable: false }, BASE);
    const shared = new WebAssembly.Global({ value: 'i64', mutable: true }, SHARED);
    return { env: { note, mint, unmint, base, shared } };
  }
}
