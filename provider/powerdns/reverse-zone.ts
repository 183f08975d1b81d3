/** `powerdns_reverse_zone`: the zone that holds the PTR records of a network. */
import { computed, defineResource, isUnknown, kinds, ProviderError, required } from '../framework';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { canonicalName } from './names';
import { networkOfZone, problemWithNetwork, reverseNetwork } from './reverse-names';
import { planZone, validateZone, zoneAttributes } from './zone-attributes';
import type { ZoneSettingsState } from './zone-attributes';
import { createZone, deleteZone, findZoneOrThrow, readZone, stateOfZone, updateZone } from './zone-lifecycle';
import type { ZoneIdentity } from './zone-lifecycle';

const TYPE_NAME = 'powerdns_reverse_zone';

const attributes = {
  id: computed(kinds.string, { description: 'Canonical name of the zone.', useStateForUnknown: true }),
  cidr: required(kinds.string, {
    description:
      'The network: IPv4 of /8, /16, /24 to /32 (below /24 as RFC 2317 has it), IPv6 of a multiple of four bits. ' +
      'Changing it replaces the zone.',
    requiresReplace: true,
    validate: problemWithNetwork,
    equivalent: (left, right) =>
      left === right ||
      (problemWithNetwork(left) === undefined &&
        problemWithNetwork(right) === undefined &&
        reverseNetwork(left).cidr === reverseNetwork(right).cidr),
  }),
  name: computed(kinds.string, {
    description: 'Name of the zone, for example `20.10.in-addr.arpa.` or `0/26.2.0.192.in-addr.arpa.`.',
    useStateForUnknown: true,
  }),
  parent_zone: computed(kinds.string, {
    description: 'For a network smaller than /24, the zone that has to hold `parent_cnames`; null otherwise.',
    useStateForUnknown: true,
  }),
  parent_cnames: computed(kinds.map(kinds.string), {
    description:
      'For a network smaller than /24 (RFC 2317), the CNAME records the parent has to hold: target by name, one for ' +
      'each address. Empty otherwise. The parent also delegates `name` to the name servers of this zone.',
    useStateForUnknown: true,
  }),
  ...zoneAttributes(kinds.list),
};
type Attributes = typeof attributes;

const identityOf = (cidr: string): ZoneIdentity => ({
  name: reverseNetwork(cidr).zone,
  typeName: TYPE_NAME,
  attribute: 'cidr',
});

/** What follows from the network alone. */
function namesOf(cidr: string) {
  const { zone, parentZone, parentCnames } = reverseNetwork(cidr);
  return { id: zone, name: zone, parent_zone: parentZone, parent_cnames: { ...parentCnames } };
}

export const reverseZoneResource = defineResource<Attributes, Connection>({
  typeName: TYPE_NAME,
  schema: {
    description:
      'The reverse zone of a network. Its name follows from the network; everything else is as in `powerdns_zone`. ' +
      'Deleting it deletes everything in it.',
    attributes,
  },
  validate: validateZone,

  modifyPlan({ config, prior, planned }) {
    if (!isUnknown(planned.cidr)) Object.assign(planned, namesOf(planned.cidr));
    planZone(config, prior, planned);
  },

  async create(plan, context) {
    const { cidr } = plan;
    const keep = (state: ZoneSettingsState) => context.keepState({ cidr, ...namesOf(cidr), ...state });
    return { cidr, ...namesOf(cidr), ...(await createZone(identityOf(cidr), plan, context, keep)) };
  },

  async read(state, { client, signal }) {
    if (!client) return state;
    const { cidr } = state;
    const found = await readZone(reverseNetwork(cidr).zone, state, client, signal);
    return found && { cidr, ...namesOf(cidr), ...found };
  },

  async update(plan, prior, context) {
    const { cidr } = plan;
    return { cidr, ...namesOf(cidr), ...(await updateZone(identityOf(cidr), plan, prior, context)) };
  },

  delete: (state, context) => deleteZone(reverseNetwork(state.cidr).zone, context),

  async importState(id, { client, signal }) {
    const cidr = cidrOfImportId(id);
    const { zone } = reverseNetwork(cidr);
    const api = connected(client);
    const found = await findZoneOrThrow(api, zone, signal);
    return { cidr, ...namesOf(cidr), ...(await stateOfZone(api, found, signal)) };
  },
});

/** Takes the name of the zone, as mmianl/powerdns does, or the network. */
function cidrOfImportId(id: string): string {
  if (problemWithNetwork(id) === undefined) return reverseNetwork(id).cidr;
  try {
    const network = networkOfZone(canonicalName(id.endsWith('.') ? id : `${id}.`));
    if (network) return network.cidr;
  } catch {
    // told below
  }
  throw new ProviderError(
    'This is no reverse zone',
    `'${id}' is not the name of one. Write the name of the zone, or its network:` +
      importHint(TYPE_NAME, '20.10.in-addr.arpa.'),
  );
}
