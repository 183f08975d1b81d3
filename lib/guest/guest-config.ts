import type { IConstruct } from 'constructs';
import { BoundedCache } from '../core/bounded-cache';
import { ValidationError } from '../core/errors';
import type { Fqdn } from '../core/fqdn';
import type { AlertRule } from './alert-rule';
import {
  Contributions,
  contributionsText,
  items,
  MACHINE,
  type Entry,
  type FirstBootCommand,
} from './contributions';
import type { DataMount } from './data-mount';
import { mountUnitName } from './data-mount-units';
import type { DataNeed } from './data-need';
import {
  FIREWALL_PATH,
  FIREWALL_UNIT,
  FIREWALL_UNIT_TEXT,
  firewallRuleset,
  type Firewall,
  type FirewallRanges,
} from './firewall';
import { guestProblems } from './guest-checks';
import type { GuestDirectory, GuestFile, GuestLink } from './guest-file';
import type { GuestInterface } from './guest-identity';
import type { GuestImage, GuestKind } from './guest-image';
import type { GuestUser } from './guest-user';
import type { HealthCheck } from './health-check';
import type { Sysctl } from './kernel-settings';
import { listeningPort, type ListeningPort, type ListenOptions, type PortRange } from './listening-port';
import type { PathClaim } from './path-conflicts';
import type { ScrapeEndpoint } from './scrape-endpoint';
import type { ServiceEndpoint } from './service-endpoint';
import { dropInPath, unitPath, type SystemdUnit } from './systemd-unit';

/** Something a virtual machine is made to run. It adds what it needs to the guest and knows nothing of Terraform. */
export interface GuestModule {
  /** Name in messages, for example `node-exporter`. */
  readonly moduleName: string;
  /** Kinds of image that it works on. @default - every kind */
  readonly supports?: readonly GuestKind[];
  /** Adds packages, files, units, users, ports, scrape endpoints, health checks and so on to one machine. */
  bind(guest: GuestConfig): void;
}

export interface GuestConfigProps {
  /** Full name of the machine. */
  readonly fqdn: Fqdn;
  /** What the machine is made from. @default - not known: what depends on it is not checked */
  readonly image?: GuestImage;
  /** Network cards, that of the machine's name first. @default - not known */
  readonly interfaces?: readonly GuestInterface[];
  /** Pool that the machine is a member of. @default - the machine's own name */
  readonly poolName?: string;
  /** @default - none */
  readonly firewall?: GuestFirewall;
}

/** A firewall, with what stands behind the names of peers for this machine. */
export interface GuestFirewall extends FirewallRanges {
  readonly firewall: Firewall;
}

/**
 * What one virtual machine is to be from the inside. Modules add to it; it is then checked as a whole and rendered, for
 * example by `renderCloudInit`. Adding never throws: {@link GuestConfig.validate} finds every problem at once.
 */
export class GuestConfig {
  readonly fqdn: Fqdn;
  /** What the machine is made from; a module may look at its kind. */
  readonly image?: GuestImage;
  /** Network cards with their addresses, that of the machine's name first; empty when they are not known. */
  readonly interfaces: readonly GuestInterface[];
  readonly poolName: string;
  private readonly book = new Contributions();
  private readonly firewall?: GuestFirewall;
  private contributor = MACHINE;
  /** What {@link validate} found, until something is added. */
  private found?: readonly string[];
  /** What {@link contributions} gave, until something is added. */
  private text?: { readonly all: string | undefined };
  private forwards = false;
  private ruleset?: { readonly ports: number; readonly forwards: boolean; readonly text: string };

  constructor(props: GuestConfigProps) {
    this.fqdn = props.fqdn;
    this.image = props.image;
    this.interfaces = props.interfaces ?? [];
    this.poolName = props.poolName ?? props.fqdn.hostname;
    if (props.firewall && props.firewall.firewall.reasonForNone === undefined) this.firewall = props.firewall;
    if (props.firewall) this.listen(22, { from: props.firewall.firewall.ssh });
  }

  /** What the machine calls itself: the first label of its full name. */
  get hostname(): string {
    return this.fqdn.hostname;
  }

  get users(): readonly GuestUser[] {
    return items(this.book.users);
  }

  /** Files that were added; see {@link GuestConfig.allFiles} for those that follow from other things too. */
  get files(): readonly GuestFile[] {
    return items(this.book.files);
  }

  /** Directories, each once. */
  get directories(): readonly GuestDirectory[] {
    return [...new Map(items(this.book.directories).map((each) => [each.path, each])).values()];
  }

  get links(): readonly GuestLink[] {
    return items(this.book.links);
  }

  /** Units that were added, that of the firewall included. */
  get units(): readonly SystemdUnit[] {
    const own = items(this.book.units);
    return this.firewall ? [...own, { name: FIREWALL_UNIT, content: FIREWALL_UNIT_TEXT }] : own;
  }

  /** Debian package names, each once, sorted. */
  get packages(): readonly string[] {
    return [...new Set(items(this.book.packages))].sort();
  }

  get firstBootCommands(): readonly FirstBootCommand[] {
    return items(this.book.commands);
  }

  get dataMounts(): readonly DataMount[] {
    return items(this.book.dataMounts);
  }

  /** Kernel parameters, each once, sorted by their keys. */
  get sysctls(): readonly Sysctl[] {
    const unique = new Map(items(this.book.sysctls).map((each) => [each.key, each]));
    return [...unique.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Arguments of the kernel's command line, each once. */
  get kernelArguments(): readonly string[] {
    return [...new Set(items(this.book.kernelArguments))];
  }

  /** Undefined: that of the image. */
  get timeZone(): string | undefined {
    return items(this.book.timeZones)[0];
  }

  get ports(): readonly ListeningPort[] {
    return items(this.book.ports);
  }

  get services(): readonly ServiceEndpoint[] {
    return items(this.book.services);
  }

  get scrapeEndpoints(): readonly ScrapeEndpoint[] {
    return items(this.book.scrapeEndpoints);
  }

  get healthChecks(): readonly HealthCheck[] {
    return items(this.book.healthChecks);
  }

  get alertRules(): readonly AlertRule[] {
    return items(this.book.alertRules);
  }

  /**
   * Everything that was added, as text by which equal guests are known; it says nothing of who the machine is.
   *
   * @returns undefined when there are bytes or secrets in it
   */
  get contributions(): string | undefined {
    this.text ??= { all: contributionsText(this.book) };
    return this.text.all;
  }

  /** The ruleset that follows from the declared ports; undefined without firewall. */
  get firewallRuleset(): string | undefined {
    const { firewall, forwards, ports } = this;
    if (firewall === undefined) return undefined;
    // Asked for several times, and the same as long as nothing is added.
    const made = this.ruleset;
    if (made?.ports === ports.length && made.forwards === forwards) return made.text;
    const text = firewallRuleset(ports, { ...firewall, forwards });
    this.ruleset = { ports: ports.length, forwards, text };
    return text;
  }

  /** The files that were added, and those that follow: of the firewall and of kernel parameters. */
  get allFiles(): readonly GuestFile[] {
    const { firewallRuleset: ruleset, sysctls } = this;
    return [
      ...this.files,
      ...(ruleset === undefined ? [] : [{ path: FIREWALL_PATH, content: ruleset }]),
      ...(sysctls.length === 0
        ? []
        : [{ path: SYSCTL_PATH, content: sysctls.map(({ key, value }) => `${key} = ${value}\n`).join('') }]),
    ];
  }

  /** Lets a module add what it needs; problems of it will name the module. */
  use(module: GuestModule): void {
    const outer = this.contributor;
    this.contributor = module.moduleName;
    this.book.modules.push(this.entry({ name: module.moduleName, supports: module.supports }));
    try {
      module.bind(this);
    } finally {
      this.contributor = outer;
    }
  }

  addUser(user: GuestUser): void {
    this.book.users.push(this.entry(user));
  }

  addFile(file: GuestFile): void {
    this.book.files.push(this.entry(file));
  }

  /** Adds a directory. Several modules may ask for one, if they agree on mode and owner. */
  addDirectory(directory: GuestDirectory): void {
    this.book.directories.push(this.entry(directory));
  }

  addLink(link: GuestLink): void {
    this.book.links.push(this.entry(link));
  }

  addUnit(unit: SystemdUnit): void {
    this.book.units.push(this.entry(unit));
  }

  /** Says that the image, or a package, brings these units, so that others may refer to them. */
  expectUnits(...names: readonly string[]): void {
    this.book.expectedUnits.push(...names.map((name) => this.entry(name)));
  }

  /** Adds Debian packages. Those that the image has already cost nothing. */
  addPackages(...names: readonly string[]): void {
    this.book.packages.push(...names.map((name) => this.entry(name)));
  }

  /** Adds a command that runs once, when packages are installed and data disks mounted, before units are started. */
  addFirstBootCommand(command: FirstBootCommand): void {
    this.book.commands.push(this.entry(command));
  }

  addDataMount(mount: DataMount): void {
    this.book.dataMounts.push(this.entry(mount));
  }

  /** Says that a data disk must be mounted at a directory; it is an error when the machine has none there. */
  needData(need: DataNeed): void {
    this.book.dataNeeds.push(this.entry(need));
  }

  /** Sets a kernel parameter at every boot. Two modules may set one to the same value. */
  setSysctl(key: string, value: string | number): void {
    this.book.sysctls.push(this.entry({ key, value: String(value) }));
  }

  /** Adds an argument of the kernel's command line; only for images that apply them (Fedora CoreOS, Flatcar). */
  addKernelArgument(argument: string): void {
    this.book.kernelArguments.push(this.entry(argument));
  }

  /** @param zone of the IANA database, for example `Europe/Berlin` */
  setTimeZone(zone: string): void {
    this.book.timeZones.push(this.entry(zone));
  }

  /**
   * Says that something listens on a port and who may reach it: the firewall opens it to them and to nobody else. Two
   * listeners on one port are an error that names both.
   */
  listen(port: number | PortRange, options: ListenOptions): void {
    this.book.ports.push(this.entry(listeningPort(port, options, this.contributor)));
  }

  /** Lets the machine pass on packets that are not its own, for example to containers; else the firewall drops them. */
  allowForwarding(): void {
    this.forwards = true;
  }

  /** Makes a service known in the DNS. */
  addService(service: ServiceEndpoint): void {
    this.book.services.push(this.entry(service));
  }

  addScrapeEndpoint(endpoint: ScrapeEndpoint): void {
    this.book.scrapeEndpoints.push(this.entry(endpoint));
  }

  addHealthCheck(check: HealthCheck): void {
    this.book.healthChecks.push(this.entry(check));
  }

  /** Adds an alerting rule for the monitoring stack. All machines of a module declare the same one. */
  addAlertRule(rule: AlertRule): void {
    this.book.alertRules.push(this.entry(rule));
  }

  /** Every problem, one sentence each; empty when the machine can be rendered. */
  validate(): string[] {
    this.found ??= this.check();
    return [...this.found];
  }

  private check(): readonly string[] {
    const check = (): string[] =>
      guestProblems(this.book, {
        image: this.image,
        paths: this.paths(),
        hasFirewall: this.firewall !== undefined,
      });
    const { contributions, image = UNKNOWN_IMAGE } = this;
    if (contributions === undefined) return check();
    let checked = CHECKED.get(image);
    if (checked === undefined) CHECKED.set(image, (checked = new BoundedCache(MOST_CHECKED)));
    return checked.get(`${this.firewall ? 'firewall' : 'open'} ${contributions}`, check);
  }

  /**
   * @param where what the messages begin with. Default the machine's full name
   * @throws ValidationError with everything that {@link GuestConfig.validate} finds
   */
  assertValid(where: IConstruct | string = this.fqdn.toString()): void {
    const problems = this.validate();
    if (problems.length > 0) throw new ValidationError(where, problems);
  }

  private entry<T>(item: T): Entry<T> {
    this.found = undefined;
    this.text = undefined;
    return { item, by: this.contributor };
  }

  /** Every path that the machine gets, those of units and data mounts included. */
  private paths(): Entry<PathClaim>[] {
    const { files, directories, links, units, dataMounts } = this.book;
    const claim =
      (kind: PathClaim['kind']) =>
      ({ item, by }: Entry<{ readonly path: string }>): Entry<PathClaim> => ({
        item: { kind, path: item.path },
        by,
      });
    const file = (path: string, by: string): Entry<PathClaim> => ({ item: { kind: 'file', path }, by });
    return [
      ...files.map(claim('file')),
      ...links.map(claim('link')),
      ...units.flatMap(({ item: unit, by }) => [
        ...(unit.content === undefined ? [] : [file(unitPath(unit.name), by)]),
        ...(unit.dropIns ?? []).map((dropIn) => file(dropInPath(unit.name, dropIn.name), by)),
      ]),
      ...dataMounts.map(({ item, by }) => file(unitPath(mountUnitName(item)), by)),
      ...(this.firewall ? [file(FIREWALL_PATH, FIREWALL), file(unitPath(FIREWALL_UNIT), FIREWALL)] : []),
      ...(this.book.sysctls.length > 0 ? [file(SYSCTL_PATH, 'the kernel parameters')] : []),
      ...directories.map(claim('directory')),
      ...dataMounts.map(({ item, by }): Entry<PathClaim> => ({
        item: { kind: 'mount', path: item.mountPoint },
        by,
      })),
    ];
  }
}

/** Machines of a pool are alike, and need one check. By image: what is right in one is not in another. */
const CHECKED = new WeakMap<object, BoundedCache<readonly string[]>>();
const MOST_CHECKED = 200;
const UNKNOWN_IMAGE = {};
const FIREWALL = 'the firewall';
/** Behind what the image has, such as the hardened image's 90-cloudless-hardening.conf. */
const SYSCTL_PATH = '/etc/sysctl.d/95-cloudless.conf';
