/**
 * A reporter of Node's test runner that leaves the counts of a run as JSON, for `npm run ci`.
 *
 * @see https://nodejs.org/api/test.html#custom-reporters
 */

/** What is read of the runner's events. */
interface TestEvent {
  readonly type: string;
  readonly data?: {
    /** Absent in the summary of the whole run. */
    readonly file?: string;
    readonly counts?: Readonly<Record<'passed' | 'failed' | 'cancelled' | 'skipped', number>>;
  };
}

export default async function* countTests(source: AsyncIterable<TestEvent>) {
  for await (const { type, data } of source) {
    if (type !== 'test:summary' || data?.file !== undefined || data?.counts === undefined) continue;
    const { passed, failed, cancelled, skipped } = data.counts;
    yield `${JSON.stringify({ passed, failed: failed + cancelled, skipped })}\n`;
  }
}
