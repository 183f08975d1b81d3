/** Makes, reads and changes a zone of any kind. */
import { isUnknown, ProviderError } from '../framework';
import type { Context, KnownPlanOf } from '../framework';
import { ApiError, RequestError } from './client';
import type { PowerDnsClient, Zone, ZoneSettings } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { fetchKeys, tsigKeyPath } from './keys';
import { canonicalKeyName, canonicalName, sameName } from './names';
import { canonicalMaster, canonicalNsec3, kindOf, sameSet } from './zone-attributes';
import type { ZoneAttributes, ZoneSettingsState } from './zone-attributes';

/** The server's default (`default-ttl`), for an NS RRset it does not have yet. */
const NAMESERVER_TTL = 3600;

export type ZonePlan = KnownPlanOf<ZoneAttributes>;

/** Every setting of a zone, as the API has it. */
export interface ZoneDocument extends Zone {
  readonly catalog?: string;
  readonly soa_edit?: string;
  readonly dnssec?: boolean;
  readonly nsec3param?: string;
  readonly nsec3narrow?: boolean;
  readonly api_rectify?: boolean;
  readonly master_tsig_key_ids?: readonly string[];
  readonly slave_tsig_key_ids?: readonly string[];
  readonly serial?: number;
}

/** What identifies a zone to its user: the resource it is, the attribute its name comes from. */
export interface ZoneIdentity {
  /** Canonical. */
  readonly name: string;
  readonly typeName: string;
  readonly attribute: string;
}

type Setting = Exclude<keyof ZoneAttributes, 'nameservers' | 'ds_records'>;
type SettingValue = string | boolean | readonly string[];

/** The settings the API takes, each in the spelling it answers with. */
function documentOf(plan: ZonePlan): Partial<Record<Setting, SettingValue>> {
  const known = <T>(value: T) => (isUnknown(value) || value === null ? undefined : (value as SettingValue));
  const nsec3 = known(plan.nsec3param);
  const document = {
    kind: kindOf(plan.kind) ?? plan.kind,
    account: plan.account ?? '',
    catalog: plan.catalog ? canonicalName(plan.catalog) : '',
    masters: (plan.masters ?? []).map((master) => canonicalMaster(master) ?? master),
    master_tsig_key_ids: (plan.master_tsig_key_ids ?? []).map(canonicalKeyName),
    slave_tsig_key_ids: (plan.slave_tsig_key_ids ?? []).map(canonicalKeyName),
    soa_edit_api: known(plan.soa_edit_api),
    soa_edit: known(plan.soa_edit),
    dnssec: known(plan.dnssec),
    nsec3param: typeof nsec3 === 'string' ? (canonicalNsec3(nsec3) ?? nsec3) : undefined,
    nsec3narrow: known(plan.nsec3narrow),
    api_rectify: known(plan.api_rectify),
  };
  return Object.fromEntries(Object.entries(document).filter(([, value]) => value !== undefined));
}

const sameSetting = (left: SettingValue | undefined, right: SettingValue | undefined) =>
  Array.isArray(left) && Array.isArray(right)
    ? sameSet(left as string[], right as string[], (value) => value)
    : left === right;

/** What has to be sent to come from one to the other; nothing else, for it may have changed meanwhile. */
function changesBetween(prior: ZoneSettingsState, plan: ZonePlan): Partial<Record<Setting, SettingValue>> {
  const [before, after] = [documentOf(prior), documentOf(plan)];
  const changed = Object.fromEntries(
    Object.entries(after).filter(([name, value]) => !sameSetting(value, before[name as Setting])),
  ) as Partial<Record<Setting, SettingValue>>;
  // The server looks at the second of them only where it finds the first.
  if ('nsec3narrow' in changed && after.nsec3param !== undefined) changed.nsec3param = after.nsec3param;
  if ('nsec3param' in changed && after.nsec3narrow !== undefined) changed.nsec3narrow = after.nsec3narrow;
  return changed;
}

/** The name servers among the RRsets of a zone. */
const nameserversOf = ({ rrsets, name: zone }: Zone) =>
  rrsets
    .filter(({ name, type }) => type === 'NS' && sameName(name, zone))
    .flatMap(({ records }) => records.filter(({ disabled }) => !disabled).map(({ content }) => content));

/** The settings of a zone, with the DS records of its keys. */
export async function stateOfZone(
  client: PowerDnsClient,
  zone: ZoneDocument,
  signal: AbortSignal,
): Promise<ZoneSettingsState> {
  const keys = zone.dnssec ? ((await fetchKeys(client, canonicalName(zone.name), signal)) ?? []) : [];
  const list = (values: readonly string[] | undefined) => (values?.length ? [...values] : null);
  return {
    kind: zone.kind,
    account: zone.account || null,
    catalog: zone.catalog || null,
    nameservers: nameserversOf(zone),
    masters: list(zone.masters),
    soa_edit_api: zone.soa_edit_api,
    soa_edit: zone.soa_edit ?? '',
    dnssec: zone.dnssec ?? false,
    nsec3param: zone.nsec3param ?? '',
    nsec3narrow: zone.nsec3narrow ?? false,
    api_rectify: zone.api_rectify ?? false,
    master_tsig_key_ids: list(zone.master_tsig_key_ids),
    slave_tsig_key_ids: list(zone.slave_tsig_key_ids),
    ds_records: keys.filter(({ active, published }) => active && published).flatMap(({ ds }) => ds),
  };
}

/** What was planned, with what the server decided where the plan left it open: Terraform takes nothing else. */
function resultOf(plan: ZonePlan, found: ZoneSettingsState): ZoneSettingsState {
  const settled = Object.entries(found).map(([name, value]) => {
    const planned = plan[name as keyof ZoneAttributes];
    return [name, isUnknown(planned) ? value : planned];
  });
  return Object.fromEntries(settled) as ZoneSettingsState;
}

/** A zone with its name servers; null when there is none. */
export function findZone(
  client: PowerDnsClient,
  name: string,
  signal: AbortSignal,
): Promise<ZoneDocument | null> {
  return client.findZone(name, { name, type: 'NS' }, signal);
}

/** @throws ProviderError when there is no such zone */
export async function findZoneOrThrow(
  client: PowerDnsClient,
  name: string,
  signal: AbortSignal,
): Promise<ZoneDocument> {
  const found = await findZone(client, name, signal);
  if (found) return found;
  throw new ProviderError(
    `There is no zone '${name}'`,
    'PowerDNS does not know it. Check the name, or create the zone.',
  );
}

function existsAlready({ name, typeName, attribute }: ZoneIdentity): ProviderError {
  return new ProviderError(
    `Zone '${name}' exists already`,
    'It was not touched. To manage it from here, bring it into the state, under the name this resource has in your ' +
      `configuration:${importHint(typeName, name)}`,
    [attribute],
  );
}

/** What a zone has of which nothing is known. */
const NOTHING: ZoneSettingsState = {
  kind: 'Native',
  account: null,
  catalog: null,
  nameservers: null,
  masters: null,
  soa_edit_api: null,
  soa_edit: null,
  dnssec: null,
  nsec3param: null,
  nsec3narrow: null,
  api_rectify: null,
  master_tsig_key_ids: null,
  slave_tsig_key_ids: null,
  ds_records: null,
};

class NotTaken extends ProviderError {}

/** Some versions answer "done" and leave out what they do not know. @throws NotTaken */
function assertTaken(wanted: Partial<Record<Setting, SettingValue>>, found: ZoneDocument): void {
  const show = (value: unknown) => (Array.isArray(value) ? `[${value.join(', ')}]` : `'${String(value)}'`);
  for (const [name, value] of Object.entries(wanted)) {
    const answered = found[name as Setting] as SettingValue | undefined;
    if (sameSetting(value, answered)) continue;
    throw new NotTaken(
      `The server did not take ${name}`,
      `It was asked for ${show(value)} and has ${answered === undefined ? 'no such setting' : show(answered)}. This ` +
        'version of PowerDNS, or its backend, does not support it (Producer, Consumer and catalog: 4.7 and later).',
      [name],
    );
  }
}

/** @throws ProviderError that points at the attribute the server refused */
function pointAtAttribute(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.status !== 422) return error;
  const refused = (
    [
      [/NSEC3/i, 'nsec3param'],
      [/catalog/i, 'catalog'],
      [/rectify/i, 'dnssec'],
      [/master/i, 'masters'],
    ] as const
  ).find(([words]) => words.test(error.reason));
  return new ProviderError('PowerDNS refused the zone', error.detail, refused && [refused[1]]);
}

/** The server makes half a zone where a key is missing, so they are looked for first. @throws ProviderError */
async function assertKeysExist(
  client: PowerDnsClient,
  settings: Partial<Record<Setting, SettingValue>>,
  signal: AbortSignal,
): Promise<void> {
  for (const attribute of ['master_tsig_key_ids', 'slave_tsig_key_ids'] as const) {
    for (const key of (settings[attribute] ?? []) as readonly string[]) {
      if (await client.request('GET', tsigKeyPath(key), signal)) continue;
      throw new ProviderError(
        `There is no TSIG key '${key}'`,
        'Create it first (powerdns_tsigkey), or check the name.',
        [attribute],
      );
    }
  }
}

/**
 * Creates a zone that does not exist yet.
 *
 * @param keep remembers a zone that may have been created although the server did not say so
 */
export async function createZone(
  identity: ZoneIdentity,
  plan: ZonePlan,
  { client, signal }: Context<Connection>,
  keep: (state: ZoneSettingsState) => void,
): Promise<ZoneSettingsState> {
  const { name } = identity;
  const api = connected(client);
  const nameservers = isUnknown(plan.nameservers) ? [] : (plan.nameservers ?? []).map(canonicalName);
  const settings = documentOf(plan);
  return api.change(async () => {
    // Looked for first: "exists" in answer to a creation that was tried twice may mean our own first try.
    if (await findZone(api, name, signal)) throw existsAlready(identity);
    await assertKeysExist(api, settings, signal);
    try {
      const request = { name, ...(settings as Partial<ZoneSettings>), nameservers };
      const created: ZoneDocument = await api.createZone(request, signal);
      assertTaken(settings, created);
      return resultOf(plan, await stateOfZone(api, created, signal));
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) throw existsAlready(identity);
      // A zone that was refused in the middle is there all the same, and would be in the way of the next try.
      const halfMade = error instanceof NotTaken || (error instanceof ApiError && error.status === 422);
      if (halfMade) await api.deleteZone(name, signal);
      if (error instanceof RequestError && error.mayBeDone) keep(resultOf(plan, NOTHING));
      throw pointAtAttribute(error);
    }
  });
}

/** The current settings; null when the zone is gone. Empty and not set are the same to the server. */
export async function readZone(
  name: string,
  state: ZoneSettingsState,
  client: PowerDnsClient,
  signal: AbortSignal,
): Promise<ZoneSettingsState | null> {
  const found = await findZone(client, name, signal);
  if (!found) return null;
  const current = await stateOfZone(client, found, signal);
  const emptyList = (value: readonly string[] | null) => (value?.length === 0 ? [] : null);
  return {
    ...current,
    account: current.account ?? (state.account === '' ? '' : null),
    // A state of mmianl/powerdns holds an empty text where nothing was said, and none of what only this provider has.
    catalog: current.catalog ?? (state.catalog === '' && state.dnssec !== null ? '' : null),
    masters: current.masters ?? emptyList(state.masters),
    master_tsig_key_ids: current.master_tsig_key_ids ?? emptyList(state.master_tsig_key_ids),
    slave_tsig_key_ids: current.slave_tsig_key_ids ?? emptyList(state.slave_tsig_key_ids),
  };
}

/** Changes a zone in place. */
export async function updateZone(
  { name }: ZoneIdentity,
  plan: ZonePlan,
  prior: ZoneSettingsState,
  { client, signal }: Context<Connection>,
): Promise<ZoneSettingsState> {
  const api = connected(client);
  const settings = changesBetween(prior, plan);
  return api.change(async () => {
    await assertKeysExist(api, settings, signal);
    if (Object.keys(settings).length > 0) {
      try {
        await api.updateZone(name, settings as Partial<ZoneSettings>, signal);
      } catch (error) {
        throw pointAtAttribute(error);
      }
    }
    const after = await findZoneOrThrow(api, name, signal);
    assertTaken(settings, after);
    await updateNameservers(api, after, plan, prior, signal);
    return resultOf(plan, await stateOfZone(api, after, signal));
  });
}

async function updateNameservers(
  api: PowerDnsClient,
  zone: ZoneDocument,
  { nameservers }: ZonePlan,
  prior: ZoneSettingsState,
  signal: AbortSignal,
): Promise<void> {
  if (isUnknown(nameservers) || nameservers === null) return;
  if (sameSet(nameservers, prior.nameservers ?? [], canonicalName)) return;
  const name = canonicalName(zone.name);
  const records = [...new Set(nameservers.map(canonicalName))].map((content) => ({
    content,
    disabled: false,
  }));
  const change =
    records.length === 0
      ? ({ changetype: 'DELETE', name, type: 'NS' } as const)
      : ({
          changetype: 'REPLACE',
          name,
          type: 'NS',
          ttl: zone.rrsets[0]?.ttl ?? NAMESERVER_TTL,
          records,
        } as const);
  await api.changeRRsets(name, [change], signal);
}

/** Deletes a zone with everything in it; succeeds when it is gone. */
export async function deleteZone(name: string, { client, signal }: Context<Connection>): Promise<void> {
  const api = connected(client);
  await api.change(() => api.deleteZone(name, signal));
}
