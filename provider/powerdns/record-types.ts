import { ContentProblem } from './content-fields';

/** Numbers of the record types PowerDNS knows by name (registry of IANA; ALIAS and LUA are its own). */
const NUMBERS: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  KEY: 25,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  CERT: 37,
  DNAME: 39,
  APL: 42,
  DS: 43,
  SSHFP: 44,
  IPSECKEY: 45,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  NID: 104,
  L32: 105,
  L64: 106,
  LP: 107,
  EUI48: 108,
  EUI64: 109,
  URI: 256,
  CAA: 257,
  DLV: 32_769,
  ALIAS: 65_401,
  LUA: 65_402,
};
const NAMES = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name]));

/** The name of the type of a number, where it has one. */
export const typeName = (number: number): string | undefined => NAMES.get(number);

/** Types as a bitmap lists them: each once, by number (RFC 4034, 4.1.2). @throws ContentProblem */
export function canonicalTypes(types: readonly string[]): string[] {
  const numbers = types.map((type) => {
    const upper = type.toUpperCase();
    const number = NUMBERS[upper] ?? Number(/^TYPE(\d{1,5})$/.exec(upper)?.[1] ?? Number.NaN);
    if (!(number > 0 && number <= 65_535)) throw new ContentProblem(`'${type}' is no record type`);
    return number;
  });
  return [...new Set(numbers)]
    .sort((left, right) => left - right)
    .map((number) => typeName(number) ?? `TYPE${number}`);
}
