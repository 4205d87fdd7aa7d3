/** Names of methods that several nodes have under prefixes of their own. */

/** Names with each of these in front. */
export function names(namespaces: string, ...ends: string[]): string[] {
  return ends.flatMap((end) => namespaces.split(' ').map((each) => `${each}_${end}`));
}
