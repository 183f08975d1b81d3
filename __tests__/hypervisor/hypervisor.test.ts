import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CloudlessStack,
  Firmware,
  Hypervisor,
  LibvirtUri,
  PinnedHostKeys,
  SecureBoot,
  Placement,
  SecurityDriver,
  Size,
  SshKeyPair,
  StoragePool,
  type HypervisorProps,
} from '../../lib';
import { Cluster } from '../vm/cluster';

const { publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 7), 'kvm9');
const remote = LibvirtUri.ssh({ host: 'kvm9', user: 'root', knownHosts: PinnedHostKeys.of(publicKey) });

describe('a hypervisor', () => {
  const fails = (id: string, props: Partial<HypervisorProps>, message: string | RegExp) =>
    expect(() => {
      const { environment } = new Cluster();
      new Hypervisor(environment, id, { uri: LibvirtUri.socket('/run/other'), ...props });
    }).toThrow(message);

  it('fails when its name or its URI is another one', () => {
    fails('kvm1', {}, "test/kvm1: there is a hypervisor 'kvm1' already");
    fails(
      'kvm9',
      { uri: LibvirtUri.socket('/run/kvm2/libvirt-sock') },
      "test/kvm9: libvirt URI 'qemu:///system?socket=/run/kvm2/libvirt-sock' is the one of hypervisor 'kvm2' already",
    );
  });

  it('fails when its capacity makes no sense, with all that is wrong', () => {
    fails(
      'kvm_9',
      {
        memory: Size.gib(4),
        memoryReserve: Size.gib(4),
        vcpus: 1.5,
        vcpuOvercommit: 0,
        storage: { pool: Size.ZERO },
        labels: { Rack: 'a b' },
      },
      /hostname 'kvm_9'[^]*leaves nothing for guests[^]*'vcpus' is 1.5[^]*'vcpuOvercommit' is 0[^]*storage pool 'pool' has no size[^]*label 'Rack'/,
    );
    fails('kvm9', { memoryReserve: Size.gib(1), vcpuOvercommit: 2 }, /without 'memory'[^]*without 'vcpus'/);
  });

  it('needs a reason to have no security driver, and offers no secure boot', () => {
    expect(() => SecurityDriver.none('because')).toThrow('needs a reason in words');
    expect(() => Firmware.uefi({ secureBoot: SecureBoot.ON })).toThrow('needs the machine type q35 with SMM');
    expect(() => Firmware.uefi({ code: 'OVMF.fd' })).toThrow("firmware 'OVMF.fd' is no absolute path");
  });

  it('says in its domains what confines them, when that is declared', () => {
    const reason = 'the disks are of type volume, which AppArmor keeps from them';
    const cluster = new Cluster({
      hypervisors: [
        { securityDriver: SecurityDriver.DEFAULT },
        { securityDriver: SecurityDriver.APPARMOR },
        { securityDriver: SecurityDriver.none(reason) },
      ],
    });
    cluster.pool('web', { count: 3, placement: Placement.spread() });
    cluster.synth();
    const labels = Object.values(cluster.json('web').resource!.libvirt_domain!).map((domain) => {
      const { xml, provider } = domain as { provider: string; xml?: [{ xslt: string }] };
      return [provider, /<seclabel[^>]*>/.exec(xml?.[0].xslt ?? '')?.[0]];
    });
    expect(Object.fromEntries(labels)).toEqual({
      'libvirt.kvm1': undefined,
      'libvirt.kvm2': '<seclabel type="dynamic" model="apparmor"/>',
      'libvirt.kvm3': '<seclabel type="none"/>',
    });
  });

  it('replaces its machines when what confines them changes', () => {
    const spec = (securityDriver?: SecurityDriver) => {
      const cluster = new Cluster({ hypervisors: [{ securityDriver }] });
      cluster.pool('web', { count: 1 });
      cluster.synth();
      return Object.values(cluster.json('web').resource!.terraform_data!)[0];
    };
    expect(spec(SecurityDriver.DEFAULT)).toEqual(spec());
    expect(spec(SecurityDriver.SELINUX)).not.toEqual(spec());
  });

  it('has its known host keys beside every stack that speaks to it', () => {
    const cluster = new Cluster();
    const hypervisor = new Hypervisor(cluster.environment, 'kvm9', { uri: remote });
    const stack = new CloudlessStack(cluster.environment, 'far');
    new StoragePool(stack, 'far', { hypervisor, path: '/var/lib/far' });
    cluster.synth();
    expect(cluster.json('far').provider!.libvirt).toEqual([
      { alias: 'kvm9', uri: 'qemu+ssh://root@kvm9/system?sshauth=agent&knownhosts=assets/known_hosts-kvm9' },
    ]);
    const folder = join(cluster.directory, 'cdktf.out', 'stacks', 'test-far');
    expect(readFileSync(join(folder, 'assets', 'known_hosts-kvm9'), 'utf8')).toBe(
      `kvm9 ${publicKey.keyText}\n`,
    );
  });

  it('gives its machines the firmware that it was declared with', () => {
    const cluster = new Cluster({ hypervisors: [{ firmware: Firmware.uefi() }] });
    cluster.pool('web', { count: 1 });
    const [domain] = Object.values(cluster.synth().json('web').resource!.libvirt_domain!);
    expect(domain).toMatchObject({
      firmware: '/usr/share/OVMF/OVMF_CODE.fd',
      nvram: {
        file: '/var/lib/libvirt/qemu/nvram/web-0_VARS.fd',
        template: '/usr/share/OVMF/OVMF_VARS.fd',
      },
    });
  });
});
