import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, createWriteStream, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ConsulPort, type ConsulCluster } from '../../../modules';
import type { GuestConfig } from '../../../lib';
import { textOf } from './stack-fixture';

/**
 * The Consul agent of a machine, as a process with the very files that the machine would get. Paths lie below a directory,
 * and the name by which members find each other is replaced by their addresses.
 */
export class ConsulProcess {
  readonly address: string;
  private child?: ChildProcess;

  constructor(
    readonly guest: GuestConfig,
    private readonly cluster: ConsulCluster,
    readonly root: string,
    private readonly join: readonly string[],
  ) {
    this.address = guest.interfaces[0]!.addresses![0]!.address.toString();
  }

  /** Writes the machine's files, as its first boot does. */
  install(): this {
    for (const { path, mode } of this.guest.allFiles) {
      const file = this.path(path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, this.here(textOf(this.guest, path)));
      chmodSync(file, Number.parseInt(mode ?? '0600', 8));
    }
    mkdirSync(this.path('/var/lib/consul'), { recursive: true });
    return this;
  }

  /** Takes everything away but what is on the data disk. */
  wipe(): void {
    for (const directory of ['etc', 'opt'])
      rmSync(join(this.root, directory), { recursive: true, force: true });
  }

  start(): this {
    const [program = '', ...words] = this.commandOf('consul.service');
    const log = createWriteStream(join(this.root, 'consul.log'), { flags: 'a' });
    this.child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.pipe(log);
    this.child.stderr?.pipe(log);
    return this;
  }

  /** As when the power goes. */
  async kill(): Promise<void> {
    const { child } = this;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  /** Runs the program of a unit that ends by itself. @returns its exit code and what it said */
  async run(unit: string): Promise<string> {
    const [program = '', ...words] = this.commandOf(unit);
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (chunk) => (text += String(chunk)));
    child.stderr.on('data', (chunk) => (text += String(chunk)));
    const [code] = (await once(child, 'exit')) as [number | null];
    return `exit ${code}${text && `: ${text}`}`;
  }

  get log(): string {
    return readFileSync(join(this.root, 'consul.log'), 'utf8');
  }

  path(path: string): string {
    return join(this.root, path);
  }

  /** Asks the agent's API. @param token default: that of the machine's administrators */
  async ask(
    path: string,
    { method = 'GET', body, token = this.token }: { method?: string; body?: unknown; token?: string } = {},
  ): Promise<{ status: number; body: unknown }> {
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          host: this.address,
          port: ConsulPort.HTTPS,
          path,
          method,
          ca: this.cluster.props.authority.certificate,
          headers: token === '' ? {} : { 'X-Consul-Token': token },
        },
        (answer) => {
          let text = '';
          answer.on('data', (chunk) => (text += String(chunk)));
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: parse(text) }));
        },
      );
      sent.on('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  get token(): string {
    return readFileSync(this.path('/etc/consul.d/acl/token'), 'utf8');
  }

  private commandOf(unit: string): string[] {
    const content = this.guest.units.find(({ name }) => name === unit)?.content ?? '';
    const line = /^ExecStart=(.*)$/m.exec(content)?.[1] ?? '';
    return this.here(line).split(' ');
  }

  /** A text of the machine, for this place. */
  private here(text: string): string {
    return text
      .replaceAll('/etc/consul.d', this.path('/etc/consul.d'))
      .replaceAll('/var/lib/consul', this.path('/var/lib/consul'))
      .replaceAll(`"${this.cluster.joinName}"`, this.join.map((each) => JSON.stringify(each)).join(', '));
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Waits for something to become true. @throws Error with what it was last */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T> | T,
  good: (value: T) => boolean,
): Promise<T> {
  let last: unknown;
  for (const end = Date.now() + 90_000; Date.now() < end; await sleep(500)) {
    try {
      const value = await probe();
      if (good(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`${what}: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}
