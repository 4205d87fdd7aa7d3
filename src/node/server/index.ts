/** `lockstep/node/server`: a node over HTTP, WebSocket and IPC; needs Node. */
export { openForkCache } from './fork-cache.ts';
export type { NodeServer, ServerOptions } from './http.ts';
export { serve } from './http.ts';
export type { IpcOptions, IpcServer } from './ipc.ts';
export { DEFAULT_IPC_PATH, serveIpc } from './ipc.ts';
export type { ServedNode, ServedNodeOptions } from './node.ts';
export { createNode } from './node.ts';
