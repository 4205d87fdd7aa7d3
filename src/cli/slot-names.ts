/** Names of the written slots of a contract, from its layout and the values of the call. */
import type { Outcome } from '../chain/types.ts';
import type { EvmContract } from '../languages/contract.ts';
import type { NameSlot } from './report.ts';

/** More keys than these make the hashing noticeable and are no longer a person's call. */
const KEYS_MAX = 32;
const NO_NAMES: NameSlot = () => undefined;

/** Every aligned word of the calldata and every topic is a key that may have been used. */
function candidateKeys(data: Uint8Array, outcome: Outcome, sender: string): bigint[] {
  const keys = new Set([BigInt(sender)]);
  const add = (value: bigint): void => {
    if (keys.size < KEYS_MAX) keys.add(value);
  };
  const view = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (let at = 4; at + 32 <= view.length; at += 32) {
    add(BigInt(`0x${view.toString('hex', at, at + 32)}`));
  }
  for (const log of outcome.logs) for (const topic of log.topics.slice(1)) add(BigInt(topic));
  return [...keys];
}

/** Loads what is needed only where there is a layout and a write. */
export async function slotNamer(
  contract: EvmContract,
  address: string,
  sender: string,
  data: Uint8Array,
  outcome: Outcome,
): Promise<NameSlot> {
  if (contract.storageLayout === undefined || outcome.writes.length === 0) return NO_NAMES;
  const { nameSlots } = await import('../languages/storage-names.ts');
  const keys = candidateKeys(data, outcome, sender);
  const names = nameSlots(contract.storageLayout, keys);
  return (owner, slot) => (owner === address ? names.get(slot) : undefined);
}
