/** `lockstep/node/server`: a node over HTTP and WebSocket; needs Node. */
export { openForkCache } from './fork-cache.ts';
export type { NodeServer, ServerOptions } from './http.ts';
export { serve } from './http.ts';
