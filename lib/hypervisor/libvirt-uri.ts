import { isIP } from 'node:net';
import { ValidationError } from '../core/errors';
import { PinnedHostKeys } from './pinned-host-keys';

export interface SshConnection {
  /** Name or address of the hypervisor. */
  readonly host: string;
  /** Somebody who may speak to libvirt there: `root`, or a member of the group `libvirt`. */
  readonly user: string;
  /** @default 22 */
  readonly port?: number;
  /**
   * Path of the private key: absolute, below `~`, or relative to the project. It must have no passphrase.
   * @default - the keys of the SSH agent
   */
  readonly key?: string;
  /** Keys that the host must show; there is no way to do without. With jump hosts, theirs too. */
  readonly knownHosts: PinnedHostKeys;
  /**
   * Not supported: provider 0.8.3 takes no jump host from a URI. The message tells what it takes instead.
   * @default - none
   */
  readonly jump?: string;
  /**
   * Path of libvirt's socket on the hypervisor.
   * @default /var/run/libvirt/libvirt-sock
   */
  readonly socket?: string;
}

export interface TlsConnection {
  /** Name of the hypervisor, as its certificate has it. */
  readonly host: string;
  /** @default 16514 */
  readonly port?: number;
  /**
   * Directory of `cacert.pem`, `clientcert.pem` and `clientkey.pem`: absolute, below `~`, or relative to the project.
   * @default - where libvirt looks: `~/.pki/libvirt`, `/etc/pki`
   */
  readonly pkiPath?: string;
}

/** From the folder that Terraform runs in, `cdktf.out/stacks/<stack>`, to the project. */
const PROJECT = '../../../';

const SYSTEM = 'qemu:///system';

/**
 * How a hypervisor's libvirt daemon is reached (libvirt: "Connection URIs"), as provider dmacvicar/libvirt 0.8.3 reads
 * it: with an SSH client of its own. The host's key or certificate is always verified.
 *
 * Paths go into the Terraform JSON as they were given, so that it is the same on every machine; those relative to
 * the project are written relative to the stack's folder.
 */
export class LibvirtUri {
  /** The system daemon of the machine that Terraform runs on. */
  static local(): LibvirtUri {
    return new LibvirtUri(SYSTEM);
  }

  /** A daemon behind a Unix socket of the machine that Terraform runs on. */
  static socket(path: string): LibvirtUri {
    return new LibvirtUri(`${SYSTEM}?socket=${socketPath(path)}`, path);
  }

  /**
   * A daemon behind SSH. `~/.ssh/config` of the machine that Terraform runs on is read as well: `HostName`, `Port`,
   * `IdentityFile` and `ProxyJump` of the host, of which `Port` beats the one given here.
   *
   * @throws ValidationError for anything that the provider would not take, all problems at once
   */
  static ssh(connection: SshConnection): LibvirtUri {
    const { host, user, port = 22, key, knownHosts, jump, socket } = connection;
    const problems = [...hostProblems(host), ...portProblems(port)];
    if (!/^[A-Za-z_][\w.-]*$/.test(user))
      problems.push(`user '${user}' is no user name: letters, digits, '.', '_' and '-', a letter first`);
    if (jump !== undefined)
      problems.push(
        `jump host '${jump}' cannot be given: provider libvirt 0.8.3 takes none from a URI; write 'Host ${host}' with 'ProxyJump ${jump}' into ~/.ssh/config of the machine that Terraform runs on, and add the jump host's key to 'knownHosts'`,
      );
    const keyfile = attempt(problems, () => key && path('key', key));
    attempt(problems, () => socket && socketPath(socket));
    const known = attempt(problems, () => knownHosts.render(host, port));
    if (problems.length) throw new ValidationError('', problems);
    const text = `qemu+ssh://${user}@${bracketed(host)}${port === 22 ? '' : `:${port}`}/system`;
    const query = { sshauth: keyfile === undefined ? 'agent' : 'privkey', keyfile, socket };
    return new LibvirtUri(withQuery(text, query), undefined, known);
  }

  /**
   * A daemon behind TLS; the certificate must be of the name given.
   *
   * @throws ValidationError for anything that the provider would not take, all problems at once
   */
  static tls(connection: TlsConnection): LibvirtUri {
    const { host, port = 16514, pkiPath } = connection;
    const problems = [...hostProblems(host), ...portProblems(port)];
    if (isIP(host) === 6)
      problems.push(`host '${host}': provider libvirt 0.8.3 takes no IPv6 address with TLS; give the name`);
    // The provider expands variables in this path, but not '~'.
    const directory = attempt(problems, () => pkiPath && path('pkiPath', pkiPath).replace(/^~\//, '$HOME/'));
    if (problems.length) throw new ValidationError('', problems);
    const text = `qemu://${host}${port === 16514 ? '' : `:${port}`}/system`;
    return new LibvirtUri(withQuery(text, { pkipath: directory }));
  }

  /**
   * A URI as libvirt writes it: `qemu:///system`, `qemu:///system?socket=…`, `qemu+ssh://user@host/system?keyfile=…`
   * with `knownhosts=…`, or `qemu://host/system`.
   *
   * @throws ValidationError for other drivers and transports, and for parameters that switch verification off
   */
  static fromUri(uri: string): LibvirtUri {
    const [, transport, user, host, port, query] =
      /^qemu(\+\w+)?:\/\/(?:([^@/]+)@)?(\[[^\]]+\]|[^:/?]*)(?::(\d+))?\/system(?:\?(.*))?$/.exec(uri) ?? [];
    if (host === undefined)
      throw new ValidationError(
        '',
        `libvirt URI '${uri}' is not supported; use 'qemu:///system', 'qemu:///system?socket=/path', 'qemu+ssh://user@host/system?knownhosts=/path' or 'qemu://host/system'`,
      );
    const parameters = new URLSearchParams(query ?? '');
    for (const name of ['no_verify', 'no_tty', 'known_hosts_verify', 'knownhosts_verify'])
      if (parameters.has(name))
        throw new ValidationError(
          '',
          `libvirt URI '${uri}' has '${name}', which lets anybody pose as the hypervisor; remove it and pin the host key instead`,
        );
    const take = (name: string) => {
      const value = parameters.get(name) ?? undefined;
      parameters.delete(name);
      return value;
    };
    const made = (): LibvirtUri => {
      const socket = take('socket');
      if (transport === '+ssh') {
        const knownHosts = take('knownhosts');
        if (knownHosts === undefined)
          throw new ValidationError(
            '',
            `libvirt URI '${uri}' has no 'knownhosts'; name the known_hosts file that has the hypervisor's key`,
          );
        const auth = take('sshauth') ?? 'privkey';
        const key = take('keyfile');
        if (auth !== (key === undefined ? 'agent' : 'privkey'))
          throw new ValidationError(
            '',
            `libvirt URI '${uri}' has sshauth '${auth}'; use 'privkey' with 'keyfile', or 'agent' without`,
          );
        return LibvirtUri.ssh({
          host: host.replace(/^\[|\]$/g, ''),
          user: user ?? '',
          port: port === undefined ? undefined : Number(port),
          key,
          knownHosts: PinnedHostKeys.fromFile(knownHosts),
          socket,
        });
      }
      if (host !== '' && transport === undefined)
        return LibvirtUri.tls({
          host,
          port: port === undefined ? undefined : Number(port),
          pkiPath: take('pkipath'),
        });
      if (host === '' && (transport === undefined || transport === '+unix'))
        return socket === undefined ? LibvirtUri.local() : LibvirtUri.socket(socket);
      throw new ValidationError(
        '',
        `libvirt URI '${uri}' is not supported: use a socket, SSH, or TLS with a host`,
      );
    };
    const result = made();
    const [unknown] = parameters.keys();
    if (unknown !== undefined)
      throw new ValidationError(
        '',
        `libvirt URI '${uri}' has '${unknown}', which is not supported; remove it`,
      );
    return result;
  }

  private constructor(
    private readonly text: string,
    /** Path of the Unix socket, when the daemon is reached through one that is not the default. */
    readonly socketPath?: string,
    /** Content of the `known_hosts` file, when the daemon is reached by SSH. */
    readonly knownHosts?: string,
  ) {}

  /**
   * The URI for a provider.
   *
   * @param knownHostsPath path of a file with `knownHosts`, relative to the folder that Terraform runs in
   */
  withKnownHosts(knownHostsPath: string): string {
    return `${this.text}${this.text.includes('?') ? '&' : '?'}knownhosts=${encode(knownHostsPath)}`;
  }

  /** The URI without the place of the known host keys, which is each stack's own. */
  toString(): string {
    return this.text;
  }
}

function socketPath(path: string): string {
  if (!path.startsWith('/') || /[?&#\s%]/.test(path))
    throw new ValidationError(
      '',
      `libvirt socket '${path}' is no absolute path without blanks, '?', '&', '%' and '#'`,
    );
  return path;
}

/** A path on the machine that Terraform runs on, as seen from a stack's folder. */
function path(what: string, given: string): string {
  if (given === '' || /[\s$%\\]/.test(given))
    throw new ValidationError(
      '',
      `${what} '${given}' is no path without blanks, '$', '%' and '\\'; give it absolute, below '~', or relative to the project`,
    );
  return /^(\/|~\/)/.test(given) ? given : `${PROJECT}${given.replace(/^\.\//, '')}`;
}

function hostProblems(host: string): string[] {
  if (isIP(host) !== 0 || /^(?=.{1,253}$)[A-Za-z0-9]([\w-]{0,62}\.?)*$/.test(host)) return [];
  return [`host '${host}' is neither a host name nor an address; give for example 'kvm1.example.org'`];
}

function portProblems(port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535
    ? []
    : [`port ${port} is no whole number from 1 to 65535`];
}

/** Does something, and adds what is wrong with it to the problems. */
function attempt<T>(problems: string[], action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

function withQuery(text: string, query: Readonly<Record<string, string | undefined>>): string {
  const parameters = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encode(value)}`],
  );
  return parameters.length ? `${text}?${parameters.join('&')}` : text;
}

/** Percent-encoding for a query, leaving alone what paths are made of. */
function encode(value: string): string {
  return encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%7E', '~');
}
