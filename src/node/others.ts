/** How work that is long lets others have their turn. */

/** Gives others their turn. Node has a way that waits for no timer. */
export function others(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (resume: () => void) => void };
  return new Promise((resolve) => {
    if (setImmediate === undefined) setTimeout(resolve, 0);
    else setImmediate(resolve);
  });
}
