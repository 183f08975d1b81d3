import { createReadStream, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { HASHISTACK_PROGRAMS, hashiStackProgram } from './consul';

/** Where machines of the lab find the mirror. */
export const MIRROR_PORT = 8088;

/**
 * A mirror of the programs that are on this machine, by HTTP: `/consul` is Consul. For machines that fetch programs at their first
 * boot; whoever fetches checks the digest.
 */
export function serveMirror(address: string, port = MIRROR_PORT): Server {
  return createServer((request, response) => {
    const name = HASHISTACK_PROGRAMS.find((each) => request.url === `/${each}`);
    const file = name && hashiStackProgram(name);
    if (file === undefined || request.method !== 'GET') {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'content-length': statSync(file).size,
      'content-type': 'application/octet-stream',
    });
    createReadStream(file).pipe(response);
  }).listen(port, address);
}
