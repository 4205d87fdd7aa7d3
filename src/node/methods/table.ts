/** The table of methods: what the node answers. */

import { type Method, method } from '../rpc/method.ts';
import { createOpenRpc } from '../rpc/openrpc.ts';
import { ACCOUNT_METHODS } from './accounts.ts';
import { CHAIN_METHODS } from './chain.ts';
import { DEBUG_METHODS } from './debug.ts';
import { DEV_METHODS } from './dev.ts';
import { MISC_METHODS } from './misc.ts';
import { OTTERSCAN_METHODS } from './otterscan.ts';
import { POOL_METHODS } from './pool.ts';
import { STATE_METHODS } from './state.ts';
import { SUBSCRIPTION_METHODS } from './subscriptions.ts';
import { TRACE_METHODS } from './trace.ts';

const TABLE_METHODS: readonly Method[] = [
  method(['rpc_discover'], 'This table as an OpenRPC document.', [], { type: 'object' }, () =>
    createOpenRpc(METHODS.values()),
  ),
  method('rpc_modules', 'The namespaces of the methods.', [], { type: 'object' }, () => {
    const spaces = [...METHODS.keys()].map((name) => name.slice(0, name.indexOf('_')));
    return Object.fromEntries([...new Set(spaces)].sort().map((space) => [space, '1.0']));
  }),
].flat();

/** All methods by name, in the order of names. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  [
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
    ...TABLE_METHODS,
  ]
    .map((each) => [each.name, each] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1)),
);
