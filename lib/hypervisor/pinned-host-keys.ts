import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { ValidationError } from '../core/errors';
import type { SshPublicKey } from '../core/ssh-key';

/**
 * The SSH host keys that a hypervisor must show. They are written beside each stack that speaks to it, as a file that
 * ssh(1) calls `known_hosts`, so that an apply knows them wherever it runs.
 */
export class PinnedHostKeys {
  /**
   * Reads a `known_hosts` file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
   *
   * @param path relative to the project; the keys are public, so commit it
   * @throws ValidationError when there is no such file or it holds no key
   */
  static fromFile(path: string): PinnedHostKeys {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      throw new ValidationError(
        '',
        `known_hosts file '${path}' cannot be read (${String((error as NodeJS.ErrnoException).code)}); make it with: ssh-keyscan -t ed25519 <host>, and compare the key with the one on the host`,
      );
    }
    const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
    if (lines.length === 0)
      throw new ValidationError('', `known_hosts file '${path}' holds no key; add the one of the host`);
    return new PinnedHostKeys(() => lines, `known_hosts file '${path}'`);
  }

  /** Host keys as they are in `/etc/ssh/ssh_host_ed25519_key.pub` of the hypervisor. */
  static of(...keys: readonly SshPublicKey[]): PinnedHostKeys {
    if (keys.length === 0) throw new ValidationError('', 'no host key was given; give at least one');
    return new PinnedHostKeys((host) => keys.map((key) => `${host} ${key.keyText}`), 'host keys');
  }

  private constructor(
    private readonly linesFor: (host: string) => readonly string[],
    /** Where the keys are from, for messages. */
    readonly origin: string,
  ) {}

  /**
   * Content of the `known_hosts` file for one host.
   *
   * @throws ValidationError when none of the keys is that host's
   */
  render(host: string, port: number): string {
    const name = port === 22 ? host : `[${host}]:${port}`;
    const lines = this.linesFor(name);
    if (!lines.some((line) => speaksOf(line, name)))
      throw new ValidationError(
        '',
        `${this.origin} has no key of '${name}'; add it, or correct 'host' and 'port'`,
      );
    return `${lines.join('\n')}\n`;
  }
}

/** Whether a line of a `known_hosts` file is about a host: by name, by pattern, or by the hash of its name. */
function speaksOf(line: string, name: string): boolean {
  const fields = line.trim().split(/\s+/);
  const marker = fields[0]?.startsWith('@') ? fields.shift() : undefined;
  if (marker === '@revoked') return false;
  const [, , salt, hash] = /^(\|1\|([^|]+)\|(.+))$/.exec(fields[0] ?? '') ?? [];
  if (salt !== undefined)
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
  const matches = (pattern: string) =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
    ).test(name);
  const patterns = (fields[0] ?? '').split(',');
  return (
    patterns.some((pattern) => !pattern.startsWith('!') && matches(pattern)) &&
    !patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1)))
  );
}
