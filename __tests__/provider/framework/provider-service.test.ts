import { ProviderError } from '../../../provider/framework/diagnostics';
import { defineProvider } from '../../../provider/framework/provider';
import { providerService } from '../../../provider/framework/service/provider-service';
import { defineResource } from '../../../provider/framework/resource';
import type { Resource } from '../../../provider/framework/resource';
import { integer, string } from '../../../provider/framework/schema/kind';
import { objectTypeOf } from '../../../provider/framework/schema/attribute';
import { computed, optional, required } from '../../../provider/framework/schema/schema';
import { Shelf } from './support/shelf';
import { shelfProvider } from './support/shelf-provider';
import { isUnknown, UNKNOWN } from '../../../provider/framework/values/value';
import type { ObjectValue } from '../../../provider/framework/values/value';
import { decodeObject, encodeDynamicValue } from '../../../provider/framework/values/wire';

const attributes = {
  name: required(string, { description: 'Name', requiresReplace: true }),
  size: optional(integer, { description: 'Size' }),
  id: computed(string, { description: 'Identifier', useStateForUnknown: true }),
};
type Attributes = typeof attributes;
const type = objectTypeOf(attributes);

/** A service of one resource, of which a test changes what it looks at. */
async function serviceOf(changed: Partial<Resource<Attributes, string>> = {}) {
  const resource: Resource<Attributes, string> = {
    typeName: 'test_thing',
    schema: { description: 'A thing', attributes, version: 2 },
    create: async (plan) => ({ ...plan, id: `id of ${plan.name}` }),
    read: async (state) => state,
    update: async (plan, prior) => ({ ...plan, id: prior.id }),
    delete: async () => undefined,
    ...changed,
  };
  const service = providerService(
    defineProvider({
      address: 'registry.terraform.io/test/test',
      version: '0.0.1',
      schema: { description: 'Test', attributes: {} },
      configure: () => 'client',
      resources: [defineResource(resource)],
    }),
  );
  const empty = new Uint8Array();
  const value = (object: ObjectValue | null) => ({ json: empty, ...encodeDynamicValue(object, type) });
  await service.ConfigureProvider({ terraformVersion: '1.11.4', config: { json: empty, msgpack: empty } });
  const decode = (message: { msgpack?: Uint8Array } | undefined) =>
    message && decodeObject({ json: empty, msgpack: message.msgpack ?? empty }, type);
  return {
    service,
    value,
    decode,
    read: (state: ObjectValue) =>
      service.ReadResource({ typeName: 'test_thing', currentState: value(state), private: empty }),
    applyChange: (prior: ObjectValue | null, planned: ObjectValue | null) =>
      service.ApplyResourceChange({
        typeName: 'test_thing',
        priorState: value(prior),
        plannedState: value(planned),
        config: value(planned),
        plannedPrivate: empty,
      }),
  };
}

const stored = { name: 'web', size: 1, id: '7' };

test('an error while reading keeps the state and is no "gone"', async () => {
  const { read, decode } = await serviceOf({
    read: () => Promise.reject(new ProviderError('No answer', 'The server is down.', ['name'])),
  });
  const { newState, diagnostics } = await read(stored);
  expect(decode(newState)).toEqual(stored);
  expect(diagnostics).toEqual([
    {
      severity: 1,
      summary: 'No answer',
      detail: 'The server is down.',
      attribute: { steps: [{ attributeName: 'name' }] },
    },
  ]);
});

test('gone is gone', async () => {
  const { read, decode } = await serviceOf({ read: async () => null });
  const { newState, diagnostics } = await read(stored);
  expect(decode(newState)).toBeNull();
  expect(diagnostics).toEqual([]);
});

test('an exception nobody expected is told without its stack, which goes to the log', async () => {
  const { read } = await serviceOf({
    read: () => Promise.reject(new TypeError('x is undefined')),
  });
  const environment = process.env;
  process.env = { ...environment, TF_LOG: 'ERROR' };
  const write = jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const { diagnostics } = await read(stored);
  const [line] = write.mock.calls.map(([text]) => JSON.parse(String(text)) as Record<string, string>);
  write.mockRestore();
  process.env = environment;
  expect(diagnostics).toMatchObject([{ severity: 1, summary: 'Unexpected error in the provider' }]);
  expect(diagnostics![0]!.detail).toContain('x is undefined');
  expect(diagnostics![0]!.detail).not.toMatch(/\bat .*\.ts/);
  expect(line).toMatchObject({ '@level': 'error', tf_rpc: 'ReadResource', tf_resource_type: 'test_thing' });
  expect(line!['@message']).toMatch(/TypeError: x is undefined\n +at .*provider-service\.test\.ts/);
});

test('a creation that fails halfway leaves what it kept, one that fails at once leaves nothing', async () => {
  const planned = { ...stored, id: UNKNOWN };
  const half = await serviceOf({
    create: async (plan, { keepState }) => {
      keepState({ ...plan, id: '8' });
      throw new ProviderError('The rest failed');
    },
  });
  const kept = await half.applyChange(null, planned);
  expect(half.decode(kept.newState)).toEqual({ ...stored, id: '8' });
  expect(kept.diagnostics).toHaveLength(1);

  const atOnce = await serviceOf({ create: () => Promise.reject(new ProviderError('Refused')) });
  expect(atOnce.decode((await atOnce.applyChange(null, planned)).newState)).toBeNull();
});

test('a failed update or deletion keeps the prior state', async () => {
  const refuse = () => Promise.reject(new ProviderError('Refused'));
  const { applyChange, decode } = await serviceOf({ update: refuse, delete: refuse });
  expect(decode((await applyChange(stored, { ...stored, size: 2 })).newState)).toEqual(stored);
  expect(decode((await applyChange(stored, null)).newState)).toEqual(stored);
});

test('a value left unknown after apply is a defect and is said to be one', async () => {
  const { applyChange } = await serviceOf({ create: async (plan) => plan as never });
  const { diagnostics } = await applyChange(null, { ...stored, id: UNKNOWN });
  expect(diagnostics![0]!.detail).toContain('left "id" unknown after apply');
});

test('the plan of a resource may be refined, and names what forces a replacement', async () => {
  const { service, value, decode } = await serviceOf({
    modifyPlan({ planned, prior, requiresReplace }) {
      if (!isUnknown(planned.name)) planned.id = `id of ${planned.name}`;
      if (prior && planned.size === null) requiresReplace.push(['size']);
    },
  });
  const config = { name: 'db', size: null, id: null };
  const { plannedState, requiresReplace } = await service.PlanResourceChange({
    typeName: 'test_thing',
    priorState: value(stored),
    proposedNewState: value({ ...config, id: '7' }),
    config: value(config),
    priorPrivate: new Uint8Array(),
  });
  expect(decode(plannedState)).toEqual({ name: 'db', size: null, id: 'id of db' });
  expect(requiresReplace).toEqual([
    { steps: [{ attributeName: 'name' }] },
    { steps: [{ attributeName: 'size' }] },
  ]);
});

test('state of an older version is brought up step by step; without a step it is refused', async () => {
  const { service, decode } = await serviceOf({
    upgradeState: { 0: (old) => ({ title: old.label! }), 1: (old) => ({ name: old.title! }) },
  });
  const upgrade = (version: number, json: string) =>
    service.UpgradeResourceState({ typeName: 'test_thing', version, rawState: { json: Buffer.from(json) } });
  expect(decode((await upgrade(0, '{"label": "web"}')).upgradedState)).toEqual({
    name: 'web',
    size: null,
    id: null,
  });
  expect(decode((await upgrade(2, '{"name": "web", "size": 3}')).upgradedState)).toMatchObject({ size: 3 });

  const without = await serviceOf();
  const refused = await without.service.UpgradeResourceState({
    typeName: 'test_thing',
    version: 0,
    rawState: { json: Buffer.from('{}') },
  });
  expect(refused.diagnostics).toMatchObject([
    { summary: 'State of test_thing in version 0 is too old for this provider' },
  ]);
});

test('stopping aborts what is waiting', async () => {
  const { service, read } = await serviceOf({
    read: (_state, { signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      ),
  });
  const reading = read(stored);
  await service.StopProvider({});
  expect((await reading).diagnostics).toMatchObject([{ summary: 'Interrupted' }]);
});

test('a result of another type than the schema says is no loss: what was planned is stored', async () => {
  const { applyChange, decode } = await serviceOf({
    create: async (plan) => ({ ...plan, id: '7', size: 'big' as unknown as number }),
  });
  const { newState, diagnostics } = await applyChange(null, { name: 'web', size: 1, id: UNKNOWN });
  expect(diagnostics).toMatchObject([
    expect.anything(),
    { detail: expect.stringContaining('size: expected a value of type "number", got string') },
  ]);
  expect(decode(newState)).toEqual({ name: 'web', size: 1, id: null });
});

test('a request that cannot be read changes nothing', async () => {
  const { service, value, decode } = await serviceOf();
  const bad = { msgpack: Buffer.from([0xc1]), json: new Uint8Array() };
  const { newState, diagnostics } = await service.ApplyResourceChange({
    typeName: 'test_thing',
    priorState: value(stored),
    plannedState: bad,
    config: value(stored),
    plannedPrivate: new Uint8Array(),
  });
  expect(decode(newState)).toEqual(stored);
  expect(diagnostics).toMatchObject([{ severity: 1 }]);
});

test('what is write-only is refused for a Terraform that would store it', async () => {
  const service = providerService(shelfProvider(new Shelf()));
  const config = (allowed: boolean) =>
    service.ValidateResourceConfig({
      typeName: 'shelf_box',
      config: {
        json: Buffer.from('{"name": "a", "secret": "s", "door": [], "sticker": []}'),
        msgpack: new Uint8Array(),
      },
      clientCapabilities: { deferralAllowed: false, writeOnlyAllowed: allowed },
    });
  expect((await config(true)).diagnostics).toEqual([]);
  expect((await config(false)).diagnostics).toMatchObject([{ summary: '"secret" needs Terraform 1.11' }]);
});

test('what is offered can be asked for without the schemas', async () => {
  const service = providerService(shelfProvider(new Shelf()));
  const names = (list?: readonly { name?: string }[]) => list?.map(({ name }) => name);
  const metadata = await service.GetMetadata({});
  expect(names(metadata.resources)).toEqual(['shelf_box', 'shelf_crate', 'shelf_liar']);
  expect(names(metadata.dataSources)).toEqual(['shelf_content']);
  expect(names(metadata.ephemeralResources)).toEqual(['shelf_key']);
  expect(names(metadata.functions)).toEqual(['sign', 'measure']);
  expect(metadata.serverCapabilities).toEqual({
    getProviderSchemaOptional: true,
    planDestroy: true,
    moveResourceState: true,
  });
  expect(Object.keys((await service.GetFunctions({})).functions ?? {})).toEqual(['sign', 'measure']);
});
