import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const API_KEY = 'acceptance-key';
/** Comes with Debian's package pdns-backend-sqlite3. */
export const SQLITE_SCHEMA = '/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql';

/** Where the server keeps its data. gsqlite3 needs the packages pdns-backend-sqlite3 and sqlite3. */
export type Backend = 'lmdb' | 'gsqlite3';

/** A real PowerDNS Authoritative Server with a database of its own on free ports of the loopback. */
export class PowerDnsServer {
  /** @param backend LMDB by default */
  static async start(backend: Backend = 'lmdb'): Promise<PowerDnsServer> {
    const server = new PowerDnsServer(await freePort(), await freePort(), backend);
    if (backend === 'gsqlite3')
      execFileSync('sqlite3', [server.database], { input: readFileSync(SQLITE_SCHEMA) });
    await server.up();
    return server;
  }

  readonly url: string;
  private readonly directory = mkdtempSync(join(tmpdir(), 'powerdns-'));
  private child: ChildProcess | undefined;

  private constructor(
    private readonly apiPort: number,
    readonly dnsPort: number,
    private readonly backend: Backend,
  ) {
    this.url = `http://127.0.0.1:${apiPort}`;
  }

  private get database(): string {
    return join(this.directory, 'database');
  }

  /** Starts the process and waits for its API. The data survives `down`. */
  async up(): Promise<void> {
    let log = '';
    this.child = spawn(
      'pdns_server',
      [
        '--no-config',
        `--launch=${this.backend}`,
        ...(this.backend === 'lmdb'
          ? [`--lmdb-filename=${this.database}`, '--lmdb-shards=1', '--lmdb-sync-mode=nosync']
          : [
              `--gsqlite3-database=${this.database}`,
              '--gsqlite3-dnssec=yes',
              '--gsqlite3-pragma-synchronous=0',
            ]),
        '--daemon=no',
        '--guardian=no',
        '--write-pid=no',
        '--local-address=127.0.0.1',
        `--local-port=${this.dnsPort}`,
        `--socket-dir=${this.directory}`,
        '--api=yes',
        `--api-key=${API_KEY}`,
        '--webserver=yes',
        '--webserver-address=127.0.0.1',
        `--webserver-port=${this.apiPort}`,
        '--webserver-allow-from=127.0.0.0/8',
        '--security-poll-suffix=',
        '--cache-ttl=0',
        '--query-cache-ttl=0',
        '--negquery-cache-ttl=0',
        '--zone-cache-refresh-interval=0',
        '--loglevel=4',
      ],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
      },
    );
    this.child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    for (let waited = 0; waited < 10_000; waited += 20) {
      if (this.child.exitCode !== null) throw new Error(`pdns_server ended: ${log}`);
      if ((await this.api('GET', '').catch(() => undefined))?.status === 200) return;
      await wait(20);
    }
    throw new Error(`pdns_server does not answer: ${log}`);
  }

  /** Ends the process at once. */
  async down(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async remove(): Promise<void> {
    await this.down();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A request to the API beside Terraform: what an administrator would do by hand. */
  async api(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; json: Record<string, unknown> }> {
    const response = await fetch(`${this.url}/api/v1/servers/localhost${path}`, {
      method,
      headers: { 'x-api-key': API_KEY, accept: 'application/json', 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
    };
  }

  /** Contents by `NAME TYPE` of a zone, as the server spells them. */
  async rrsets(zone: string): Promise<Record<string, string[]>> {
    const { json } = await this.api('GET', `/zones/${zone}`);
    const rrsets = json.rrsets as { name: string; type: string; records: { content: string }[] }[];
    return Object.fromEntries(
      rrsets.map(({ name, type, records }) => [
        `${name} ${type}`,
        records.map(({ content }) => content).sort(),
      ]),
    );
  }

  async createZone(name: string, settings: Record<string, unknown> = {}): Promise<void> {
    const { status } = await this.api('POST', '/zones', {
      name,
      kind: 'Native',
      nameservers: [],
      ...settings,
    });
    if (status !== 201) throw new Error(`zone ${name}: ${status}`);
  }

  async replaceRRset(zone: string, name: string, type: string, contents: string[], ttl = 60): Promise<void> {
    const records = contents.map((content) => ({ content, disabled: false }));
    const rrsets = [{ name, type, ttl, changetype: 'REPLACE', records }];
    const { status, json } = await this.api('PATCH', `/zones/${zone}`, { rrsets });
    if (status !== 204) throw new Error(`${name} ${type}: ${status} ${JSON.stringify(json)}`);
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}
