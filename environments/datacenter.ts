import type { App } from 'cdktf';
import { resolve } from 'node:path';
import {
  BaseImage,
  Cidr,
  DataDisk,
  Environment,
  Fqdn,
  Hypervisor,
  IpAddress,
  LibvirtUri,
  NatNetwork,
  PinnedHostKeys,
  Placement,
  RootDisk,
  SecurityDriver,
  Severity,
  Size,
  SshPublicKey,
  SurvivesLoss,
} from '../lib';
import { NodeExporter } from '../modules';
import { BaseImages, VmPoolStack } from '../stacks';

/** Host keys of the hypervisors; the file is committed. */
const HOST_KEYS = 'environments/datacenter.known_hosts';

/** Hypervisors by name, with the rack that each is in. */
const RACKS = { kvm1: 'a', kvm2: 'a', kvm3: 'b', kvm4: 'b' };

/**
 * An example of a real site: four hypervisors in two racks, reached by SSH, with a bridge `br-servers` on each that is a
 * libvirt network of that name. `CLOUDLESS_ENVIRONMENT=datacenter` selects it in main.ts.
 */
export function datacenter(app: App): void {
  const environment = new Environment(app, 'datacenter', {
    domain: Fqdn.of('dc.example.org'),
    lockFile: resolve('environments/datacenter.lock.json'),
    siteKeyFile: resolve('datacenter.site.key'),
  });
  const hypervisors = Object.entries(RACKS).map(
    ([name, rack]) =>
      new Hypervisor(environment, name, {
        uri: LibvirtUri.ssh({
          host: `${name}.dc.example.org`,
          user: 'cloudless',
          key: '~/.ssh/id_ed25519',
          knownHosts: PinnedHostKeys.fromFile(HOST_KEYS),
        }),
        memory: Size.gib(256),
        memoryReserve: Size.gib(16),
        vcpus: 64,
        vcpuOvercommit: 3,
        storage: { datacenter: Size.tib(4) },
        labels: { rack, site: 'north' },
        securityDriver: SecurityDriver.DEFAULT,
      }),
  );
  // What runs on one hypervisor must fit on the others.
  new SurvivesLoss(environment, 'survives-loss', { severity: Severity.ERROR, exempt: ['database'] });

  const images = new BaseImages(environment, 'base-images', {
    hypervisors,
    storagePath: '/var/lib/libvirt/datacenter',
    images: { debian: BaseImage.fromCatalog('debian-12', { channel: 'stable' }) },
  });
  const servers = NatNetwork.fromAttributes({
    networkName: 'servers',
    hypervisors,
    cidr: Cidr.of('10.40.0.0/22'),
    nameservers: [IpAddress.of('10.40.0.2')],
  });
  const machine = {
    image: images.image('debian'),
    network: servers,
    administrators: [
      { name: 'ops', sshAuthorizedKeys: [SshPublicKey.fromFile('environments/datacenter.ops.pub')] },
    ],
    modules: [new NodeExporter()],
  };
  new VmPoolStack(environment, 'web', {
    ...machine,
    count: 8,
    vcpus: 2,
    memory: Size.gib(4),
    placement: Placement.spread(),
  });
  new VmPoolStack(environment, 'database', {
    ...machine,
    count: 2,
    vcpus: 8,
    memory: Size.gib(32),
    rootDisk: RootDisk.of({ size: Size.gib(20) }),
    dataDisks: [DataDisk.of({ name: 'data', size: Size.gib(500), mountPath: '/var/lib/postgresql' })],
    placement: Placement.spread({ where: { rack: 'b' }, maxPerHypervisor: 1 }),
  });
  new VmPoolStack(environment, 'build', {
    ...machine,
    count: 4,
    vcpus: 16,
    memory: Size.gib(16),
    placement: Placement.pack({ where: { rack: 'a' } }),
  });
}
