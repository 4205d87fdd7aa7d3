/** Accounts that a call finds other than they are. */

import { bytesToHex } from '../../base/bytes.ts';
import { bytesToBigint } from '../../base/u256.ts';
import type { EvmWorld } from '../../chain/world.ts';
import { SPACES } from '../../state/cells.ts';
import { createEvmView } from '../../state/views/evm.ts';
import { addressToBigint } from '../../vms/evm/host/accounts.ts';
import type { Precompile } from '../../vms/evm/precompiles/index.ts';
import type { Node } from '../node.ts';
import { RpcError, serverError } from '../rpc/errors.ts';
import type { StateOverride } from '../rpc/requests.ts';
import { checksumAddress } from '../wallets.ts';

/** A move of precompiles that `eth_simulateV1` refuses. */
const MOVE_REFUSED = -38022;

/**
 * Writes overrides into the state of a world, whose journal is emptied: whoever asked puts the
 * state back, and forgets moved precompiles.
 */
export function applyOverrides(node: Node, world: EvmWorld, overrides: StateOverride): void {
  world.flush();
  const { backend } = world;
  const view = createEvmView({ backend, keccak256: node.chain.keccak256 });
  for (const [address, account] of overrides) {
    const { balance, nonce, code, state, stateDiff } = account;
    if (balance !== undefined) view.setBalance(address, balance);
    if (nonce !== undefined) view.setNonce(address, nonce);
    if (code !== undefined) view.setCode(address, code);
    if (state !== undefined && stateDiff !== undefined) {
      throw serverError(`account ${checksumAddress(address)} has both 'state' and 'stateDiff'`);
    }
    if (state !== undefined) {
      const slots = backend.scan({ space: SPACES.slot.number, owner: address });
      if (Symbol.iterator in slots) for (const { cell } of [...slots]) backend.delete(cell);
    }
    for (const [slot, value] of state ?? stateDiff ?? []) {
      view.setSlot(address, slot, bytesToBigint(value));
    }
  }
  // At last: where overrides are refused nothing has moved.
  movePrecompiles(world, overrides);
  world.reset();
}

/**
 * The same for a run in another world over the state of the first, whose journal is written out.
 *
 * @param overrides - None where undefined.
 */
export function applyOverridesFor(
  other: EvmWorld,
  node: Node,
  world: EvmWorld,
  overrides: StateOverride | undefined,
): void {
  world.flush();
  if (overrides === undefined) return;
  applyOverrides(node, world, overrides);
  const { host } = world.executor;
  other.executor.host.movedPrecompiles = host.movedPrecompiles;
  host.movedPrecompiles = undefined;
}

function movePrecompiles(world: EvmWorld, overrides: StateOverride): void {
  const { host } = world.executor;
  let moved: Map<bigint, Precompile> | undefined;
  const table = (): Map<bigint, Precompile> => {
    moved ??= new Map(host.allPrecompiles());
    return moved;
  };
  const named = new Set(overrides.map(([address]) => bytesToHex(address)));
  const targets = new Set<string>();
  for (const [address, { movePrecompileToAddress: target }] of overrides) {
    const text = bytesToHex(address);
    if (targets.has(text)) {
      const name = checksumAddress(address);
      throw serverError(`account ${name} has already been overridden by a precompile`);
    }
    const at = addressToBigint(address);
    const precompile = moved?.get(at) ?? host.precompile(at);
    if (target !== undefined) {
      if (precompile === undefined) {
        throw serverError(`account ${checksumAddress(address)} is not a precompile`);
      }
      if (named.has(bytesToHex(target))) {
        const name = checksumAddress(target);
        throw new RpcError(MOVE_REFUSED, `account ${name} is already overridden`);
      }
      table().set(addressToBigint(target), precompile);
      targets.add(bytesToHex(target));
    }
    if (precompile !== undefined) table().delete(at);
  }
  if (moved !== undefined) host.movedPrecompiles = moved;
}
