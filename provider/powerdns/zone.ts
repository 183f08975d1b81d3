/** `powerdns_zone`: a zone with its settings and, where they are given, the name servers of its apex. */
import { isIP } from 'node:net';
import {
  computed,
  defineResource,
  isUnknown,
  kinds,
  optional,
  optionalComputed,
  ProviderError,
  required,
} from '../framework';
import type { ConfigOf, Diagnostics, KnownPlanOf, StateOf } from '../framework';
import { ApiError } from './client';
import type { PowerDnsClient, Zone, ZoneSettings } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { ipv6 } from './contents';
import { canonicalName, problemWithOwnerName, sameName } from './names';
import { problemWithTargetNames } from './validation';

/** What the API calls each kind. It takes any other word for `Native`. */
const KINDS: Readonly<Record<string, string>> = {
  native: 'Native',
  master: 'Master',
  primary: 'Master',
  slave: 'Slave',
  secondary: 'Slave',
  producer: 'Producer',
  consumer: 'Consumer',
};
/** Kinds whose content comes from another server. */
const TRANSFERRED = ['Slave', 'Consumer'];
const SOA_EDIT_API = ['DEFAULT', 'INCREASE', 'EPOCH', 'SOA-EDIT', 'SOA-EDIT-INCREASE', 'OFF', ''];
/** The server's default (`default-ttl`), for an NS RRset it does not have yet. */
const NAMESERVER_TTL = 3600;

const kindOf = (kind: string) => KINDS[kind.toLowerCase()];

/** Address and port the way the server answers with them: port 53 is left out. */
function canonicalMaster(master: string): string | undefined {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(master) ?? [];
  const address = isIP(master) ? master : (bracketed ?? plain ?? '');
  if (isIP(address) === 0 || Number(port) > 65_535) return undefined;
  const canonical = isIP(address) === 6 ? ipv6(address) : address;
  if (port === undefined || Number(port) === 53) return canonical;
  return isIP(address) === 6 ? `[${canonical}]:${Number(port)}` : `${canonical}:${Number(port)}`;
}

function sameSet(
  left: readonly string[],
  right: readonly string[],
  canonical: (value: string) => string | undefined,
) {
  const key = (values: readonly string[]) =>
    [...new Set(values.map((value) => canonical(value) ?? value))].sort().join('\n');
  return key(left) === key(right);
}

const attributes = {
  id: computed(kinds.string, { description: 'Canonical name of the zone.', useStateForUnknown: true }),
  name: required(kinds.string, {
    description: 'Name of the zone, fully qualified: `lab.internal.`. Changing it replaces the zone.',
    requiresReplace: true,
    validate: problemWithOwnerName,
    equivalent: sameName,
  }),
  kind: required(kinds.string, {
    description: '`Native`, `Master` (or `Primary`), `Slave` (or `Secondary`), `Producer` or `Consumer`.',
    validate: (kind) =>
      kindOf(kind)
        ? undefined
        : `'${kind}' is no kind of zone; use Native, Master, Slave, Producer or Consumer`,
    equivalent: (left, right) => kindOf(left) === kindOf(right),
  }),
  account: optional(kinds.string, { description: 'Who owns the zone; a free text of PowerDNS.' }),
  nameservers: optionalComputed(kinds.set(kinds.string), {
    description:
      'Name servers of the zone, fully qualified: the NS records of its apex, changed in place. Without it they are ' +
      'left as they are.',
    useStateForUnknown: true,
    validate: problemWithTargetNames,
    equivalent: (left, right) => sameSet(left, right, canonicalName),
  }),
  masters: optional(kinds.set(kinds.string), {
    description:
      'Addresses to transfer the zone from, `192.0.2.1` or `[2001:db8::1]:5300`; kinds `Slave` and `Consumer` only.',
    validate: (masters) => {
      const bad = masters.find((master) => canonicalMaster(master) === undefined);
      return bad === undefined
        ? undefined
        : `'${bad}' is no address; write '192.0.2.1', '192.0.2.1:5300' or '[2001:db8::1]:5300'`;
    },
    equivalent: (left, right) => sameSet(left, right, canonicalMaster),
  }),
  soa_edit_api: optionalComputed(kinds.string, {
    description:
      'How a change through the API raises the serial: `DEFAULT`, `INCREASE`, `EPOCH`, `SOA-EDIT`, ' +
      '`SOA-EDIT-INCREASE`, `OFF`, or empty for not at all. Without it the value of the server is kept (a new zone has ' +
      '`DEFAULT`).',
    useStateForUnknown: true,
    validate: (value) =>
      SOA_EDIT_API.includes(value)
        ? undefined
        : `'${value}' is not known; use ${SOA_EDIT_API.filter(Boolean).join(', ')}, or an empty text for no change of the serial`,
  }),
};
type Attributes = typeof attributes;

/** What only several attributes together tell. */
function validate(config: ConfigOf<Attributes>, diagnostics: Diagnostics): void {
  if (isUnknown(config.kind)) return;
  const kind = kindOf(config.kind) ?? '';
  const transferred = TRANSFERRED.includes(kind);
  if (config.masters !== null && !transferred) {
    diagnostics.error(
      'A zone of this kind has no masters',
      `Kind is ${kind}; take out masters, or use Slave.`,
      ['masters'],
    );
  }
  if (config.nameservers !== null && transferred) {
    diagnostics.error(
      'The name servers of a transferred zone come from its masters',
      `Kind is ${kind}; take out nameservers, or use Native or Master.`,
      ['nameservers'],
    );
  }
}

const nameserversOf = ({ rrsets }: Zone, zone: string) =>
  rrsets
    .filter(({ name, type }) => type === 'NS' && sameName(name, zone))
    .flatMap(({ records }) => records.filter(({ disabled }) => !disabled).map(({ content }) => content));

function stateOf(zone: Zone): StateOf<Attributes> {
  return {
    id: canonicalName(zone.name),
    name: zone.name,
    kind: zone.kind,
    account: zone.account || null,
    nameservers: nameserversOf(zone, zone.name),
    masters: zone.masters.length > 0 ? [...zone.masters] : null,
    soa_edit_api: zone.soa_edit_api,
  };
}

/** What was planned, with what the server decided where the plan left it open: Terraform takes nothing else. */
function resultOf(plan: KnownPlanOf<Attributes>, zone: Zone): StateOf<Attributes> {
  const found = stateOf(zone);
  return {
    ...plan,
    id: found.id,
    nameservers: isUnknown(plan.nameservers) ? found.nameservers : plan.nameservers,
    soa_edit_api: isUnknown(plan.soa_edit_api) ? found.soa_edit_api : plan.soa_edit_api,
  };
}

function settingsOf(plan: KnownPlanOf<Attributes>): Partial<ZoneSettings> {
  return {
    kind: kindOf(plan.kind),
    account: plan.account ?? '',
    masters: (plan.masters ?? []).map((master) => canonicalMaster(master) ?? master),
    ...(isUnknown(plan.soa_edit_api) || plan.soa_edit_api === null
      ? {}
      : { soa_edit_api: plan.soa_edit_api }),
  };
}

async function findOrThrow(client: PowerDnsClient, zone: string, signal: AbortSignal): Promise<Zone> {
  const found = await client.findZone(zone, { name: zone, type: 'NS' }, signal);
  if (found) return found;
  throw new ProviderError(
    `There is no zone '${zone}'`,
    'PowerDNS does not know it. Check the name, or create the zone.',
  );
}

function existsAlready(zone: string): ProviderError {
  return new ProviderError(
    `Zone '${zone}' exists already`,
    'It was not touched. To manage it from here, bring it into the state, under the name this resource has in your ' +
      `configuration:${importHint('powerdns_zone', zone)}`,
    ['name'],
  );
}

export const zoneResource = defineResource<Attributes, Connection>({
  typeName: 'powerdns_zone',
  schema: { description: 'A DNS zone. Deleting it deletes everything in it.', attributes },
  validate,

  modifyPlan({ planned }) {
    if (!isUnknown(planned.name)) planned.id = canonicalName(planned.name);
  },

  async create(plan, { client, signal }) {
    const name = canonicalName(plan.name);
    const api = connected(client);
    const nameservers = isUnknown(plan.nameservers) ? [] : (plan.nameservers ?? []).map(canonicalName);
    return api.change(async () => {
      // Looked for first: "exists" in answer to a creation that was tried twice may mean our own first try.
      if (await api.findZone(name, { name, type: 'NS' }, signal)) throw existsAlready(name);
      try {
        return resultOf(plan, await api.createZone({ name, ...settingsOf(plan), nameservers }, signal));
      } catch (error) {
        throw error instanceof ApiError && error.status === 409 ? existsAlready(name) : error;
      }
    });
  },

  async read(state, { client, signal }) {
    if (!client) return state;
    const name = canonicalName(state.name);
    const found = await client.findZone(name, { name, type: 'NS' }, signal);
    if (!found) return null;
    const current = stateOf(found);
    return {
      ...current,
      // Empty and not set are the same to the server.
      account: current.account ?? (state.account === '' ? '' : null),
      masters: current.masters ?? (state.masters?.length === 0 ? [] : null),
    };
  },

  async update(plan, prior, { client, signal }) {
    const name = canonicalName(plan.name);
    const api = connected(client);
    return api.change(async () => {
      await api.updateZone(name, settingsOf(plan), signal);
      const { nameservers } = plan;
      const before = await findOrThrow(api, name, signal);
      if (
        !isUnknown(nameservers) &&
        nameservers &&
        !sameSet(nameservers, prior.nameservers ?? [], canonicalName)
      ) {
        const content = nameservers.map(canonicalName);
        await api.changeRRsets(
          name,
          [
            content.length === 0
              ? { changetype: 'DELETE', name, type: 'NS' }
              : {
                  changetype: 'REPLACE',
                  name,
                  type: 'NS',
                  ttl: before.rrsets[0]?.ttl ?? NAMESERVER_TTL,
                  records: content.map((target) => ({ content: target, disabled: false })),
                },
          ],
          signal,
        );
      }
      return resultOf(plan, before);
    });
  },

  async delete(state, { client, signal }) {
    const name = canonicalName(state.name);
    const api = connected(client);
    await api.change(() => api.deleteZone(name, signal));
  },

  async importState(id, { client, signal }) {
    const problem = problemWithOwnerName(id.endsWith('.') ? id : `${id}.`);
    if (problem)
      throw new ProviderError(
        'This is no name of a zone',
        `${problem}. Example:${importHint('powerdns_zone', 'lab.internal.')}`,
      );
    return stateOf(
      await findOrThrow(connected(client), canonicalName(id.endsWith('.') ? id : `${id}.`), signal),
    );
  },
});
