/** `powerdns_cryptokey`: a key that signs a zone. The private key stays on the server. */
import {
  computed,
  defaulted,
  defineResource,
  isUnknown,
  kinds,
  optionalComputed,
  ProviderError,
  required,
} from '../framework';
import type { ConfigOf, Diagnostics, KnownPlanOf, StateOf } from '../framework';
import { ApiError, zonePath } from './client';
import type { PowerDnsClient } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { cryptokeyOf, fetchKey, fetchKeys } from './keys';
import type { Cryptokey } from './keys';
import { canonicalName, problemWithOwnerName, sameName } from './names';

const TYPE_NAME = 'powerdns_cryptokey';
const EXAMPLE_ID = 'lab.internal.:::3';

/** What each algorithm is called: by its number (IANA), by the server when it answers, by its tools. */
const ALGORITHMS: readonly { readonly names: readonly string[]; readonly rsa?: true }[] = [
  { names: ['rsasha1', '5'], rsa: true },
  { names: ['rsasha1-nsec3-sha1', 'rsasha1nsec3sha1', '7'], rsa: true },
  { names: ['rsasha256', '8'], rsa: true },
  { names: ['rsasha512', '10'], rsa: true },
  { names: ['ecdsa256', 'ecdsap256sha256', '13'] },
  { names: ['ecdsa384', 'ecdsap384sha384', '14'] },
  { names: ['ed25519', '15'] },
  { names: ['ed448', '16'] },
];
const DEFAULT_ALGORITHM = 'ecdsa256';
const DEFAULT_KEYTYPE = 'csk';

const algorithmOf = (name: string) => ALGORITHMS.find(({ names }) => names.includes(name.toLowerCase()));

/** The server calls a key by what the others of its zone make of it; what it is for good is its SEP flag. */
const isZoneKey = (keytype: string) => keytype.toLowerCase() === 'zsk';

const attributes = {
  id: computed(kinds.string, {
    description: 'Zone and number of the key, `ZONE:::NUMBER`.',
    useStateForUnknown: true,
  }),
  zone: required(kinds.string, {
    description: 'Zone the key signs, fully qualified: `lab.internal.`. Changing it replaces the key.',
    requiresReplace: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  keytype: optionalComputed(kinds.string, {
    description:
      '`csk` (signs everything, the default), `ksk` (signs the keys) or `zsk` (signs the rest). `csk` and `ksk` are one ' +
      'to the server: what a key signs depends on the others of its zone. Changing it replaces the key.',
    requiresReplace: true,
    useStateForUnknown: true,
    validate: (value) =>
      ['csk', 'ksk', 'zsk'].includes(value) ? undefined : `'${value}' is not known; use csk, ksk or zsk`,
    equivalent: (left, right) => isZoneKey(left) === isZoneKey(right),
  }),
  algorithm: optionalComputed(kinds.string, {
    description:
      '`ecdsa256` (the default), `ecdsa384`, `ed25519`, `ed448`, `rsasha256`, `rsasha512`; also by the name or number ' +
      'of the registry of IANA. Changing it replaces the key.',
    requiresReplace: true,
    useStateForUnknown: true,
    validate: (value) =>
      algorithmOf(value)
        ? undefined
        : `'${value}' is not known; use ${ALGORITHMS.map(({ names }) => names[0]).join(', ')}`,
    equivalent: (left, right) => algorithmOf(left) === algorithmOf(right),
  }),
  bits: optionalComputed(kinds.integer, {
    description:
      'Size of the key, in bits. Needed for RSA, fixed for the others. Changing it replaces the key.',
    requiresReplace: true,
    useStateForUnknown: true,
    validate: (value) => (value > 0 ? undefined : `${value} bits is not possible`),
  }),
  active: defaulted(kinds.bool, true, {
    description: 'Whether the key signs. Changed in place. Default `true`.',
  }),
  published: defaulted(kinds.bool, true, {
    description: 'Whether the zone shows the key, as DNSKEY. Changed in place. Default `true`.',
  }),
  key_id: computed(kinds.integer, {
    description: 'Number of the key on the server.',
    useStateForUnknown: true,
  }),
  key_tag: computed(kinds.integer, {
    description: 'Key tag (RFC 4034, appendix B), by which signatures and DS records name the key.',
    useStateForUnknown: true,
  }),
  flags: computed(kinds.integer, {
    description: 'Flags of the DNSKEY: 257 with the SEP flag (`csk`, `ksk`), 256 without.',
    useStateForUnknown: true,
  }),
  dnskey: computed(kinds.string, { description: 'Content of the DNSKEY record.', useStateForUnknown: true }),
  ds: computed(kinds.list(kinds.string), {
    description:
      'Contents of the DS records for the parent zone, with SHA-256 and with SHA-384. Empty for `zsk`.',
    useStateForUnknown: true,
  }),
};
type Attributes = typeof attributes;

function validate({ algorithm, bits }: ConfigOf<Attributes>, diagnostics: Diagnostics): void {
  if (isUnknown(algorithm) || isUnknown(bits)) return;
  const { rsa } = algorithmOf(algorithm ?? DEFAULT_ALGORITHM) ?? {};
  if (rsa && bits === null) {
    diagnostics.error('An RSA key has a size', `Set bits, for example to 2048.`, ['algorithm']);
  }
}

const idOf = (zone: string, key: number) => `${canonicalName(zone)}:::${key}`;
const pathOf = (zone: string, key: number) => `${zonePath(canonicalName(zone))}/cryptokeys/${key}`;

/** RFC 4034, appendix B; every algorithm but the long gone number 1. */
function keyTagOf(dnskey: string): number {
  const [flags = 0, protocol = 0, algorithm = 0] = dnskey.split(' ', 3).map(Number);
  const key = Buffer.from(dnskey.split(' ').slice(3).join(''), 'base64');
  const octets = [flags >> 8, flags & 0xff, protocol, algorithm, ...key];
  const sum = octets.reduce((total, octet, index) => total + (index % 2 === 0 ? octet << 8 : octet), 0);
  return (sum + ((sum >> 16) & 0xffff)) & 0xffff;
}

function stateOf(zone: string, key: Cryptokey): StateOf<Attributes> {
  return {
    id: idOf(zone, key.id),
    zone: canonicalName(zone),
    keytype: key.flags % 2 === 0 ? 'zsk' : key.keytype === 'zsk' ? DEFAULT_KEYTYPE : key.keytype,
    algorithm: key.algorithm,
    bits: key.bits,
    active: key.active,
    published: key.published,
    key_id: key.id,
    key_tag: keyTagOf(key.dnskey),
    flags: key.flags,
    dnskey: key.dnskey,
    ds: [...key.ds],
  };
}

/** What was planned where it was planned: `csk` instead of the `ksk` the server made of it. */
function resultOf(plan: KnownPlanOf<Attributes>, key: Cryptokey): StateOf<Attributes> {
  const found = stateOf(plan.zone, key);
  const keep = <T>(planned: T | typeof plan.keytype, answered: T) =>
    isUnknown(planned) || planned === null ? answered : (planned as T);
  return {
    ...found,
    zone: plan.zone,
    keytype: keep(plan.keytype, isZoneKey(found.keytype ?? '') ? 'zsk' : DEFAULT_KEYTYPE),
    algorithm: keep(plan.algorithm, DEFAULT_ALGORITHM),
    active: plan.active,
    published: plan.published,
  };
}

/** @throws ProviderError when the server did otherwise: old backends cannot hide a key */
function assertTaken(plan: KnownPlanOf<Attributes>, key: Cryptokey): void {
  for (const name of ['active', 'published'] as const) {
    if (key[name] === plan[name]) continue;
    throw new ProviderError(
      `The server did not take ${name}`,
      `It was asked for ${plan[name]} and has ${key[name]}; its backend does not support it.`,
      [name],
    );
  }
}

function refusal(error: unknown): unknown {
  if (!(error instanceof ApiError && error.status === 422)) return error;
  const attribute = /algorithm.*bit size|size \(in bits\)/i.test(error.reason)
    ? 'bits'
    : /algorithm/i.test(error.reason)
      ? 'algorithm'
      : /keytype/i.test(error.reason)
        ? 'keytype'
        : undefined;
  return new ProviderError('PowerDNS refused the key', error.detail, attribute && [attribute]);
}

async function findOrThrow(
  client: PowerDnsClient,
  zone: string,
  id: number,
  signal: AbortSignal,
): Promise<Cryptokey> {
  const found = await fetchKey(client, canonicalName(zone), id, signal);
  if (found) return found;
  throw new ProviderError(
    `There is no key ${id} of zone '${zone}'`,
    'The zone does not exist or has no such key. `pdnsutil list-keys` shows them.',
  );
}

export const cryptokeyResource = defineResource<Attributes, Connection>({
  typeName: TYPE_NAME,
  schema: {
    description:
      'A key that signs a zone (DNSSEC). The server makes it; the private key never leaves it and is not in the state. ' +
      'Deleting the last key makes the zone an unsigned one: take the DS records out of the parent before.',
    attributes,
  },
  validate,

  async create(plan, { client, signal, keepState, diagnostics }) {
    const api = connected(client);
    const zone = canonicalName(plan.zone);
    const given = <T>(value: T) => (isUnknown(value) || value === null ? undefined : value);
    const request = {
      keytype: given(plan.keytype) ?? DEFAULT_KEYTYPE,
      algorithm: algorithmOf(String(given(plan.algorithm) ?? DEFAULT_ALGORITHM))?.names[0],
      bits: given(plan.bits),
      active: plan.active,
      published: plan.published,
    };
    return api.change(async () => {
      const before = (await fetchKeys(api, zone, signal)) ?? [];
      const answer = await api
        .request<Cryptokey>('POST', `${zonePath(zone)}/cryptokeys`, signal, request)
        .catch((error: unknown) => {
          throw refusal(error);
        });
      if (!answer) {
        throw new ProviderError(
          `There is no zone '${zone}'`,
          'PowerDNS does not know it. Create it first, or check the name.',
          ['zone'],
        );
      }
      const key = cryptokeyOf(answer);
      const result = resultOf(plan, key);
      keepState(result);
      assertTaken(plan, key);
      // A request whose answer was lost is sent again, and then there are two.
      const known = [...before, key].map(({ id }) => id);
      const more = ((await fetchKeys(api, zone, signal)) ?? []).filter(({ id }) => !known.includes(id));
      for (const { id } of more) {
        diagnostics.warning(
          `Zone '${zone}' has a key that nobody manages`,
          `Key ${id} came while key ${key.id} was made: the answer to a first try may have been lost. If it is not wanted, ` +
            `remove it: pdnsutil remove-zone-key ${zone} ${id}`,
        );
      }
      return result;
    });
  },

  async read(state, { client, signal }) {
    if (!client || state.key_id === null) return state;
    const found = await fetchKey(client, canonicalName(state.zone), state.key_id, signal);
    return found && stateOf(state.zone, found);
  },

  async update(plan, prior, { client, signal }) {
    const api = connected(client);
    const id = prior.key_id ?? 0;
    const { active, published } = plan;
    return api.change(async () => {
      await api.request('PUT', pathOf(plan.zone, id), signal, { active, published });
      const found = await findOrThrow(api, plan.zone, id, signal);
      assertTaken(plan, found);
      return resultOf(plan, found);
    });
  },

  async delete(state, { client, signal }) {
    const api = connected(client);
    await api.change(() => api.request('DELETE', pathOf(state.zone, state.key_id ?? 0), signal));
  },

  async importState(id, { client, signal }) {
    const [, zone = '', number = ''] = /^(.+):::(\d+)$/.exec(id) ?? [];
    if (problemWithOwnerName(zone) !== undefined) {
      throw new ProviderError(
        'The identifier of a key has another form',
        `Got '${id}'. Write the zone with its final dot, and the number of the key as \`pdnsutil list-keys\` shows it:` +
          importHint(TYPE_NAME, EXAMPLE_ID),
      );
    }
    return stateOf(zone, await findOrThrow(connected(client), zone, Number(number), signal));
  },
});
