/**
 * Memory that is given back while a process has nothing to do. After a large answer most of a heap
 * is garbage, which V8 leaves until it needs the room: that may be never.
 */
import { performance } from 'node:perf_hooks';
import v8 from 'node:v8';
import vm from 'node:vm';

/** Milliseconds that are looked at, and the part of them that may be at work. */
const WINDOW_MS = 1000;
const BUSY_MAX = 0.02;
/** Bytes that a heap has to grow by, or a quarter, before it is worth the time: a tenth second. */
const GROWTH_BYTES_MIN = 16 << 20;

/** Begins to give memory back; gives how to end that. Nothing of it keeps a process alive. */
export function collectWhenIdle(): () => void {
  const collect = collector();
  let left = 0;
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const isWorthIt = heapSize() >= left + Math.max(left / 4, GROWTH_BYTES_MIN);
    if (utilization > BUSY_MAX || !isWorthIt) return;
    collect();
    left = heapSize();
  }, WINDOW_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** V8 has its way to collect all garbage and to free the pages in contexts of a flag alone. */
function collector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  const gc: (options: object) => void = vm.runInNewContext('gc');
  v8.setFlagsFromString('--no-expose-gc');
  return () => gc({ type: 'major', flavor: 'last-resort' });
}

/** Bytes that the heap holds, with what arrays have outside of it. */
function heapSize(): number {
  const { total_heap_size: total, external_memory: external } = v8.getHeapStatistics();
  return total + external;
}
