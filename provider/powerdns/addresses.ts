/** Addresses in the one spelling that two of them can be compared in. */
import { isIP, isIPv4 } from 'node:net';
import { Problem, problemOf } from './problem';

/** What is wrong with an address, a network or a name made of one, in words for its user. */
export class AddressProblem extends Problem {}

/** The octets of an address, the most significant first. */
export function octetsOf(address: string): number[] {
  if (isIPv4(address)) return address.split('.').map(Number);
  return groupsOf(address).flatMap((group) => [group >> 8, group & 0xff]);
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const groupsOnly = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:` +
      ((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)
    : address;
  const [head = '', tail] = groupsOnly.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...new Array<string>(gap).fill('0'), ...after].map((group) => parseInt(group, 16));
}

/** RFC 5952: lower case, the first longest run of zero groups shortened. */
function formatIpv6(groups: readonly number[]): string {
  const words = groups.map((group) => group.toString(16));
  let best = { start: 0, length: 1 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return words.join(':');
  return `${words.slice(0, best.start).join(':')}::${words.slice(best.start + best.length).join(':')}`;
}

/** Tells whether a text is an address, without a zone of RFC 4007. */
export const isAddress = (text: string) => isIP(text) !== 0 && !text.includes('%');

/** Writes the octets of an address the usual way. */
export function formatAddress(octets: readonly number[]): string {
  if (octets.length === 4) return octets.join('.');
  return formatIpv6(
    Array.from({ length: 8 }, (_, index) => ((octets[2 * index] ?? 0) << 8) | (octets[2 * index + 1] ?? 0)),
  );
}

/** An address in the one spelling that two of them can be compared in. @throws AddressProblem */
export function canonicalAddress(address: string): string {
  if (!isAddress(address)) {
    throw new AddressProblem(
      `'${address}' is no address; write for example '192.0.2.7' or '2001:db8::7', without a prefix length`,
    );
  }
  return formatAddress(octetsOf(address));
}

/** What is wrong with an address; undefined when nothing is. */
export function problemWithAddress(address: string): string | undefined {
  return problemOf(() => canonicalAddress(address));
}
