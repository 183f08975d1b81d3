import type { IConstruct } from 'constructs';
import { posix } from 'node:path';
import { BoundedCache } from '../core/bounded-cache';
import { Digest } from '../core/digest';
import { ValidationError } from '../core/errors';
import type { IpAddress } from '../core/ip-address';
import { Size } from '../core/size';
import { FETCH } from './fetch-script';
import { dataMountFiles, mountUnitName } from './data-mount-units';
import type { FirstBootCommand } from './contributions';
import { contentBytes, RemoteSource } from './file-content';
import { FIREWALL_PATH } from './firewall';
import type { GuestConfig } from './guest-config';
import { fileMode, ownerParts, type GuestFile, type GuestLink } from './guest-file';
import { firstBootSteps, makeDirectory } from './first-boot-script';
import { identityProblems, type GuestIdentity, type GuestInterface } from './guest-identity';
import { homeOf, shellOf, Sudo, UserKind, type GuestUser } from './guest-user';
import { dropInPath, UnitActivation, unitPath, type SystemdUnit } from './systemd-unit';
import { isYamlText, renderYaml } from './yaml';

/** The three documents of the NoCloud data source; user-data holds the private host key and is a secret. */
export interface CloudInitDocuments {
  readonly userData: string;
  readonly metaData: string;
  readonly networkConfig: string;
}

export interface CloudInitOptions {
  /** Debian packages that the image has, which are not installed again. @default - none */
  readonly imagePackages?: readonly string[];
  /** What messages begin with. @default - the machine's full name */
  readonly where?: IConstruct | string;
}

/** Largest user-data. The seed is read whole into memory at every boot. */
const MAXIMUM_USER_DATA = Size.mib(16);
const { dirname } = posix;
const FETCH_PATH = '/usr/lib/cloudless/fetch';
const FIRST_BOOT_PATH = '/usr/lib/cloudless/first-boot';
/**
 * Says to systemd-networkd what cloud-init 22.4 does not pass on to it from the network configuration (`accept-ra`, unless
 * DHCPv6 is on). Without it a router gives the machine a second address and a second default route. Once: the files stay.
 * Not by `networkctl reload`, which waits for D-Bus: that may be started later in the boot. A restart leaves routes behind.
 */
const REFUSE_ROUTER_ADVERTISEMENTS = `new=
for file in /etc/systemd/network/10-cloud-init-*.network; do
  [ -e "$file" ] && [ ! -e "$file.d/cloudless.conf" ] || continue
  mkdir -p "$file.d"
  printf '[Network]\\nIPv6AcceptRA=no\\n' > "$file.d/cloudless.conf"
  new=yes
done
[ -z "$new" ] && exit 0
ip -6 route flush default
ip -6 route flush proto ra
systemctl --no-block try-restart systemd-networkd.service
`;

/**
 * Renders a machine for cloud-init (22.4 and later, data source NoCloud). The instance id follows from the content, so a
 * machine with changed content is a new instance to cloud-init.
 *
 * @throws ValidationError with every problem of the guest and of its identity, or when it is too large
 */
export function renderCloudInit(
  guest: GuestConfig,
  identity: GuestIdentity,
  options: CloudInitOptions = {},
): CloudInitDocuments {
  const where = options.where ?? guest.fqdn.toString();
  const problems = [...guest.validate(), ...identityProblems(identity)];
  if (problems.length > 0) throw new ValidationError(where, problems);

  const userData = `#cloud-config\n${cloudConfig(guest, identity, options.imagePackages ?? [])}`;
  const size = Size.bytes(Buffer.byteLength(userData));
  if (size.isMoreThan(MAXIMUM_USER_DATA)) throw new ValidationError(where, tooLarge(size, guest.allFiles));

  const networkConfig = renderYaml(networkConfigV2(identity.interfaces));
  const instance = Digest.ofParts(guest.fqdn.toString(), userData, networkConfig);
  const metaData = renderYaml({
    'instance-id': `cloudless-${instance.short}`,
    'local-hostname': guest.fqdn.toString(),
  });
  return { userData, metaData, networkConfig };
}

/** Machines of a pool differ in who they are, and mostly in nothing else: the rest is rendered once. */
const COMMON_PARTS = new BoundedCache<CommonParts>(200);

/** What of a cloud configuration does not say who the machine is, before and behind its keys. */
interface CommonParts {
  readonly access: string;
  readonly system: string;
}

interface CommonOptions {
  /** Those to install. */
  readonly packages: readonly string[];
  readonly hasNetwork: boolean;
}

function cloudConfig(guest: GuestConfig, identity: GuestIdentity, imagePackages: readonly string[]): string {
  const options = {
    packages: guest.packages.filter((name) => !imagePackages.includes(name)),
    hasNetwork: identity.interfaces.length > 0,
  };
  const { contributions } = guest;
  const make = (): CommonParts => commonParts(guest, options);
  const common =
    contributions === undefined
      ? make()
      : COMMON_PARTS.get(
          [JSON.stringify(options), contributions, guest.firewallRuleset ?? 'no firewall'].join('\n'),
          make,
        );
  const who = renderYaml({
    hostname: guest.hostname,
    fqdn: guest.fqdn.toString(),
    manage_etc_hosts: 'localhost',
  });
  const keys = identity.hostKey
    ? renderYaml({
        ssh_keys: {
          ed25519_private: identity.hostKey.privateKey,
          ed25519_public: identity.hostKey.publicKey.toString(),
        },
      })
    : '';
  return [who, common.access, keys, common.system].join('');
}

function commonParts(guest: GuestConfig, { packages, hasNetwork }: CommonOptions): CommonParts {
  const firstBoot = firstBootScript(guest);
  const remote = guest.files.some(({ content }) => content instanceof RemoteSource);
  const files = [
    // The firewall's rules are there before any file is written, see below.
    ...guest.allFiles.filter(
      ({ path, content }) => !(content instanceof RemoteSource) && path !== FIREWALL_PATH,
    ),
    ...guest.units.flatMap(unitFiles),
    ...dataMountFiles(guest.dataMounts),
    ...(remote ? [{ path: FETCH_PATH, content: FETCH, mode: '0755' as const }] : []),
    ...(firstBoot === undefined
      ? []
      : [{ path: FIRST_BOOT_PATH, content: firstBoot, mode: '0755' as const }]),
  ];
  const earlyCommands = [
    ...(guest.firewallRuleset === undefined ? [] : [loadFirewall(guest.firewallRuleset)]),
    ...(hasNetwork ? [REFUSE_ROUTER_ADVERTISEMENTS] : []),
  ];
  const access = {
    // A list, even an empty one, replaces the image's default user.
    users: guest.users.map(cloudInitUser),
    disable_root: true,
    ssh_pwauth: false,
    ssh_deletekeys: true,
  };
  const system = {
    ...(guest.timeZone === undefined ? {} : { timezone: guest.timeZone }),
    ...(earlyCommands.length > 0 ? { bootcmd: earlyCommands.map((script) => ['sh', '-c', script]) } : {}),
    ...(packages.length > 0 ? { package_update: true, packages } : {}),
    ...(files.length > 0 ? { write_files: files.map(cloudInitFile) } : {}),
    ...(firstBoot === undefined ? {} : { runcmd: [[FIRST_BOOT_PATH]] }),
  };
  return {
    access: renderYaml(access),
    system: Object.keys(system).length > 0 ? renderYaml(system) : '',
  };
}

/**
 * At the first boot the firewall closes before packages are installed and their services start; at later boots its unit
 * has done so before there was a network.
 */
function loadFirewall(ruleset: string): string {
  return `[ -e ${FIREWALL_PATH} ] && exit 0
mkdir -p ${dirname(FIREWALL_PATH)}
cat > ${FIREWALL_PATH}.new <<'END'
${ruleset}END
mv ${FIREWALL_PATH}.new ${FIREWALL_PATH}
nft -f ${FIREWALL_PATH}
`;
}

function cloudInitUser(user: GuestUser): object {
  const service = user.kind === UserKind.SERVICE;
  return {
    name: user.name,
    shell: shellOf(user),
    lock_passwd: true,
    ...(user.id === undefined ? {} : { uid: user.id }),
    ...(service || user.home !== undefined ? { homedir: homeOf(user) } : {}),
    ...(service ? { system: true, no_create_home: true } : {}),
    ...(user.groups && user.groups.length > 0 ? { groups: [...user.groups] } : {}),
    ...(user.sudo === Sudo.PASSWORDLESS ? { sudo: 'ALL=(ALL) NOPASSWD:ALL' } : {}),
    ...(user.sshAuthorizedKeys && user.sshAuthorizedKeys.length > 0
      ? { ssh_authorized_keys: user.sshAuthorizedKeys.map(String) }
      : {}),
  };
}

function cloudInitFile(file: GuestFile): object {
  const { user, group } = ownerParts(file.owner);
  const bytes = file.content instanceof RemoteSource ? '' : contentBytes(file.content);
  const text = typeof bytes === 'string' && isYamlText(bytes) ? bytes : undefined;
  return {
    path: file.path,
    owner: `${user}:${group}`,
    permissions: fileMode(file),
    ...(text === undefined
      ? { encoding: 'b64', content: Buffer.from(bytes).toString('base64') }
      : { content: text }),
    // Users and packages come after the first files: what belongs to one of their users must wait for it.
    ...(user === 'root' && group === 'root' ? {} : { defer: true }),
  };
}

function unitFiles(unit: SystemdUnit): GuestFile[] {
  return [
    ...(unit.content === undefined ? [] : [{ path: unitPath(unit.name), content: unit.content }]),
    ...(unit.dropIns ?? []).map((dropIn) => ({
      path: dropInPath(unit.name, dropIn.name),
      content: dropIn.content,
    })),
  ];
}

/** What runs once, as a script that goes on after a failure and shows it on the console; undefined for nothing. */
function firstBootScript(guest: GuestConfig): string | undefined {
  const mounts = guest.dataMounts.map(mountUnitName);
  const commands = [
    // systemd reads all units anew after each of these unless told not to: once, after the last, is enough.
    ...mounts.map((name) => ['systemctl', '--no-reload', 'enable', name]),
    ...guest.units.flatMap(installUnit),
    ['systemctl', 'daemon-reload'],
    ...mounts.map((name) => ['systemctl', 'start', name]),
    ...(guest.sysctls.length > 0 ? [['systemctl', 'restart', 'systemd-sysctl.service']] : []),
    ...[...guest.directories].sort((a, b) => (a.path < b.path ? -1 : 1)).map(makeDirectory),
    ...guest.links.flatMap(makeLink),
    ...guest.files.flatMap(fetchFile),
    ...guest.firstBootCommands,
    ...guest.units.flatMap(startUnit),
  ];
  if (commands.length === 1) return undefined;
  return firstBootSteps(commands);
}

function makeLink({ path, target }: GuestLink): FirstBootCommand[] {
  return [
    ['mkdir', '-p', dirname(path)],
    ['ln', '-sfnT', target, path],
  ];
}

function fetchFile(file: GuestFile): FirstBootCommand[] {
  if (!(file.content instanceof RemoteSource)) return [];
  const { url, algorithm, hex } = file.content;
  const { user, group } = ownerParts(file.owner);
  return [[FETCH_PATH, url, algorithm, hex, fileMode(file), user, group, file.path]];
}

const INSTALL: Readonly<Record<UnitActivation, string | undefined>> = {
  [UnitActivation.ENABLED]: 'enable',
  [UnitActivation.ON_DEMAND]: undefined,
  [UnitActivation.DISABLED]: 'disable',
  [UnitActivation.MASKED]: 'mask',
};

function installUnit({ name, activation = UnitActivation.ENABLED }: SystemdUnit): FirstBootCommand[] {
  const verb = INSTALL[activation];
  return verb === undefined ? [] : [['systemctl', '--no-reload', verb, name]];
}

/** Units are started without waiting: they may wait for something that comes later in the boot. */
function startUnit(unit: SystemdUnit): FirstBootCommand[] {
  switch (unit.activation ?? UnitActivation.ENABLED) {
    case UnitActivation.ENABLED: {
      // The image may have started it already, without what is new here.
      const changed = unit.dropIns !== undefined || unit.content !== undefined;
      return [['systemctl', '--no-block', changed ? 'restart' : 'start', unit.name]];
    }
    case UnitActivation.ON_DEMAND:
      return [];
    case UnitActivation.DISABLED:
    case UnitActivation.MASKED:
      return [['systemctl', '--no-block', 'stop', unit.name]];
  }
}

/** Network configuration version 2, the format of netplan, with only what cloud-init's own renderers support. */
function networkConfigV2(interfaces: readonly GuestInterface[]): object {
  return {
    version: 2,
    ethernets: Object.fromEntries(interfaces.map((card) => [card.name, ethernet(card)])),
  };
}

function ethernet({
  macAddress,
  addresses = [],
  nameservers = [],
  searchDomains = [],
  mtu,
}: GuestInterface): object {
  const gateway = (version: 4 | 6): IpAddress | undefined =>
    addresses.find((address) => address.gateway?.version === version)?.gateway;
  const [gateway4, gateway6] = [gateway(4), gateway(6)];
  const resolver = {
    ...(nameservers.length > 0 ? { addresses: nameservers.map(String) } : {}),
    ...(searchDomains.length > 0 ? { search: searchDomains.map(String) } : {}),
  };
  return {
    match: { macaddress: `${macAddress}` },
    dhcp4: false,
    dhcp6: false,
    // Every address is known: no router may announce another, and the boot need not wait whether one does (12 s).
    'accept-ra': false,
    ...(addresses.length > 0
      ? { addresses: addresses.map(({ address, network }) => `${address}/${network.prefixLength}`) }
      : {}),
    ...(gateway4 ? { routes: [{ to: '0.0.0.0/0', via: `${gateway4}` }] } : {}),
    // Not as a route to ::/0, of which cloud-init 22.4 makes ::/64.
    ...(gateway6 ? { gateway6: `${gateway6}` } : {}),
    ...(Object.keys(resolver).length > 0 ? { nameservers: resolver } : {}),
    ...(mtu === undefined ? {} : { mtu }),
  };
}

function tooLarge(size: Size, files: readonly GuestFile[]): string {
  const bytes = ({ content }: GuestFile): number =>
    content instanceof RemoteSource ? 0 : Buffer.byteLength(contentBytes(content));
  const largest = [...files].sort((a, b) => bytes(b) - bytes(a))[0];
  const which = largest ? ` (largest file: ${largest.path}, ${Size.bytes(bytes(largest))})` : '';
  return `user-data is ${size}, at most ${MAXIMUM_USER_DATA} fit${which}; put large files into the image or a package`;
}
