import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** What happens to a request instead of being passed on. */
export type Fault =
  | { readonly status: number; readonly body?: string; readonly contentType?: string }
  /** The connection is cut without an answer, and the server never sees the request. */
  | 'cut before'
  /** The server does it, and the answer is lost. */
  | 'cut after';

/** A real HTTP proxy in front of a server that spoils as many requests as it is told to. */
export class FaultyProxy {
  static async before(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** Method and path of each request that came. */
  readonly requests: string[] = [];
  /** Largest number of changing requests under way at one time. */
  mostParallelWrites = 0;
  private parallelWrites = 0;
  private readonly server: Server;
  private fault: ((method: string, path: string) => Fault | undefined) | undefined;

  private words: ((status: number, body: string) => string) | undefined;

  private constructor(private readonly target: string) {
    this.server = createServer((incoming, answer) => this.handle(incoming, answer));
  }

  get url(): string {
    const address = this.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('proxy is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Decides by request; undefined passes it on. */
  spoil(fault: (method: string, path: string) => Fault | undefined): void {
    this.fault = fault;
  }

  /** Spoils the next requests of a method. */
  spoilNext(times: number, method: string, fault: Fault): void {
    let left = times;
    this.spoil((given) => (given === method && left-- > 0 ? fault : undefined));
  }

  /** Changes the words of answers. */
  rewrite(words: (status: number, body: string) => string): void {
    this.words = words;
  }

  heal(): void {
    this.fault = undefined;
    this.words = undefined;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private handle(incoming: IncomingMessage, answer: ServerResponse): void {
    const { method = '', url = '' } = incoming;
    this.requests.push(`${method} ${url}`);
    const fault = this.fault?.(method, url);
    if (fault === 'cut before') return void incoming.socket.destroy();
    if (fault !== undefined && fault !== 'cut after') {
      answer.writeHead(fault.status, { 'content-type': fault.contentType ?? 'text/plain' });
      return void answer.end(fault.body ?? 'spoiled');
    }
    const changes = method !== 'GET';
    if (changes) this.mostParallelWrites = Math.max(this.mostParallelWrites, ++this.parallelWrites);
    const passed = request(`${this.target}${url}`, { method, headers: incoming.headers }, (response) => {
      if (changes) this.parallelWrites--;
      if (fault === 'cut after') {
        response.resume();
        return void incoming.socket.destroy();
      }
      const { words } = this;
      if (words) {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const status = response.statusCode ?? 502;
          answer.writeHead(status, { 'content-type': 'application/json' });
          answer.end(status === 204 ? undefined : words(status, Buffer.concat(chunks).toString('utf8')));
        });
        return;
      }
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    passed.on('error', () => answer.writeHead(502).end('the server is away'));
    incoming.pipe(passed);
  }
}
