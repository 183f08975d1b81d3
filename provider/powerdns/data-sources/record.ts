/** `data "powerdns_record"`: an RRset that is managed elsewhere. */
import { computed, defineDataSource, isUnknown, kinds, ProviderError, required } from '../../framework';
import { connected } from '../connection';
import type { Connection } from '../connection';
import { canonicalName, isInZone, problemWithOwnerName } from '../names';

const attributes = {
  id: computed(kinds.string, { description: 'Canonical name and type, `NAME:::TYPE`.' }),
  zone: required(kinds.string, {
    description: 'Zone the RRset is in, fully qualified: `lab.internal.`.',
    validate: problemWithOwnerName,
  }),
  name: required(kinds.string, {
    description: 'Name of the RRset, fully qualified: `www.lab.internal.`.',
    validate: problemWithOwnerName,
  }),
  type: required(kinds.string, { description: 'Record type, for example `A`.' }),
  ttl: computed(kinds.integer, { description: 'Time to live, in seconds.' }),
  records: computed(kinds.set(kinds.string), { description: 'Contents of the records that are served.' }),
  comments: computed(kinds.list(kinds.string), {
    description: 'Texts that PowerDNS keeps beside the RRset, sorted.',
  }),
  disabled: computed(kinds.bool, {
    description: 'Whether every record is disabled; `records` holds them then.',
  }),
};

export const recordDataSource = defineDataSource<typeof attributes, Connection>({
  typeName: 'powerdns_record',
  schema: { description: 'An RRset that is managed elsewhere.', attributes },

  validate({ zone, name }, diagnostics) {
    if (isUnknown(zone) || isUnknown(name) || isInZone(name, zone)) return;
    diagnostics.error('The name is outside the zone', `'${name}' is not '${zone}' nor below it.`, ['name']);
  },

  async read(config, { client, signal }) {
    const zone = canonicalName(config.zone);
    const name = canonicalName(config.name);
    const type = config.type.toUpperCase();
    const found = await connected(client).findZone(zone, { name, type }, signal);
    if (!found) {
      throw new ProviderError(
        `There is no zone '${config.zone}'`,
        'PowerDNS does not know it. Check the name, or create the zone.',
        ['zone'],
      );
    }
    const rrset = found.rrsets.find(({ records }) => records.length > 0);
    if (!rrset) {
      throw new ProviderError(`There is no ${name} ${type}`, `Zone '${zone}' has no such RRset.`, ['name']);
    }
    const served = rrset.records.filter(({ disabled }) => !disabled);
    return {
      ...config,
      id: `${name}:::${type}`,
      ttl: rrset.ttl,
      records: (served.length > 0 ? served : rrset.records).map(({ content }) => content),
      comments: (rrset.comments ?? []).map(({ content }) => content).sort(),
      disabled: served.length === 0,
    };
  },
});
