/** The process of `memory.ts`: takes one request, answers with one row, and ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createMachine, type EvmMachine } from '../../chain/machine.ts';
import type { MemoryRequest, MemoryRow } from './memory.ts';
import { copyOf, fillCopy, loadWorld, type Subject } from './subject.ts';

/**
 * Copies that come first, for what the process needs once: so many that the platform's heap for
 * what lives shortly has grown as far as it does.
 */
const WARM_UP_COPIES = 64;
/** Calls of a copy: more than any engine waits for. */
const CALLS = 200;
/** For what the platform does beside the calls. */
const SETTLE_MS = 100;

async function residentBytes(): Promise<number> {
  await sleep(SETTLE_MS);
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  return process.memoryUsage.rss();
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
  const before = { rss: await residentBytes(), area: machine.executor.machine.area.used };
  sizes.clear();
  for (let i = 0; i < copies; i++) await callCopy(machine, subject, WARM_UP_COPIES + i);
  const rss = await residentBytes();
  return {
    name,
    engine,
    codeBytes: copyOf(subject, 0).code.length,
    copies,
    compiledCopies: sizes.size,
    residentBytes: (rss - before.rss) / copies,
    areaBytes: (machine.executor.machine.area.used - before.area) / copies,
    wasmBytes: [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) / copies,
  };
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

process.once('message', async (request) => {
  const row = await measure(request as MemoryRequest);
  process.send?.(row);
  process.disconnect?.();
});
