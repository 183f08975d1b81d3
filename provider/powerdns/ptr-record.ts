/** `powerdns_ptr_record`: the name of an address. */
import {
  computed,
  defineResource,
  isUnknown,
  kinds,
  knownOr,
  optionalComputed,
  ProviderError,
  required,
  UNKNOWN,
} from '../framework';
import type { ApplyContext, ConfigOf, Diagnostics, KnownPlanOf, StateOf } from '../framework';
import { canonicalAddress, problemWithAddress } from './addresses';
import { ApiError, RequestError, RRsetExists } from './client';
import type { PowerDnsClient, RRset } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { canonicalName, problemWithOwnerName, problemWithTargetName, sameName } from './names';
import { addressOfPtrName, networkOfZone, ptrName, ptrNameInZone } from './reverse-names';
import { planName } from './planned-names';
import { problemWithSeconds } from './validation';

const TYPE_NAME = 'powerdns_ptr_record';
const EXAMPLE_ID = '{"zone":"20.10.in-addr.arpa.","id":"7.0.20.10.in-addr.arpa.:::PTR"}';

const attributes = {
  id: computed(kinds.string, {
    description: 'Canonical name and type, `NAME:::PTR`.',
    useStateForUnknown: true,
  }),
  ip_address: required(kinds.string, {
    description: 'The address, IPv4 or IPv6. Changing it replaces the record.',
    requiresReplace: true,
    validate: problemWithAddress,
    equivalent: sameAddress,
  }),
  hostname: required(kinds.string, {
    description: 'Its name, fully qualified: `web.lab.internal.`. Changed in place.',
    validate: problemWithTargetName,
    equivalent: sameName,
  }),
  ttl: required(kinds.integer, {
    description: 'Time to live, in seconds (RFC 2181: 0 to 2147483647). Changed in place.',
    validate: problemWithSeconds,
  }),
  reverse_zone: optionalComputed(kinds.string, {
    description:
      'Zone the record is in, fully qualified: `20.10.in-addr.arpa.`, also one of RFC 2317. Without it the zone that ' +
      'fits the address most closely is looked up when the record is created. Changing it replaces the record.',
    requiresReplace: true,
    useStateForUnknown: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  name: computed(kinds.string, {
    description: 'Name of the record, for example `7.0.20.10.in-addr.arpa.`.',
    useStateForUnknown: true,
  }),
};
type Attributes = typeof attributes;

function sameAddress(left: string, right: string): boolean {
  if (problemWithAddress(left) !== undefined || problemWithAddress(right) !== undefined) return false;
  return canonicalAddress(left) === canonicalAddress(right);
}

function validate(
  { ip_address: address, reverse_zone: zone }: ConfigOf<Attributes>,
  diagnostics: Diagnostics,
): void {
  if (isUnknown(address) || isUnknown(zone) || zone === null) return;
  if (ptrNameInZone(address, zone) !== undefined) return;
  diagnostics.error(
    'The address does not belong to the reverse zone',
    `The name of ${address} is '${ptrName(address)}', which is not in '${zone}'.`,
    ['reverse_zone'],
  );
}

interface Identity {
  readonly zone: string;
  readonly name: string;
}
const idOf = ({ name }: Identity) => `${name}:::PTR`;
const importIdOf = (identity: Identity) => JSON.stringify({ zone: identity.zone, id: idOf(identity) });

/** The record as it is in a given zone. @throws ProviderError when it cannot be there */
function identityIn(address: string, zone: string): Identity {
  const name = ptrNameInZone(address, zone);
  if (name !== undefined) return { zone: canonicalName(zone), name };
  throw new ProviderError(
    'The address does not belong to the reverse zone',
    `The name of ${address} is '${ptrName(address)}', which is not in '${zone}'.`,
    ['reverse_zone'],
  );
}

/** The zone of the server that fits an address most closely. @throws ProviderError when there is none */
async function findReverseZone(
  client: PowerDnsClient,
  address: string,
  signal: AbortSignal,
): Promise<string> {
  const zones = (await client.request<{ name: string }[]>('GET', '/zones?dnssec=false', signal)) ?? [];
  const closest = zones
    .map(({ name }) => ({ name, prefix: networkOfZone(name)?.prefix ?? -1 }))
    .filter(({ name, prefix }) => prefix >= 0 && ptrNameInZone(address, name) !== undefined)
    .sort((left, right) => right.prefix - left.prefix)[0];
  if (closest) return closest.name;
  throw new ProviderError(
    `There is no reverse zone for ${address}`,
    `None of the zones of the server holds '${ptrName(address)}'. Create one (powerdns_reverse_zone) and name it in ` +
      'reverse_zone, so that it is created first.',
    ['ip_address'],
  );
}

async function find(
  client: PowerDnsClient,
  { zone, name }: Identity,
  signal: AbortSignal,
): Promise<RRset | undefined> {
  const found = await client.findZone(zone, { name, type: 'PTR' }, signal);
  return found?.rrsets.find(({ records }) => records.length > 0);
}

/** A second name beside the planned one is a difference, so all of them are shown. */
const hostnameOf = ({ records }: RRset) =>
  records
    .filter(({ disabled }) => !disabled)
    .map(({ content }) => content)
    .join(' ');

/** Writes the record as planned. @throws ProviderError that points at the attribute at fault */
async function write(
  plan: KnownPlanOf<Attributes>,
  identity: Identity,
  mustBeNew: boolean,
  context: ApplyContext<Attributes, Connection>,
): Promise<StateOf<Attributes>> {
  const { zone, name } = identity;
  const records = [{ content: canonicalName(plan.hostname), disabled: false }];
  const change = { changetype: 'REPLACE', name, type: 'PTR', ttl: plan.ttl, records } as const;
  const result = {
    ...plan,
    id: idOf(identity),
    name,
    reverse_zone: knownOr(plan.reverse_zone, () => null) ?? zone,
  };
  try {
    await connected(context.client).writeRRset({ zone, change, mustBeNew }, context.signal);
  } catch (error) {
    // What may have been created is remembered, or nobody would know later whose it is.
    if (mustBeNew && error instanceof RequestError && error.mayBeDone) context.keepState(result);
    throw pointAtAttribute(error, identity);
  }
  return result;
}

function pointAtAttribute(error: unknown, identity: Identity): unknown {
  const { zone, name } = identity;
  if (error instanceof RRsetExists) {
    return new ProviderError(
      `${name} PTR exists already`,
      `It points to '${hostnameOf(error.existing)}' and was not touched. To manage it from here, bring it into the ` +
        `state, under the name this resource has in your configuration:${importHint(TYPE_NAME, importIdOf(identity))}`,
      ['ip_address'],
    );
  }
  if (!(error instanceof ApiError)) return error;
  if (error.status === 404) {
    return new ProviderError(`There is no zone '${zone}'`, error.detail, ['reverse_zone']);
  }
  if (error.status !== 422) return error;
  const hint = /conflicts with pre-existing/i.test(error.reason)
    ? `. '${name}' is a CNAME: the PTR record belongs to the zone that it points into (RFC 2317)`
    : '';
  return new ProviderError(`PowerDNS refused ${name} PTR`, `${error.detail}${hint}`, ['ip_address']);
}

export const ptrRecordResource = defineResource<Attributes, Connection>({
  typeName: TYPE_NAME,
  schema: {
    description: 'The PTR record of an address. It is the whole RRset: an address has one name here.',
    attributes,
  },
  validate,

  modifyPlan({ config, prior, planned }, { client }) {
    const { ip_address: address } = planned;
    if (config.reverse_zone === null && prior !== null && prior.ip_address !== address) {
      // Another address: its zone is looked up anew.
      Object.assign(planned, { reverse_zone: UNKNOWN, name: UNKNOWN, id: UNKNOWN });
    }
    const { reverse_zone: zone } = planned;
    if (isUnknown(address) || isUnknown(zone) || zone === null) return;
    const identity = identityIn(address, zone);
    planned.name = identity.name;
    planned.id = idOf(identity);
    planName(client, { ...identity, type: 'PTR' });
  },

  async create(plan, context) {
    const { client, signal } = context;
    const { ip_address: address } = plan;
    const given = knownOr(plan.reverse_zone, () => null);
    const zone = given ?? (await findReverseZone(connected(client), address, signal));
    return write(plan, identityIn(address, zone), true, context);
  },

  async read(state, { client, signal }) {
    if (!client || state.reverse_zone === null) return state;
    const identity = identityIn(state.ip_address, state.reverse_zone);
    const found = await find(client, identity, signal);
    return found ? stateOf(state.ip_address, identity, found) : null;
  },

  update: (plan, prior, context) =>
    write(plan, identityIn(plan.ip_address, prior.reverse_zone ?? ''), false, context),

  async delete(state, { client, signal }) {
    const { zone, name } = identityIn(state.ip_address, state.reverse_zone ?? '');
    const change = { changetype: 'DELETE', name, type: 'PTR' } as const;
    try {
      await connected(client).writeRRset({ zone, change }, signal);
    } catch (error) {
      // Its zone is gone, and so is it.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  },

  async importState(id, { client, signal }) {
    const api = connected(client);
    const { address, zone } = parseImportId(id);
    const identity = identityIn(address, zone ?? (await findReverseZone(api, address, signal)));
    const found = await find(api, identity, signal);
    if (found) return stateOf(address, identity, found);
    throw new ProviderError(
      `There is no ${identity.name} PTR`,
      `Zone '${identity.zone}' does not exist or has no such record. Check the identifier ${id}.`,
    );
  },
});

function stateOf(address: string, identity: Identity, rrset: RRset): StateOf<Attributes> {
  return {
    id: idOf(identity),
    ip_address: address,
    hostname: hostnameOf(rrset),
    ttl: rrset.ttl,
    reverse_zone: identity.zone,
    name: identity.name,
  };
}

/** Reads `{"zone": "20.10.in-addr.arpa.", "id": "7.0.20.10.in-addr.arpa.:::PTR"}`, or an address alone. */
function parseImportId(text: string): { address: string; zone?: string } {
  if (problemWithAddress(text) === undefined) return { address: canonicalAddress(text) };
  try {
    const { zone, id } = JSON.parse(text) as { zone: string; id: string };
    const address = addressOfPtrName(id.replace(/:::PTR$/, ''));
    if (address !== undefined) return { address, zone: canonicalName(zone) };
  } catch {
    // told below
  }
  throw new ProviderError(
    'The identifier of a PTR record has another form',
    `Got '${text}'. Write the zone, and name and type, with final dots, or the address:${importHint(TYPE_NAME, EXAMPLE_ID)}`,
  );
}
