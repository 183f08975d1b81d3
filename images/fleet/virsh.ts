import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import { pinnedUri } from './pinned-ssh';

/** libvirt of one hypervisor, through virsh(1); nothing but what the commands here change is changed. */
export class Virsh {
  /**
   * @param uri for example `qemu+ssh://root@kvm1/system` (libvirt.org/uri.html)
   * @param directory that paths in the URI are relative to: the stack's, for the URI of a stack. Default: this one
   */
  constructor(
    readonly uri: string,
    private readonly directory = '.',
  ) {}

  /** Names of all domains, running or not, to whether they run. */
  async domains(): Promise<Map<string, boolean>> {
    const [all, running] = [
      await this.lines('list', '--all', '--name'),
      new Set(await this.lines('list', '--state-running', '--name')),
    ];
    return new Map(all.sort().map((name) => [name, running.has(name)]));
  }

  domainXml(name: string): Promise<string> {
    return this.run('dumpxml', '--domain', name);
  }

  /** Names of the active storage pools. */
  pools(): Promise<string[]> {
    return this.lines('pool-list', '--name');
  }

  /** Volumes of a pool, name to path. */
  async volumes(pool: string): Promise<Map<string, string>> {
    const lines = await this.lines('vol-list', '--pool', pool);
    return new Map(
      lines.map((line) => {
        const [, name = '', path = ''] = /^\s*(.+?)\s{2,}(\/.*|\S+)$/.exec(line) ?? [];
        return [name, path.trim()];
      }),
    );
  }

  /** XML of a volume. @param volume its path, or its name with the pool given */
  volumeXml(volume: string, pool?: string): Promise<string> {
    return this.run('vol-dumpxml', '--vol', volume, ...(pool === undefined ? [] : ['--pool', pool]));
  }

  async deleteVolume(name: string, pool: string): Promise<void> {
    await this.run('vol-delete', '--vol', name, '--pool', pool);
  }

  /** What a command prints, by line. */
  async lines(...args: string[]): Promise<string[]> {
    return (await this.run(...args))
      .split('\n')
      .map((line) => line.trim()) // virsh pads its columns
      .filter(Boolean);
  }

  /** @throws OperationError that names the hypervisor */
  async run(...args: string[]): Promise<string> {
    try {
      const env = { ...process.env, LC_ALL: 'C' };
      const command = ['--quiet', '--connect', pinnedUri(this.uri, this.directory), ...args];
      return (await run('virsh', command, { cwd: this.directory, env, timeoutMs: 60_000 })).stdout;
    } catch (error) {
      throw new OperationError(
        `hypervisor ${this.uri}: ${(error as Error).message.split('\n').slice(-1).join('')}`,
      );
    }
  }
}

/** Text of a quoted XML attribute or element, its entities resolved. */
export function xmlText(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };
  return text.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => entities[name] ?? '');
}
