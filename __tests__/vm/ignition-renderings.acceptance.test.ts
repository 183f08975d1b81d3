import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installProviders } from '../../lab/providers/install';
import { HostKeyOrigin } from '../../lib';
import { linkPlugins } from '../../lib/core/plugins';
import { IgnitionSite } from './ignition-site';

/** A document without what means nothing: empty and absent is the same in Ignition, and so is the order of lists. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(canonical).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, inner]): [string, unknown] => [key, canonical(inner)])
    .filter(
      ([key, inner]) =>
        (inner !== false || key === 'enabled') && inner !== null && JSON.stringify(inner) !== '{}',
    )
    .filter(([, inner]) => JSON.stringify(inner) !== '[]')
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

describe.each(['debian-12', 'fedora-coreos-42', 'flatcar-4230'])('for %s', (os) => {
  it('provider and library make the same document', async () => {
    await installProviders({ only: ['ignition'] });
    const site = new IgnitionSite({ os, ignitionSpec: '3.1.0' });
    const { members } = site.pool({ count: 2, hostKeyOrigin: HostKeyOrigin.GUEST });
    site.synth();

    // The stack as it is, without what would need a hypervisor.
    const json = site.json('web') as unknown as {
      data: { ignition_config: Record<string, unknown> };
      terraform: { required_providers: Record<string, unknown> };
    };
    const configs = Object.keys(json.data.ignition_config);
    const stack = {
      terraform: { required_providers: { ignition: json.terraform.required_providers.ignition } },
      provider: { ignition: [{}] },
      data: json.data,
      output: Object.fromEntries(
        configs.map((name) => [name, { value: `\${data.ignition_config.${name}.rendered}` }]),
      ),
    };
    const directory = join(site.directory, 'terraform');
    mkdirSync(directory);
    writeFileSync(join(directory, 'main.tf.json'), JSON.stringify(stack));
    linkPlugins(directory, stack);
    const terraform = (...args: string[]): string =>
      execFileSync('terraform', args, {
        cwd: directory,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, CHECKPOINT_DISABLE: '1', TF_IN_AUTOMATION: '1' },
      });
    terraform('init', '-input=false', '-no-color');
    terraform('apply', '-input=false', '-no-color', '-auto-approve');
    const outputs = JSON.parse(terraform('output', '-json')) as Record<string, { value: string }>;

    const byProvider = configs.map((name) => canonical(JSON.parse(outputs[name]?.value ?? '')));
    const byLibrary = members.map((member) => canonical(JSON.parse(member.ignitionDocument())));
    expect(byProvider).toHaveLength(2);
    expect(byProvider).toEqual(byLibrary);
  }, 240_000);
});
