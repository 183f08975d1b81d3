import type { IConstruct } from 'constructs';
import { ValidationError } from '../../core/errors';
import { dataMountFiles, mountUnitName } from '../data-mount-units';
import { deviceOf, Filesystem } from '../data-mount';
import { contentBytes, RemoteSource, SecretContent } from '../file-content';
import { modeBits } from '../file-mode';
import type { GuestConfig } from '../guest-config';
import { directoryMode, fileMode, ownerParts, type GuestFile } from '../guest-file';
import { identityProblems, type GuestIdentity } from '../guest-identity';
import { guestOs, isImmutable, type GuestImage } from '../guest-image';
import { homeOf, shellOf, Sudo, UserKind, type GuestUser } from '../guest-user';
import { dropInPath, UnitActivation, unitPath, type SystemdUnit } from '../systemd-unit';
import { dataUrl } from './data-url';
import { firstBoot, onDataDisk } from './first-boot-unit';
import { fwCfgProblems } from './fw-cfg';
import type { IgnitionConfig, IgnitionFile, IgnitionUnit, IgnitionUser } from './ignition-config';
import { hasSpec, ignitionSpec, type IgnitionSpec } from './ignition-spec';
import { networkFiles } from './network-files';

export interface IgnitionOptions {
  /** What messages begin with. @default - the machine's full name */
  readonly where?: IConstruct | string;
  /**
   * Newest version of the specification to write, for example `3.1.0`.
   * @default - the newest that the image reads, at most 3.5.0
   */
  readonly spec?: string;
}

/** What the guest is made from when nobody says: the Debian image of this repository. */
const DEBIAN = { imageName: 'debian-12-ignition', os: 'debian-12', packages: {}, ignitionSpec: '3.3.0' };

/**
 * A machine as an Ignition configuration, in the newest version of the specification that its image reads. Equal guests
 * give equal documents. It holds the private host key, if there is one: see {@link ignitionSecrets}.
 *
 * @throws ValidationError with every problem of the guest and of its identity
 */
export function ignitionConfig(
  guest: GuestConfig,
  identity: GuestIdentity,
  options: IgnitionOptions = {},
): IgnitionConfig {
  const image: GuestImage = guest.image ?? DEBIAN;
  const where = options.where ?? guest.fqdn.toString();
  const spec = ignitionSpec(options.spec ?? image.ignitionSpec, where);
  const problems = [...guest.validate(), ...identityProblems(identity), ...specProblems(guest, spec)];
  if (problems.length > 0) throw new ValidationError(where, problems);

  const immutable = isImmutable(image);
  const once = firstBoot(guest);
  const units = [...guest.units, ...(once ? [once.unit] : []), ...mountUnits(guest, immutable)];
  const files = [
    ...identityFiles(guest, identity),
    ...networkFiles(identity.interfaces, guestOs(image)),
    ...guest.users.flatMap(sudoFile),
    ...guest.allFiles,
    ...(once ? [once.file] : []),
    ...dataMountFiles(immutable ? [] : guest.dataMounts).filter(
      ({ path }) => !units.some(({ name }) => unitPath(name) === path),
    ),
    // Not as units of Ignition, for which a unit is either enabled or disabled.
    ...units.filter(isOnDemand).flatMap(unitFiles),
  ];
  const taken = duplicatePaths(files);
  if (taken.length > 0) throw new ValidationError(where, taken);
  const storage = {
    directories: byPath(
      guest.directories
        .filter(({ path }) => !onDataDisk(guest, path))
        .map(({ path, owner, ...rest }) => ({
          path,
          ...ownership(owner),
          mode: modeBits(directoryMode({ path, ...rest })),
        })),
    ),
    files: byPath(files.map(ignitionFile)),
    filesystems: immutable ? guest.dataMounts.map(filesystem) : [],
    links: byPath([
      ...guest.links.map(({ path, target }) => ({ path, overwrite: true, target })),
      ...(guest.timeZone === undefined
        ? []
        : [{ path: '/etc/localtime', overwrite: true, target: `../usr/share/zoneinfo/${guest.timeZone}` }]),
    ]),
  };
  const kernelArguments = guest.kernelArguments;
  return {
    ignition: { version: spec },
    ...(kernelArguments.length > 0 ? { kernelArguments: { shouldExist: kernelArguments } } : {}),
    ...(guest.users.length > 0 ? { passwd: { users: guest.users.map(ignitionUser) } } : {}),
    storage: withoutEmpty(storage),
    ...(units.every(isOnDemand)
      ? {}
      : { systemd: { units: byName(units.filter((unit) => !isOnDemand(unit)).map(ignitionUnit)) } }),
  };
}

/**
 * The configuration as text, for fw_cfg, or as `.ign` file for a machine that is no virtual one.
 *
 * @throws ValidationError as {@link ignitionConfig}, and when it is too large for fw_cfg
 */
export function renderIgnition(
  guest: GuestConfig,
  identity: GuestIdentity,
  options: IgnitionOptions = {},
): string {
  const document = `${JSON.stringify(ignitionConfig(guest, identity, options))}\n`;
  const [largest] = guest.allFiles
    .map(({ path, content }) => ({
      path,
      bytes: content instanceof RemoteSource ? 0 : Buffer.byteLength(contentBytes(content)),
    }))
    .sort((a, b) => b.bytes - a.bytes);
  const problems = fwCfgProblems(document, largest);
  if (problems.length > 0) throw new ValidationError(options.where ?? guest.fqdn.toString(), problems);
  return document;
}

/** What of a machine must not become known: names of files. Empty when its configuration may lie in Terraform's state. */
export function ignitionSecrets(guest: GuestConfig, identity: GuestIdentity): string[] {
  return [
    ...(identity.hostKey ? [HOST_KEY_PATH] : []),
    ...guest.files.filter(({ content }) => content instanceof SecretContent).map(({ path }) => path),
  ];
}

const HOST_KEY_PATH = '/etc/ssh/ssh_host_ed25519_key';

function specProblems(guest: GuestConfig, spec: IgnitionSpec): string[] {
  const problems: string[] = [];
  if (!hasSpec(spec, '3.1.0'))
    problems.push(
      ...guest.files
        .filter(({ content }) => content instanceof RemoteSource && content.algorithm === 'sha256')
        .map(
          ({ path }) =>
            `file '${path}' is checked by SHA-256, which Ignition ${spec} does not know; give its SHA-512`,
        ),
    );
  if (guest.kernelArguments.length > 0 && !hasSpec(spec, '3.3.0'))
    problems.push(`kernel arguments need Ignition 3.3.0, the image reads ${spec}; use a newer image`);
  return problems;
}

/** Files that somebody adds and that the machine has of itself. */
function duplicatePaths(files: readonly GuestFile[]): string[] {
  const paths = files.map(({ path }) => path);
  return [...new Set(paths.filter((path, index) => paths.indexOf(path) !== index))].map(
    (path) => `file '${path}' is one that every machine gets of itself; leave it out`,
  );
}

function identityFiles(guest: GuestConfig, { hostKey }: GuestIdentity): GuestFile[] {
  const { fqdn, hostname } = guest;
  return [
    { path: '/etc/hostname', content: `${hostname}\n` },
    {
      path: '/etc/hosts',
      content: `127.0.0.1 localhost\n127.0.1.1 ${fqdn} ${hostname}\n::1 localhost ip6-localhost ip6-loopback\n`,
    },
    ...(hostKey
      ? [
          { path: HOST_KEY_PATH, content: SecretContent.of(hostKey.privateKey) },
          { path: `${HOST_KEY_PATH}.pub`, content: `${hostKey.publicKey}\n` },
        ]
      : []),
  ];
}

function sudoFile(user: GuestUser): GuestFile[] {
  if (user.sudo !== Sudo.PASSWORDLESS) return [];
  return [
    {
      path: `/etc/sudoers.d/90-cloudless-${user.name}`,
      content: `${user.name} ALL=(ALL) NOPASSWD:ALL\n`,
      mode: '0440',
    },
  ];
}

function ignitionUser(user: GuestUser): IgnitionUser {
  const { name, groups = [], sshAuthorizedKeys = [], id } = user;
  const service = user.kind === UserKind.SERVICE;
  return {
    name,
    ...(groups.length > 0 ? { groups: [...groups] } : {}),
    ...(service || user.home !== undefined ? { homeDir: homeOf(user) } : {}),
    ...(service ? { noCreateHome: true } : {}),
    shell: shellOf(user),
    ...(sshAuthorizedKeys.length > 0 ? { sshAuthorizedKeys: sshAuthorizedKeys.map(String) } : {}),
    ...(service ? { system: true } : {}),
    ...(id === undefined ? {} : { uid: id }),
  };
}

function ignitionFile(file: GuestFile): IgnitionFile {
  const { path, owner, content } = file;
  return {
    path,
    ...ownership(owner),
    overwrite: true,
    contents:
      content instanceof RemoteSource
        ? { source: content.url, verification: { hash: `${content.algorithm}-${content.hex}` } }
        : { source: dataUrl(contentBytes(content)) },
    mode: modeBits(fileMode(file)),
  };
}

/** Nothing for root, who owns what nobody else does. */
function ownership(owner: string | undefined): { user?: { name: string }; group?: { name: string } } {
  const { user, group } = ownerParts(owner);
  return {
    ...(group === 'root' ? {} : { group: { name: group } }),
    ...(user === 'root' ? {} : { user: { name: user } }),
  };
}

function isOnDemand({ activation }: SystemdUnit): boolean {
  return activation === UnitActivation.ON_DEMAND;
}

function unitFiles(unit: SystemdUnit): GuestFile[] {
  return [
    ...(unit.content === undefined ? [] : [{ path: unitPath(unit.name), content: unit.content }]),
    ...(unit.dropIns ?? []).map(({ name, content }) => ({ path: dropInPath(unit.name, name), content })),
  ];
}

function ignitionUnit({
  name,
  content,
  dropIns = [],
  activation = UnitActivation.ENABLED,
}: SystemdUnit): IgnitionUnit {
  return {
    name,
    ...(content === undefined ? {} : { contents: content }),
    ...(dropIns.length > 0
      ? { dropins: dropIns.map((dropIn) => ({ name: dropIn.name, contents: dropIn.content })) }
      : {}),
    enabled: activation === UnitActivation.ENABLED,
    ...(activation === UnitActivation.MASKED ? { mask: true } : {}),
  };
}

/**
 * Units that mount data disks. Where Ignition runs in an initial RAM disk it makes the filesystems itself; in the Debian
 * image there is no systemd yet that could tell it when a disk is there, and units make them.
 */
function mountUnits(guest: GuestConfig, immutable: boolean): SystemdUnit[] {
  if (immutable)
    return guest.dataMounts.map((mount) => ({
      name: mountUnitName(mount),
      content: `[Unit]
Description=Data disk ${mount.disk} (${mount.label})

[Mount]
What=/dev/disk/by-label/${mount.label}
Where=${mount.mountPoint}
Type=${mount.filesystem ?? Filesystem.EXT4}
Options=${(mount.options ?? ['noatime']).join(',')}

[Install]
WantedBy=local-fs.target
`,
    }));
  const files = dataMountFiles(guest.dataMounts);
  return guest.dataMounts.map((mount) => {
    const name = mountUnitName(mount);
    const content = files.find(({ path }) => path === unitPath(name))?.content;
    return { name, content: String(content) };
  });
}

function filesystem(mount: GuestConfig['dataMounts'][number]): {
  device: string;
  format: string;
  label: string;
  path: string;
  wipeFilesystem: false;
} {
  return {
    device: deviceOf(mount),
    format: mount.filesystem ?? Filesystem.EXT4,
    label: mount.label,
    path: mount.mountPoint,
    wipeFilesystem: false,
  };
}

function byPath<T extends { readonly path: string }>(nodes: readonly T[]): T[] {
  return [...nodes].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function byName<T extends { readonly name: string }>(units: readonly T[]): T[] {
  return [...units].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function withoutEmpty<T extends Record<string, readonly unknown[]>>(lists: T): Partial<T> {
  return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)) as Partial<T>;
}
