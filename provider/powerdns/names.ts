/** Domain names as PowerDNS takes them: absolute, with the final dot, at most 255 octets (RFC 1035, 2.3.4). */
import { Problem, problemOf } from './problem';

const LABEL_OCTETS = 63;
const NAME_OCTETS = 255;

/** Splits an absolute name into its labels, each as octets. @throws NameProblem when it is no absolute name */
function parseLabels(name: string): Buffer[] {
  if (name === '.') return [];
  if (!name.endsWith('.') || name.endsWith('\\.')) {
    throw new NameProblem(`'${name}' is not fully qualified; write '${name}.' with the final dot`);
  }
  const labels: number[][] = [[]];
  const octets = Buffer.from(name.slice(0, -1), 'utf8');
  for (let index = 0; index < octets.length; index++) {
    let octet = octets[index] ?? 0;
    if (octet === 0x2e) {
      labels.push([]);
      continue;
    }
    if (octet === 0x5c) {
      const digits = /^\d{3}/.exec(octets.subarray(index + 1, index + 4).toString('latin1'))?.[0];
      octet = digits === undefined ? (octets[index + 1] ?? 0) : Number(digits);
      if (octet > 255) throw new NameProblem(`'${name}' has the escape \\${digits}; an octet is at most 255`);
      index += digits === undefined ? 1 : 3;
    }
    labels.at(-1)?.push(octet);
  }
  for (const label of labels) {
    if (label.length === 0) throw new NameProblem(`'${name}' has an empty label; take out the dot too many`);
    if (label.length > LABEL_OCTETS) {
      throw new NameProblem(
        `'${name}' has a label of ${label.length} octets; a label has at most ${LABEL_OCTETS} (RFC 1035)`,
      );
    }
  }
  const length = labels.reduce((sum, label) => sum + label.length + 1, 1);
  if (length > NAME_OCTETS) {
    throw new NameProblem(`'${name}' has ${length} octets; a name has at most ${NAME_OCTETS} (RFC 1035)`);
  }
  return labels.map((label) => Buffer.from(label));
}

/** What is wrong with a name, in words for its user. */
export class NameProblem extends Problem {}

/** The one spelling PowerDNS keeps: lower case, escapes only where they are needed. @throws NameProblem */
export function canonicalName(name: string): string {
  const labels = parseLabels(name).map((label) => [...label].map(canonicalOctet).join(''));
  return `${labels.join('.')}.`;
}

function canonicalOctet(octet: number): string {
  const character = String.fromCharCode(octet).toLowerCase();
  if (character === '.' || character === '\\') return `\\${character}`;
  return octet > 0x20 && octet < 0x7f ? character : `\\${String(octet).padStart(3, '0')}`;
}

/** The name of a TSIG key as the API identifies it: a domain name whose final dot may be left out. @throws NameProblem */
export function canonicalKeyName(name: string): string {
  return canonicalName(name.endsWith('.') && !name.endsWith('\\.') ? name : `${name}.`);
}

/** What is wrong with the name of a TSIG key; undefined when nothing is. */
export function problemWithKeyName(name: string): string | undefined {
  return problemOf(() => {
    if (name === '' || name === '.') throw new NameProblem('a TSIG key has a name');
    canonicalKeyName(name);
  });
}

/** What is wrong with the name of a zone or RRset; undefined when PowerDNS takes it. */
export function problemWithOwnerName(name: string): string | undefined {
  return problemOf(() => {
    const labels = parseLabels(name).map((label) => label.toString('latin1'));
    for (const [index, label] of labels.entries()) {
      if (label === '*' && index === 0) continue;
      const foreign = /[^A-Za-z0-9_/-]/.exec(label)?.[0];
      if (foreign === '*') {
        throw new NameProblem(
          `'${name}' has a '*' inside; a wildcard is the whole first label, as in '*.example.org.'`,
        );
      }
      if (foreign !== undefined) {
        throw new NameProblem(
          `'${name}' has a character that PowerDNS does not take; use letters, digits, '-', '_' and '/', ` +
            "and 'xn--…' for other letters",
        );
      }
    }
  });
}

/** What is wrong with a name a record points to; undefined when nothing is. */
export function problemWithTargetName(name: string): string | undefined {
  return problemOf(() => parseLabels(name));
}

/** Tells whether two spellings are one name; false when one of them is none. */
export function sameName(left: string, right: string): boolean {
  try {
    return canonicalName(left) === canonicalName(right);
  } catch {
    return false;
  }
}

/** Tells whether a name is the zone's own or below it. */
export function isInZone(name: string, zone: string): boolean {
  const [inner, outer] = [canonicalName(name), canonicalName(zone)];
  return outer === '.' || inner === outer || inner.endsWith(`.${outer}`);
}
