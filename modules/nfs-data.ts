import type { Duration } from '../lib/core/duration';
import { ValidationError } from '../lib/core/errors';
import { Size } from '../lib/core/size';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { pathProblems } from '../lib/guest/guest-file';
import { HealthCheck } from '../lib/guest/health-check';
import type { Peers } from '../lib/guest/peers';
import { systemdEscapePath } from '../lib/guest/systemd-escape';
import { UnitActivation } from '../lib/guest/systemd-unit';

/** What may be done with files over NFS. */
export enum NfsAccess {
  READ_ONLY = 'ro',
  READ_WRITE = 'rw',
}

/** A directory of a data disk that other machines may mount. */
export interface NfsExport {
  /** Mount point of a data disk. */
  readonly path: string;
  /** Who may mount it, by address or range: NFS believes the address. */
  readonly to: Peers;
  /** @default NfsAccess.READ_ONLY */
  readonly access?: NfsAccess;
  /** What the data disk must have at least. @default 1 GiB */
  readonly size?: Size;
}

export interface NfsServerProps {
  readonly exports: readonly NfsExport[];
  /** Threads that serve. @default 8 */
  readonly threads?: number;
}

const PORT = 2049;

/** An NFS server of Debian for data disks: version 4 only, so one port, and nobody is root over it. */
export class NfsServer implements GuestModule {
  readonly moduleName = 'nfs-server';

  /** @throws ValidationError for paths that are no mount points, and peers that are no addresses */
  constructor(private readonly props: NfsServerProps) {
    const { exports, threads = 8 } = props;
    const problems: string[] = [];
    if (exports.length === 0) problems.push(`'exports' is empty; give what others may mount`);
    for (const { path, to } of exports) {
      problems.push(...pathProblems(path).map((problem) => `export '${path}' ${problem}`));
      if (/[\s"#\\]/.test(path))
        problems.push(`export '${path}' has a character that exports(5) treats specially`);
      if (to.fixed.length === 0)
        problems.push(
          `export '${path}' is for ${to.toString()}; name addresses or ranges, for example Peers.network(lan)`,
        );
    }
    const paths = exports.map(({ path }) => path);
    for (const path of new Set(paths.filter((each, index) => paths.indexOf(each) !== index)))
      problems.push(`export '${path}' is there twice; join them`);
    if (!Number.isInteger(threads) || threads < 1 || threads > 1024)
      problems.push(`'threads' is ${threads}, which is no whole number from 1 to 1024; leave it out`);
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    const { exports, threads = 8 } = this.props;
    guest.addPackages('nfs-kernel-server');
    guest.listen(PORT, { from: exports.map(({ to }) => to) });
    for (const { path, size = Size.gib(1) } of exports) guest.needData({ mountPoint: path, size });
    guest.addFile({ path: '/etc/exports.d/cloudless.exports', content: exports.map(exportLine).join('') });
    guest.addFile({ path: '/etc/nfs.conf.d/cloudless.conf', content: serverConfiguration(threads) });
    guest.addUnit({
      name: 'nfs-server.service',
      dropIns: [
        {
          name: '10-cloudless.conf',
          content: `[Unit]\n${exports.map(({ path }) => `RequiresMountsFor=${path}\n`).join('')}`,
        },
      ],
    });
    // Only what NFS 2 and 3 need: version 4 has neither port mapper nor lock daemon.
    for (const name of ['rpcbind.service', 'rpcbind.socket', 'rpc-statd.service'])
      guest.addUnit({ name, activation: UnitActivation.MASKED });
    guest.addHealthCheck(HealthCheck.tcp(PORT));
    guest.addService({ name: 'nfs', port: PORT });
  }
}

function exportLine({ path, to, access = NfsAccess.READ_ONLY }: NfsExport): string {
  const options = `${access},sync,no_subtree_check,root_squash,mountpoint,sec=sys`;
  return `${path} ${to.fixed.map((client) => `${client}(${options})`).join(' ')}\n`;
}

function serverConfiguration(threads: number): string {
  return `[nfsd]
threads=${threads}
udp=n
tcp=y
vers2=n
vers3=n
vers4=y
vers4.0=n
vers4.1=y
vers4.2=y
[mountd]
manage-gids=y
`;
}

export interface NfsMountProps {
  /** `host:/path`, for example `nfs-0.example.org:/srv/data`. */
  readonly from: string;
  /** Directory where it appears. */
  readonly mountPoint: string;
  /** @default NfsAccess.READ_ONLY */
  readonly access?: NfsAccess;
  /** How long after the last use it is left. @default - it stays */
  readonly idle?: Duration;
}

/**
 * A directory of an NFS server, mounted when it is first used: the machine starts without the server, and what uses the
 * directory waits for it.
 */
export class NfsMount implements GuestModule {
  readonly moduleName: string;

  /** @throws ValidationError for a source that is none, and a bad mount point */
  constructor(private readonly props: NfsMountProps) {
    const { from, mountPoint } = props;
    this.moduleName = `nfs-mount ${mountPoint}`;
    const problems = pathProblems(mountPoint).map((problem) => `mount point '${mountPoint}' ${problem}`);
    if (!/^(\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):\/[A-Za-z0-9._/-]*$/.test(from))
      problems.push(`'${from}' is no directory of a server; write for example 'nfs-0.example.org:/srv/data'`);
    if (/[\s"'\\%]/.test(mountPoint))
      problems.push(`mount point '${mountPoint}' has a character that unit files treat specially; remove it`);
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    const { from, mountPoint, access = NfsAccess.READ_ONLY, idle } = this.props;
    const unit = systemdEscapePath(mountPoint);
    guest.addPackages('nfs-common');
    guest.addUnit({
      name: `${unit}.mount`,
      activation: UnitActivation.ON_DEMAND,
      content: `[Unit]
Description=Files of ${from}
Wants=network-online.target
After=network-online.target

[Mount]
What=${from}
Where=${mountPoint}
Type=nfs4
Options=${access},vers=4.2,proto=tcp,hard,noatime,nosuid,nodev,noexec,_netdev
TimeoutSec=120
`,
    });
    guest.addUnit({
      name: `${unit}.automount`,
      content: `[Unit]
Description=Files of ${from}, when they are used

[Automount]
Where=${mountPoint}
${idle ? `TimeoutIdleSec=${idle.toSeconds()}\n` : ''}
[Install]
WantedBy=multi-user.target
`,
    });
  }
}
