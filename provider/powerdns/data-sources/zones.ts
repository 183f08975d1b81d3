/** `data "powerdns_zones"`: the zones of the server. */
import { computed, defineDataSource, kinds, optional } from '../../framework';
import { connected } from '../connection';
import type { Connection } from '../connection';
import { kindOf } from '../zone-attributes';

const attributes = {
  id: computed(kinds.string, { description: 'Always `zones`.' }),
  name: optional(kinds.string, {
    description:
      'Only zones of this name; `*` stands for any characters: `*.in-addr.arpa.`. Upper and lower case are one.',
  }),
  kind: optional(kinds.string, {
    description: 'Only zones of this kind: `Native`, `Master`, `Slave`, `Producer` or `Consumer`.',
    validate: (kind) =>
      kindOf(kind)
        ? undefined
        : `'${kind}' is no kind of zone; use Native, Master, Slave, Producer or Consumer`,
  }),
  account: optional(kinds.string, {
    description: 'Only zones of this account; an empty text for those of none.',
  }),
  names: computed(kinds.list(kinds.string), { description: 'Names of the zones found, sorted.' }),
  zones: computed(
    kinds.list(
      kinds.object({ name: kinds.string, kind: kinds.string, account: kinds.string, dnssec: kinds.bool }),
    ),
    {
      description: 'The zones found, sorted by name: `name`, `kind`, `account`, and whether `dnssec` is on.',
    },
  ),
};

interface AnsweredZone {
  readonly name: string;
  readonly kind: string;
  readonly account: string;
  readonly dnssec: boolean;
}

/** A test for a name with `*` in it. */
function pattern(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}

export const zonesDataSource = defineDataSource<typeof attributes, Connection>({
  typeName: 'powerdns_zones',
  schema: { description: 'The zones of the server, all of them or those that fit.', attributes },
  async read({ name, kind, account }, { client, signal }) {
    const all = (await connected(client).request<AnsweredZone[]>('GET', '/zones', signal)) ?? [];
    const fitting = name === null ? undefined : pattern(name);
    const zones = all
      .filter(
        (zone) =>
          (fitting?.test(zone.name) ?? true) &&
          (kind === null || zone.kind === kindOf(kind)) &&
          (account === null || zone.account === account),
      )
      .map((zone) => ({
        name: zone.name.toLowerCase(),
        kind: zone.kind,
        account: zone.account,
        dnssec: zone.dnssec,
      }))
      .sort((left, right) => (left.name < right.name ? -1 : 1));
    return { id: 'zones', name, kind, account, names: zones.map((zone) => zone.name), zones };
  },
});
