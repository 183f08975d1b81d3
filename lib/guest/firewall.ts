import { Cidr } from '../core/cidr';
import { ValidationError } from '../core/errors';
import { IpAddress } from '../core/ip-address';
import type { ListeningPort } from './listening-port';
import { Peers } from './peers';

export const FIREWALL_PATH = '/etc/cloudless/firewall.nft';
export const FIREWALL_UNIT = 'cloudless-firewall.service';
export const FIREWALL_PACKAGE = 'nftables';

export interface DeclaredPortsOptions {
  /** Who may log in. @default Peers.ANYONE */
  readonly ssh?: Peers | readonly Peers[];
}

/** What of a machine can be reached from outside. */
export class Firewall {
  /** Only SSH, ping and the ports that modules declare, each from where it was declared for. */
  static declaredPorts(options: DeclaredPortsOptions = {}): Firewall {
    const { ssh = Peers.ANYONE } = options;
    return new Firewall(ssh instanceof Peers ? [ssh] : ssh);
  }

  /**
   * No packet filter: whatever listens can be reached.
   *
   * @param reason why that is right here, in words
   * @throws ValidationError without a reason
   */
  static none(reason: string): Firewall {
    if (reason.trim().length < 10)
      throw new ValidationError(
        '',
        `a machine without firewall needs a reason in words, '${reason}' is none; leave it at Firewall.declaredPorts(), or say what protects it instead`,
      );
    return new Firewall([Peers.ANYONE], reason);
  }

  private constructor(
    /** Who may log in. */
    readonly ssh: readonly Peers[],
    /** Why there is none. */
    readonly reasonForNone?: string,
  ) {}
}

/** The ranges that {@link Peers.POOL} and {@link Peers.MONITORING} stand for, as `10.20.0.0/24` or an address. */
export interface FirewallRanges {
  readonly pool: readonly string[];
  /** @default - those of the pool */
  readonly monitoring?: readonly string[];
}

export interface RulesetOptions extends FirewallRanges {
  /** Whether the machine passes on packets of others, for example to containers with addresses of their own. */
  readonly forwards: boolean;
}

/**
 * The ruleset of a machine for nft(8), for IPv4 and IPv6: what comes in is dropped unless it is an answer, ICMP, or for a
 * port that was declared. What goes out is free. Equal input gives equal text.
 */
export function firewallRuleset(ports: readonly ListeningPort[], options: RulesetOptions): string {
  const rules = [...ports]
    .sort((a, b) => a.first - b.first || a.protocol.localeCompare(b.protocol) || a.last - b.last)
    .flatMap((port) => portRules(port, options));
  return `#!/usr/sbin/nft -f
# Everything is closed that no module of the machine has declared. Tables of others, such as podman's, are left alone.
table inet cloudless
delete table inet cloudless
table inet cloudless {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state vmap { established : accept, related : accept, invalid : drop }
    iif "lo" accept
    # Path MTU, unreachable, time exceeded and ping; in IPv6 the neighbours too, without which there is no network.
    meta l4proto { icmp, ipv6-icmp } accept
${rules.map((rule) => `    ${rule}\n`).join('')}  }
${options.forwards ? '' : FORWARD}}
`;
}

/** Loads the ruleset before there is a network; without it there is none, so that a mistake never means "open". */
export const FIREWALL_UNIT_TEXT = `[Unit]
Description=Firewall: ports that were not declared are closed
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f ${FIREWALL_PATH}
ExecReload=/usr/sbin/nft -f ${FIREWALL_PATH}
StandardError=journal+console

[Install]
WantedBy=sysinit.target
RequiredBy=systemd-networkd.service NetworkManager.service
`;

const FORWARD = `  chain forward {
    type filter hook forward priority filter; policy drop;
  }
`;

function portRules(port: ListeningPort, ranges: FirewallRanges): string[] {
  const match = `${port.protocol} dport ${port.first === port.last ? port.first : `${port.first}-${port.last}`}`;
  const accept = `accept comment "${port.owner.replace(/[^ -~]|["\\]/g, '').slice(0, 100)}"`;
  if (port.from.includes(Peers.ANYONE)) return [`${match} ${accept}`];
  const sources = [...new Set(port.from.flatMap((peers) => sourcesOf(peers, ranges)))].sort();
  const isV6 = (source: string): boolean => source.includes(':');
  const rule = (family: string, list: readonly string[]): string[] =>
    list.length === 0 ? [] : [`${family} saddr { ${list.join(', ')} } ${match} ${accept}`];
  return [
    ...rule('ip', withoutContained(sources.filter((source) => !isV6(source)))),
    ...rule('ip6', withoutContained(sources.filter(isV6))),
  ];
}

function sourcesOf(peers: Peers, { pool, monitoring = pool }: FirewallRanges): readonly string[] {
  if (peers === Peers.POOL) return pool;
  if (peers === Peers.MONITORING) return monitoring;
  return peers.fixed;
}

/** nft refuses a set whose ranges overlap: those that lie in another one go. */
function withoutContained(sources: readonly string[]): readonly string[] {
  if (sources.length < 2) return sources;
  const ranges = sources.map((source) => ({ source, range: asRange(source) }));
  return ranges
    .filter(
      ({ range }, index) =>
        !ranges.some(
          (other, place) =>
            place !== index &&
            other.range.contains(range.network) &&
            (other.range.prefixLength < range.prefixLength ||
              (other.range.prefixLength === range.prefixLength && place < index)),
        ),
    )
    .map(({ source }) => source);
}

function asRange(source: string): Cidr {
  if (source.includes('/')) return Cidr.of(source);
  return Cidr.of(`${source}/${IpAddress.of(source).version === 4 ? 32 : 128}`);
}
