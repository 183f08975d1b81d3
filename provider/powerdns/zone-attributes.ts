/** The settings every zone has, forward or reverse, and what they have to be. */
import { isIP } from 'node:net';
import {
  computed,
  isUnknown,
  kinds,
  optional,
  optionalComputed,
  ProviderError,
  required,
  UNKNOWN,
} from '../framework';
import type { ConfigOf, Diagnostics, PlanOf, StateOf } from '../framework';
import { ipv6 } from './contents';
import { canonicalKeyName, canonicalName, problemWithTargetName } from './names';
import { oneOf, problemWithKeyNames, problemWithTargetNames } from './validation';

/** What the API calls each kind. It takes any other word for `Native`. */
const KINDS: Readonly<Record<string, string>> = {
  native: 'Native',
  master: 'Master',
  primary: 'Master',
  slave: 'Slave',
  secondary: 'Slave',
  producer: 'Producer',
  consumer: 'Consumer',
};
/** Kinds whose content comes from another server. */
const TRANSFERRED = ['Slave', 'Consumer'];
const SOA_EDIT_API = ['DEFAULT', 'INCREASE', 'EPOCH', 'SOA-EDIT', 'SOA-EDIT-INCREASE', 'OFF', ''];
const SOA_EDIT = ['INCREMENT-WEEKS', 'INCEPTION-EPOCH', 'INCEPTION-INCREMENT', 'EPOCH', 'NONE', ''];

/** The kind as the API calls it; undefined when it is none. */
export const kindOf = (kind: string): string | undefined => KINDS[kind.toLowerCase()];

const isTransferred = (kind: string) => TRANSFERRED.includes(kindOf(kind) ?? '');

/** Address and port the way the server answers with them: port 53 is left out. Undefined when it is no address. */
export function canonicalMaster(master: string): string | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(master) ?? [];
  const address = isIP(master) ? master : (bracketed ?? plain ?? '');
  if (isIP(address) === 0 || Number(port) > 65_535) return undefined;
  const canonical = isIP(address) === 6 ? ipv6(address) : address;
  if (port === undefined || Number(port) === 53) return canonical;
  return isIP(address) === 6 ? `[${canonical}]:${Number(port)}` : `${canonical}:${Number(port)}`;
}

/** `HASH FLAGS ITERATIONS SALT` as the server spells it (RFC 5155, 4.3); empty for NSEC. Undefined when it is none. */
export function canonicalNsec3(value: string): string | undefined {
  if (value.trim() === '') return '';
  const [, flags, iterations, salt] =
    /^1\s+([01])\s+(\d{1,5})\s+(-|(?:[0-9a-f]{2}){1,255})$/i.exec(value.trim()) ?? [];
  if (flags === undefined || salt === undefined) return undefined;
  return `1 ${flags} ${Number(iterations)} ${salt.toLowerCase()}`;
}

/** Tells whether two lists hold the same, whatever the order, repetition and spelling. */
export function sameSet(
  left: readonly string[],
  right: readonly string[],
  canonical: (value: string) => string | undefined,
): boolean {
  const key = (values: readonly string[]) =>
    [...new Set(values.map((value) => canonical(value) ?? value))].sort().join('\n');
  return key(left) === key(right);
}

const keyNames = (description: string) =>
  optional(kinds.set(kinds.string), {
    description,
    validate: problemWithKeyNames,
    equivalent: (left, right) => sameSet(left, right, canonicalKeyName),
  });

/** The attributes of a zone but its name. @param collection what the list of name servers is to Terraform */
export const zoneAttributes = (collection: typeof kinds.set | typeof kinds.list) => ({
  kind: required(kinds.string, {
    description:
      '`Native`, `Master` (or `Primary`), `Slave` (or `Secondary`), and for catalog zones (RFC 9432) `Producer` or ' +
      '`Consumer`. Changed in place.',
    validate: (kind) =>
      kindOf(kind)
        ? undefined
        : `'${kind}' is no kind of zone; use Native, Master, Slave, Producer or Consumer`,
    equivalent: (left, right) => kindOf(left) === kindOf(right),
  }),
  account: optional(kinds.string, { description: 'Who owns the zone; a free text of PowerDNS.' }),
  catalog: optional(kinds.string, {
    description:
      'Catalog zone this zone is a member of, fully qualified: `catalog.internal.`. Its kind is `Producer`.',
    validate: (name) => (name === '' ? undefined : problemWithTargetName(name)),
    equivalent: (left, right) => sameSet([left], [right], canonicalName),
  }),
  nameservers: optionalComputed(collection(kinds.string), {
    description:
      'Name servers of the zone, fully qualified: the NS records of its apex, changed in place. Without it they are ' +
      'left as they are.',
    useStateForUnknown: true,
    validate: problemWithTargetNames,
    equivalent: (left, right) => sameSet(left, right, canonicalName),
  }),
  masters: optional(kinds.set(kinds.string), {
    description:
      'Addresses to transfer the zone from, `192.0.2.1` or `[2001:db8::1]:5300`; kinds `Slave` and `Consumer` only.',
    validate: (masters) => {
      const bad = masters.find((master) => canonicalMaster(master) === undefined);
      return bad === undefined
        ? undefined
        : `'${bad}' is no address; write '192.0.2.1', '192.0.2.1:5300' or '[2001:db8::1]:5300'`;
    },
    equivalent: (left, right) => sameSet(left, right, canonicalMaster),
  }),
  soa_edit_api: optionalComputed(kinds.string, {
    description:
      'How a change through the API raises the serial: `DEFAULT`, `INCREASE`, `EPOCH`, `SOA-EDIT`, ' +
      '`SOA-EDIT-INCREASE`, `OFF`, or empty for not at all. Without it the value of the server is kept (a new zone has ' +
      '`DEFAULT`).',
    useStateForUnknown: true,
    validate: oneOf(SOA_EDIT_API, 'an empty text for no change of the serial'),
  }),
  soa_edit: optionalComputed(kinds.string, {
    description:
      'How the serial is raised when a signed zone is answered: `INCREMENT-WEEKS`, `INCEPTION-EPOCH`, ' +
      '`INCEPTION-INCREMENT`, `EPOCH`, `NONE`, or empty for the default of the server.',
    useStateForUnknown: true,
    validate: oneOf(SOA_EDIT, 'an empty text for the default of the server'),
  }),
  dnssec: optionalComputed(kinds.bool, {
    description:
      'Whether the zone is signed. `true` makes a key when there is none, of the algorithm the server is set to; ' +
      '`false` deletes every key of the zone. Leave it out where the keys are resources `powerdns_cryptokey`.',
    useStateForUnknown: true,
  }),
  nsec3param: optionalComputed(kinds.string, {
    description:
      'Parameters of NSEC3: hash, flags, iterations, salt, for example `1 0 0 -` (RFC 9276). Empty for NSEC. Needs a ' +
      'signed zone.',
    useStateForUnknown: true,
    validate: (value) =>
      canonicalNsec3(value) === undefined
        ? `'${value}' is not known; write hash 1, flags 0 or 1, iterations, and a salt of hexadecimal digits or '-': '1 0 0 -'`
        : undefined,
    equivalent: (left, right) => canonicalNsec3(left) === canonicalNsec3(right),
  }),
  nsec3narrow: optionalComputed(kinds.bool, {
    description: 'Whether denials are made up when they are asked for (NSEC3 narrow). Needs `nsec3param`.',
    useStateForUnknown: true,
  }),
  api_rectify: optionalComputed(kinds.bool, {
    description:
      'Whether a change through the API also puts the order of a signed zone right. Without it the value of the ' +
      'server is kept (`default-api-rectify`).',
    useStateForUnknown: true,
  }),
  master_tsig_key_ids: keyNames(
    'Names of the TSIG keys with which secondaries may transfer the zone from this server, as `powerdns_tsigkey` has ' +
      'them in `id`. They have to exist.',
  ),
  slave_tsig_key_ids: keyNames(
    'Name of the TSIG key with which this server transfers the zone from its masters, as `powerdns_tsigkey` has it in ' +
      '`id`. It has to exist.',
  ),
  ds_records: computed(kinds.list(kinds.string), {
    description:
      'Contents of the DS records that the parent zone has to hold: those of each key that signs, is published and has ' +
      'the SEP flag; SHA-256 and SHA-384. Empty for a zone that is not signed.',
    useStateForUnknown: true,
  }),
});
export type ZoneAttributes = ReturnType<typeof zoneAttributes>;
export type ZoneSettingsState = StateOf<ZoneAttributes>;

/** What only several attributes together tell. Each of them may be unknown. */
export function validateZone(config: ConfigOf<ZoneAttributes>, diagnostics: Diagnostics): void {
  const { kind, masters, nameservers, dnssec, nsec3param, nsec3narrow, slave_tsig_key_ids: keys } = config;
  if (!isUnknown(kind)) {
    const known = kindOf(kind) ?? '';
    if (masters !== null && !isTransferred(kind)) {
      diagnostics.error(
        'A zone of this kind has no masters',
        `Kind is ${known}; take out masters, or use Slave.`,
        ['masters'],
      );
    }
    if (nameservers !== null && isTransferred(kind)) {
      diagnostics.error(
        'The name servers of a transferred zone come from its masters',
        `Kind is ${known}; take out nameservers, or use Native or Master.`,
        ['nameservers'],
      );
    }
  }
  const usesNsec3 = typeof nsec3param === 'string' && nsec3param.trim() !== '';
  if (usesNsec3 && dnssec === false) {
    diagnostics.error(
      'NSEC3 belongs to a signed zone',
      'dnssec is false; set it to true, or take out nsec3param.',
      ['nsec3param'],
    );
  }
  if (nsec3narrow === true && !usesNsec3 && !isUnknown(nsec3param)) {
    diagnostics.error('nsec3narrow needs NSEC3', "Set nsec3param as well, for example to '1 0 0 -'.", [
      'nsec3narrow',
    ]);
  }
  if (Array.isArray(keys) && keys.length > 1) {
    diagnostics.error('A zone is transferred with one TSIG key', `${keys.length} are given.`, [
      'slave_tsig_key_ids',
    ]);
  }
}

/** What a plan can tell of values that the configuration leaves to the server. @throws ProviderError */
export function planZone(
  config: ConfigOf<ZoneAttributes>,
  prior: ZoneSettingsState | null,
  planned: PlanOf<ZoneAttributes>,
): void {
  if (prior === null && !isUnknown(config.kind) && config.dnssec === true && isTransferred(config.kind)) {
    throw new ProviderError(
      'A transferred zone cannot be signed before its first transfer',
      'PowerDNS puts the order of a zone right when it is signed, and this one is empty yet. Create it without dnssec, ' +
        'and set it when the zone has come.',
      ['dnssec'],
    );
  }
  if (prior === null && config.dnssec === null && typeof config.nsec3param === 'string') {
    if (config.nsec3param.trim() !== '') {
      throw new ProviderError('NSEC3 needs a signed zone', 'Set dnssec to true as well.', ['nsec3param']);
    }
  }
  if (planned.dnssec === false) {
    // Without keys nothing of NSEC3 is left.
    if (config.nsec3param === null) planned.nsec3param = '';
    if (config.nsec3narrow === null) planned.nsec3narrow = false;
    planned.ds_records = [];
  } else if (planned.dnssec !== prior?.dnssec) planned.ds_records = UNKNOWN;
  if (config.nsec3narrow === null && planned.nsec3param === '') planned.nsec3narrow = false;
}
