/** `lockstep/node`: a development chain with JSON-RPC, in process and without a server. */
export type { ForkCache } from './fork/client.ts';
export type { ForkId, ForkOptions } from './fork/fork.ts';
export type { RemoteOptions } from './fork/transport.ts';
export { METHODS } from './methods/table.ts';
export { Node } from './node.ts';
export type { NodeOptions } from './options.ts';
export type { OwnPrecompile, OwnPrecompiles, Plugin, PluginKit } from './plugins.ts';
export { readPlugin } from './plugins.ts';
export type { ProviderListener, ProviderOptions, RequestArguments } from './provider.ts';
export { createProvider, Provider } from './provider.ts';
export type { Response, RpcLimits } from './rpc/dispatch.ts';
export { RPC_CODE, RpcError } from './rpc/errors.ts';
export type { Method, Param, Session } from './rpc/method.ts';
export { method, param } from './rpc/method.ts';
export { createOpenRpc } from './rpc/openrpc.ts';
export * as types from './rpc/types.ts';
