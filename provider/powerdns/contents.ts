/**
 * Contents of records in the one spelling PowerDNS answers with. It refuses most other spellings (HTTP 422) and
 * silently changes some (IPv6, hexadecimal digits, text), which would show as a difference for ever.
 */
import {
  base64,
  ContentProblem,
  fields,
  hexadecimal,
  integer,
  ipv4,
  ipv6,
  name,
  strings,
  text,
  UINT16,
  UINT32,
  UINT8,
  value,
  words,
} from './content-fields';
import type { Canonicalise } from './content-fields';
import { location } from './content-location';
import { serviceBinding } from './content-service-binding';
import { problemOf } from './problem';
import { canonicalTypes, typeName } from './record-types';

export { ContentProblem, ipv6 } from './content-fields';

/** Octets of the fingerprint by its type (RFC 4255, RFC 6594). */
const FINGERPRINT_OCTETS: Readonly<Record<string, number>> = { '1': 20, '2': 32 };

type Leading = readonly (readonly [what: string, highest: number])[];

/** Some numbers, and data in hexadecimal digits or Base64, which may be in groups. */
function numbersThen(data: typeof hexadecimal | typeof base64, ...numbers: Leading): Canonicalise {
  return (content) => {
    const found = words(content);
    const leading = numbers.map(([what, highest], index) => integer(found[index], what, highest));
    return [...leading, data(found.slice(numbers.length), 'the data')].join(' ');
  };
}

/** Some numbers, and one name. */
function numbersThenName(form: string, ...numbers: Leading): Canonicalise {
  return (content) => {
    const found = fields(content, form);
    const leading = numbers.map(([what, highest], index) => integer(found[index], what, highest));
    return [...leading, name(found[numbers.length] ?? '')].join(' ');
  };
}

const twoNames: Canonicalise = (content) => fields(content, 'NAME. NAME.').map(name).join(' ');

/** Octets in hexadecimal digits with a dash between (RFC 7043). */
const hardwareAddress =
  (octets: number): Canonicalise =>
  (content) => {
    const address = content.trim().toLowerCase().replaceAll(':', '-');
    if (address.split('-').length === octets && /^[0-9a-f]{2}(-[0-9a-f]{2})+$/.test(address)) return address;
    throw new ContentProblem(
      `'${content}' has to have the form '${Array.from({ length: octets }, (_, index) => `${index}${index}`).join('-')}'`,
    );
  };

/** Types the server makes by itself for a signed zone. */
const madeByTheServer: Canonicalise = () => {
  throw new ContentProblem(
    'PowerDNS makes this record by itself when it signs the zone; set dnssec of the zone',
  );
};

const delegationSigner = numbersThen(
  hexadecimal,
  ['the key tag', UINT16],
  ['the algorithm', UINT8],
  ['the digest type', UINT8],
);
const certificateAssociation = numbersThen(
  hexadecimal,
  ['the usage', UINT8],
  ['the selector', UINT8],
  ['the matching type', UINT8],
);
const publicKey = numbersThen(
  base64,
  ['the flags', UINT16],
  ['the protocol', UINT8],
  ['the algorithm', UINT8],
);
const preferredName = numbersThenName('PREFERENCE NAME.', ['the preference', UINT16]);

const FORMS: Readonly<Record<string, Canonicalise>> = {
  A: ipv4,
  AAAA: ipv6,
  AFSDB: numbersThenName('SUBTYPE NAME.', ['the subtype', UINT16]),
  ALIAS: name,
  CAA: (content) => {
    const [, flags, tag = '', rest = ''] = /^\s*(\S+)\s+(\S+)\s+(.*)$/s.exec(content) ?? [];
    if (!/^[A-Za-z0-9]+$/.test(tag))
      throw new ContentProblem(`'${content}' has to have the form 'FLAGS TAG "VALUE"'`);
    const allowed = value(rest, `write '";"' for nobody (RFC 8659, 4.2)`);
    return `${integer(flags, 'the flags', UINT8)} ${tag.toLowerCase()} ${allowed}`;
  },
  CDNSKEY: publicKey,
  CDS: delegationSigner,
  CERT: numbersThen(base64, ['the type', UINT16], ['the key tag', UINT16], ['the algorithm', UINT8]),
  CNAME: name,
  CSYNC: (content) => {
    const [serial, flags, ...types] = words(content);
    return [
      integer(serial, 'the serial', UINT32),
      integer(flags, 'the flags', UINT16),
      ...canonicalTypes(types),
    ].join(' ');
  },
  DHCID: (content) => base64(words(content), 'the data'),
  DLV: delegationSigner,
  DNAME: name,
  DNSKEY: publicKey,
  DS: delegationSigner,
  EUI48: hardwareAddress(6),
  EUI64: hardwareAddress(8),
  HINFO: (content) => strings(content, 'CPU', 'OS'),
  HTTPS: serviceBinding,
  KEY: publicKey,
  KX: preferredName,
  LOC: location,
  LP: preferredName,
  MB: name,
  MG: name,
  MINFO: twoNames,
  MR: name,
  MX: preferredName,
  NAPTR: (content) => {
    const [, order, preference, texts = '', replacement = ''] =
      /^\s*(\S+)\s+(\S+)\s+(".*")\s+([^\s"]+)\s*$/s.exec(content) ?? [];
    if (texts === '') {
      throw new ContentProblem(
        `'${content}' has to have the form 'ORDER PREFERENCE "FLAGS" "SERVICES" "REGEXP" NAME.'`,
      );
    }
    return [
      integer(order, 'the order', UINT16),
      integer(preference, 'the preference', UINT16),
      strings(texts, 'FLAGS', 'SERVICES', 'REGEXP'),
      name(replacement),
    ].join(' ');
  },
  NS: name,
  NSEC: madeByTheServer,
  NSEC3: madeByTheServer,
  NSEC3PARAM: madeByTheServer,
  OPENPGPKEY: (content) => base64(words(content), 'the key'),
  PTR: name,
  RP: twoNames,
  RRSIG: madeByTheServer,
  SMIMEA: certificateAssociation,
  SPF: text,
  SRV: numbersThenName(
    'PRIORITY WEIGHT PORT NAME.',
    ['the priority', UINT16],
    ['the weight', UINT16],
    ['the port', UINT16],
  ),
  SSHFP: (content) => {
    const [algorithm, type, ...digits] = words(content);
    const fingerprint = integer(type, 'the fingerprint type', UINT8);
    return [
      integer(algorithm, 'the algorithm', UINT8),
      fingerprint,
      hexadecimal(digits, 'the fingerprint', FINGERPRINT_OCTETS[fingerprint]),
    ].join(' ');
  },
  SVCB: serviceBinding,
  TLSA: certificateAssociation,
  TXT: text,
  URI: (content) => {
    const [, priority, weight, target = ''] = /^\s*(\S+)\s+(\S+)\s+(.*)$/s.exec(content) ?? [];
    return [
      integer(priority, 'the priority', UINT16),
      integer(weight, 'the weight', UINT16),
      value(target, 'write the URI'),
    ].join(' ');
  },
  ZONEMD: numbersThen(hexadecimal, ['the serial', UINT32], ['the scheme', UINT8], ['the algorithm', UINT8]),
};

/** RFC 3597: `\# LENGTH HEX`, for types that PowerDNS has no name for. */
function unknownType(type: string, content: string): string {
  const known = typeName(Number(type.slice('TYPE'.length)));
  if (known !== undefined) throw new ContentProblem(`${type} has a name; use type ${known}`);
  const [mark, length, ...digits] = words(content);
  if (mark !== '\\#')
    throw new ContentProblem(`'${content}' has to have the form '\\# LENGTH HEX' (RFC 3597)`);
  const octets = Number(integer(length, 'the length', UINT16));
  return `\\# ${octets} ${octets === 0 && digits.length === 0 ? '' : hexadecimal(digits, 'the data', octets)}`;
}

/**
 * The content as PowerDNS spells it. A type not known here (LUA among them) is left as it is: PowerDNS refuses what it
 * would spell differently, and says how.
 *
 * @throws ContentProblem, NameProblem
 */
export function canonicalContent(type: string, content: string): string {
  const upper = type.toUpperCase();
  if (/^TYPE\d+$/.test(upper)) return unknownType(upper, content);
  return (FORMS[upper] ?? ((other: string) => other.trim()))(content);
}

/** What is wrong with a content; undefined when nothing is known to be. */
export function problemWithContent(type: string, content: string): string | undefined {
  return problemOf(() => canonicalContent(type, content));
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
