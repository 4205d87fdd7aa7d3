/** A file server for one page: listed folders of the repository, on 127.0.0.1 alone. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.jsonl': 'text/plain',
};

export interface StaticServer {
  /** `http://127.0.0.1:PORT`; the system chose the port. */
  readonly origin: string;
  close(): void;
}

/**
 * Serves `page` at `/`, and files below `root` whose path starts with one of `folders`.
 *
 * @param folders paths from `root` that end with a slash
 */
export function serveFiles(
  root: string,
  folders: readonly string[],
  page: string,
): Promise<StaticServer> {
  const server = createServer((request, response) => {
    const answer = (status: number, type: string, body: string | Uint8Array): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
    };
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://x').pathname));
    const file = path.slice(1);
    if (file === '') answer(200, 'text/html', page);
    else if (!folders.some((folder) => file.startsWith(folder))) answer(404, 'text/plain', path);
    else {
      readFile(join(root, file)).then(
        (body) => answer(200, TYPES[extname(file)] ?? 'application/octet-stream', body),
        () => answer(404, 'text/plain', path),
      );
    }
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const close = (): void => {
        server.close();
        server.closeAllConnections();
      };
      resolve({ origin: `http://127.0.0.1:${port}`, close });
    });
  });
}
