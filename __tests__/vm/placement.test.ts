import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BaseImage,
  CloudlessStack,
  DataDisk,
  DataDiskMove,
  LockFile,
  Placement,
  Severity,
  Size,
  SshKeyPair,
  StoragePool,
  SurvivesLoss,
  VirtualMachine,
} from '../../lib';
import { again, Cluster, placesOf } from './cluster';

const data = DataDisk.of({ name: 'data', size: Size.gib(1), mountPath: '/srv/data' });

describe('placement', () => {
  it('spreads the members of a pool evenly, in the order in which hypervisors are declared', () => {
    const cluster = new Cluster();
    expect(placesOf(cluster.pool('web', { count: 6 }))).toEqual({
      'web-0': 'kvm1',
      'web-1': 'kvm2',
      'web-2': 'kvm3',
      'web-3': 'kvm1',
      'web-4': 'kvm2',
      'web-5': 'kvm3',
    });
  });

  it('puts a new pool where the least memory is used', () => {
    const cluster = new Cluster();
    cluster.pool('web', { count: 2 });
    expect(placesOf(cluster.pool('db', { count: 1 }))).toEqual({ 'db-0': 'kvm3' });
  });

  it('packs: fills one hypervisor before the next', () => {
    const cluster = new Cluster({ hypervisors: [{ memory: Size.gib(2) }, { memory: Size.gib(2) }, {}] });
    const places = placesOf(cluster.pool('web', { count: 5, placement: Placement.pack() }));
    expect(Object.values(places)).toEqual(['kvm1', 'kvm1', 'kvm2', 'kvm2', 'kvm3']);
  });

  it('keeps to labels, and says which there are when one is unknown', () => {
    const racks = { hypervisors: ['a', 'b', 'b'].map((rack) => ({ labels: { rack } })) };
    const where = (labels: Record<string, string>) => ({ placement: Placement.spread({ where: labels }) });
    expect(new Set(Object.values(placesOf(new Cluster(racks).pool('web', where({ rack: 'b' })))))).toEqual(
      new Set(['kvm2', 'kvm3']),
    );
    expect(() => new Cluster(racks).pool('web', where({ rack: 'z' }))).toThrow(
      "test-web/web: no hypervisor has rack 'z'; the values of 'rack' are: a, b",
    );
    expect(() => new Cluster(racks).pool('web', where({ row: 'a' }))).toThrow(
      "test-web/web: no hypervisor has a label 'row'; the labels are: rack",
    );
  });

  it('tells the arithmetic when a wish cannot be met, and what each hypervisor lacks', () => {
    const cluster = new Cluster({
      hypervisors: [
        { memory: Size.gib(3), labels: { rack: 'a' } },
        { memory: Size.gib(8), vcpus: 1, vcpuOvercommit: 1, labels: { rack: 'a' } },
        { labels: { rack: 'b' } },
      ],
    });
    const placement = Placement.spread({ where: { rack: 'a' } });
    expect(() => cluster.pool('web', { count: 3, memory: Size.gib(2), placement })).toThrow(
      "test-web/web: 3 members of 2 GiB memory and 1 vCPU need 6 GiB and 3 vCPUs; 2 found a place, 'web-2' does not: kvm1 lacks 1 GiB memory (1 GiB of 3 GiB free); kvm2 lacks 1 vCPUs (0 of 1 free); kvm3 has rack 'b'; lower the wish, loosen the placement, or add a hypervisor",
    );
  });

  it('counts memory without the reserve, processors with the overcommit, and disks with their full size', () => {
    const one = (props: object, wish: object) => {
      const cluster = new Cluster({ hypervisors: [props] });
      return () => cluster.pool('web', { count: 1, ...wish });
    };
    const reserve = { memory: Size.gib(8), memoryReserve: Size.gib(2) };
    expect(one(reserve, { memory: Size.gib(6) })).not.toThrow();
    expect(one(reserve, { memory: Size.gib(7) })).toThrow(
      "more than hypervisor 'kvm1' has for guests (6 GiB)",
    );
    expect(one({ vcpus: 2, vcpuOvercommit: 2 }, { vcpus: 4 })).not.toThrow();
    expect(one({ vcpus: 2, vcpuOvercommit: 2 }, { vcpus: 5 })).toThrow('lacks 1 vCPUs (4 of 4 free)');
    const storage = { storage: { test: Size.gib(2) } };
    expect(one(storage, {})).not.toThrow();
    expect(one(storage, { dataDisks: [data] })).toThrow(
      /lacks 0 MiB in storage pool 'test'|lacks .* in storage pool 'test'/,
    );
  });

  it('holds members apart as far as asked', () => {
    const cluster = new Cluster();
    const placement = Placement.spread({ maxPerHypervisor: 1 });
    expect(() => cluster.pool('web', { count: 4, placement })).toThrow(
      "'web-3' does not: kvm1, kvm2, kvm3 has 1 of 'web' already, the most allowed on one",
    );
    expect(() => Placement.pack({ maxPerHypervisor: 0 })).toThrow('maxPerHypervisor is 0');
  });

  it('moves nobody when a pool grows, another one comes before it, or a hypervisor is added', () => {
    const first = new Cluster();
    const before = placesOf(first.pool('web', { count: 4 }), first.pool('db', { count: 2 }));
    first.synth();
    const second = again(first, { hypervisors: [{}, {}, {}, {}] });
    second.pool('cache', { count: 8 });
    const after = placesOf(second.pool('db', { count: 3 }), second.pool('web', { count: 6 }));
    expect(after).toMatchObject(before);
  });

  it('keeps the room of machines on record in stacks that come later', () => {
    const sizes = { hypervisors: [{ memory: Size.gib(4) }, { memory: Size.gib(4) }] };
    const first = new Cluster(sizes);
    const before = placesOf(first.pool('db', { count: 2, memory: Size.gib(3) }));
    first.synth();
    const second = again(first, sizes);
    expect(() => second.pool('cache', { count: 1, memory: Size.gib(1) })).not.toThrow();
    expect(placesOf(second.pool('db', { count: 2, memory: Size.gib(3) }))).toEqual(before);
    second.synth();
  });

  it('gives the room of a machine that is gone to a new one in the same run', () => {
    const sizes = { hypervisors: [{ memory: Size.gib(4) }] };
    const first = new Cluster(sizes);
    first.pool('old', { count: 1, memory: Size.gib(4) });
    first.synth();
    const second = again(first, sizes);
    second.pool('new', { count: 1, memory: Size.gib(4) });
    expect(() => second.synth()).not.toThrow();
  });

  it('refuses to write anything when a hypervisor carries more than it has', () => {
    const first = new Cluster({ hypervisors: [{ memory: Size.gib(4) }] });
    first.pool('web', { count: 3 });
    first.synth();
    const second = again(first, { hypervisors: [{ memory: Size.gib(2) }] });
    second.pool('web', { count: 3 });
    expect(() => second.synth()).toThrow(
      "test: hypervisor 'kvm1' is to give 3 GiB memory, and has 2 GiB (largest: web-0 1 GiB, web-1 1 GiB, web-2 1 GiB); machines on record are never moved by themselves",
    );
  });

  it('returns a machine to where it was, when it is taken out and put back', () => {
    const first = new Cluster();
    const before = placesOf(first.pool('web', { count: 3, dataDisks: [data] }));
    first.synth();
    const without = again(first);
    without.pool('web', { count: 1, dataDisks: [data] });
    without.pool('filler', { count: 1, memory: Size.gib(4) });
    without.synth();
    const back = again(first);
    expect(placesOf(back.pool('web', { count: 3, dataDisks: [data] }))).toEqual(before);
  });

  it('is the same every time, whatever comes and goes: nobody who stays ever moves', () => {
    const step = fc.record({
      web: fc.integer({ min: 0, max: 5 }),
      db: fc.integer({ min: 0, max: 4 }),
      flip: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2, maxLength: 4 }), (steps) => {
        let cluster = new Cluster();
        let before: Record<string, string> = {};
        for (const { web, db, flip } of steps) {
          const order = flip ? (['db', 'web'] as const) : (['web', 'db'] as const);
          const counts = { web, db };
          const now = placesOf(...order.map((id) => cluster.pool(id, { count: counts[id] })));
          for (const [machine, place] of Object.entries(before))
            if (machine in now) expect(now[machine]).toBe(place);
          cluster.synth();
          before = now;
          cluster = again(cluster);
        }
      }),
      { numRuns: 8 },
    );
  });
});

describe('the loss of a hypervisor', () => {
  const two = { hypervisors: [{ memory: Size.gib(4) }, { memory: Size.gib(4) }] };

  it('passes when the others have room for all', () => {
    const cluster = new Cluster(two);
    new SurvivesLoss(cluster.environment, 'survives');
    cluster.pool('web', { count: 4 });
    expect(() => cluster.synth()).not.toThrow();
  });

  it('fails with the arithmetic when they have not, and nothing is written', () => {
    const cluster = new Cluster(two);
    new SurvivesLoss(cluster.environment, 'survives');
    cluster.pool('web', { count: 6 });
    expect(() => cluster.synth()).toThrow(
      "test/survives: the site does not survive the loss of hypervisor 'kvm1': its 3 machines need 3 GiB memory, the others have free: kvm2 1 GiB; 2 would fit nowhere ('web-2': kvm2 lacks 1 GiB memory (0 MiB of 4 GiB free)",
    );
    expect(() => cluster.json('web')).toThrow(/ENOENT/);
  });

  it('only warns when it is asked to, and leaves out the pools that may be lost', () => {
    const warned = new Cluster(two);
    new SurvivesLoss(warned.environment, 'survives', { severity: Severity.WARNING });
    warned.pool('web', { count: 6 });
    warned.synth();
    expect(readFileSync(join(warned.directory, 'cdktf.out', 'manifest.json'), 'utf8')).toContain(
      'does not survive',
    );
    const exempt = new Cluster(two);
    new SurvivesLoss(exempt.environment, 'survives', { exempt: ['web'] });
    exempt.pool('web', { count: 6 });
    expect(() => exempt.synth()).not.toThrow();
  });
});

describe('a stack of a pool', () => {
  it('names the hypervisor in the address of what is on it', () => {
    const cluster = new Cluster();
    cluster.pool('web', { count: 1 });
    cluster.synth();
    expect(cluster.addresses('web')).toEqual([
      expect.stringMatching(/^libvirt_domain\.web_web-0_on-kvm1_[0-9A-F]{8}$/),
      expect.stringMatching(/^libvirt_volume\.web_web-0_on-kvm1_root_[0-9A-F]{8}$/),
      expect.stringMatching(/^libvirt_volume\.web_web-0_on-kvm1_seed_[0-9A-F]{8}$/),
      expect.stringMatching(/^terraform_data\.web_web-0_spec_[0-9A-F]{8}$/),
    ]);
  });

  it('depends on the images of the hypervisors that hold a member, and on no others', () => {
    const cluster = new Cluster();
    const { dependencies } = cluster.pool('web', { count: 2 });
    expect(dependencies.map(({ node }) => node.id)).toEqual([
      'test-base-images-kvm1',
      'test-base-images-kvm2',
    ]);
  });

  it('declares every hypervisor, so that Terraform can destroy what was on one that nobody is left on', () => {
    const cluster = new Cluster();
    cluster.pool('web', { count: 0 });
    cluster.synth();
    expect(cluster.json('web').provider!.libvirt!.map(({ alias }) => alias)).toEqual([
      'kvm1',
      'kvm2',
      'kvm3',
    ]);
    expect(cluster.json('base-images-kvm2').provider!.libvirt!.map(({ alias }) => alias)).toEqual(['kvm2']);
    // Without this Terraform would look for a provider of HashiCorp's.
    const required = (stack: string) =>
      (cluster.json(stack).terraform!.required_providers as Record<string, unknown>).libvirt;
    expect(required('web')).toEqual(required('base-images-kvm2'));
  });

  it('keeps the addresses of a pool that had one hypervisor, when it gets more', () => {
    const one = new Cluster();
    const [kvm1] = one.hypervisors;
    one.pool('web', { count: 2, image: one.image.on(kvm1!), dataDisks: [data] });
    const before = one.synth().addresses('web');
    const more = again(one);
    const [home] = more.hypervisors;
    const places = placesOf(more.pool('web', { count: 3, home, dataDisks: [data] }));
    expect(places).toEqual({ 'web-0': 'kvm1', 'web-1': 'kvm1', 'web-2': 'kvm2' });
    expect(more.synth().addresses('web')).toEqual(expect.arrayContaining(before));
  });

  it('keeps data disks at their addresses even when the home of the pool was not named', () => {
    const one = new Cluster();
    one.pool('web', { count: 1, image: one.image.on(one.hypervisors[0]!), dataDisks: [data] });
    const disk = one
      .synth()
      .addresses('web')
      .filter((address) => address.includes('_data_'));
    const more = again(one);
    more.pool('web', { count: 1, dataDisks: [data] });
    expect(
      more
        .synth()
        .addresses('web')
        .filter((address) => address.includes('_data_')),
    ).toEqual(disk);
  });
});

describe('moving a machine', () => {
  /** A machine on kvm1, synthesised; then the site again. */
  const moved = (props: Parameters<Cluster['pool']>[1] = {}) => {
    const first = new Cluster();
    first.pool('web', { count: 1, placement: Placement.pinned(first.hypervisors[0]!), ...props });
    const before = first.synth().addresses('web');
    return { before, next: again(first) };
  };
  const lockOf = ({ directory }: Cluster) => LockFile.read(join(directory, 'test.lock.json'), 'test');

  it('is a replacement at another address, recorded, with the old one destroyed first', () => {
    const { before, next } = moved();
    const [, kvm2] = next.hypervisors;
    const stack = next.pool('web', { count: 1, placement: Placement.pinned(kvm2!) });
    next.synth();
    const after = next.addresses('web');
    expect(after.filter((address) => before.includes(address))).toEqual([
      expect.stringMatching(/^terraform_data\./),
    ]);
    const [trigger] = Object.values(next.json('web').resource!.terraform_data!);
    expect(trigger!.triggers_replace).toBe('kvm2');
    expect(lockOf(next).placementOf('web-0')).toBe('kvm2');
    const manifest = readFileSync(join(next.directory, 'cdktf.out', 'manifest.json'), 'utf8');
    expect(manifest).toContain("machine 'web-0' moves from hypervisor 'kvm1' to 'kvm2'");
    expect(placesOf(stack)).toEqual({ 'web-0': 'kvm2' });
    // What pinned it can be taken out again.
    const later = again(next);
    expect(placesOf(later.pool('web', { count: 1 }))).toEqual({ 'web-0': 'kvm2' });
  });

  it('keeps address, MAC and host key', () => {
    const { next } = moved();
    const here = new Cluster({ directory: next.directory });
    const identity = (cluster: Cluster, number: number) => {
      const placement = Placement.pinned(cluster.hypervisors[number]!);
      const [member] = cluster.pool('web', { count: 1, placement }).pool.members;
      return `${member!.address} ${member!.mac} ${member!.hostKey}`;
    };
    expect(identity(next, 1)).toBe(identity(here, 0));
  });

  it('moves single members of a pool, and refuses one that is none', () => {
    const cluster = new Cluster();
    const [, , kvm3] = cluster.hypervisors;
    const placement = Placement.spread({ pinned: { 'web-0': kvm3! } });
    expect(placesOf(cluster.pool('web', { count: 2, placement }))).toMatchObject({ 'web-0': 'kvm3' });
    expect(() => cluster.pool('db', { count: 2, placement })).toThrow(
      'test-db/db: placement pins web-0, no member of the pool; its members are db-0 to db-1',
    );
  });

  it('is refused with a data disk until it is said what becomes of it', () => {
    const { next } = moved({ dataDisks: [data] });
    const placement = Placement.pinned(next.hypervisors[1]!);
    expect(() => next.pool('web', { count: 1, placement, dataDisks: [data] })).toThrow(
      /test-web\/web\/web-0: the machine is to be on hypervisor 'kvm2', and its data disk 'web-0\/data' \(1 GiB\) is on 'kvm1', from where Terraform cannot carry it/,
    );
  });

  it('leaves the volume behind, protected at its address, when that is chosen, and finds it when it comes back', () => {
    const { before, next } = moved({ dataDisks: [data] });
    const old = before.find((address) => address.includes('_data_'))!;
    const there = { count: 1, dataDisks: [data], dataDiskMove: DataDiskMove.LEAVE };
    next.pool('web', { ...there, placement: Placement.pinned(next.hypervisors[1]!) });
    next.synth();
    const disks = Object.entries(next.json('web').resource!.libvirt_volume!).filter(([name]) =>
      name.includes('_data_'),
    );
    expect(disks.map(([, { provider }]) => provider).sort()).toEqual(['libvirt.kvm1', 'libvirt.kvm2']);
    for (const [, disk] of disks)
      expect(disk).toMatchObject({ name: 'web-0-data.qcow2', lifecycle: { prevent_destroy: true } });
    expect(Object.keys(lockOf(next).dataDisks).sort()).toEqual(['web-0/data', 'web-0/data@kvm1']);
    // Another synth before the apply says the same.
    const twice = again(next);
    twice.pool('web', { ...there, placement: Placement.pinned(twice.hypervisors[1]!) });
    expect(twice.synth().json('web')).toEqual(next.json('web'));
    // Back home it has what it left there.
    const back = again(next);
    back.pool('web', { ...there, placement: Placement.pinned(back.hypervisors[0]!) });
    expect(back.synth().addresses('web')).toContain(old);
    expect(Object.keys(lockOf(back).dataDisks).sort()).toEqual(['web-0/data', 'web-0/data@kvm2']);
  });

  it('takes over a copy made by hand, for as long as that is asked for', () => {
    const { next } = moved({ dataDisks: [data] });
    const copied = { count: 1, dataDisks: [data], dataDiskMove: DataDiskMove.COPIED };
    const imports = (cluster: Cluster) => (cluster.json('web') as { import?: unknown[] }).import;
    next.pool('web', { ...copied, placement: Placement.pinned(next.hypervisors[1]!) });
    next.synth();
    const expected = [
      {
        provider: 'libvirt.kvm2',
        id: '/var/lib/libvirt/test/web-0-data.qcow2',
        to: expect.stringMatching(/^libvirt_volume\.web_web-0_on-kvm2_data_/),
      },
    ];
    expect(imports(next)).toEqual(expected);
    const twice = again(next);
    twice.pool('web', copied);
    expect(imports(twice.synth())).toEqual(expected);
    const done = again(next);
    done.pool('web', { count: 1, dataDisks: [data] });
    expect(imports(done.synth())).toBeUndefined();
  });

  it('is refused between two hypervisors that the code does not know at the same time', () => {
    const first = new Cluster();
    first.pool('web', { count: 1, image: first.image.on(first.hypervisors[0]!) });
    first.synth();
    const next = again(first);
    expect(() => next.pool('web', { count: 1, image: next.image.on(next.hypervisors[1]!) })).toThrow(
      "test-web/web/web-0: the machine is on hypervisor 'kvm1', and its image is now on 'kvm2' alone",
    );
  });
});

describe('a machine that is renamed', () => {
  it('stays on its hypervisor with its host key, and its data disk keeps volume and address', () => {
    const machine = (cluster: Cluster, name: string, formerNames?: string[]) => {
      const { publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 1), 'operator');
      return new VirtualMachine(new CloudlessStack(cluster.environment, 'one'), name, {
        image: cluster.image,
        network: cluster.network,
        memory: Size.mib(256),
        administrators: [{ name: 'ops', sshAuthorizedKeys: [publicKey] }],
        dataDisks: [data],
        placement: Placement.pack(),
        formerNames,
      });
    };
    const dataVolume = (cluster: Cluster) =>
      Object.entries(cluster.json('one').resource!.libvirt_volume!).find(([name]) => name.includes('_data_'));
    const first = new Cluster();
    first.pool('filler', { count: 1 });
    const old = machine(first, 'web-3');
    first.synth();
    const next = again(first);
    const renamed = machine(next, 'api', ['web-3']);
    next.synth();
    expect(renamed.hypervisor.hypervisorName).toBe(old.hypervisor.hypervisorName);
    expect(renamed.hostKey.publicKey.keyText).toBe(old.hostKey.publicKey.keyText);
    expect(`${renamed.address} ${renamed.mac}`).toBe(`${old.address} ${old.mac}`);
    expect(dataVolume(next)).toEqual(dataVolume(first));
  });
});

describe('images on several hypervisors', () => {
  it('are uploaded by a stack for each', () => {
    const cluster = new Cluster();
    cluster.synth();
    for (const name of ['kvm1', 'kvm2', 'kvm3'])
      expect(cluster.addresses(`base-images-${name}`)).toEqual([
        expect.stringMatching(/^libvirt_pool\./),
        expect.stringMatching(/^libvirt_volume\.debian_/),
      ]);
  });

  it('fail when the storage pool cannot hold them', () => {
    const cluster = new Cluster({ hypervisors: [{ storage: { small: Size.bytes(10) } }] });
    const stack = new CloudlessStack(cluster.environment, 'base');
    const storagePool = new StoragePool(stack, 'small', {
      hypervisor: cluster.hypervisors[0]!,
      path: '/var/lib/small',
    });
    const release = cluster.images.on(cluster.hypervisors[0]!).image('debian').release;
    expect(() => new BaseImage(stack, 'debian', { release, storagePool })).toThrow(
      "test-base/debian: image 'debian-12' 1.0.0-0a1b2c3d has 21 B, storage pool 'small' of hypervisor 'kvm1' was declared with 10 B",
    );
  });

  it('say where they are when they are asked for elsewhere', () => {
    const cluster = new Cluster();
    const [kvm1, kvm2] = cluster.hypervisors;
    expect(() => cluster.image.on(kvm1!).on(kvm2!)).toThrow("is on hypervisor 'kvm1' only, not on 'kvm2'");
  });
});
