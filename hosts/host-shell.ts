import { run } from '../lib/core/command';
import { OperationError, ValidationError } from '../lib/core/errors';

/** Where scripts run: this machine, or another by SSH. */
export interface HostShell {
  /** For people, for example `root@10.255.0.3`. */
  readonly target: string;
  /**
   * Runs a POSIX shell script as root and returns what it printed.
   *
   * @throws OperationError when it fails, with the last lines of what it said
   */
  run(script: string): Promise<string>;
}

export interface SshOptions {
  /** Private key. @default - as the user's SSH configuration says */
  readonly key?: string;
  /** File with the host's key. @default - as the user's SSH configuration says */
  readonly knownHosts?: string;
}

/** This machine. */
export function localShell(): HostShell {
  return {
    target: 'this machine',
    run: async (script) => (await run('sh', ['-s'], { input: script })).stdout,
  };
}

/**
 * A machine that is reached by SSH. Its host key must be known: an unknown one is refused, never asked about.
 *
 * @param target `user@host`, `ssh://user@host:port`, or a libvirt URI such as
 * `qemu+ssh://root@host/system?keyfile=...&knownhosts=...`
 * @throws ValidationError when the target is none of them, or would switch the check of the host key off
 */
export function sshShell(target: string, options: SshOptions = {}): HostShell {
  const { user, host, port, key, knownHosts } = parseTarget(target, options);
  const ssh = ['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=yes', '-o', 'ConnectTimeout=10'];
  if (key !== undefined) ssh.push('-i', key, '-o', 'IdentitiesOnly=yes');
  if (knownHosts !== undefined)
    ssh.push('-o', `UserKnownHostsFile="${knownHosts}"`, '-o', 'GlobalKnownHostsFile=/dev/null');
  if (port !== undefined) ssh.push('-p', port);
  const command = ['--', user === undefined ? host : `${user}@${host}`];
  // Asked of the other side, for an alias of the user's SSH configuration may stand for any user.
  command.push('if [ "$(id -u)" = 0 ]; then exec sh -s; else exec sudo -n sh -s; fi');
  return {
    target: user === undefined ? host : `${user}@${host}`,
    run: async (script) => (await run('ssh', [...ssh, ...command], { input: script })).stdout,
  };
}

interface Target extends SshOptions {
  readonly user?: string;
  readonly host: string;
  readonly port?: string;
}

function parseTarget(target: string, options: SshOptions): Target {
  const refuse = (why: string): never => {
    throw new ValidationError('', `host '${target}' ${why}`);
  };
  if (!target.includes('://')) {
    const [, user, host] = /^(?:([^@\s]+)@)?([^@\s/:-][^@\s/:]*)$/.exec(target) ?? [];
    if (host === undefined)
      return refuse('must be user@host, ssh://user@host:port or a qemu+ssh:// URI; or give --local');
    return { ...options, user, host };
  }
  let uri: URL;
  try {
    uri = new URL(target);
  } catch {
    return refuse('is no URI');
  }
  const query = uri.searchParams;
  if (!['ssh:', 'qemu+ssh:'].includes(uri.protocol) || uri.hostname === '')
    return refuse('is not reached by SSH; run the command on that host with --local');
  if (query.has('no_verify') || query.get('known_hosts_verify') === 'ignore')
    return refuse('switches the check of its host key off; give the file with its key as knownhosts=');
  return {
    user: uri.username === '' ? undefined : decodeURIComponent(uri.username),
    host: uri.hostname.replace(/^\[|\]$/g, ''),
    port: uri.port === '' ? undefined : uri.port,
    key: options.key ?? query.get('keyfile') ?? undefined,
    knownHosts: options.knownHosts ?? query.get('knownhosts') ?? undefined,
  };
}

/** Quotes a word for a POSIX shell where it needs to be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The shell of a target as given on the command line. */
export function hostShell(target: string | undefined, isLocal: boolean, options: SshOptions = {}): HostShell {
  if (isLocal && target !== undefined)
    throw new OperationError(`--local means this machine, not '${target}'`, 'give one of the two');
  if (isLocal || target === 'qemu:///system') return localShell();
  if (target === undefined)
    throw new OperationError('which host?', 'give user@host, a qemu+ssh:// URI, or --local');
  return sshShell(target, options);
}
