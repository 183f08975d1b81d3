import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasVirtualisation } from '../../lab/private/accelerator';
import { Lab } from '../../lab/lab';
import { labSite } from '../../lab/site';

describe('the facts of a lab', () => {
  let cache: string;

  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), 'cloudless-site-'));
    process.env.CLOUDLESS_CACHE = cache;
    delete process.env.CLOUDLESS_LAB;
  });

  afterEach(() => {
    delete process.env.CLOUDLESS_CACHE;
    delete process.env.CLOUDLESS_LAB;
    rmSync(cache, { recursive: true });
  });

  it('are there before the lab has ever run, with an accelerator that works everywhere', () => {
    const site = labSite();
    expect(site).toMatchObject({
      name: 'default',
      accelerator: 'tcg',
      siteKey: join(cache, 'labs/default/site.key'),
    });
    expect(site.hypervisors.map(({ name, storage, address }) => [name, storage, address])).toEqual([
      ['kvm1', '/var/lib/libvirt/cloudless', '10.255.0.1'],
      ['kvm2', '/var/lib/libvirt/cloudless', '10.255.0.2'],
      ['kvm3', '/var/lib/libvirt/cloudless', '10.255.0.3'],
    ]);
    expect(site.hypervisors[0].uri).toBe('qemu:///system?socket=/run/cloudless/kvm1/libvirt-sock');
  });

  it('say how the hypervisor is reached that is reached by SSH, with its host key pinned', () => {
    const [, , kvm3] = labSite().hypervisors;
    const lab = join(cache, 'labs/default');
    expect(kvm3?.ssh).toEqual({
      host: '10.255.0.3',
      port: 22,
      user: 'root',
      key: join(lab, 'operator'),
      knownHosts: join(lab, 'known_hosts'),
    });
    expect(kvm3?.uri).toBe(
      `qemu+ssh://root@10.255.0.3/system?sshauth=privkey&keyfile=${lab}/operator&knownhosts=${lab}/known_hosts`,
    );
  });

  it('hold as many hypervisors as the lab was started with', () => {
    labSite();
    const file = join(cache, 'labs/default/lab.json');
    const record = (hypervisors: number, fabric?: object) =>
      writeFileSync(
        file,
        JSON.stringify({ accelerator: 'tcg', fabric, hypervisors: Array(hypervisors).fill({}) }),
      );
    record(2, {});
    expect(labSite().hypervisors.map(({ name }) => name)).toEqual(['kvm1', 'kvm2']);
    record(1);
    expect(labSite().hypervisors).toHaveLength(3);
    record(4, {});
    expect(() => labSite()).toThrow(`'${file}' is damaged`);
  });

  it('come with a directory that only its owner can enter', () => {
    labSite('mine');
    expect((statSync(join(cache, 'labs', 'mine')).mode & 0o777).toString(8)).toBe('700');
  });

  it('belong to the lab that the environment names', () => {
    process.env.CLOUDLESS_LAB = 'other';
    expect(labSite().name).toBe('other');
  });

  it('hold the accelerator that was found when the lab was started', () => {
    labSite();
    writeFileSync(join(cache, 'labs/default/lab.json'), JSON.stringify({ accelerator: 'kvm' }));
    expect(labSite().accelerator).toBe('kvm');
  });

  it.each(['{', '{}', '{"accelerator":"hvf"}', 'null'])('refuse a damaged lab.json: %s', (text) => {
    labSite();
    const file = join(cache, 'labs/default/lab.json');
    writeFileSync(file, text);
    expect(() => labSite()).toThrow(
      `'${file}' is damaged: it must be JSON whose 'accelerator' is kvm or tcg; remove it and run: cloudless lab up`,
    );
  });

  it.each(['', '-a', 'a-', 'A', '../x', 'a b', 'x'.repeat(32)])('refuse the name %p', (name) => {
    expect(() => Lab.named(name)).toThrow(`lab name '${name}' must be 1 to 31 of a-z, 0-9 and '-'`);
    expect(existsSync(join(cache, 'labs'))).toBe(false);
  });

  it('are not written by looking at a lab that does not exist', async () => {
    const status = await Lab.named('nobody').status();
    expect(status.up).toBe(false);
    expect(status.parts.map(({ state }) => state)).toEqual(Array(18).fill('stopped'));
    expect(existsSync(join(cache, 'labs'))).toBe(false);
  });
});

describe('the accelerator', () => {
  it('needs a processor whose flags name its virtualisation', () => {
    expect(hasVirtualisation('model name\t: svm\nflags\t\t: fpu vmx ept\n')).toBe(true);
    expect(hasVirtualisation('flags\t\t: fpu svm\n')).toBe(true);
    expect(hasVirtualisation('model name\t: vmx\nflags\t\t: fpu vmxnet hypervisor\n')).toBe(false);
  });
});
