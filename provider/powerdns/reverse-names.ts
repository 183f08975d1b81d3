/** Names of addresses in the DNS: RFC 1035 (3.5) for IPv4, RFC 3596 (2.5) for IPv6, RFC 2317 for less than a /24. */
import { AddressProblem, canonicalAddress, formatAddress, isAddress, octetsOf } from './addresses';
import { canonicalName } from './names';
import { problemOf } from './problem';

/** A network that has a reverse zone of its own. */
export interface ReverseNetwork {
  /** The network as it is written usually, for example `10.20.0.0/16`. */
  readonly cidr: string;
  /** Name of its zone, for example `20.10.in-addr.arpa.`. */
  readonly zone: string;
  /** Length of the prefix, in bits. */
  readonly prefix: number;
  /**
   * What the parent has to hold for a network smaller than /24 (RFC 2317): for the usual name of each address a CNAME
   * to its name in this zone. Empty for every other network.
   */
  readonly parentCnames: Readonly<Record<string, string>>;
  /** The zone those belong to, for example `2.0.192.in-addr.arpa.`. Null where no CNAME is needed. */
  readonly parentZone: string | null;
}

const IPV4_SUFFIX = 'in-addr.arpa.';
const IPV6_SUFFIX = 'ip6.arpa.';
/** Digits of an IPv6 address. */
const NIBBLES = 32;

const nibblesOf = (octets: readonly number[]) =>
  octets.flatMap((octet) => [octet >> 4, octet & 0xf]).map((nibble) => nibble.toString(16));

/** The name the PTR record of an address has, for example `7.2.0.192.in-addr.arpa.`. @throws AddressProblem */
export function ptrName(address: string): string {
  const octets = octetsOf(canonicalAddress(address));
  return octets.length === 4
    ? `${[...octets].reverse().join('.')}.${IPV4_SUFFIX}`
    : `${nibblesOf(octets).reverse().join('.')}.${IPV6_SUFFIX}`;
}

/**
 * The reverse zone of a network: IPv4 of /8, /16, /24 and /25 to /32 (below /24 as RFC 2317 names it,
 * `0/26.2.0.192.in-addr.arpa.`), IPv6 of every multiple of four.
 *
 * @throws AddressProblem
 */
export function reverseNetwork(cidr: string): ReverseNetwork {
  const [, address = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(cidr.trim()) ?? [];
  if (!isAddress(address)) {
    throw new AddressProblem(
      `'${cidr}' is no network; write an address and a prefix length, for example '192.0.2.0/24'`,
    );
  }
  const octets = octetsOf(address);
  const prefix = Number(length);
  const bits = 8 * octets.length;
  if (prefix > bits)
    throw new AddressProblem(`'${cidr}' has a prefix of ${prefix} bits; the address has ${bits}`);
  const network = octets.map((octet, index) => octet & maskOctet(prefix, index));
  const canonical = `${formatAddress(network)}/${prefix}`;
  if (network.some((octet, index) => octet !== octets[index])) {
    throw new AddressProblem(`'${cidr}' has bits behind its prefix; the network is '${canonical}'`);
  }
  return octets.length === 4
    ? reverseIpv4(canonical, network, prefix)
    : reverseIpv6(canonical, nibblesOf(network), prefix);
}

function maskOctet(prefix: number, index: number): number {
  const ones = Math.min(8, Math.max(0, prefix - 8 * index));
  return (0xff << (8 - ones)) & 0xff;
}

function reverseIpv4(cidr: string, octets: readonly number[], prefix: number): ReverseNetwork {
  if (prefix === 0 || (prefix < 24 && prefix % 8 !== 0)) {
    const next = Math.ceil((prefix + 1) / 8) * 8;
    throw new AddressProblem(
      `'${cidr}' has no reverse zone of its own, for a zone of IPv4 ends at /8, /16, /24 or below. Make one zone for ` +
        `each /${next} in it, for example with cidrsubnets`,
    );
  }
  const labels = octets.slice(0, Math.min(3, Math.floor(prefix / 8))).reverse();
  const above = `${labels.join('.')}.${IPV4_SUFFIX}`;
  if (prefix <= 24) return { cidr, zone: above, prefix, parentCnames: {}, parentZone: null };
  const first = octets[3] ?? 0;
  if (prefix === 32) return { cidr, zone: `${first}.${above}`, prefix, parentCnames: {}, parentZone: null };
  const zone = `${first}/${prefix}.${above}`;
  const cnames = Array.from({ length: 2 ** (32 - prefix) }, (_, offset) => first + offset).map(
    (last) => [`${last}.${above}`, `${last}.${zone}`] as const,
  );
  return { cidr, zone, prefix, parentCnames: Object.fromEntries(cnames), parentZone: above };
}

function reverseIpv6(cidr: string, nibbles: readonly string[], prefix: number): ReverseNetwork {
  if (prefix === 0 || prefix % 4 !== 0) {
    const next = Math.ceil((prefix + 1) / 4) * 4;
    throw new AddressProblem(
      `'${cidr}' has no reverse zone of its own, for a zone of IPv6 ends at a multiple of 4 bits. Make one zone for ` +
        `each /${next} in it, for example with cidrsubnets`,
    );
  }
  const zone = `${nibbles
    .slice(0, prefix / 4)
    .reverse()
    .join('.')}.${IPV6_SUFFIX}`;
  return { cidr, zone, prefix, parentCnames: {}, parentZone: null };
}

/** The network whose reverse zone has this name; undefined when it is none, or not one that RFC 2317 names so. */
export function networkOfZone(zone: string): ReverseNetwork | undefined {
  try {
    const network = reverseNetwork(cidrOfName(canonicalName(zone)));
    return network.zone === canonicalName(zone) ? network : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the labels as they stand; whether they are those of a zone is for the caller to compare. */
function cidrOfName(name: string): string {
  if (name.endsWith(`.${IPV6_SUFFIX}`)) {
    const nibbles = name
      .slice(0, -IPV6_SUFFIX.length - 1)
      .split('.')
      .reverse();
    const digits = nibbles.join('').padEnd(NIBBLES, '0');
    return `${(digits.match(/.{4}/g) ?? []).join(':')}/${4 * nibbles.length}`;
  }
  const labels = name
    .slice(0, -IPV4_SUFFIX.length - 1)
    .split('.')
    .reverse();
  const [, first, prefix] = /^(\d+)\/(\d+)$/.exec(labels[3] ?? '') ?? [];
  const octets = Array.from(
    { length: 4 },
    (_, index) => (index === 3 ? first : undefined) ?? labels[index] ?? '0',
  );
  return `${octets.join('.')}/${prefix ?? 8 * labels.length}`;
}

/** The address whose PTR record has this name, also in a zone of RFC 2317; undefined when it is none. */
export function addressOfPtrName(name: string): string | undefined {
  const canonical = canonicalName(name);
  const plain = canonical.replace(/^(\d+)\.\d+\/\d+\./, '$1.');
  const network = networkOfZone(plain);
  if (!network || network.prefix !== (plain.endsWith(IPV6_SUFFIX) ? 128 : 32)) return undefined;
  const address = network.cidr.replace(/\/\d+$/, '');
  return canonical === plain ||
    ptrNameInZone(address, canonical.slice(canonical.indexOf('.') + 1)) === canonical
    ? address
    : undefined;
}

/** The name of the PTR record of an address in a given zone; undefined when it does not belong there. */
export function ptrNameInZone(address: string, zone: string): string | undefined {
  const name = ptrName(address);
  const canonical = canonicalName(zone);
  if (canonical === '.' || name === canonical || name.endsWith(`.${canonical}`)) return name;
  return networkOfZone(canonical)?.parentCnames[name];
}

/** What is wrong with a network that shall have a reverse zone; undefined when nothing is. */
export function problemWithNetwork(cidr: string): string | undefined {
  return problemOf(() => reverseNetwork(cidr));
}
