/**
 * Contents of records in the one spelling PowerDNS answers with. It refuses most other spellings (HTTP 422) and
 * silently changes some (IPv6, hexadecimal digits, text), which would show as a difference for ever.
 */
import { isIPv4, isIPv6 } from 'node:net';
import { canonicalName, NameProblem } from './names';

/** What is wrong with a content, in words for its user. */
export class ContentProblem extends Error {}

type Canonicalise = (content: string) => string;

const UINT8 = 255;
const UINT16 = 65_535;

function integer(word: string | undefined, what: string, highest: number): string {
  if (word === undefined || !/^\d{1,10}$/.test(word) || Number(word) > highest) {
    throw new ContentProblem(`${what} has to be a whole number from 0 to ${highest}, got '${word ?? ''}'`);
  }
  return String(Number(word));
}

function hexadecimal(words: readonly string[], what: string, octets?: number): string {
  const digits = words.join('').toLowerCase();
  if (!/^([0-9a-f]{2})+$/.test(digits)) {
    throw new ContentProblem(
      `${what} has to be an even number of hexadecimal digits, got '${words.join(' ')}'`,
    );
  }
  if (octets !== undefined && digits.length !== 2 * octets) {
    throw new ContentProblem(`${what} has to have ${2 * octets} hexadecimal digits, got ${digits.length}`);
  }
  return digits;
}

const words = (content: string) => content.trim().split(/\s+/);

function fields(content: string, count: number, form: string): string[] {
  const found = words(content);
  if (found.length !== count) throw new ContentProblem(`'${content}' has to have the form '${form}'`);
  return found;
}

const name: Canonicalise = (content) => canonicalName(content.trim());

function ipv4(content: string): string {
  const address = content.trim();
  if (!isIPv4(address)) throw new ContentProblem(`'${content}' is no IPv4 address`);
  return address;
}

/** RFC 5952: lower case, the first longest run of zero groups shortened. */
export function ipv6(content: string): string {
  const address = content.trim().toLowerCase();
  if (!isIPv6(address) || address.includes('%')) throw new ContentProblem(`'${content}' is no IPv6 address`);
  const mapped = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const groupsOnly = mapped
    ? `${mapped[1]}${((Number(mapped[2]) << 8) | Number(mapped[3])).toString(16)}:` +
      ((Number(mapped[4]) << 8) | Number(mapped[5])).toString(16)
    : address;
  const [head = '', tail] = groupsOnly.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...new Array<string>(gap).fill('0'), ...after].map((group) =>
    parseInt(group, 16).toString(16),
  );
  if (groups.slice(0, 5).every((group) => group === '0') && groups[5] === 'ffff') {
    throw new ContentProblem(
      `'${content}' is an IPv4 address inside IPv6, which PowerDNS refuses; use type A`,
    );
  }
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

const TEXT_OCTETS = 255;

/** Character strings (RFC 1035, 3.3) in quotes; one of more than 255 octets is split, as PowerDNS does. */
function text(content: string): string {
  const strings: number[][] = [];
  const octets = Buffer.from(content.trim(), 'utf8');
  let open: number[] | undefined;
  for (let index = 0; index < octets.length; index++) {
    let octet = octets[index] ?? 0;
    const character = String.fromCharCode(octet);
    if (open === undefined) {
      if (character === '"') strings.push((open = []));
      else if (!/\s/.test(character)) {
        throw new ContentProblem(
          `'${content}' has to be in quotes: write '"${content.trim().replace(/["\\]/g, '\\$&')}"'`,
        );
      }
      continue;
    }
    if (character === '"') {
      open = undefined;
      continue;
    }
    if (character === '\\') {
      const digits = /^\d{3}/.exec(octets.subarray(index + 1, index + 4).toString('latin1'))?.[0];
      octet = digits === undefined ? (octets[index + 1] ?? 0) : Number(digits);
      if (octet > UINT8)
        throw new ContentProblem(`'${content}' has the escape \\${digits}; an octet is at most 255`);
      index += digits === undefined ? 1 : 3;
    }
    open.push(octet);
  }
  if (open !== undefined || strings.length === 0)
    throw new ContentProblem(`'${content}' has to end on a quote`);
  const parts = strings.flatMap((string) => {
    const pieces: number[][] = [];
    for (let start = 0; start === 0 || start < string.length; start += TEXT_OCTETS) {
      pieces.push(string.slice(start, start + TEXT_OCTETS));
    }
    return pieces;
  });
  return parts.map((part) => `"${part.map(textOctet).join('')}"`).join(' ');
}

function textOctet(octet: number): string {
  if (octet === 0x22 || octet === 0x5c) return `\\${String.fromCharCode(octet)}`;
  return octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : `\\${String(octet).padStart(3, '0')}`;
}

/** Octets of the fingerprint by its type (RFC 4255, RFC 6594). */
const FINGERPRINT_OCTETS: Readonly<Record<string, number>> = { '1': 20, '2': 32 };

const FORMS: Readonly<Record<string, Canonicalise>> = {
  A: ipv4,
  AAAA: ipv6,
  ALIAS: name,
  CNAME: name,
  DNAME: name,
  NS: name,
  PTR: name,
  TXT: text,
  SPF: text,
  MX: (content) => {
    const [preference, exchange = ''] = fields(content, 2, 'PREFERENCE NAME.');
    return `${integer(preference, 'the preference', UINT16)} ${name(exchange)}`;
  },
  SRV: (content) => {
    const [priority, weight, port, target = ''] = fields(content, 4, 'PRIORITY WEIGHT PORT NAME.');
    const numbers = [
      integer(priority, 'the priority', UINT16),
      integer(weight, 'the weight', UINT16),
      integer(port, 'the port', UINT16),
    ];
    return `${numbers.join(' ')} ${name(target)}`;
  },
  CAA: (content) => {
    const [, flags, tag = '', value = ''] = /^\s*(\S+)\s+(\S+)\s+(.*)$/s.exec(content) ?? [];
    if (!/^[A-Za-z0-9]+$/.test(tag))
      throw new ContentProblem(`'${content}' has to have the form 'FLAGS TAG "VALUE"'`);
    return `${integer(flags, 'the flags', UINT8)} ${tag.toLowerCase()} ${text(value)}`;
  },
  SSHFP: (content) => {
    const [algorithm, type, ...digits] = words(content);
    const fingerprint = integer(type, 'the fingerprint type', UINT8);
    return [
      integer(algorithm, 'the algorithm', UINT8),
      fingerprint,
      hexadecimal(digits, 'the fingerprint', FINGERPRINT_OCTETS[fingerprint]),
    ].join(' ');
  },
  TLSA: numbersThenHexadecimal(['the usage', UINT8], ['the selector', UINT8], ['the matching type', UINT8]),
  SMIMEA: numbersThenHexadecimal(['the usage', UINT8], ['the selector', UINT8], ['the matching type', UINT8]),
  DS: numbersThenHexadecimal(['the key tag', UINT16], ['the algorithm', UINT8], ['the digest type', UINT8]),
  CDS: numbersThenHexadecimal(['the key tag', UINT16], ['the algorithm', UINT8], ['the digest type', UINT8]),
};

function numbersThenHexadecimal(...numbers: readonly (readonly [string, number])[]): Canonicalise {
  return (content) => {
    const found = words(content);
    const leading = numbers.map(([what, highest], index) => integer(found[index], what, highest));
    return [...leading, hexadecimal(found.slice(numbers.length), 'the data')].join(' ');
  };
}

/**
 * The content as PowerDNS spells it. A type not known here is left as it is: PowerDNS refuses what it would
 * spell differently, and says how.
 *
 * @throws ContentProblem, NameProblem
 */
export function canonicalContent(type: string, content: string): string {
  const upper = type.toUpperCase();
  if (/^TYPE\d+$/.test(upper)) return content.trim().toLowerCase(); // RFC 3597: \# LENGTH HEX
  return (FORMS[upper] ?? ((other: string) => other.trim()))(content);
}

/** What is wrong with a content; undefined when nothing is known to be. */
export function problemWithContent(type: string, content: string): string | undefined {
  try {
    canonicalContent(type, content);
    return undefined;
  } catch (error) {
    if (error instanceof ContentProblem || error instanceof NameProblem) return error.message;
    throw error;
  }
}

/** Tells whether two sets of contents are the same to the server. */
export function sameContents(type: string, left: readonly string[], right: readonly string[]): boolean {
  const canonical = (contents: readonly string[]) =>
    [
      ...new Set(
        contents.map((content) =>
          problemWithContent(type, content) ? content : canonicalContent(type, content),
        ),
      ),
    ]
      .sort()
      .join('\n');
  return canonical(left) === canonical(right);
}
