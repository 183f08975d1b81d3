import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CloudlessStack } from '../../lib';
import { cloudlessOnline, CloudlessRollout } from '../../lib/bindings/cloudless';
import { TestSite } from '../support/site';
import { problemsOfBlock, storedSchema } from './support/stored-schema';

type Attributes = NonNullable<Parameters<typeof problemsOfBlock>[1]>['attributes'];
interface NestedType {
  readonly nesting_mode: 'single' | 'map';
  readonly attributes: Attributes;
}

/** Everything that the binding can emit. */
function emitted() {
  const site = new TestSite();
  const stack = new CloudlessStack(site.environment, 'rollout');
  const probes = {
    tcp: { tcp: { host: '10.20.0.7', port: 22 } },
    ssh: {
      ssh: {
        host: '10.20.0.7',
        port: 22,
        hostKey: 'ssh-ed25519 AAAA',
        user: 'ops',
        identityFile: 'key',
        command: 'grep -qx "${x}" /etc/machine',
      },
    },
    aB: {
      http: { url: 'http://h/', status: [200], body: 'ok', headers: { 'X-For': 'a' }, caCertificate: 'pem' },
    },
    run: { command: { command: ['true'], environment: { someName: 'x' }, exitCode: 0 } },
  };
  const rollout = new CloudlessRollout(stack, 'pool', {
    members: {
      'web-0': { payload: { imageDigest: 'sha256:0' }, probes },
      'web-1': { payload: { imageDigest: 'x' } },
    },
    batchSize: 1,
    batchShare: 10,
    maxUnavailable: 1,
    canary: 1,
    order: ['web-1'],
    pause: '1m',
    attempts: 2,
    attemptTimeout: '5s',
  });
  cloudlessOnline(stack, 'online', {
    name: 'web-0',
    probes,
    successes: 2,
    interval: '1s',
    attemptTimeout: '5s',
    timeout: '5m',
    triggers: { machine: rollout.assigned('web-0', 'imageDigest') },
    consoleLog: 'log',
    consoleCommand: ['cat', 'log'],
    consoleLines: 5,
    drain: {
      command: ['true'],
      http: { url: 'http://h/', method: 'PUT', headers: { a: 'b' }, body: '{}', status: [200] },
      powerOff: { domain: 'web-0', uri: 'qemu:///system', timeout: '60s' },
      timeout: '1m',
      onFailure: 'fail',
    },
  });
  return { synthesised: site.synth(), pending: rollout.pending };
}

/** As problemsOfBlock, at every depth. */
function problems(where: string, attributes: Attributes, value: Readonly<Record<string, unknown>>): string[] {
  const nested = Object.entries(attributes ?? {}).flatMap(([name, attribute]) => {
    const { nested_type: type } = attribute as { nested_type?: NestedType };
    const inner = value[name] as Record<string, Record<string, unknown>> | undefined;
    if (!type || !inner) return [];
    const objects = type.nesting_mode === 'map' ? Object.entries(inner) : [['', inner] as const];
    return objects.flatMap(([key, object]) =>
      problems(`${where}.${name}.${key}`, type.attributes, object as Record<string, unknown>),
    );
  });
  return [...problemsOfBlock(where, { attributes }, value), ...nested];
}

it('emits only what the schema of cloudless/cloudless has, at every depth', () => {
  const json = emitted().synthesised.json('rollout');
  const schema = storedSchema('cloudless@0.1.0');
  const found = Object.entries(json.resource ?? {}).flatMap(([type, resources]) =>
    Object.entries(resources).flatMap(([name, resource]) =>
      problems(`${type}.${name}`, schema.resource_schemas[type]!.block.attributes, resource),
    ),
  );
  expect(Object.keys(json.resource ?? {}).sort()).toEqual(['cloudless_online', 'cloudless_rollout']);
  expect(found).toEqual([]);
  const wrong = {
    ...Object.values(json.resource!.cloudless_rollout!)[0]!,
    members: { a: { probes: { x: { udp: {} } } } },
  };
  expect(problems('r', schema.resource_schemas.cloudless_rollout!.block.attributes, wrong)).toEqual([
    'r.members.a.payload: required, and missing',
    'r.members.a.probes.x.udp: not in the schema',
  ]);
});

it('names keys of users as they are, escapes their texts, and refers to what is assigned', () => {
  const { synthesised, pending } = emitted();
  const { resource } = synthesised.json('rollout');
  const [rollout] = Object.values(resource!.cloudless_rollout!);
  const [online] = Object.values(resource!.cloudless_online!);
  expect(rollout).toMatchObject({
    members: {
      'web-0': {
        payload: { imageDigest: 'sha256:0' },
        probes: {
          aB: { http: { headers: { 'X-For': 'a' } } },
          ssh: { ssh: { command: 'grep -qx "$${x}" /etc/machine' } },
          run: { command: { environment: { someName: 'x' }, exit_code: 0 } },
        },
      },
    },
  });
  expect(online!.triggers).toEqual({ machine: '${cloudless_rollout.pool.assigned["web-0"]["imageDigest"]}' });
  expect(pending).toBe('${cloudless_rollout.pool.pending}');
});

it('has the plugin put beside the stack that needs it', () => {
  const { synthesised } = emitted();
  const json = synthesised.json('rollout');
  expect(json.terraform?.required_providers).toEqual({
    cloudless: { source: 'registry.terraform.io/cloudless/cloudless', version: '0.1.0' },
  });
  const plugins = join(synthesised.folder('rollout'), 'terraform.d/plugins/registry.terraform.io/cloudless');
  expect(readdirSync(plugins)).toEqual(['cloudless']);
});
