import type { App } from 'cdktf';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { labSite, type LabHypervisor, type LabSite } from '../lab/site';
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
  LockChanges,
  OvsNetwork,
  PinnedHostKeys,
  Placement,
  PowerDns,
  Protection,
  RootDisk,
  SecurityDriver,
  Size,
  SshPublicKey,
  ValidationError,
  Vlan,
} from '../lib';
import { NodeExporter } from '../modules';
import { BaseImages, BaseImagesStack, DnsStack, MonitoringStack, NetworkStack, VmPoolStack } from '../stacks';

/** How many web servers there are. Change it and deploy: everything else follows. */
const WEB_SERVERS = 3;

/** The lab: a whole site on one machine, in a network namespace (`cloudless lab up`). */
export function lab(app: App): void {
  const site = startedLab();
  const range = Cidr.of('10.20.0.0/24');

  const environment = new Environment(app, 'lab', {
    domain: Fqdn.of(site.dns.zone),
    lockFile: resolve('environments/lab.lock.json'),
    lockChanges: LockChanges.WRITE, // the lab's lock belongs to one machine and is not committed
    siteKeyFile: site.siteKey,
  });
  const hypervisors = hypervisorsOf(site, environment);
  const [hypervisor] = hypervisors as [Hypervisor, ...Hypervisor[]];

  const images = new BaseImagesStack(environment, 'base-images', {
    hypervisor,
    storagePath: site.hypervisors[0].storage,
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

/**
 * The lab as a private cloud of three hypervisors: a VLAN with IPv4 and IPv6 that spans them, and a pool spread over it.
 * `CLOUDLESS_ENVIRONMENT=sites` selects it in main.ts. The operator looks into the VLAN with a port of its own (docs/networks.md).
 */
export function sites(app: App): void {
  const site = startedLab();
  const environment = new Environment(app, 'sites', {
    domain: Fqdn.of(`sites.${site.dns.zone}`),
    lockFile: resolve('environments/sites.lock.json'),
    lockChanges: LockChanges.WRITE,
    siteKeyFile: site.siteKey,
  });
  const hypervisors = hypervisorsOf(site, environment);
  const images = new BaseImages(environment, 'base-images', {
    hypervisors,
    storagePath: `${site.hypervisors[0].storage}-sites`,
    images: { debian: ImageCatalog.load().release('debian-12') },
  });
  const servers = new Vlan(environment, 'vlan-servers', { id: 10 });
  const lan = new OvsNetwork(environment, 'servers', {
    hypervisors,
    bridge: site.fabric.ovsBridge,
    vlan: Vlan.access(servers),
    cidr: Cidr.of('10.60.10.0/24'),
    cidr6: Cidr.of('fd42:60:10::/64'),
  });
  new VmPoolStack(environment, 'app', {
    count: hypervisors.length,
    memory: Size.mib(256),
    image: images.image('debian'),
    network: lan,
    administrators: [{ name: 'ops', sshAuthorizedKeys: [SshPublicKey.fromFile(site.operator.publicKey)] }],
    placement: Placement.spread(),
  });
}

export function startedLab(): LabSite {
  const site = labSite();
  if (!existsSync(site.operator.publicKey))
    throw new ValidationError('lab', `lab '${site.name}' was never started; run: cloudless lab up`);
  return site;
}

export function hypervisorsOf(site: LabSite, environment: Environment): Hypervisor[] {
  return site.hypervisors.map(
    (facts) =>
      new Hypervisor(environment, facts.name, {
        uri: uriOf(facts),
        memory: Size.gib(8),
        labels: { site: 'lab' },
        accelerator: site.accelerator === 'kvm' ? Accelerator.KVM : Accelerator.TCG,
        securityDriver: SecurityDriver.none('the lab: its hypervisors run in namespaces of their own'),
      }),
  );
}

function uriOf({ uri, ssh }: LabHypervisor): LibvirtUri {
  return ssh
    ? LibvirtUri.ssh({ ...ssh, knownHosts: PinnedHostKeys.fromFile(ssh.knownHosts) })
    : LibvirtUri.fromUri(uri);
}
