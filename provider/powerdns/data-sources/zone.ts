/** `data "powerdns_zone"`: a zone that is managed elsewhere. */
import { computed, defineDataSource, kinds, ProviderError, required } from '../../framework';
import { zonePath } from '../client';
import { connected } from '../connection';
import type { Connection } from '../connection';
import { canonicalName, problemWithOwnerName } from '../names';
import { stateOfZone } from '../zone-lifecycle';
import type { ZoneDocument } from '../zone-lifecycle';

const attributes = {
  id: computed(kinds.string, { description: 'Canonical name of the zone.' }),
  name: required(kinds.string, {
    description: 'Name of the zone, fully qualified: `lab.internal.`.',
    validate: problemWithOwnerName,
  }),
  kind: computed(kinds.string, { description: '`Native`, `Master`, `Slave`, `Producer` or `Consumer`.' }),
  account: computed(kinds.string, { description: 'Who owns the zone; empty for nobody.' }),
  catalog: computed(kinds.string, { description: 'Catalog zone it is a member of; empty for none.' }),
  nameservers: computed(kinds.set(kinds.string), {
    description: 'Name servers: the NS records of its apex.',
  }),
  masters: computed(kinds.set(kinds.string), { description: 'Addresses it is transferred from.' }),
  soa_edit_api: computed(kinds.string, { description: 'How a change through the API raises the serial.' }),
  soa_edit: computed(kinds.string, {
    description:
      'How the serial is raised when a signed zone is answered; empty for the default of the server.',
  }),
  dnssec: computed(kinds.bool, { description: 'Whether the zone is signed.' }),
  nsec3param: computed(kinds.string, { description: 'Parameters of NSEC3; empty for NSEC.' }),
  nsec3narrow: computed(kinds.bool, { description: 'Whether denials are made up when they are asked for.' }),
  api_rectify: computed(kinds.bool, {
    description: 'Whether a change through the API also puts the order of a signed zone right.',
  }),
  master_tsig_key_ids: computed(kinds.set(kinds.string), {
    description: 'Names of the TSIG keys with which secondaries may transfer the zone.',
  }),
  slave_tsig_key_ids: computed(kinds.set(kinds.string), {
    description: 'Name of the TSIG key with which the zone is transferred from its masters.',
  }),
  ds_records: computed(kinds.list(kinds.string), {
    description: 'Contents of the DS records that the parent zone has to hold; empty when it is not signed.',
  }),
  records: computed(
    kinds.list(
      kinds.object({
        name: kinds.string,
        type: kinds.string,
        ttl: kinds.integer,
        content: kinds.string,
        disabled: kinds.bool,
      }),
    ),
    {
      description:
        'Every record of the zone, by name and type: `name`, `type`, `ttl`, `content`, `disabled`. All of them end up in ' +
        'the state; for one RRset see `powerdns_record`.',
    },
  ),
  serial: computed(kinds.integer, { description: 'Serial of the SOA record as it is stored.' }),
};

/** In an order of their own, for the server has none. */
function recordsOf({ rrsets }: ZoneDocument) {
  const records = rrsets.flatMap(({ name, type, ttl, records: contents }) =>
    contents.map(({ content, disabled }) => ({ name, type, ttl, content, disabled })),
  );
  const key = ({ name, type, content }: (typeof records)[number]) => `${name} ${type} ${content}`;
  return records.sort((left, right) => (key(left) < key(right) ? -1 : 1));
}

export const zoneDataSource = defineDataSource<typeof attributes, Connection>({
  typeName: 'powerdns_zone',
  schema: { description: 'A zone that is managed elsewhere: its settings and records.', attributes },
  async read(config, { client, signal }) {
    const api = connected(client);
    const name = canonicalName(config.name);
    const found = await api.request<ZoneDocument>('GET', zonePath(name), signal);
    if (!found) {
      throw new ProviderError(
        `There is no zone '${config.name}'`,
        'PowerDNS does not know it. Check the name, or create the zone.',
        ['name'],
      );
    }
    const state = await stateOfZone(api, found, signal);
    return {
      ...state,
      id: name,
      name: config.name,
      account: state.account ?? '',
      catalog: state.catalog ?? '',
      masters: state.masters ?? [],
      master_tsig_key_ids: state.master_tsig_key_ids ?? [],
      slave_tsig_key_ids: state.slave_tsig_key_ids ?? [],
      records: recordsOf(found),
      serial: found.serial ?? 0,
    };
  },
});
