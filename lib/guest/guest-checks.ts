import { alertRuleProblems } from './alert-rule';
import {
  contradictions,
  duplicates,
  items,
  of,
  problemsOf,
  type Contributions,
  type Entry,
  type FirstBootCommand,
} from './contributions';
import { dataMountProblems, deviceOf } from './data-mount';
import { dataNeedProblems, unmetNeed } from './data-need';
import { FIREWALL_PACKAGE } from './firewall';
import { directoryMode, directoryProblems, fileProblems, linkProblems, ownerParts } from './guest-file';
import { guestOs, isImmutable, GuestOs, type GuestImage } from './guest-image';
import { userProblems } from './guest-user';
import { healthCheckProblems } from './health-check';
import { kernelArgumentProblems, sysctlProblems, timeZoneProblems } from './kernel-settings';
import {
  isReachable,
  listeningPortProblems,
  overlap,
  portName,
  Protocol,
  type ListeningPort,
} from './listening-port';
import { pathConflicts, type PathClaim } from './path-conflicts';
import { scrapeEndpointProblems } from './scrape-endpoint';
import { serviceEndpointProblems } from './service-endpoint';
import { UnitActivation, unitProblems } from './systemd-unit';
import { unknownUnitProblems } from './unit-checks';

export interface GuestFacts {
  /** @default - not known: what depends on it is not checked */
  readonly image?: GuestImage;
  /** Everything that gets a path in the machine. */
  readonly paths: readonly Entry<PathClaim>[];
  readonly hasFirewall: boolean;
}

/** Every problem of what a machine is to be, one sentence each. */
export function guestProblems(book: Contributions, facts: GuestFacts): string[] {
  return [
    ...eachByItself(book),
    ...claimedTwice(book),
    ...pathConflicts(facts.paths),
    ...unknownUnitProblems(book, facts.image),
    ...portConflicts(book.ports),
    ...unreachable(book),
    ...unmetNeeds(book),
    ...(facts.image ? imageProblems(book, facts.image, facts.hasFirewall) : []),
  ];
}

function eachByItself(book: Contributions): string[] {
  return [
    ...problemsOf(book.users, (user) => `user '${user.name}'`, userProblems),
    ...problemsOf(book.files, (file) => `file '${file.path}'`, fileProblems),
    ...problemsOf(book.directories, ({ path }) => `directory '${path}'`, directoryProblems),
    ...problemsOf(book.links, ({ path }) => `link '${path}'`, linkProblems),
    ...problemsOf(book.units, (unit) => `unit '${unit.name}'`, unitProblems),
    ...problemsOf(book.packages, (name) => `package '${name}'`, packageProblems),
    ...problemsOf(book.commands, () => 'first-boot command', commandProblems),
    ...problemsOf(book.dataMounts, (mount) => `data mount '${mount.mountPoint}'`, dataMountProblems),
    ...problemsOf(book.dataNeeds, () => 'data need', dataNeedProblems),
    ...problemsOf(book.sysctls, ({ key }) => `sysctl '${key}'`, sysctlProblems),
    ...problemsOf(
      book.kernelArguments,
      (argument) => `kernel argument '${argument}'`,
      kernelArgumentProblems,
    ),
    ...problemsOf(book.timeZones, (zone) => `time zone '${zone}'`, timeZoneProblems),
    ...problemsOf(book.ports, () => 'listening', listeningPortProblems),
    ...problemsOf(book.services, ({ name }) => `service '${name}'`, serviceEndpointProblems),
    ...problemsOf(book.scrapeEndpoints, ({ job }) => `scrape endpoint '${job}'`, scrapeEndpointProblems),
    ...problemsOf(book.healthChecks, (check) => `${check.kind} health check`, healthCheckProblems),
    ...problemsOf(book.alertRules, ({ name }) => `alert rule '${name}'`, alertRuleProblems),
  ];
}

function claimedTwice(book: Contributions): string[] {
  const { users, units, dataMounts, scrapeEndpoints, services } = book;
  return [
    ...duplicates(users, (user) => `user '${user.name}'`, 'keep one'),
    ...duplicates(
      users.filter(({ item }) => item.id !== undefined),
      ({ id }) => `user number ${id}`,
      'give each user its own',
    ),
    ...duplicates(units, (unit) => `unit '${unit.name}'`, 'keep one, with all its drop-ins'),
    ...duplicates(dataMounts, (mount) => `data disk ${deviceOf(mount)}`, 'mount each disk once'),
    ...duplicates(dataMounts, (mount) => `label '${mount.label}'`, 'give each data disk a label of its own'),
    ...duplicates(
      dataMounts,
      (mount) => `mount point '${mount.mountPoint}'`,
      'give each data disk a directory of its own',
    ),
    ...duplicates(
      scrapeEndpoints,
      ({ job, port, path }) => `scrape endpoint '${job}' :${port}${path ?? '/metrics'}`,
      'keep one',
    ),
    ...duplicates(
      services,
      ({ name, protocol }) => `service '${name}' (${protocol ?? Protocol.TCP})`,
      'keep one',
    ),
    ...contradictions(
      book.directories,
      ({ path }) => `directory '${path}'`,
      (directory) => {
        const { user, group } = ownerParts(directory.owner);
        return `${directoryMode(directory)} ${user}:${group}`;
      },
      'agree on one',
    ),
    ...contradictions(
      book.sysctls,
      ({ key }) => `sysctl '${key}'`,
      ({ value }) => value,
      'agree on one value',
    ),
    ...contradictions(
      book.timeZones,
      () => 'time zone',
      (zone) => zone,
      'keep one',
    ),
    ...contradictions(
      book.alertRules,
      ({ name }) => `alert rule '${name}'`,
      (rule) => JSON.stringify(rule),
      'rename one',
    ),
  ];
}

function portConflicts(ports: readonly Entry<ListeningPort>[]): string[] {
  const problems = duplicates(ports, (port) => `port ${portName(port)}`, 'move one to another port');
  ports.forEach(({ item: one, by }, index) => {
    for (const { item: other, by: otherBy } of ports.slice(index + 1))
      if (portName(one) !== portName(other) && overlap(one, other))
        problems.push(
          `port ${portName(one)} is claimed by ${by}, and ${portName(other)}, which overlaps, by ${otherBy}; move one`,
        );
  });
  return problems;
}

/** What others are told to use must be listened on, and open to somebody. */
function unreachable({ ports, scrapeEndpoints, services }: Contributions): string[] {
  const check = (what: string, by: string, port: number, protocol: Protocol, from: string): string[] => {
    const listener = ports.find(
      ({ item }) => item.protocol === protocol && item.first <= port && port <= item.last,
    );
    if (listener === undefined)
      return [
        `${what}${of(by)} is at port ${port}/${protocol}, on which nothing listens; add listen(${port}, { from: ${from} })`,
      ];
    return isReachable(listener.item)
      ? []
      : [
          `${what}${of(by)} is at port ${port}/${protocol}, which only the machine itself reaches; open it, for example to ${from}`,
        ];
  };
  return [
    ...scrapeEndpoints.flatMap(({ item: { job, port }, by }) =>
      check(`scrape endpoint '${job}'`, by, port, Protocol.TCP, 'Peers.MONITORING'),
    ),
    ...services.flatMap(({ item: { name, port, protocol = Protocol.TCP }, by }) =>
      check(`service '${name}'`, by, port, protocol, 'Peers.POOL'),
    ),
  ];
}

function unmetNeeds({ dataNeeds, dataMounts }: Contributions): string[] {
  return dataNeeds.flatMap(({ item, by }) => {
    const problem = unmetNeed(item, items(dataMounts));
    return problem === undefined ? [] : [`${by} ${problem}`];
  });
}

/** What the image cannot do. */
function imageProblems(book: Contributions, image: GuestImage, hasFirewall: boolean): string[] {
  const { imageName, kind = 'cloud-init' } = image;
  const problems = book.modules
    .filter(({ item }) => item.supports !== undefined && !item.supports.includes(kind))
    .map(
      ({ item }) =>
        `module ${item.name} does not support image '${imageName}', which is of kind '${kind}'; it needs ${item.supports?.join(' or ')}`,
    );
  if (kind === 'ignition')
    problems.push(
      ...book.packages
        .filter(({ item }) => !(item in image.packages))
        .map(
          ({ item, by }) =>
            `package '${item}'${of(by)} is not in image '${imageName}', and an image of kind 'ignition' installs none; add it to the image, or leave the module out`,
        ),
    );
  if (hasFirewall && guestOs(image) === GuestOs.DEBIAN && !(FIREWALL_PACKAGE in image.packages))
    problems.push(
      `image '${imageName}' has no package '${FIREWALL_PACKAGE}' for the firewall; build a newer one, or say 'firewall: Firewall.none(…)' and why`,
    );
  const kernelArguments = kind === 'ignition' && isImmutable(image) && (image.ignitionSpec ?? '3.0') >= '3.3';
  if (!kernelArguments)
    problems.push(
      ...book.kernelArguments.map(
        ({ item, by }) =>
          `kernel argument '${item}'${of(by)} cannot be set in image '${imageName}' when a machine is made; put it into the image's definition`,
      ),
    );
  if (isImmutable(image)) problems.push(...readOnly(book, image));
  else if (kind === 'ignition')
    // Ignition asks systemd for its version before it enables an instance, and there is none running yet.
    problems.push(
      ...book.units
        .filter(({ item }) => /@[^.]/.test(item.name) && item.activation !== UnitActivation.ON_DEMAND)
        .map(
          ({ item, by }) =>
            `unit '${item.name}'${of(by)} is an instance of a template, which Ignition cannot enable or disable in image '${imageName}'; make it UnitActivation.ON_DEMAND and let another unit want it`,
        ),
    );
  return problems;
}

/** Of `/usr`, only `/usr/local` of Fedora CoreOS is a place to write: it is a link to `/var/usrlocal`. */
function readOnly(book: Contributions, image: GuestImage): string[] {
  const writable = guestOs(image) === GuestOs.FEDORA_COREOS ? /^\/usr\/local\// : /^\/usr\/share\/oem\//;
  return [
    ...book.files.map(({ item: { path }, by }) => ({ what: `file '${path}'`, path, by })),
    ...book.directories.map(({ item: { path }, by }) => ({ what: `directory '${path}'`, path, by })),
    ...book.links.map(({ item: { path }, by }) => ({ what: `link '${path}'`, path, by })),
  ]
    .filter(({ path }) => /^\/(usr|bin|sbin|lib|lib64)\//.test(path) && !writable.test(path))
    .map(
      ({ what, by }) =>
        `${what}${of(by)} is below a directory that image '${image.imageName}' has read-only; put it below /etc, /var or /opt`,
    );
}

function packageProblems(name: string): string[] {
  return /^[a-z0-9][a-z0-9+.-]+$/.test(name)
    ? []
    : [`is no Debian package name: lower case letters, digits, '+', '-' and '.'; check its spelling`];
}

function commandProblems(command: FirstBootCommand): string[] {
  const words = typeof command === 'string' ? [command] : command;
  if (words.length === 0 || words[0]?.trim() === '') return ['is empty; give a program or remove it'];
  return words.some((word) => word.includes('\0')) ? ['has a zero byte; remove it'] : [];
}
