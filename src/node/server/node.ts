/** A provider with what it is served on: the shortest way to a node of one's own. */
import type { Provider, ProviderOptions } from '../provider.ts';
import { type NodeServer, type ServerOptions, serve } from './http.ts';
import { DEFAULT_IPC_PATH, serveIpc } from './ipc.ts';

export interface ServedNodeOptions
  extends ProviderOptions,
    Pick<ServerOptions, 'host' | 'port' | 'allowOrigin'> {
  /** Also on a path of this machine; `DEFAULT_IPC_PATH` for true. */
  readonly ipc?: string | boolean;
}

export interface ServedNode extends Omit<NodeServer, 'close'> {
  readonly provider: Provider;
  /** Undefined unless it was asked for. */
  readonly ipcPath: string | undefined;
  /** Ends the servers with their connections, and the provider. */
  close(): Promise<void>;
}

/**
 * Starts a node: what `createProvider` makes, on a port and perhaps on a path.
 *
 * @throws what `createProvider` and `serve` throw; nothing is left open then
 */
export async function createNode(options: ServedNodeOptions = {}): Promise<ServedNode> {
  const { host, port, allowOrigin, ipc = false, ...own } = options;
  const { createProvider } = await import('../provider.ts');
  const provider = createProvider(own);
  const ended: (() => unknown)[] = [() => provider.close()];
  const close = async (): Promise<void> => {
    for (const end of ended.splice(0).reverse()) await end();
  };
  try {
    await provider.node.ready;
    const places = Object.entries({ host, port, allowOrigin, limits: own.limits });
    const given = Object.fromEntries(places.filter(([, value]) => value !== undefined));
    const server = await serve({ provider, ...given });
    ended.push(() => server.close());
    const path = ipc === true ? DEFAULT_IPC_PATH : ipc;
    const served = path === false ? undefined : await serveIpc({ ...given, provider, path });
    if (served !== undefined) ended.push(() => served.close());
    return { ...server, provider, ipcPath: served?.path, close };
  } catch (error) {
    await close();
    throw error;
  }
}
