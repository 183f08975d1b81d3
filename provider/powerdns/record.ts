/** `powerdns_record`: an RRset, all records of one name and type. It is the unit of ownership. */
import { computed, defineResource, isUnknown, kinds, ProviderError, required } from '../framework';
import type { ConfigOf, Diagnostics, KnownPlanOf, StateOf } from '../framework';
import { ApiError } from './client';
import type { PowerDnsClient, RRset } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { canonicalContent, problemWithContent, sameContents } from './contents';
import { canonicalName, isInZone, problemWithOwnerName, sameName } from './names';
import { problemWithSeconds } from './validation';

/** Types of which an RRset has at most one record (RFC 1034, RFC 6672). */
const SINGLE = ['CNAME', 'DNAME', 'ALIAS'];

const attributes = {
  id: computed(kinds.string, {
    description: 'Canonical name and type, `NAME:::TYPE`.',
    useStateForUnknown: true,
  }),
  zone: required(kinds.string, {
    description: 'Zone the RRset is in, fully qualified: `lab.internal.`. Changing it replaces the RRset.',
    requiresReplace: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  name: required(kinds.string, {
    description: 'Name of the RRset, fully qualified: `www.lab.internal.`. Changing it replaces the RRset.',
    requiresReplace: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  type: required(kinds.string, {
    description: 'Record type, for example `A`. Changing it replaces the RRset.',
    requiresReplace: true,
    validate: problemWithType,
    equivalent: (left, right) => left.toUpperCase() === right.toUpperCase(),
  }),
  ttl: required(kinds.integer, {
    description: 'Time to live, in seconds (RFC 2181: 0 to 2147483647).',
    validate: problemWithSeconds,
  }),
  records: required(kinds.set(kinds.string), {
    description:
      'Contents of the records as in a zone file: `10.20.0.7`, `10 mail.lab.internal.`, `"v=spf1 -all"` with its quotes.',
    validate: (records) => (records.length === 0 ? 'an RRset has at least one record' : undefined),
    equivalent: (left, right, { type }) => typeof type === 'string' && sameContents(type, left, right),
  }),
};
type Attributes = typeof attributes;

function problemWithType(type: string): string | undefined {
  if (type.toUpperCase() === 'SOA')
    return "the SOA record belongs to its zone; use resource 'powerdns_record_soa'";
  if (/^[A-Za-z][A-Za-z0-9]*$/.test(type)) return undefined;
  return `'${type}' is no record type; write for example 'A' or 'TXT'`;
}

/** What only several attributes together tell. Each of them may be unknown. */
function validate(config: ConfigOf<Attributes>, diagnostics: Diagnostics): void {
  const { zone, name, type, records } = config;
  if (!isUnknown(zone) && !isUnknown(name)) {
    if (!isInZone(name, zone)) {
      diagnostics.error('The name is outside the zone', `'${name}' is not '${zone}' nor below it.`, ['name']);
    } else if (!isUnknown(type) && type.toUpperCase() === 'CNAME' && sameName(name, zone)) {
      diagnostics.error(
        'The zone itself cannot be a CNAME',
        `'${name}' has an SOA record and so no CNAME (RFC 1034); use type ALIAS, or A and AAAA.`,
        ['type'],
      );
    }
  }
  if (isUnknown(type) || isUnknown(records)) return;
  const seen = new Map<string, string>();
  for (const content of records) {
    if (isUnknown(content)) continue;
    const problem = problemWithContent(type, content);
    if (problem) {
      diagnostics.error(`Invalid ${type.toUpperCase()} record`, problem, ['records']);
      continue;
    }
    const canonical = canonicalContent(type, content);
    const twin = seen.get(canonical);
    if (twin !== undefined) {
      diagnostics.error(
        'One record is given twice',
        `'${twin}' and '${content}' are the same to the server.`,
        ['records'],
      );
    }
    seen.set(canonical, content);
  }
  if (SINGLE.includes(type.toUpperCase()) && records.length > 1) {
    diagnostics.error(`A name has one ${type.toUpperCase()}`, `${records.length} records are given.`, [
      'records',
    ]);
  }
}

interface Identity {
  readonly zone: string;
  readonly name: string;
  readonly type: string;
}

function identityOf({ zone, name, type }: Identity): Identity {
  return { zone: canonicalName(zone), name: canonicalName(name), type: type.toUpperCase() };
}

const idOf = ({ name, type }: Identity) => `${name}:::${type}`;
const importIdOf = (identity: Identity) => JSON.stringify({ zone: identity.zone, id: idOf(identity) });

function stateOf(identity: Identity, rrset: RRset): StateOf<Attributes> {
  return {
    ...identity,
    id: idOf(identity),
    ttl: rrset.ttl,
    // A disabled record is not served, so it is shown as missing.
    records: rrset.records.filter(({ disabled }) => !disabled).map(({ content }) => content),
  };
}

async function find(
  client: PowerDnsClient,
  identity: Identity,
  signal: AbortSignal,
): Promise<RRset | undefined> {
  const zone = await client.findZone(identity.zone, identity, signal);
  return zone?.rrsets.find(({ records }) => records.length > 0);
}

/** Writes the RRset as planned. @throws ProviderError that points at the attribute the server refused */
async function write(
  client: PowerDnsClient,
  plan: KnownPlanOf<Attributes>,
  signal: AbortSignal,
): Promise<StateOf<Attributes>> {
  const identity = identityOf(plan);
  const { name, type } = identity;
  const records = plan.records.map((content) => ({
    content: canonicalContent(type, content),
    disabled: false,
  }));
  try {
    await client.changeRRsets(
      identity.zone,
      [{ changetype: 'REPLACE', name, type, ttl: plan.ttl, records }],
      signal,
    );
  } catch (error) {
    throw error instanceof ApiError ? pointAtAttribute(error, identity) : error;
  }
  return { ...plan, id: idOf(identity) };
}

function pointAtAttribute(error: ApiError, { name, type, zone }: Identity): ProviderError {
  const { status, reason } = error;
  if (status === 404) {
    return new ProviderError(`There is no zone '${zone}'`, `${error.detail}`, ['zone']);
  }
  if (status !== 422) return error;
  if (/conflicts with pre-existing/i.test(reason)) {
    return new ProviderError(
      'The name is taken by records of another kind',
      `A CNAME stands alone at its name (RFC 1034), and '${name}' has other records, or a CNAME, already. Remove those ` +
        `first or pick another name. The server says: ${reason}`,
      ['name'],
    );
  }
  if (/out of zone/i.test(reason)) return new ProviderError('The name is outside the zone', reason, ['name']);
  if (/unknown type/i.test(reason))
    return new ProviderError('PowerDNS does not know this type', reason, ['type']);
  return new ProviderError(`PowerDNS refused ${name} ${type}`, error.detail, ['records']);
}

export const recordResource = defineResource<Attributes, Connection>({
  typeName: 'powerdns_record',
  schema: { description: 'An RRset: all records of one name and type.', attributes },
  validate,

  modifyPlan({ planned }) {
    const { name, type } = planned;
    if (!isUnknown(name) && !isUnknown(type)) planned.id = `${canonicalName(name)}:::${type.toUpperCase()}`;
  },

  async create(plan, { client, signal }) {
    const api = connected(client);
    const identity = identityOf(plan);
    return api.change(async () => {
      const existing = await find(api, identity, signal);
      if (existing) {
        throw new ProviderError(
          `${identity.name} ${identity.type} exists already`,
          `It holds ${existing.records.map(({ content }) => `'${content}'`).join(', ')} and was not touched. To manage it ` +
            'from here, bring it into the state, under the name this resource has in your configuration:' +
            importHint('powerdns_record', importIdOf(identity)),
          ['name'],
        );
      }
      return write(api, plan, signal);
    });
  },

  async read(state, { client, signal }) {
    if (!client) return state;
    const identity = identityOf(state);
    const found = await find(client, identity, signal);
    return found ? stateOf(identity, found) : null;
  },

  update(plan, _prior, { client, signal }) {
    const api = connected(client);
    return api.change(() => write(api, plan, signal));
  },

  async delete(state, { client, signal }) {
    const api = connected(client);
    const { zone, name, type } = identityOf(state);
    await api.change(() => api.deleteRRset(zone, name, type, signal));
  },

  async importState(id, { client, signal }) {
    const identity = parseImportId(id);
    const found = await find(connected(client), identity, signal);
    if (found) return stateOf(identity, found);
    throw new ProviderError(
      `There is no ${identity.name} ${identity.type}`,
      `Zone '${identity.zone}' does not exist or has no such RRset. Check the identifier ${id}.`,
    );
  },
});

/** Reads `{"zone": "lab.internal.", "id": "www.lab.internal.:::A"}`, the form of mmianl/powerdns. */
function parseImportId(text: string): Identity {
  try {
    const { zone, id } = JSON.parse(text) as { zone: string; id: string };
    const [name, type] = id.split(':::');
    if (name !== undefined && type !== undefined && problemWithType(type) === undefined) {
      return identityOf({ zone, name, type });
    }
  } catch {
    // told below
  }
  throw new ProviderError(
    'The identifier of an RRset has another form',
    `Got '${text}'. Write the zone, and name and type, with final dots:` +
      importHint('powerdns_record', '{"zone":"lab.internal.","id":"www.lab.internal.:::A"}'),
  );
}
