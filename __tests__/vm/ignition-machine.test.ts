import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { HostKeyOrigin, KnownHosts, SecretContent, type GuestModule, type VmPoolProps } from '../../lib';
import { IgnitionSite } from './ignition-site';

interface Domain {
  readonly coreos_ignition: string;
  readonly fw_cfg_name: string;
  readonly disk: readonly Record<string, string>[];
  readonly lifecycle: { readonly replace_triggered_by: readonly string[] };
}

const data = (site: IgnitionSite): Record<string, Record<string, { content?: unknown }>> =>
  (site.json('web') as { data?: Record<string, Record<string, { content?: unknown }>> }).data ?? {};
const assets = (site: IgnitionSite): string[] => {
  const folder = join(site.folder('web'), 'assets');
  return existsSync(folder) ? readdirSync(folder) : [];
};
const synth = (props: Partial<VmPoolProps> = {}, image?: { os: string }): IgnitionSite => {
  const site = new IgnitionSite(image);
  site.pool(props);
  return site.synth();
};

describe('a machine whose image is configured by Ignition', () => {
  it('gets its document through fw_cfg, and has no CD-ROM', () => {
    const site = synth({ count: 1 });
    const [domain] = site.resources('web', 'libvirt_domain') as unknown as [Domain];
    expect(domain.coreos_ignition).toMatch(/^\$\{libvirt_volume\..*seed.*\.id\};volume$/);
    expect(domain.fw_cfg_name).toBe('opt/com.coreos/config');
    expect(domain.disk.map((disk) => Object.keys(disk))).toEqual([['volume_id'], ['volume_id']]);
    expect(domain.lifecycle.replace_triggered_by).toContainEqual(expect.stringContaining('seed'));
  });

  it('looks for it under the name that Flatcar knows', () => {
    const [domain] = synth({ count: 1 }, { os: 'flatcar-4230' }).resources('web', 'libvirt_domain');
    expect(domain?.fw_cfg_name).toBe('opt/org.flatcar-linux/config');
  });

  it('keeps the document with its host key in a file for its owner only, and out of the Terraform JSON', () => {
    const site = synth({ count: 1 });
    const [file] = assets(site);
    expect(file).toMatch(/^web-0-ignition-[0-9a-f]{12}\.ign$/);
    expect(statSync(join(site.folder('web'), 'assets', file ?? '')).mode & 0o777).toBe(0o600);
    expect(data(site)).toEqual({});
    expect(site.resources('web', 'libvirt_ignition')).toEqual([]);
  });

  it('is exported for a machine that is no virtual one, readable by its owner only', () => {
    const site = new IgnitionSite();
    const [member] = site.pool({ count: 1 }).members;
    const path = member!.exportIgnition();
    site.synth();
    expect(path).toBe('assets/web-0.ign');
    expect(readFileSync(join(site.folder('web'), path), 'utf8')).toBe(member!.ignitionDocument());
    expect(statSync(join(site.folder('web'), path)).mode & 0o777).toBe(0o600);
  });

  it('renders for another image too, whatever its own', () => {
    const site = new IgnitionSite();
    const [member] = site.pool({ count: 1, image: site.image }).members;
    expect(() => member!.ignitionDocument()).toThrow(
      "test-web/web/web-0: '' is no version of the Ignition specification",
    );
    const document = JSON.parse(
      member!.ignitionDocument({
        imageName: 'fcos',
        os: 'fedora-coreos-42',
        kind: 'ignition',
        ignitionSpec: '3.4.0',
        packages: {},
      }),
    ) as { ignition: unknown };
    expect(document.ignition).toEqual({ version: '3.4.0' });
  });
});

describe('a document without a secret', () => {
  const guestKeys = { hostKeyOrigin: HostKeyOrigin.GUEST };

  it('is made by the provider, with one data source for each distinct part of the whole pool', () => {
    const site = synth(guestKeys);
    const counts = Object.fromEntries(
      Object.entries(data(site)).map(([type, sources]) => [type, Object.keys(sources).length]),
    );
    // Three machines differ in their names, that is in /etc/hostname and /etc/hosts, and in their network.
    const files = Object.values(data(site).ignition_file ?? {}).length;
    expect(counts).toMatchObject({
      ignition_config: 3,
      ignition_user: 1,
      ignition_link: 2,
      ignition_directory: 1,
    });
    const one = synth({ ...guestKeys, count: 1 });
    const alone = Object.keys(data(one).ignition_file ?? {}).length;
    expect(files).toBe(alone + 2 * 3);
    expect(assets(site)).toEqual([]);
    expect(site.resources('web', 'libvirt_ignition')).toHaveLength(3);
    const [domain] = site.resources('web', 'libvirt_domain') as unknown as [Domain];
    expect(domain.coreos_ignition).toMatch(/^\$\{libvirt_ignition\..*\.id\}$/);
  });

  it('is read by the administrator as text', () => {
    const contents = Object.values(data(synth(guestKeys)).ignition_file ?? {}).map(({ content }) => content);
    expect(contents).toContainEqual({ content: 'costs $${5} and %%{x}, "quoted" \\ ü\n' });
  });

  it.each<[string, GuestModule['bind']]>([
    ['holds a secret', (guest) => guest.addFile({ path: '/etc/key', content: SecretContent.of('sesame') })],
    ['has owners by name', (guest) => guest.addFile({ path: '/etc/x', content: '', owner: 'root:adm' })],
  ])('is made by the library as soon as it %s', (_, bind) => {
    const site = synth({ ...guestKeys, count: 1, modules: [{ moduleName: 'm', bind }] });
    expect(data(site)).toEqual({});
    expect(assets(site)).toHaveLength(1);
    expect(readFileSync(join(site.folder('web'), 'cdk.tf.json'), 'utf8')).not.toContain('sesame');
  });

  it('leaves machines with host keys of their own out of known_hosts', () => {
    const site = new IgnitionSite();
    const { members } = site.pool({ ...guestKeys, count: 1 });
    const { path } = new KnownHosts(members[0]!, 'known-hosts', { machines: members });
    site.synth();
    expect(readFileSync(join(site.folder('web'), path), 'utf8')).toBe('');
  });
});
