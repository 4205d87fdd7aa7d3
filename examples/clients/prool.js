/** An instance of prool: a node in the process of the tests, which costs no start of a process. */
import { createProvider } from 'lockstep/node';
import { serve } from 'lockstep/node/server';
import { Instance } from 'prool';

/** Takes the options of `createProvider`, and a host and a port. */
export const lockstep = Instance.define((options = {}) => {
  const { host = '127.0.0.1', port = 8545, ...nodeOptions } = options;
  let end = async () => {};
  return {
    _internal: {},
    host,
    name: 'lockstep',
    port,
    async start({ port: chosen = port }) {
      const provider = createProvider(nodeOptions);
      const server = await serve({ provider, host, port: chosen });
      end = async () => {
        provider.close();
        await server.close();
      };
    },
    stop: () => end(),
  };
});
