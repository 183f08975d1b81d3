/** `powerdns_zone_metadata`: the values of one kind of metadata of a zone. */
import { computed, defineResource, isUnknown, kinds, ProviderError, required } from '../framework';
import type { KnownPlanOf, StateOf } from '../framework';
import { ApiError, RequestError, zonePath } from './client';
import type { PowerDnsClient } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { canonicalName, problemWithOwnerName, sameName } from './names';

const TYPE_NAME = 'powerdns_zone_metadata';
const EXAMPLE_ID = 'lab.internal.:::ALSO-NOTIFY';

/** Kinds the endpoint refuses, with the attribute of `powerdns_zone` that sets them. */
const ZONE_ATTRIBUTES: Readonly<Record<string, string>> = {
  'API-RECTIFY': 'api_rectify',
  'AXFR-MASTER-TSIG': 'slave_tsig_key_ids',
  NSEC3NARROW: 'nsec3narrow',
  NSEC3PARAM: 'nsec3param',
  'SOA-EDIT-API': 'soa_edit_api',
  'TSIG-ALLOW-AXFR': 'master_tsig_key_ids',
};
/** Kinds the endpoint refuses and the API has no other way to set. */
const REFUSED = ['LUA-AXFR-SCRIPT', 'PRESIGNED'];

function problemWithKind(kind: string): string | undefined {
  const upper = kind.toUpperCase();
  const attribute = ZONE_ATTRIBUTES[upper];
  if (attribute !== undefined) {
    return `PowerDNS does not take ${upper} as metadata; set '${attribute}' of the powerdns_zone`;
  }
  if (REFUSED.includes(upper)) {
    return `PowerDNS does not take ${upper} through its API; set it with pdnsutil on the server`;
  }
  if (/^[A-Z0-9-]+$/.test(kind)) return undefined;
  return `'${kind}' is no kind of metadata; write it in capital letters, for example 'ALSO-NOTIFY', or 'X-…' for your own`;
}

const attributes = {
  id: computed(kinds.string, {
    description: 'Canonical zone and kind, `ZONE:::KIND`.',
    useStateForUnknown: true,
  }),
  zone: required(kinds.string, {
    description: 'Zone, fully qualified: `lab.internal.`. Changing it replaces the metadata.',
    requiresReplace: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  kind: required(kinds.string, {
    description:
      'Kind of metadata, for example `ALSO-NOTIFY` or `ALLOW-AXFR-FROM`; `X-…` for your own. Changing it replaces the ' +
      'metadata. Kinds that are settings of the zone are attributes of `powerdns_zone` instead.',
    requiresReplace: true,
    validate: problemWithKind,
  }),
  metadata: required(kinds.set(kinds.string), {
    description: 'The values, changed in place.',
    validate: (values) =>
      values.length === 0 ? 'metadata has at least one value; take out the resource for none' : undefined,
  }),
};
type Attributes = typeof attributes;

interface Identity {
  readonly zone: string;
  readonly kind: string;
}
const idOf = ({ zone, kind }: Identity) => `${canonicalName(zone)}:::${kind}`;
const pathOf = ({ zone, kind }: Identity) => `${zonePath(canonicalName(zone))}/metadata/${kind}`;

/** Null when there are none, or no such zone. */
async function find(
  client: PowerDnsClient,
  identity: Identity,
  signal: AbortSignal,
): Promise<StateOf<Attributes> | null> {
  const found = await client
    .request<{ metadata?: string[] }>('GET', pathOf(identity), signal)
    .catch(pointAtAttribute);
  if (!found?.metadata?.length) return null;
  return {
    id: idOf(identity),
    zone: canonicalName(identity.zone),
    kind: identity.kind,
    metadata: found.metadata,
  };
}

async function write(
  client: PowerDnsClient,
  plan: KnownPlanOf<Attributes>,
  signal: AbortSignal,
): Promise<StateOf<Attributes>> {
  const { zone, kind, metadata } = plan;
  const done = await client.request('PUT', pathOf(plan), signal, { kind, metadata }).catch(pointAtAttribute);
  if (done) return { ...plan, id: idOf(plan) };
  throw new ProviderError(
    `There is no zone '${zone}'`,
    'PowerDNS does not know it. Create it first, or check the name.',
    ['zone'],
  );
}

/** @throws ProviderError that points at the attribute the server refused */
function pointAtAttribute(error: unknown): never {
  if (!(error instanceof ApiError && error.status === 422)) throw error;
  const attribute = /kind/i.test(error.reason) ? 'kind' : 'metadata';
  throw new ProviderError('PowerDNS refused the metadata', error.detail, [attribute]);
}

export const zoneMetadataResource = defineResource<Attributes, Connection>({
  typeName: TYPE_NAME,
  schema: {
    description: 'The values of one kind of metadata of a zone. All of them belong to the resource.',
    attributes,
  },

  modifyPlan({ planned }) {
    const { zone, kind } = planned;
    if (!isUnknown(zone) && !isUnknown(kind)) planned.id = idOf({ zone, kind });
  },

  async create(plan, { client, signal, keepState }) {
    const api = connected(client);
    return api.change(async () => {
      const existing = await find(api, plan, signal);
      if (existing) {
        throw new ProviderError(
          `Metadata ${plan.kind} of '${canonicalName(plan.zone)}' exists already`,
          `It holds ${existing.metadata.map((value) => `'${value}'`).join(', ')} and was not touched. To manage it from ` +
            'here, bring it into the state, under the name this resource has in your configuration:' +
            importHint(TYPE_NAME, idOf(plan)),
          ['kind'],
        );
      }
      try {
        return await write(api, plan, signal);
      } catch (error) {
        // What may have been created is remembered, or nobody would know later whose it is.
        if (error instanceof RequestError && error.mayBeDone) keepState({ ...plan, id: idOf(plan) });
        throw error;
      }
    });
  },

  read: async (state, { client, signal }) => (client ? find(client, state, signal) : state),

  update(plan, _prior, { client, signal }) {
    const api = connected(client);
    return api.change(() => write(api, plan, signal));
  },

  async delete(state, { client, signal }) {
    const api = connected(client);
    await api.change(() => api.request('DELETE', pathOf(state), signal));
  },

  async importState(id, { client, signal }) {
    const [zone = '', kind = ''] = id.split(':::');
    if (problemWithOwnerName(zone) !== undefined || problemWithKind(kind) !== undefined) {
      throw new ProviderError(
        'The identifier of metadata has another form',
        `Got '${id}'. Write the zone with its final dot, and the kind:${importHint(TYPE_NAME, EXAMPLE_ID)}`,
      );
    }
    const found = await find(connected(client), { zone, kind }, signal);
    if (found) return found;
    throw new ProviderError(
      `There is no metadata ${kind} of '${zone}'`,
      `The zone does not exist or has none of this kind. Check the identifier ${id}.`,
    );
  },
});
