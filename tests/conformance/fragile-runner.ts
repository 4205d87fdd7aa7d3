/**
 * A runner for the test of the threads: passes, or does to its thread what the test's `exec` says.
 */
import type { Runner } from '../../src/conformance/types.ts';

interface Order {
  readonly exec: 'pass' | 'throw' | 'exit' | 'reject';
  readonly waitMs?: number;
}

export const run: Runner = async function* (path, name, test, options) {
  const { exec, waitMs = 0 } = test as Order;
  if (!options.isWanted(path, name, 'Frontier')) return;
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  if (exec === 'exit') process.exit(3);
  if (exec === 'throw') throw new Error('thrown by the test');
  if (exec === 'reject') {
    void Promise.reject(new Error('rejected in the background'));
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  yield { name, fork: 'Frontier', outcome: 'passed' };
};
