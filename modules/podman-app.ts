import { ValidationError } from '../lib/core/errors';
import type { Size } from '../lib/core/size';
import type { RemoteSource } from '../lib/guest/file-content';
import { SecretContent, type FileContent } from '../lib/guest/file-content';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { pathProblems } from '../lib/guest/guest-file';
import { guestOs, GuestOs } from '../lib/guest/guest-image';
import { UserKind } from '../lib/guest/guest-user';
import type { HealthCheck } from '../lib/guest/health-check';
import type { Protocol } from '../lib/guest/listening-port';
import type { Peers } from '../lib/guest/peers';
import type { ScrapeEndpoint } from '../lib/guest/scrape-endpoint';
import type { ServiceEndpoint } from '../lib/guest/service-endpoint';
import type { ContainerImage } from './container-image';
import { podmanRunUnit, quadlet, type ContainerSpecification } from './private/container-unit';

/** What of the network a container sees. */
export enum ContainerNetwork {
  /** The machine's own: its firewall decides who reaches the app, exactly as for any other service. */
  HOST = 'host',
  /** Nothing. */
  NONE = 'none',
}

/** A port that the app listens on. */
export interface AppPort {
  readonly port: number;
  /** @default Protocol.TCP */
  readonly protocol?: Protocol;
  /** Who may reach it. */
  readonly from: Peers | readonly Peers[];
}

/** State of the app, on a data disk. */
export interface AppVolume {
  /** Mount point of the data disk. */
  readonly mountPoint: string;
  /** Where the app sees it. */
  readonly path: string;
  /** What the disk must have at least. */
  readonly size: Size;
}

/** A file that the app reads. */
export interface AppFile {
  /** Where the app sees it. */
  readonly path: string;
  readonly content: Exclude<FileContent, RemoteSource>;
}

/** Something of the machine that the app may read. */
export interface AppMount {
  /** File or directory of the machine. */
  readonly source: string;
  /** Where the app sees it. */
  readonly path: string;
}

/** Who the app is on the machine. */
export interface AppUser {
  readonly name: string;
  /** Its number, 100 to 59999, as the image expects it; the files on its disks belong to it. */
  readonly id: number;
}

export interface PodmanAppProps {
  /** Name of the unit and of the container. */
  readonly name: string;
  readonly image: ContainerImage;
  /**
   * The image as an archive (`podman save --format oci-archive`) under the same name, for machines that reach no registry.
   * @default - it is pulled
   */
  readonly archive?: RemoteSource | Buffer;
  /** Arguments. @default - those of the image */
  readonly command?: readonly string[];
  /** @default - none */
  readonly environment?: Readonly<Record<string, string>>;
  /** Variables that nobody else may see. @default - none */
  readonly secretEnvironment?: Readonly<Record<string, SecretContent>>;
  /** @default - none */
  readonly ports?: readonly AppPort[];
  /** @default ContainerNetwork.HOST */
  readonly network?: ContainerNetwork;
  /** @default - none: the app forgets everything when it is restarted */
  readonly volumes?: readonly AppVolume[];
  /** @default - none */
  readonly files?: readonly AppFile[];
  /** @default - none */
  readonly mounts?: readonly AppMount[];
  /** Directories in memory that the app may write to; everything else is read-only. @default ['/tmp'] */
  readonly temporary?: readonly string[];
  /** @default - as the image says; root in it can do no more than others */
  readonly user?: AppUser;
  /** Capabilities (capabilities(7)) that the app needs, for example `NET_BIND_SERVICE`. @default - none */
  readonly capabilities?: readonly string[];
  /** @default - what the machine has */
  readonly memory?: Size;
  /** Name in the DNS. @default - none */
  readonly service?: ServiceEndpoint;
  /** @default - none */
  readonly scrape?: ScrapeEndpoint;
  /** @default - none */
  readonly healthCheck?: HealthCheck;
}

/**
 * A container under systemd. It has no capabilities, a read-only file system, and is the image of the digest or nothing.
 * A quadlet where podman knows them (4.4 and later); else, as on Debian 12, a unit that says the same.
 */
export class PodmanApp implements GuestModule {
  readonly moduleName: string;

  /** @throws ValidationError with everything that is wrong with it */
  constructor(private readonly props: PodmanAppProps) {
    this.moduleName = `podman-app ${props.name}`;
    const problems = [...nameProblems(props), ...pathsProblems(props), ...environmentProblems(props)];
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    const { name, user, ports = [], volumes = [], service, scrape, healthCheck } = this.props;
    if (guest.image && guestOs(guest.image) === GuestOs.FLATCAR)
      throw new ValidationError(
        `${guest.fqdn.toString()}: ${this.moduleName}`,
        `image '${guest.image.imageName}' is Flatcar, which has docker and no podman; use Debian or Fedora CoreOS`,
      );
    // Of Debian, the program that runs containers is only recommended by podman.
    if (!guest.image || guestOs(guest.image) === GuestOs.DEBIAN) guest.addPackages('crun', 'podman');
    if (user) guest.addUser({ name: user.name, id: user.id, kind: UserKind.SERVICE });
    for (const { port, protocol, from } of ports) guest.listen(port, { protocol, from });
    for (const { mountPoint, size } of volumes) {
      guest.needData({ mountPoint, size });
      if (user) guest.addDirectory({ path: mountPoint, mode: '0750', owner: user.name });
    }
    this.addFiles(guest);
    const container = this.specification();
    if (hasQuadlets(guest)) {
      guest.addFile({ path: `/etc/containers/systemd/${name}.container`, content: quadlet(container) });
      // A generator makes the unit, so it cannot be enabled: it says itself when it starts. At the first boot of
      // cloud-init that has been decided already.
      if (guest.image?.kind !== 'ignition')
        guest.addFirstBootCommand(['systemctl', '--no-block', 'start', `${name}.service`]);
    } else guest.addUnit({ name: `${name}.service`, content: podmanRunUnit(container) });
    if (service) guest.addService(service);
    if (scrape) guest.addScrapeEndpoint(scrape);
    if (healthCheck) guest.addHealthCheck(healthCheck);
  }

  private addFiles(guest: GuestConfig): void {
    const { files = [], secretEnvironment = {}, archive, user } = this.props;
    for (const { path, content } of files)
      guest.addFile({
        path: this.hostPath(path),
        content,
        ...(content instanceof SecretContent && user
          ? { owner: `root:${user.name}`, mode: '0640' as const }
          : {}),
      });
    const secrets = Object.entries(secretEnvironment);
    if (secrets.length > 0)
      guest.addFile({
        path: this.environmentFile,
        content: SecretContent.of(
          secrets.map(([key, value]) => `${key}=${value.reveal().toString()}\n`).join(''),
        ),
      });
    if (archive) guest.addFile({ path: this.archiveFile, content: archive, mode: '0600' });
  }

  private specification(): ContainerSpecification {
    const { props } = this;
    const { name, image, volumes = [], files = [], mounts = [] } = props;
    return {
      name,
      description: `${name} (${image.tag === undefined ? image.name : `${image.name}:${image.tag}`})`,
      image: image.toString(),
      command: props.command ?? [],
      environment: props.environment ?? {},
      environmentFile: props.secretEnvironment && this.environmentFile,
      network: props.network ?? ContainerNetwork.HOST,
      user: props.user && `${props.user.id}:${props.user.id}`,
      capabilities: props.capabilities ?? [],
      volumes: [
        ...volumes.map(({ mountPoint, path }) => `${mountPoint}:${path}:Z`),
        ...files.map(({ path }) => `${this.hostPath(path)}:${path}:ro,Z`),
        ...mounts.map(({ source, path }) => `${source}:${path}:ro,z`),
      ],
      temporary: props.temporary ?? TEMPORARY,
      memoryMebibytes: props.memory?.toMebibytes(),
      archive: props.archive && this.archiveFile,
      mounts: volumes.map(({ mountPoint }) => mountPoint),
    };
  }

  private get directory(): string {
    return `/etc/cloudless/apps/${this.props.name}`;
  }

  private get environmentFile(): string {
    return `${this.directory}/environment`;
  }

  private get archiveFile(): string {
    return `/var/lib/cloudless/containers/${this.props.name}.tar`;
  }

  private hostPath(path: string): string {
    return `${this.directory}/files${path}`;
  }
}

const TEMPORARY: readonly string[] = ['/tmp'];

/** Of an image that is not known it is assumed: all but Debian 12 have them. */
function hasQuadlets({ image }: GuestConfig): boolean {
  const version = image?.packages['podman'] ?? (image?.os === 'debian-12' ? '4.3' : undefined);
  const [, major, minor] = /^(?:\d+:)?(\d+)\.(\d+)/.exec(version ?? '5.0') ?? [];
  return Number(major) > 4 || (Number(major) === 4 && Number(minor) >= 4);
}

function nameProblems({ name, capabilities = [], network, ports = [], user }: PodmanAppProps): string[] {
  const problems: string[] = [];
  if (!/^[a-z][a-z0-9-]{0,50}$/.test(name))
    problems.push(
      `has a bad name: lower case letters, digits and '-', a letter first; write for example 'grafana'`,
    );
  for (const capability of capabilities)
    if (!/^[A-Z][A-Z_]+$/.test(capability) || capability.startsWith('CAP_'))
      problems.push(`'${capability}' is no capability; write for example 'NET_BIND_SERVICE'`);
  if (network === ContainerNetwork.NONE && ports.length > 0)
    problems.push(`has ports and no network; leave 'network' out, or the ports`);
  if (user?.name === 'root') problems.push(`has the user 'root'; leave 'user' out, or name one of its own`);
  return problems;
}

/** Paths go into unit files and into `source:path:options`. */
function pathsProblems({
  volumes = [],
  files = [],
  mounts = [],
  temporary = TEMPORARY,
}: PodmanAppProps): string[] {
  const inside = [...volumes, ...files, ...mounts].map(({ path }) => path).concat(temporary);
  const outside = [...volumes.map(({ mountPoint }) => mountPoint), ...mounts.map(({ source }) => source)];
  const problems = [...new Set([...inside, ...outside])].flatMap((path) => [
    ...pathProblems(path).map((problem) => `path '${path}' ${problem}`),
    ...(/[\s:,"'\\%$]/.test(path)
      ? [`path '${path}' has a character that podman treats specially; remove it`]
      : []),
  ]);
  for (const path of new Set(inside.filter((each, index) => inside.indexOf(each) !== index)))
    problems.push(`path '${path}' is there twice in the container; keep one`);
  return problems;
}

function environmentProblems({
  environment = {},
  secretEnvironment = {},
  command = [],
}: PodmanAppProps): string[] {
  const problems: string[] = [];
  for (const key of [...Object.keys(environment), ...Object.keys(secretEnvironment)])
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
      problems.push(`variable '${key}' has a bad name: letters, digits and '_'; rename it`);
  for (const key of Object.keys(environment))
    if (key in secretEnvironment) problems.push(`variable '${key}' is there twice; keep one`);
  const lines = [
    ...Object.entries(environment).map(([key, value]) => [`variable '${key}'`, value] as const),
    ...Object.entries(secretEnvironment).map(
      ([key, value]) => [`variable '${key}'`, value.reveal().toString()] as const,
    ),
    ...command.map((word) => ['an argument', word] as const),
  ];
  for (const [what, value] of lines)
    if (/[\u0000-\u001f\u007f]/.test(value))
      problems.push(`${what} has a line break or control character; give a file instead`);
  return problems;
}
