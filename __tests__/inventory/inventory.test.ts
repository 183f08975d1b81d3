import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KnownHosts, MachineList, SshConfig, VmPool } from '../../lib';
import { NodeExporter } from '../../modules';
import { TestSite } from '../support/site';

function inventory() {
  const site = new TestSite();
  const machines = new VmPool(site.stack('web'), 'web', {
    ...site.machine,
    count: 2,
    modules: [new NodeExporter()],
  }).members;
  const stack = site.stack('dns');
  const knownHosts = new KnownHosts(stack, 'known-hosts', { machines });
  new SshConfig(stack, 'ssh-config', { machines, knownHosts, user: 'ops', identityFile: '/keys/operator' });
  new MachineList(stack, 'machines', { machines });
  site.synth();
  const path = (name: string) => join(site.folder('dns'), 'inventory', name);
  return { machines, path };
}

it('lets ssh find the host key of a machine under its name and its address', () => {
  const { machines, path } = inventory();
  for (const name of ['web-1.test.internal', 'web-1', '10.20.0.11']) {
    const found = execFileSync('ssh-keygen', ['-F', name, '-f', path('known_hosts')], { encoding: 'utf8' });
    expect(found).toContain(machines[1]!.hostKey.toString().split(' ')[1]);
  }
});

it('configures ssh to check the key and to log in as the administrator', () => {
  const { path } = inventory();
  const options = execFileSync('ssh', ['-G', '-F', path('ssh_config'), 'web-1'], { encoding: 'utf8' });
  for (const line of [
    'hostname web-1.test.internal',
    'user ops',
    'stricthostkeychecking true',
    'hostkeyalias web-1.test.internal',
    'identityfile /keys/operator',
    `userknownhostsfile ${path('known_hosts')}`,
  ])
    expect(options.split('\n')).toContain(line);
});

it('lists the machines for other programs', () => {
  const { path } = inventory();
  expect(JSON.parse(readFileSync(path('machines.json'), 'utf8'))).toEqual([
    expect.objectContaining({ name: 'web-0', pool: 'web' }),
    {
      name: 'web-1',
      fqdn: 'web-1.test.internal',
      address: '10.20.0.11',
      mac: expect.stringMatching(/^52:54:00(:[0-9a-f]{2}){3}$/),
      hypervisor: 'kvm1',
      image: 'debian-12 1.0.0-0a1b2c3d',
      pool: 'web',
      dataMounts: [],
      scrape: [{ job: 'node', url: 'http://10.20.0.11:9100/metrics' }],
    },
  ]);
});
