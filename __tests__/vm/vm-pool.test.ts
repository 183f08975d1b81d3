import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  BaseImage,
  DataDisk,
  IpAddress,
  LockFile,
  RootDisk,
  Size,
  VirtualMachine,
  VmPool,
  type VmPoolProps,
} from '../../lib';
import { NodeExporter } from '../../modules';
import { TestSite } from '../support/site';

function pool(site: TestSite, props: Partial<VmPoolProps> = {}): VmPool {
  return new VmPool(site.stack('web'), 'web', { ...site.machine, count: 3, ...props });
}

const data = DataDisk.of({ name: 'data', size: Size.gib(1), mountPath: '/srv/data' });

describe('a pool', () => {
  it('makes one machine for each member, with consecutive addresses after the reserved ones', () => {
    const site = new TestSite();
    pool(site);
    site.synth();
    const domains = site.resources('web', 'libvirt_domain');
    expect(domains.map((domain) => domain.name)).toEqual(['web-0', 'web-1', 'web-2']);
    const { members } = site.lock.networks.lan!;
    expect(Object.entries(members).map(([name, { address }]) => [name, address])).toEqual([
      ['web-0', '10.20.0.10'],
      ['web-1', '10.20.0.11'],
      ['web-2', '10.20.0.12'],
    ]);
  });

  it('keeps every Terraform address that it has published', () => {
    const site = new TestSite();
    pool(site, { count: 1, dataDisks: [data] });
    site.synth();
    expect(site.addresses('web')).toEqual([
      expect.stringMatching(/^libvirt_domain\.web_web-0_[0-9A-F]{8}$/),
      expect.stringMatching(/^libvirt_volume\.web_web-0_data_[0-9A-F]{8}$/),
      expect.stringMatching(/^libvirt_volume\.web_web-0_root_[0-9A-F]{8}$/),
      expect.stringMatching(/^libvirt_volume\.web_web-0_seed_[0-9A-F]{8}$/),
      expect.stringMatching(/^terraform_data\.web_web-0_spec_[0-9A-F]{8}$/),
    ]);
  });

  it('moves nobody when it grows and shrinks, and gives a returning member what it had', () => {
    const identities = (count: number, directory?: string) => {
      const site = new TestSite(directory);
      const { members } = pool(site, { count });
      site.synth();
      return {
        directory: site.directory,
        of: Object.fromEntries(
          members.map((each) => [each.machineName, `${each.address} ${each.mac} ${each.hostKey}`]),
        ),
      };
    };
    const first = identities(4);
    const smaller = identities(1, first.directory);
    const again = identities(6, first.directory);
    expect(smaller.of['web-0']).toBe(first.of['web-0']);
    expect(again.of).toMatchObject(first.of);
    expect(new Set(Object.values(again.of)).size).toBe(6);
  });

  it('says in each domain which image it was made from, and that alone replaces nothing', () => {
    const site = new TestSite();
    pool(site, { count: 1 });
    site.synth();
    const { release } = site.image;
    const [domain] = site.resources('web', 'libvirt_domain');
    expect(domain!.description).toBe(
      `<cloudless:image xmlns:cloudless="urn:cloudless:image:1" name="debian-12" version="${release.version}" digest="${release.digest.toString()}" definition="sha256:${'0'.repeat(64)}"/>`,
    );
    expect((domain!.lifecycle as { ignore_changes: string[] }).ignore_changes).toContain('description');
    const other = new TestSite();
    const image = BaseImage.fromAttributes({
      ...other.image,
      release: { ...other.image.release, commit: 'a'.repeat(40) },
    });
    pool(other, { count: 1, image });
    other.synth();
    const trigger = (each: TestSite) => each.resources('web', 'terraform_data');
    expect(trigger(other)).toEqual(trigger(site));
  });

  it('replaces a machine whenever anything it is made of changes', () => {
    const spec = (props: Partial<VmPoolProps>) => {
      const site = new TestSite();
      pool(site, { count: 1, ...props });
      site.synth();
      const json = site.json('web').resource!;
      const [domain] = Object.values(json.libvirt_domain!);
      const triggers = (domain!.lifecycle as { replace_triggered_by: string[] }).replace_triggered_by;
      return { triggers, input: Object.values(json.terraform_data!)[0]!.input };
    };
    const plain = spec({});
    expect(plain.triggers).toEqual([
      expect.stringMatching(/^terraform_data\..*spec/),
      expect.stringMatching(/^libvirt_volume\..*root/),
      expect.stringMatching(/^libvirt_volume\..*seed/),
    ]);
    expect(spec({}).input).toBe(plain.input);
    expect(spec({ memory: Size.mib(320) }).input).not.toBe(plain.input);
    expect(spec({ vcpus: 2 }).input).not.toBe(plain.input);
  });

  it('writes each seed once, readable by its owner only, under a name that changes with its content', () => {
    const names = (props: Partial<VmPoolProps>) => {
      const site = new TestSite();
      pool(site, { count: 1, ...props });
      site.synth();
      const assets = join(site.folder('web'), 'assets');
      for (const file of readdirSync(assets)) expect(statSync(join(assets, file)).mode & 0o777).toBe(0o600);
      return readdirSync(assets);
    };
    const [plain] = names({});
    const [withModule] = names({ modules: [new NodeExporter()] });
    expect(plain).toMatch(/^web-0-seed-[0-9a-f]{12}\.iso$/);
    expect(withModule).not.toBe(plain);
  });

  it('puts no private key into the Terraform JSON', () => {
    const site = new TestSite();
    const { members } = pool(site);
    site.synth();
    const text = readFileSync(join(site.folder('web'), 'cdk.tf.json'), 'utf8');
    expect(text).not.toContain('PRIVATE KEY');
    expect(text).not.toContain(members[0]!.hostKey.privateKey.split('\n')[2]);
  });

  it('writes the same bytes for the same code, lock file and site key', () => {
    const site = new TestSite();
    pool(site, { dataDisks: [data] });
    site.synth();
    const before = readFileSync(join(site.folder('web'), 'cdk.tf.json'), 'utf8');
    const again = new TestSite(site.directory);
    pool(again, { dataDisks: [data] });
    again.synth();
    expect(readFileSync(join(again.folder('web'), 'cdk.tf.json'), 'utf8')).toBe(before);
    expect(before).not.toContain(site.directory);
  });
});

describe('a data disk', () => {
  it('is protected from destruction', () => {
    const site = new TestSite();
    pool(site, { count: 1, dataDisks: [data] });
    site.synth();
    const disk = site.resources('web', 'libvirt_volume').find((each) => each.name === 'web-0-data.qcow2');
    expect(disk).toMatchObject({ size: Size.gib(1).toBytes(), lifecycle: { prevent_destroy: true } });
  });

  it('stays at its address in the stack when its machine is removed, until it is released', () => {
    const site = new TestSite();
    pool(site, { count: 2, dataDisks: [data] });
    site.synth();
    const volumes = (of: TestSite) => of.addresses('web').filter((address) => address.includes('_data_'));
    const both = volumes(site);
    expect(both).toHaveLength(2);

    const smaller = new TestSite(site.directory);
    pool(smaller, { count: 1, dataDisks: [data] });
    smaller.synth();
    expect(volumes(smaller)).toEqual(both);

    const lock = LockFile.read(join(site.directory, 'test.lock.json'), 'test');
    lock.releaseDataDisk('web-1/data');
    lock.save({ complete: false });
    const released = new TestSite(site.directory);
    pool(released, { count: 1, dataDisks: [data] });
    released.synth();
    expect(volumes(released)).toEqual([both[0]]);
  });

  it('stays when it is taken away from a machine that remains', () => {
    const site = new TestSite();
    pool(site, { count: 1, dataDisks: [data] });
    site.synth();
    const without = new TestSite(site.directory);
    pool(without, { count: 1 });
    without.synth();
    expect(without.addresses('web').filter((address) => address.includes('_data_'))).toHaveLength(1);
    expect(without.resources('web', 'libvirt_domain')[0]).toMatchObject({ disk: [{}, {}] }); // root and seed
  });

  it('fails when its size changes, for Terraform would replace it by an empty one', () => {
    const site = new TestSite();
    pool(site, { count: 1, dataDisks: [data] });
    site.synth();
    const larger = DataDisk.of({ name: 'data', size: Size.gib(2), mountPath: '/srv/data' });
    expect(() => pool(new TestSite(site.directory), { count: 1, dataDisks: [larger] })).toThrow(
      "test-web/web/web-0/data: data disk 'web-0/data' exists with 1 GiB and cannot become 2 GiB: its data would be lost",
    );
  });
});

describe('bad input', () => {
  const fails = (props: Partial<VmPoolProps>, message: string | RegExp, site = new TestSite()) =>
    expect(() => pool(site, props)).toThrow(message);

  it('fails when memory is absurdly large', () => {
    fails(
      { memory: Size.mib(512024) },
      'test-web/web: memory is 512024 MiB, more than 256 GiB: check the unit',
    );
    fails(
      { memory: Size.gib(16) },
      "more than hypervisor 'kvm1' has for guests (8 GiB)",
      new TestSite(undefined, { hypervisor: { memory: Size.gib(8) } }),
    );
  });

  it('fails when memory is absurdly small', () => {
    fails({ memory: Size.kib(16) }, 'memory is 16 KiB; a machine needs at least 64 MiB: check the unit');
  });

  it('fails when all members together need more memory than the hypervisor has', () => {
    fails(
      { memory: Size.gib(2) },
      "test-web/web: 3 members of 2 GiB memory and 1 vCPU need 6 GiB and 3 vCPUs; 2 found a place, 'web-2' does not: kvm1 lacks 2 GiB memory (0 MiB of 4 GiB free)",
      new TestSite(undefined, { hypervisor: { memory: Size.gib(4) } }),
    );
  });

  it('fails when the root disk is smaller than the image', () => {
    fails(
      { rootDisk: RootDisk.of({ size: Size.mib(512) }) },
      "root disk of 512 MiB is smaller than image 'debian-12'",
    );
  });

  it('fails when nobody could log in', () => {
    fails({ administrators: [] }, "nobody could log in: give 'administrators' at least one SSH key");
  });

  it('fails when two machines have one name, and names both', () => {
    const site = new TestSite();
    new VirtualMachine(site.stack('a'), 'web-1', site.machine);
    pool(site);
    expect(() => site.synth()).toThrow(/test-web\/web\/web-1: .*already taken by test-a\/web-1/);
  });

  it('fails when a name is no host name', () => {
    const site = new TestSite();
    expect(() => new VirtualMachine(site.stack('a'), 'web_1', site.machine)).toThrow(
      /test-a\/web_1: .*web_1/,
    );
    expect(() => new VirtualMachine(site.stack('b'), 'x'.repeat(64), site.machine)).toThrow(/63/);
  });

  it.each([
    ['10.20.1.5', "is outside network 'lan' (10.20.0.0/24)"],
    ['10.20.0.1', "is the gateway of network 'lan'"],
    ['10.20.0.255', "is the broadcast address of network 'lan'"],
    ['10.20.0.0', "is the address of network 'lan' itself"],
  ])('fails when address %s is pinned', (address, message) => {
    const site = new TestSite();
    const props = { ...site.machine, address: IpAddress.of(address) };
    expect(() => new VirtualMachine(site.stack('a'), 'db', props)).toThrow(
      `test-a/db: address ${address} ${message}`,
    );
  });

  it('fails when two machines claim one address, and names both', () => {
    const site = new TestSite();
    const props = { ...site.machine, address: IpAddress.of('10.20.0.50') };
    new VirtualMachine(site.stack('a'), 'db', props);
    new VirtualMachine(site.stack('b'), 'cache', props);
    expect(() => site.synth()).toThrow(
      /test-b\/cache: address '10\.20\.0\.50' is already taken by test-a\/db .*; pick another or remove 'address'/,
    );
  });

  it('fails when the site key is missing and machines exist', () => {
    const site = new TestSite();
    pool(site);
    site.synth();
    rmSync(join(site.directory, 'site.key'));
    expect(() => new TestSite(site.directory)).toThrow(
      /test: the site key .*site\.key is missing, and test\.lock\.json records 3 machine\(s\) \(web-0, web-1, web-2\)/,
    );
  });
});
