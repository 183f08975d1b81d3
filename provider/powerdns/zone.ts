/** `powerdns_zone`: a zone with its settings and, where they are given, the name servers of its apex. */
import { computed, defineResource, isUnknown, kinds, ProviderError, required } from '../framework';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { canonicalName, problemWithOwnerName, sameName } from './names';
import { planZone, validateZone, zoneAttributes } from './zone-attributes';
import type { ZoneSettingsState } from './zone-attributes';
import { createZone, deleteZone, findZoneOrThrow, readZone, stateOfZone, updateZone } from './zone-lifecycle';
import type { ZoneIdentity } from './zone-lifecycle';

const attributes = {
  id: computed(kinds.string, { description: 'Canonical name of the zone.', useStateForUnknown: true }),
  name: required(kinds.string, {
    description: 'Name of the zone, fully qualified: `lab.internal.`. Changing it replaces the zone.',
    requiresReplace: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  ...zoneAttributes(kinds.set),
};
type Attributes = typeof attributes;

const identityOf = (name: string): ZoneIdentity => ({
  name: canonicalName(name),
  typeName: 'powerdns_zone',
  attribute: 'name',
});

export const zoneResource = defineResource<Attributes, Connection>({
  typeName: 'powerdns_zone',
  schema: {
    description:
      'A DNS zone. Every setting but its name is changed in place. Deleting it deletes everything in it.',
    attributes,
  },

  validate(config, diagnostics) {
    validateZone(config, diagnostics);
    const { name, catalog } = config;
    if (typeof catalog === 'string' && !isUnknown(name) && sameName(name, catalog)) {
      diagnostics.error('A catalog zone is no member of itself', `Both are '${catalog}'.`, ['catalog']);
    }
  },

  modifyPlan({ config, prior, planned }) {
    if (!isUnknown(planned.name)) planned.id = canonicalName(planned.name);
    planZone(config, prior, planned);
  },

  async create(plan, context) {
    const names = { id: canonicalName(plan.name), name: plan.name };
    const keep = (state: ZoneSettingsState) => context.keepState({ ...names, ...state });
    return { ...names, ...(await createZone(identityOf(plan.name), plan, context, keep)) };
  },

  async read(state, { client, signal }) {
    if (!client) return state;
    const name = canonicalName(state.name);
    const found = await readZone(name, state, client, signal);
    return found && { id: name, name, ...found };
  },

  async update(plan, prior, context) {
    const names = { id: canonicalName(plan.name), name: plan.name };
    return { ...names, ...(await updateZone(identityOf(plan.name), plan, prior, context)) };
  },

  delete: (state, context) => deleteZone(canonicalName(state.name), context),

  async importState(id, { client, signal }) {
    const name = id.endsWith('.') ? id : `${id}.`;
    const problem = problemWithOwnerName(name);
    if (problem) {
      throw new ProviderError(
        'This is no name of a zone',
        `${problem}. Example:${importHint('powerdns_zone', 'lab.internal.')}`,
      );
    }
    const api = connected(client);
    const found = await findZoneOrThrow(api, canonicalName(name), signal);
    return { id: canonicalName(name), name: canonicalName(name), ...(await stateOfZone(api, found, signal)) };
  },
});
