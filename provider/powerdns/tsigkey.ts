/** `powerdns_tsigkey`: a shared secret that signs transfers, notifications and updates. The secret is not in the state. */
import {
  computed,
  defaulted,
  defineEphemeralResource,
  defineResource,
  kinds,
  optional,
  ProviderError,
  required,
  writeOnly,
} from '../framework';
import type { ConfigOf, Diagnostics, StateOf } from '../framework';
import { ApiError, RequestError } from './client';
import type { PowerDnsClient } from './client';
import { connected, importHint } from './connection';
import type { Connection } from './connection';
import { tsigKeyPath } from './keys';
import { canonicalKeyName, problemWithKeyName } from './names';
import { oneOf } from './validation';

const TYPE_NAME = 'powerdns_tsigkey';
/** RFC 8945, section 6, as the server calls them. */
const ALGORITHMS = [
  'hmac-md5',
  'hmac-sha1',
  'hmac-sha224',
  'hmac-sha256',
  'hmac-sha384',
  'hmac-sha512',
] as const;

function sameKeyName(left: string, right: string): boolean {
  if (problemWithKeyName(left) !== undefined || problemWithKeyName(right) !== undefined) return false;
  return canonicalKeyName(left) === canonicalKeyName(right);
}

/** Without the final dot and the long name of MD5, which the server takes as well. */
const canonicalAlgorithm = (algorithm: string) =>
  algorithm
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^hmac-md5\.sig-alg\.reg\.int$/, 'hmac-md5');

const attributes = {
  id: computed(kinds.string, {
    description:
      'Canonical name with its final dot, as `master_tsig_key_ids` and `slave_tsig_key_ids` of a zone take it. Known ' +
      'after creation only, so that what reads the key waits for it.',
    useStateForUnknown: true,
  }),
  name: required(kinds.string, {
    description:
      'Name of the key, the same on both servers; the final dot may be left out. Changing it replaces the key.',
    requiresReplace: true,
    validate: problemWithKeyName,
    equivalent: sameKeyName,
  }),
  algorithm: defaulted(kinds.string, 'hmac-sha256', {
    description: `${ALGORITHMS.map((name) => `\`${name}\``).join(', ')} (RFC 8945). Changed in place, with the secret kept. Default \`hmac-sha256\`.`,
    validate: (value) => oneOf(ALGORITHMS)(canonicalAlgorithm(value)),
    equivalent: (left, right) => canonicalAlgorithm(left) === canonicalAlgorithm(right),
  }),
  key_wo: writeOnly(kinds.string, {
    description:
      'The secret, in Base64. It is sent to the server and stored nowhere else: neither in the plan nor in the state. ' +
      'Without it the server makes one, which `ephemeral "powerdns_tsigkey"` reads. Needs `key_wo_version`.',
    sensitive: true,
    validate: (value) =>
      value !== '' && Buffer.from(value, 'base64').toString('base64') === value
        ? undefined
        : 'it is not Base64 (RFC 4648, section 4), or has spaces in it',
  }),
  key_wo_version: optional(kinds.integer, {
    description: 'Raise it to send another `key_wo`: a secret that is not stored cannot be compared.',
  }),
};
type Attributes = typeof attributes;

function validate(config: ConfigOf<Attributes>, diagnostics: Diagnostics): void {
  if (config.key_wo_version === null && config.key_wo !== null) {
    diagnostics.error(
      'A write-only secret needs a version',
      'Set key_wo_version, for example to 1, and raise it with every other secret.',
      ['key_wo'],
    );
  }
  if (config.key_wo_version !== null && config.key_wo === null) {
    diagnostics.error('There is no secret of this version', 'Set key_wo, or take out key_wo_version.', [
      'key_wo_version',
    ]);
  }
}

/** A key as the API answers with it. The list of all keys leaves the secret empty. */
interface AnsweredKey {
  readonly name: string;
  readonly algorithm: string;
  readonly key: string;
}

const find = (client: PowerDnsClient, name: string, signal: AbortSignal) =>
  client.request<AnsweredKey>('GET', tsigKeyPath(canonicalKeyName(name)), signal);

/** Makes a key; a second try finds what the first one made although its answer was lost. @throws ProviderError */
async function make(
  client: PowerDnsClient,
  name: string,
  algorithm: string,
  secret: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const request = { name, algorithm, ...(secret === undefined ? {} : { key: secret }) };
  try {
    await client.request('POST', '/tsigkeys', signal, request);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 409) {
      const found = await find(client, name, signal);
      if (found?.algorithm === algorithm && (secret === undefined || found.key === secret)) return;
    }
    if (error.status !== 422) throw error;
    const detail = secret === undefined ? error.detail : error.detail.replaceAll(secret, '(secret)');
    throw new ProviderError('PowerDNS refused the TSIG key', detail, [
      /algorithm/i.test(error.reason) ? 'algorithm' : secret === undefined ? 'name' : 'key_wo',
    ]);
  }
}

function existsAlready(name: string): ProviderError {
  return new ProviderError(
    `TSIG key '${name}' exists already`,
    'It was not touched. To manage it from here, bring it into the state, under the name this resource has in your ' +
      `configuration:${importHint(TYPE_NAME, canonicalKeyName(name))}`,
    ['name'],
  );
}

export const tsigkeyResource = defineResource<Attributes, Connection>({
  typeName: TYPE_NAME,
  schema: {
    description:
      'A TSIG key (RFC 8945): a secret shared with another server. The secret is in no state and no plan: either it is ' +
      'given as `key_wo`, or the server makes one.',
    attributes,
  },
  validate,

  async create(plan, { client, signal, config, keepState }) {
    const api = connected(client);
    const id = canonicalKeyName(plan.name);
    return api.change(async () => {
      if (await find(api, id, signal)) throw existsAlready(plan.name);
      const result = { ...plan, id };
      try {
        await make(api, id, canonicalAlgorithm(plan.algorithm), config.key_wo ?? undefined, signal);
      } catch (error) {
        // What may have been created is remembered, or nobody would know later whose it is.
        if (error instanceof RequestError && error.mayBeDone) keepState(result);
        throw error;
      }
      return result;
    });
  },

  async read(state, { client, signal }) {
    if (!client) return state;
    const found = await find(client, state.name, signal);
    return found && { ...stateOf(found), key_wo_version: state.key_wo_version };
  },

  async update(plan, prior, { client, signal, config }) {
    const api = connected(client);
    const id = canonicalKeyName(plan.name);
    return api.change(async () => {
      const found = await find(api, id, signal);
      const given = plan.key_wo_version === prior.key_wo_version ? undefined : config.key_wo;
      const secret = given ?? found?.key;
      // LMDB of 4.7 loses a key that is changed in place: it stays in the list and is found no more.
      await api.request('DELETE', tsigKeyPath(id), signal);
      await make(api, id, canonicalAlgorithm(plan.algorithm), secret, signal);
      return { ...plan, id };
    });
  },

  async delete(state, { client, signal }) {
    const api = connected(client);
    await api.change(() => api.request('DELETE', tsigKeyPath(canonicalKeyName(state.name)), signal));
  },

  async importState(id, { client, signal }) {
    return stateOf(await findOrThrow(connected(client), id, signal));
  },
});

/** A key without its secret. */
const stateOf = ({ name, algorithm }: AnsweredKey): StateOf<Attributes> => ({
  id: canonicalKeyName(name),
  name: canonicalKeyName(name).replace(/\.$/, ''),
  algorithm: canonicalAlgorithm(algorithm),
  key_wo: null,
  key_wo_version: null,
});

async function findOrThrow(client: PowerDnsClient, name: string, signal: AbortSignal): Promise<AnsweredKey> {
  const problem = problemWithKeyName(name);
  if (problem) {
    throw new ProviderError(
      'This is no name of a TSIG key',
      `${problem}. Example:${importHint(TYPE_NAME, 'transfer.')}`,
    );
  }
  const found = await find(client, name, signal);
  if (found) return found;
  throw new ProviderError(`There is no TSIG key '${name}'`, 'PowerDNS does not know it. Check the name.', [
    'name',
  ]);
}

const ephemeralAttributes = {
  name: required(kinds.string, {
    description: 'Name of the key; the final dot may be left out.',
    validate: problemWithKeyName,
  }),
  algorithm: computed(kinds.string, { description: 'Its algorithm, for example `hmac-sha256`.' }),
  key: computed(kinds.string, { description: 'The secret, in Base64.', sensitive: true }),
};

export const tsigkeyEphemeralResource = defineEphemeralResource<typeof ephemeralAttributes, Connection>({
  typeName: TYPE_NAME,
  schema: {
    description:
      'The secret of a TSIG key, for as long as Terraform runs: to hand it to the other server without storing it. For a ' +
      'key of the same configuration write `name = powerdns_tsigkey.NAME.id`, so that it waits until the key is there.',
    attributes: ephemeralAttributes,
  },
  async open({ name }, { client, signal }) {
    const { algorithm, key } = await findOrThrow(connected(client), name, signal);
    return { result: { name, algorithm: canonicalAlgorithm(algorithm), key } };
  },
});
