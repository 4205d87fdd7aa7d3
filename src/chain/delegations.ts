/** Delegations that a transaction of type 4 sets before it runs (EIP-7702). */
import type { Owner } from '../dmir/host.ts';
import { delegationCode, SPACE } from '../vms/evm/host/accounts.ts';
import type { Executor } from './executor.ts';
import { recoverAuthority } from './transactions/sender.ts';
import type { Authorization } from './transactions/types.ts';

const NONCE_MAX = (1n << 64n) - 1n;

/**
 * Sets the delegations of the authorizations that hold; the others have no effect.
 *
 * @returns gas to be refunded for accounts that were there
 */
export function applyAuthorizations(
  executor: Executor,
  authorizations: readonly Authorization[],
  chainId: bigint,
): bigint {
  let refund = 0n;
  for (const authorization of authorizations) {
    if (authorization.chainId !== 0n && authorization.chainId !== chainId) continue;
    if (authorization.nonce >= NONCE_MAX) continue;
    const authority = recoverAuthority(authorization, executor.keccak256);
    if (authority === undefined) continue;
    const owner = executor.machine.ownerOf(authority);
    refund += delegate(executor, owner, authorization);
  }
  return refund;
}

function delegate(executor: Executor, owner: Owner, authorization: Authorization): bigint {
  const { machine, host } = executor;
  const { accounts, options } = host;
  machine.touch(accounts.balanceCell(machine, owner));
  const code = accounts.code(machine, owner);
  if (code !== undefined && code.delegate === undefined) return 0n;
  if (accounts.nonce(machine, owner) !== authorization.nonce) return 0n;
  const refund = accounts.isNew(machine, owner) ? 0n : options.costs.txAuthorizationRefund;
  const isRemoval = authorization.address.every((byte) => byte === 0);
  const pointer = isRemoval ? NO_CODE : delegationCode(authorization.address);
  accounts.setCode(machine, owner, pointer);
  accounts.set(machine, SPACE.nonce, owner, authorization.nonce + 1n);
  return refund;
}

const NO_CODE = new Uint8Array(0);
