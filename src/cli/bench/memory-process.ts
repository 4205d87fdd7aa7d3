/**
 * The process of `memory.ts`: takes one request, answers with one row, and ends.
 *
 * The copies are called group by group, and the process is weighed after each of them, when all
 * garbage is collected. What a copy adds is the median of the slopes between any two weighings
 * (Theil–Sen): heaps of the platform grow in steps, which a difference of two would be at the mercy
 * of.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { createMachine, type EvmMachine } from '../../chain/machine.ts';
import { markModule } from './compile.ts';
import { median } from './measure.ts';
import type { MemoryRequest, MemoryRow } from './memory.ts';
import { copyOf, fillCopy, loadWorld, type Subject } from './subject.ts';

/**
 * Copies that come first, for what the process needs once: so many that the platform's heap for
 * what lives shortly has grown as far as it does.
 */
const WARM_UP_COPIES = 64;
const GROUPS = 8;
/** Calls of a copy: more than any engine waits for. */
const CALLS = 200;
const COLLECTIONS = 4;
/** For what the platform does beside a collection: pages are given back by another thread. */
const SETTLE_MS = 50;

/**
 * Has every module be another one, as those of different contracts are: the platform shares code
 * between modules of the same bytes, which copies of one contract have.
 */
function separateModules(): void {
  const { Module } = WebAssembly;
  let number = 0;
  WebAssembly.Module = new Proxy(Module, {
    construct: (target, [bytes]) => new target(markModule(bytes as Uint8Array, number++)),
  });
}

/** Of the platform's heap, which keeps pages for what comes, what is used; of the rest all. */
async function residentBytes(): Promise<number> {
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc?.();
    await sleep(SETTLE_MS);
  }
  const { total_physical_size: pages, used_heap_size: used } = getHeapStatistics();
  return process.memoryUsage.rss() - pages + used;
}

async function measure({ subject, engine, copies }: MemoryRequest): Promise<MemoryRow> {
  const { name, fork, block, world } = subject;
  const sizes = new Map<object, number>();
  const machine = createMachine({
    fork,
    block,
    engine,
    tier: {
      onCompiled: ({ program, module }) => void sizes.set(program, module.bytes.length),
    },
  });
  loadWorld(machine, world);
  for (let i = 0; i < WARM_UP_COPIES; i++) await callCopy(machine, subject, i);
  sizes.clear();
  const { area } = machine.executor.machine;
  const used = area.used;
  const weights = [{ copies: 0, bytes: await residentBytes() }];
  for (let i = 0, group = 1; group <= GROUPS; group++) {
    for (; i < (copies * group) / GROUPS; i++) await callCopy(machine, subject, WARM_UP_COPIES + i);
    weights.push({ copies: i, bytes: await residentBytes() });
  }
  return {
    name,
    engine,
    codeBytes: copyOf(subject, 0).code.length,
    copies,
    compiledCopies: sizes.size,
    residentBytes: slopeOf(weights),
    areaBytes: (area.used - used) / copies,
    wasmBytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) / copies,
  };
}

function slopeOf(weights: readonly { readonly copies: number; readonly bytes: number }[]): number {
  const slopes = weights.flatMap((from, i) =>
    weights.slice(i + 1).flatMap((to) => {
      const copies = to.copies - from.copies;
      return copies === 0 ? [] : [(to.bytes - from.bytes) / copies];
    }),
  );
  return median(slopes);
}

async function callCopy(machine: EvmMachine, subject: Subject, number: number): Promise<void> {
  const copy = copyOf(subject, number);
  fillCopy(machine, subject, copy);
  machine.state.setCode(copy.address, copy.code);
  for (let i = 0; i < CALLS; i++) {
    machine.call({ ...subject.calls[0], to: copy.address, commit: false });
  }
  await sleep(0);
}

separateModules();
process.once('message', async (request) => {
  const row = await measure(request as MemoryRequest);
  process.send?.(row);
  process.disconnect?.();
});
