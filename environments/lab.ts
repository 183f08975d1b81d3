import type { App } from 'cdktf';
import { resolve } from 'node:path';
import { labSite } from '../lab/site';
import {
  Accelerator,
  Cidr,
  DataDisk,
  Environment,
  Fqdn,
  Hypervisor,
  ImageCatalog,
  IpAddress,
  LibvirtUri,
  PowerDns,
  Protection,
  RootDisk,
  Size,
  SshPublicKey,
} from '../lib';
import { NodeExporter } from '../modules';
import { BaseImagesStack, DnsStack, MonitoringStack, NetworkStack, VmPoolStack } from '../stacks';

/** How many web servers there are. Change it and deploy: everything else follows. */
const WEB_SERVERS = 3;

/** The lab: a whole site on one machine, in a network namespace (`cloudless lab up`). */
export function lab(app: App): void {
  const site = labSite();
  const [kvm1] = site.hypervisors;
  const range = Cidr.of('10.20.0.0/24');

  const environment = new Environment(app, 'lab', {
    domain: Fqdn.of(site.dns.zone),
    lockFile: resolve('environments/lab.lock.json'),
    siteKeyFile: site.siteKey,
  });
  const hypervisor = new Hypervisor(environment, kvm1.name, {
    uri: LibvirtUri.fromUri(kvm1.uri),
    memory: Size.gib(8),
    accelerator: site.accelerator === 'kvm' ? Accelerator.KVM : Accelerator.TCG,
  });

  const images = new BaseImagesStack(environment, 'base-images', {
    hypervisor,
    storagePath: kvm1.storage,
    images: { debian: ImageCatalog.load().release('debian-12') },
  });
  const network = new NetworkStack(environment, 'network', {
    networks: { lan: { hypervisor, cidr: range, nameservers: [IpAddress.of(site.dns.guestAddress)] } },
  });
  const web = new VmPoolStack(environment, 'web', {
    count: WEB_SERVERS,
    vcpus: 1,
    memory: Size.mib(384),
    image: images.image('debian'),
    network: network.network('lan'),
    rootDisk: RootDisk.of({ size: Size.gib(4) }),
    dataDisks: [DataDisk.of({ name: 'data', size: Size.gib(1), mountPath: '/srv/data' })],
    administrators: [{ name: 'ops', sshAuthorizedKeys: [SshPublicKey.fromFile(site.operator.publicKey)] }],
    modules: [new NodeExporter()],
    after: [images, network],
  });
  new DnsStack(environment, 'dns', {
    server: new PowerDns(environment, 'pdns', { apiUrl: site.dns.api }),
    pools: [web],
    reverse: [range],
    nameservers: [{ name: Fqdn.of(`ns.${site.dns.zone}`), address: IpAddress.of(site.dns.guestAddress) }],
    protection: Protection.NONE, // the lab's server goes with the lab
    login: { user: 'ops', identityFile: site.operator.privateKey },
  });
  new MonitoringStack(environment, 'monitoring', {
    pools: [web],
    jobs: ['node'],
    targetsDirectory: site.prometheus.targets,
  });
}
