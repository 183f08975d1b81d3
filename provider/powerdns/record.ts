/** `powerdns_record`: an RRset, all records of one name and type. It is the unit of ownership. */
import {
  computed,
  defaulted,
  defineResource,
  isUnknown,
  kinds,
  optional,
  optionalComputed,
  ProviderError,
  required,
} from '../framework';
import type { ApplyContext, ConfigOf, Diagnostics, KnownPlanOf, StateOf } from '../framework';
import { ApiError, RequestError, RRsetExists } from './client';
import type { PowerDnsClient, RRset } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { canonicalContent, problemWithContent, sameContents } from './contents';
import { canonicalName, isInZone, problemWithOwnerName, sameName } from './names';
import { planName } from './planned-names';
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
  disabled: defaulted(kinds.bool, false, {
    description:
      'Whether the records are kept without being served. One that was disabled beside Terraform shows as a change.',
  }),
  comments: optionalComputed(kinds.list(kinds.string), {
    description:
      'Texts that PowerDNS keeps beside the RRset. Without it they are left as they are. Not every backend can: LMDB ' +
      'only from PowerDNS 5.1.',
    useStateForUnknown: true,
    // The server keeps no order.
    equivalent: (left, right) => [...left].sort().join('\n') === [...right].sort().join('\n'),
  }),
  set_ptr: optional(kinds.bool, {
    description: 'PowerDNS has no such thing since 4.4; only `false` is taken. Use `powerdns_ptr_record`.',
    validate: (value) =>
      value
        ? 'PowerDNS makes no PTR records by itself since version 4.4; write a powerdns_ptr_record resource instead'
        : undefined,
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

function stateOf(
  identity: Identity,
  rrset: RRset,
  prior?: Pick<StateOf<Attributes>, 'comments' | 'set_ptr'>,
): StateOf<Attributes> {
  const served = rrset.records.filter(({ disabled }) => !disabled);
  const comments = (rrset.comments ?? []).map(({ content }) => content);
  return {
    ...identity,
    id: idOf(identity),
    ttl: rrset.ttl,
    // Where only some are disabled, those are shown as missing: they are not served.
    disabled: served.length === 0,
    records: (served.length === 0 ? rrset.records : served).map(({ content }) => content),
    // None and not set are the same to the server.
    comments: comments.length > 0 || prior?.comments?.length === 0 ? comments : null,
    set_ptr: prior?.set_ptr ?? null,
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
  prior: StateOf<Attributes> | null,
  context: ApplyContext<Attributes, Connection>,
): Promise<StateOf<Attributes>> {
  const identity = identityOf(plan);
  const { zone, name, type } = identity;
  const disabled = plan.disabled ?? false;
  const records = plan.records.map((content) => ({ content: canonicalContent(type, content), disabled }));
  const comments = isUnknown(plan.comments) ? null : plan.comments;
  // A backend that keeps no comments refuses even none.
  const unchanged = (comments ?? []).length === 0 && (prior?.comments ?? []).length === 0;
  const change = {
    changetype: 'REPLACE' as const,
    name,
    type,
    ttl: plan.ttl,
    records,
    ...(comments === null || unchanged
      ? {}
      : { comments: comments.map((content) => ({ content, account: '' })) }),
  };
  const result = { ...plan, id: idOf(identity), disabled, comments };
  try {
    await client.writeRRset({ zone, change, mustBeNew: prior === null }, context.signal);
  } catch (error) {
    // What may have been created is remembered, or nobody would know later whose it is. Terraform replaces it next
    // time if it is there, and creates it if not.
    if (prior === null && error instanceof RequestError && error.mayBeDone) context.keepState(result);
    if (error instanceof RRsetExists) throw existsAlready(identity, error.existing);
    throw error instanceof ApiError ? pointAtAttribute(error, identity) : error;
  }
  return result;
}

function existsAlready(identity: Identity, { records }: RRset): ProviderError {
  return new ProviderError(
    `${identity.name} ${identity.type} exists already`,
    `It holds ${records.map(({ content }) => `'${content}'`).join(', ')} and was not touched. To manage it from here, ` +
      'bring it into the state, under the name this resource has in your configuration:' +
      importHint('powerdns_record', importIdOf(identity)),
    ['name'],
  );
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
  if (/editing comments/i.test(reason)) {
    return new ProviderError(
      'This PowerDNS keeps no comments',
      `Its backend cannot (LMDB can from PowerDNS 5.1). Take out comments. The server says: ${reason}`,
      ['comments'],
    );
  }
  return new ProviderError(`PowerDNS refused ${name} ${type}`, error.detail, ['records']);
}

export const recordResource = defineResource<Attributes, Connection>({
  typeName: 'powerdns_record',
  schema: { description: 'An RRset: all records of one name and type.', attributes },
  validate,

  modifyPlan({ planned }, { client }) {
    const { zone, name, type } = planned;
    if (!isUnknown(name) && !isUnknown(type)) planned.id = `${canonicalName(name)}:::${type.toUpperCase()}`;
    if (!isUnknown(zone) && !isUnknown(name) && !isUnknown(type))
      planName(client, identityOf({ zone, name, type }));
  },

  create: (plan, context) => write(connected(context.client), plan, null, context),

  async read(state, { client, signal }) {
    if (!client) return state;
    const identity = identityOf(state);
    const found = await find(client, identity, signal);
    return found ? stateOf(identity, found, state) : null;
  },

  update: (plan, prior, context) => write(connected(context.client), plan, prior, context),

  async delete(state, { client, signal }) {
    const { zone, name, type } = identityOf(state);
    try {
      await connected(client).writeRRset({ zone, change: { changetype: 'DELETE', name, type } }, signal);
    } catch (error) {
      // Its zone is gone, and so is it.
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
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
