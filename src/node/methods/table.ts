/** The table of methods: what the node answers. */

import { checkMethod } from '../plugins.ts';
import { type Method, method } from '../rpc/method.ts';
import { createOpenRpc } from '../rpc/openrpc.ts';
import { ACCOUNT_METHODS } from './accounts.ts';
import { CHAIN_METHODS } from './chain.ts';
import { DEBUG_METHODS } from './debug.ts';
import { DEV_METHODS } from './dev.ts';
import { ENGINE_METHODS } from './engine.ts';
import { MISC_METHODS } from './misc.ts';
import { OTTERSCAN_METHODS } from './otterscan.ts';
import { POOL_METHODS } from './pool.ts';
import { STATE_METHODS } from './state.ts';
import { SUBSCRIPTION_METHODS } from './subscriptions.ts';
import { TRACE_METHODS } from './trace.ts';

/** Methods that tell of the table that they are in. */
function tableMethods(table: () => ReadonlyMap<string, Method>): readonly Method[] {
  return [
    method(['rpc_discover'], 'This table as an OpenRPC document.', [], { type: 'object' }, () =>
      createOpenRpc(table().values()),
    ),
    method('rpc_modules', 'The namespaces of the methods.', [], { type: 'object' }, () => {
      const spaces = [...table().keys()].map((name) => name.slice(0, name.indexOf('_')));
      return Object.fromEntries([...new Set(spaces)].sort().map((space) => [space, '1.0']));
    }),
  ].flat();
}

/**
 * All methods by name, in the order of names: those of the node, and a user's own.
 *
 * @throws LockstepError L1701 for a row that is wrong, or of a name that is taken
 */
export function createMethods(
  own: readonly (Method | readonly Method[])[] = [],
): ReadonlyMap<string, Method> {
  const fixed: readonly Method[] = [
    ...STATE_METHODS,
    ...CHAIN_METHODS,
    ...ACCOUNT_METHODS,
    ...SUBSCRIPTION_METHODS,
    ...DEBUG_METHODS,
    ...TRACE_METHODS,
    ...OTTERSCAN_METHODS,
    ...DEV_METHODS,
    ...POOL_METHODS,
    ...MISC_METHODS,
    ...ENGINE_METHODS,
    ...tableMethods(() => table),
  ];
  const rows = new Map(fixed.map((each) => [each.name, each]));
  for (const each of own.flat()) {
    const row = checkMethod(each, (name) => rows.has(name));
    rows.set(row.name, row);
  }
  const table: ReadonlyMap<string, Method> = new Map(
    [...rows].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  return table;
}

/** The methods of every node. */
export const METHODS: ReadonlyMap<string, Method> = createMethods();
