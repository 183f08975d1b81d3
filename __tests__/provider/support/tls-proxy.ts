import { request } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Certificate } from '../../../provider/framework/serve/certificate';

/** A real reverse proxy that speaks TLS before a PowerDNS that does not, as one is set up in earnest. */
export class TlsProxy {
  /** @param client the only certificate that it lets in. @default - it asks for none */
  static async before(target: string, own: Certificate, client?: Certificate): Promise<TlsProxy> {
    const proxy = new TlsProxy(target, own, client);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Connections that were made. */
  connections = 0;
  /** Requests that came. */
  requests = 0;
  private readonly server: Server;

  private constructor(target: string, own: Certificate, client?: Certificate) {
    this.server = createServer(
      {
        cert: own.certificatePem,
        key: own.privateKeyPem,
        ...(client ? { ca: client.certificatePem, requestCert: true, rejectUnauthorized: true } : {}),
      },
      (incoming, answer) => {
        this.requests++;
        const { method, headers } = incoming;
        // The API lies below a path of the proxy.
        const path = (incoming.url ?? '').replace(/^\/dns/, '');
        const passed = request(`${target}${path}`, { method, headers }, (response) => {
          const kept = { ...response.headers, connection: 'keep-alive' };
          answer.writeHead(response.statusCode ?? 502, kept);
          response.pipe(answer);
        });
        passed.on('error', () => answer.writeHead(502).end());
        incoming.pipe(passed);
      },
    );
    this.server.on('secureConnection', (socket: TLSSocket) => {
      this.connections++;
      socket.on('error', () => undefined);
    });
  }

  /** Its certificate is for this name. */
  get url(): string {
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('proxy is closed');
    return `https://localhost:${address.port}/dns`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
