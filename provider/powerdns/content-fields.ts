/** The parts contents of records are made of, each in the spelling PowerDNS answers with. */
import { isIPv4, isIPv6 } from 'node:net';
import { canonicalAddress } from './addresses';
import { canonicalName } from './names';
import { Problem } from './problem';

/** What is wrong with a content, in words for its user. */
export class ContentProblem extends Problem {}

/** Spells a content as PowerDNS does. @throws ContentProblem, NameProblem */
export type Canonicalise = (content: string) => string;

export const UINT8 = 255;
export const UINT16 = 65_535;
export const UINT32 = 4_294_967_295;

export function integer(word: string | undefined, what: string, highest: number): string {
  if (word === undefined || !/^\d{1,10}$/.test(word) || Number(word) > highest) {
    throw new ContentProblem(`${what} has to be a whole number from 0 to ${highest}, got '${word ?? ''}'`);
  }
  return String(Number(word));
}

/** Hexadecimal digits, which may be in groups. */
export function hexadecimal(groups: readonly string[], what: string, octets?: number): string {
  const digits = groups.join('').toLowerCase();
  if (!/^([0-9a-f]{2})+$/.test(digits)) {
    throw new ContentProblem(
      `${what} has to be an even number of hexadecimal digits, got '${groups.join(' ')}'`,
    );
  }
  if (octets !== undefined && digits.length !== 2 * octets) {
    throw new ContentProblem(`${what} has to have ${2 * octets} hexadecimal digits, got ${digits.length}`);
  }
  return digits;
}

/** Base64, which may be in groups. The server silently drops what is cut off, so its padding has to be there. */
export function base64(groups: readonly string[], what: string): string {
  const digits = groups.join('');
  if (digits === '' || Buffer.from(digits, 'base64').toString('base64') !== digits) {
    throw new ContentProblem(`${what} has to be Base64 with its padding, got '${groups.join(' ')}'`);
  }
  return digits;
}

export const words = (content: string): string[] => content.trim().split(/\s+/);

/** Splits at white space into as many words as the form has. @throws ContentProblem when there are more or less */
export function fields(content: string, form: string): string[] {
  const found = words(content);
  if (found.length !== form.split(' ').length) {
    throw new ContentProblem(`'${content}' has to have the form '${form}'`);
  }
  return found;
}

export const name: Canonicalise = (content) => canonicalName(content.trim());

export function ipv4(content: string): string {
  const address = content.trim();
  if (!isIPv4(address)) throw new ContentProblem(`'${content}' is no IPv4 address`);
  return address;
}

/** RFC 5952: lower case, the first longest run of zero groups shortened. */
export function ipv6(content: string): string {
  const address = content.trim();
  if (!isIPv6(address) || address.includes('%')) throw new ContentProblem(`'${content}' is no IPv6 address`);
  const canonical = canonicalAddress(address);
  if (/^::ffff:[0-9a-f]+:[0-9a-f]+$/.test(canonical)) {
    throw new ContentProblem(
      `'${content}' is an IPv4 address inside IPv6, which PowerDNS refuses; use type A`,
    );
  }
  return canonical;
}

/** Octets a character string holds at most (RFC 1035, 3.3). */
export const STRING_OCTETS = 255;

/** Reads character strings in quotes (RFC 1035, 5.1), each as octets. @throws ContentProblem */
export function parseStrings(content: string): number[][] {
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
  return strings;
}

/** Writes a character string in quotes. */
export const quote = (octets: readonly number[]): string => `"${octets.map(textOctet).join('')}"`;

function textOctet(octet: number): string {
  if (octet === 0x22 || octet === 0x5c) return `\\${String.fromCharCode(octet)}`;
  return octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : `\\${String(octet).padStart(3, '0')}`;
}

/** Any number of character strings; one of more than 255 octets is split, as PowerDNS does. */
export function text(content: string): string {
  const parts = parseStrings(content).flatMap((string) => {
    const pieces: number[][] = [];
    for (let start = 0; start === 0 || start < string.length; start += STRING_OCTETS) {
      pieces.push(string.slice(start, start + STRING_OCTETS));
    }
    return pieces;
  });
  return parts.map(quote).join(' ');
}

/** As many character strings as are named. */
export function strings(content: string, ...what: readonly string[]): string {
  const found = parseStrings(content);
  if (found.length !== what.length) {
    throw new ContentProblem(
      `'${content}' has to have the form '${what.map((word) => `"${word}"`).join(' ')}', each in quotes`,
    );
  }
  for (const string of found) {
    if (string.length > STRING_OCTETS) {
      throw new ContentProblem(`a text in '${content}' has ${string.length} octets; it has at most 255`);
    }
  }
  return found.map(quote).join(' ');
}

/** One text of any length but none, in quotes. The server ends itself on an empty one (CAA, 4.7). */
export function value(content: string, hint: string): string {
  const found = parseStrings(content);
  const [only = []] = found;
  if (found.length !== 1) throw new ContentProblem(`'${content}' has to be one text in quotes`);
  if (only.length === 0) throw new ContentProblem(`the value is empty; ${hint}`);
  return quote(only);
}
