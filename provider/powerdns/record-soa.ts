/** `powerdns_record_soa`: the SOA record every zone has. It is taken over, changed in place, and left when deleted. */
import { computed, defineResource, isUnknown, kinds, ProviderError, required } from '../framework';
import type { ConfigOf, Diagnostics, KnownPlanOf, StateOf } from '../framework';
import { ApiError } from './client';
import type { PowerDnsClient } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { canonicalName, problemWithOwnerName, problemWithTargetName, sameName } from './names';
import { problemWithSeconds } from './validation';

const seconds = (description: string) =>
  required(kinds.integer, { description: `${description}, in seconds.`, validate: problemWithSeconds });

const attributes = {
  id: computed(kinds.string, {
    description: 'Canonical name and type, `NAME:::SOA`.',
    useStateForUnknown: true,
  }),
  zone: required(kinds.string, {
    description:
      'Zone the record belongs to, fully qualified: `lab.internal.`. Changing it replaces the resource.',
    requiresReplace: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  name: required(kinds.string, {
    description: 'Name of the record: the same as `zone`. Changing it replaces the resource.',
    requiresReplace: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  ttl: seconds('Time to live'),
  mname: required(kinds.string, {
    description: 'Primary name server, fully qualified: `ns1.lab.internal.`.',
    validate: problemWithTargetName,
    equivalent: sameName,
  }),
  rname: required(kinds.string, {
    description: 'Mail address of the person in charge in the form of a name: `hostmaster.lab.internal.`.',
    validate: problemWithTargetName,
    equivalent: sameName,
  }),
  refresh: seconds('How often a secondary looks for changes'),
  retry: seconds('How long a secondary waits after a failed look'),
  expire: seconds('When a secondary that reaches no primary stops to answer'),
  minimum: seconds('How long resolvers remember that a name does not exist (RFC 2308)'),
};
type Attributes = typeof attributes;

function validate({ zone, name }: ConfigOf<Attributes>, diagnostics: Diagnostics): void {
  if (isUnknown(zone) || isUnknown(name) || sameName(zone, name)) return;
  diagnostics.error('The SOA record has the name of its zone', `'${name}' is not '${zone}'.`, ['name']);
}

interface FoundSoa {
  readonly state: StateOf<Attributes>;
  readonly serial: string;
}

async function find(
  client: PowerDnsClient,
  zone: string,
  signal: AbortSignal,
): Promise<FoundSoa | undefined> {
  const rrset = (await client.findZone(zone, { name: zone, type: 'SOA' }, signal))?.rrsets[0];
  const content = rrset?.records[0]?.content;
  if (!rrset || content === undefined) return undefined;
  const [mname = '', rname = '', serial = '0', ...times] = content.split(/\s+/);
  const [refresh = 0, retry = 0, expire = 0, minimum = 0] = times.map(Number);
  const state = {
    id: `${zone}:::SOA`,
    zone,
    name: zone,
    ttl: rrset.ttl,
    mname,
    rname,
    refresh,
    retry,
    expire,
    minimum,
  };
  return { state, serial };
}

/** Writes the record with the serial it has; the server raises it as `soa_edit_api` of the zone says. */
async function write(
  client: PowerDnsClient,
  plan: KnownPlanOf<Attributes>,
  signal: AbortSignal,
): Promise<StateOf<Attributes>> {
  const zone = canonicalName(plan.zone);
  return client.change(async () => {
    const found = await find(client, zone, signal);
    const content = [
      canonicalName(plan.mname),
      canonicalName(plan.rname),
      found?.serial ?? '0',
      plan.refresh,
      plan.retry,
      plan.expire,
      plan.minimum,
    ].join(' ');
    const records = [{ content, disabled: false }];
    try {
      await client.changeRRsets(
        zone,
        [{ changetype: 'REPLACE', name: zone, type: 'SOA', ttl: plan.ttl, records }],
        signal,
      );
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
      throw new ProviderError(`There is no zone '${zone}'`, error.detail, ['zone']);
    }
    return { ...plan, id: `${zone}:::SOA` };
  });
}

export const soaResource = defineResource<Attributes, Connection>({
  typeName: 'powerdns_record_soa',
  schema: {
    description:
      'The SOA record of a zone. PowerDNS makes one with each zone; this resource takes it over. Deleting the ' +
      'resource leaves the record, for there is no zone without.',
    attributes,
  },
  validate,

  modifyPlan({ planned }) {
    if (!isUnknown(planned.zone)) planned.id = `${canonicalName(planned.zone)}:::SOA`;
  },

  create: (plan, { client, signal }) => write(connected(client), plan, signal),

  async read(state, { client, signal }) {
    if (!client) return state;
    return (await find(client, canonicalName(state.zone), signal))?.state ?? null;
  },

  update: (plan, _prior, { client, signal }) => write(connected(client), plan, signal),

  // A zone without SOA answers nothing: the record goes with the zone.
  delete: async () => undefined,

  async importState(id, { client, signal }) {
    const zone = canonicalName(zoneOfImportId(id));
    const found = await find(connected(client), zone, signal);
    if (found) return found.state;
    throw new ProviderError(
      `There is no zone '${zone}'`,
      `PowerDNS does not know it. Check the identifier ${id}.`,
    );
  },
});

/** Reads `{"zone": "lab.internal.", "id": "lab.internal.:::SOA"}`, the form of mmianl/powerdns, or the zone alone. */
function zoneOfImportId(text: string): string {
  if (problemWithOwnerName(text) === undefined) return text;
  try {
    const { zone } = JSON.parse(text) as { zone: string };
    if (problemWithOwnerName(zone) === undefined) return zone;
  } catch {
    // told below
  }
  throw new ProviderError(
    'The identifier of an SOA record has another form',
    `Got '${text}'. Write the name of the zone with its final dot:${importHint('powerdns_record_soa', 'lab.internal.')}`,
  );
}
