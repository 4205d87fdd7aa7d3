/** What was hashed to a key of the state, found by hashing all that is in it. */
import { equalBytes } from '../base/bytes.ts';
import { type CellEntry, SPACES } from '../state/cells.ts';
import type { Node } from './node.ts';
import { others } from './others.ts';

/** Keys that are hashed before others have their turn: some milliseconds. */
const HASHED_MAX = 4096;

/** What is hashed to a key of the state of the head, or to a code that it has. */
export async function preimageOf(node: Node, hash: Uint8Array): Promise<Uint8Array | undefined> {
  const { keccak256 } = node.chain;
  const { code, keys } = node.chain.read(node.head, (backend) => {
    const found = backend.get({ space: SPACES.code.number, owner: new Uint8Array(32), key: hash });
    const spaces = [SPACES.balance, SPACES.nonce, SPACES.codeHash, SPACES.slot];
    const scans = spaces.map(({ number }) => {
      const cells = backend.scan({ space: number });
      return begun(Symbol.iterator in cells ? cells : []);
    });
    return { code: found instanceof Uint8Array ? found : undefined, keys: scans };
  });
  if (code !== undefined) return code;
  let count = 0;
  for (const cells of keys) {
    for (const { cell } of cells) {
      const key = cell.space === SPACES.slot.number ? cell.key : cell.owner.slice(-20);
      if (equalBytes(keccak256(key), hash)) return key;
      if (++count % HASHED_MAX === 0) await others();
    }
  }
  return undefined;
}

/** The same, of which the first is taken: a scan is of the state as it is then. */
function begun(entries: Iterable<CellEntry>): Iterable<CellEntry> {
  const iterator = entries[Symbol.iterator]();
  const first = iterator.next();
  return {
    *[Symbol.iterator]() {
      for (let each = first; !each.done; each = iterator.next()) yield each.value;
    },
  };
}
