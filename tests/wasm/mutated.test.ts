/**
 * Mutated modules: bytes flipped, pieces cut out, repeated or exchanged, sizes made absurd. Each is
 * rejected with the offset and the reason, or runs within its limits; nothing else may happen.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockstepError } from '../../src/base/errors.ts';
import { WasmStore } from '../../src/chain/wasm/store.ts';
import { Kernel } from '../../src/engines/interpreter/kernel.ts';
import type { EngineName } from '../../src/engines/names.ts';
import { readWasmModule } from '../../src/vms/wasm/index.ts';
import { DEFAULT_LIMITS } from '../../src/vms/wasm/limits.ts';
import type { WasmModule } from '../../src/vms/wasm/types.ts';
import { createPrng, type Prng } from '../support/prng.ts';
import { randomWasm } from '../support/random-wasm.ts';
import { RandomHost } from '../support/random-wasm-host.ts';

const COUNT = 2000;
/** Of them on every engine. */
const ENGINES_COUNT = 40;
const GAS = 200_000n;
const LIMITS = { ...DEFAULT_LIMITS, memoryPages: 64, tableEntries: 10_000 };
const REJECTIONS: ReadonlySet<string> = new Set(['L1601', 'L1602', 'L1603', 'L1604', 'L1605']);

type Mutation = (bytes: number[], random: Prng) => void;

const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
  },
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.below(256);
  },
  (bytes, random) => {
    bytes.length = random.below(bytes.length + 1);
  },
  (bytes, random) => {
    bytes.splice(random.below(bytes.length), 1 + random.below(8));
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    bytes.splice(random.below(bytes.length), 0, ...bytes.slice(at, at + random.below(64)));
  },
  (bytes, random) => {
    const absurd = [0xff, 0xff, 0xff, 0xff, 0x0f];
    bytes.splice(random.below(bytes.length), 1, ...absurd);
  },
  (bytes) => {
    // The first section once more, at the end.
    const length = 10 + (bytes[9] ?? 0);
    bytes.push(...bytes.slice(8, length));
  },
];

function mutate(seed: number): Uint8Array {
  const random = createPrng(seed);
  const bytes = [...randomWasm(random).bytes];
  const count = 1 + random.below(3);
  for (let i = 0; i < count && bytes.length > 0; i++) random.pick(MUTATIONS)(bytes, random);
  return Uint8Array.from(bytes);
}

/** How the module ends: the code of its rejection, or what the calls of its functions come to. */
function run(bytes: Uint8Array, kernel: Kernel, engine: EngineName = 'interpreter'): string[] {
  let module: WasmModule;
  const store = new WasmStore({ kernel, limits: LIMITS, engine });
  try {
    module = readWasmModule(bytes, LIMITS);
    const made = store.instantiate(module, new RandomHost().here(store.linker), { gas: GAS });
    if (made.kind !== 'instance') return [made.kind];
    return [...made.instance.exports.values()].flatMap((extern) => {
      if (extern.kind !== 'func') return [];
      const args = extern.type.params.map(() => 3n);
      const { kind, trap, gasUsed } = store.call(extern, args, { gas: GAS });
      assert.ok(gasUsed >= 0n && gasUsed <= GAS);
      return [trap ?? kind];
    });
  } catch (error) {
    assert.ok(error instanceof LockstepError && REJECTIONS.has(error.code), String(error));
    const { offset } = error.context;
    if (error.code !== 'L1605') {
      assert.ok(Number(offset) >= 0 && Number(offset) <= bytes.length, error.message);
    }
    return [error.code];
  }
}

test('mutated modules end alike on every engine', () => {
  const kernel = new Kernel();
  for (let seed = 1; seed <= COUNT; seed += COUNT / ENGINES_COUNT) {
    const bytes = mutate(seed);
    const expected = run(bytes, kernel);
    for (const engine of ['multipass', 'chaos'] as const) {
      assert.deepEqual(run(bytes, kernel, engine), expected, `seed ${seed}, ${engine}`);
    }
  }
});

test(`${COUNT} mutated modules are rejected with a reason or run within their limits`, () => {
  const kernel = new Kernel();
  const ends = new Map<string, number>();
  for (let seed = 1; seed <= COUNT; seed++) {
    const bytes = mutate(seed);
    try {
      for (const end of run(bytes, kernel)) ends.set(end, (ends.get(end) ?? 0) + 1);
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
  for (const end of ['L1601', 'L1602', 'L1603', 'L1604', 'return', 'out-of-bounds']) {
    assert.ok((ends.get(end) ?? 0) > 0, `no module ended by ${end}: ${[...ends].join(' ')}`);
  }
});
