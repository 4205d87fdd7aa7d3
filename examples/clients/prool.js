/** An instance of prool: a node in the process of the tests, which costs no start of a process. */
import { createNode } from 'lockstep/node/server';
import { Instance } from 'prool';

/** Takes the options of `createNode`: those of `createProvider`, a host and a port. */
export const lockstep = Instance.define((options = {}) => {
  const { host = '127.0.0.1', port = 8545 } = options;
  let node;
  return {
    _internal: {},
    host,
    name: 'lockstep',
    port,
    async start({ port: chosen = port }) {
      node = await createNode({ ...options, host, port: chosen });
    },
    stop: () => node?.close(),
  };
});
