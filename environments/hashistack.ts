import type { App } from 'cdktf';
import { resolve } from 'node:path';
import { hashiStackProgram, type HashiStackProgram } from '../lab/hashistack/consul';
import { MIRROR_PORT } from '../lab/hashistack/serve';
import {
  Cidr,
  CloudlessStack,
  Digest,
  Environment,
  Fqdn,
  HostRecords,
  ImageCatalog,
  IpAddress,
  KnownHosts,
  LockChanges,
  NatNetwork,
  Peers,
  PowerDns,
  Protection,
  Quorum,
  RecordSet,
  ReverseZone,
  RootDisk,
  Size,
  SshConfig,
  SshPublicKey,
  ValidationError,
  Zone,
  type GuestModule,
} from '../lib';
import { Binaries, NomadDriver, VaultSeal } from '../modules';
import { BaseImagesStack, HashiStack } from '../stacks';
import { hypervisorsOf, startedLab } from './lab';

/**
 * Three servers and a client in the lab: Consul, and Nomad and Vault when `CLOUDLESS_HASHISTACK_BIN` names a directory with
 * their programs. `CLOUDLESS_ENVIRONMENT=hashistack` selects it in main.ts; docs/hashistack.md says how it is brought up.
 *
 * @param directory where the lock file is
 */
export function hashistack(app: App, directory = 'environments'): HashiStack {
  const site = startedLab();
  const range = Cidr.of('10.30.0.0/24');
  const guestDns = IpAddress.of(site.dns.guestAddress);
  const environment = new Environment(app, 'hashistack', {
    domain: Fqdn.of(`hashi.${site.dns.zone}`),
    lockFile: resolve(directory, 'hashistack.lock.json'),
    lockChanges: LockChanges.WRITE, // the lab's lock belongs to one machine and is not committed
    siteKeyFile: site.siteKey,
  });
  const [hypervisor] = hypervisorsOf(site, environment);
  if (!hypervisor) throw new ValidationError('hashistack', 'the lab has no hypervisor');
  const images = new BaseImagesStack(environment, 'base-images', {
    hypervisor,
    storagePath: `${site.hypervisors[0].storage}-hashistack`,
    images: { debian: ImageCatalog.load().release('debian-12') },
  });
  const network = new NatNetwork(new CloudlessStack(environment, 'network'), 'hashi', {
    hypervisor,
    cidr: range,
    nameservers: [guestDns],
  });

  // Before any machine: members find each other by name.
  const dns = new CloudlessStack(environment, 'dns');
  const nameserver = Fqdn.of(`ns.${environment.domain}`);
  const options = {
    server: new PowerDns(environment, 'pdns', { apiUrl: site.dns.api }),
    nameservers: [nameserver],
    protection: Protection.NONE, // the lab's server goes with the lab
  };
  const zone = new Zone(dns, 'zone', { ...options, name: environment.domain });
  const reverse = new ReverseZone(dns, 'reverse', { ...options, cidr: range });
  new RecordSet(dns, 'nameserver', {
    zone,
    name: nameserver.absolute,
    type: 'A',
    records: [guestDns.toString()],
  });

  const consul = labBinaries(site.dns.guestAddress, 'consul');
  if (!consul)
    throw new ValidationError('hashistack', 'Consul was not built yet; run: cloudless hashistack install');
  const nomad = labBinaries(site.dns.guestAddress, 'nomad');
  const vault = labBinaries(site.dns.guestAddress, 'vault');
  const machine = {
    image: images.image('debian'),
    network,
    memory: Size.mib(nomad || vault ? 768 : 384),
    rootDisk: RootDisk.of({ size: Size.gib(2) }),
    administrators: [{ name: 'ops', sshAuthorizedKeys: [SshPublicKey.fromFile(site.operator.publicKey)] }],
  };
  const stack = new HashiStack(environment, 'hashistack', {
    zone,
    servers: { ...machine, quorum: Quorum.of(3), stateSize: Size.mib(512) },
    clients: {
      ...machine,
      count: 1,
      services: [{ name: 'web', port: WEB_PORT, check: { httpPath: '/' } }],
      modules: [web],
      nomad: nomad && { drivers: [NomadDriver.exec()] },
    },
    consul: {
      binaries: consul,
      // Processors are translated here, and slow: who does not answer at once is not dead.
      extraConfig: {
        performance: { raft_multiplier: 5 },
        gossip_lan: { probe_timeout: '5s', probe_interval: '5s', suspicion_mult: 8 },
      },
    },
    nomad: nomad && { binaries: nomad },
    vault: vault && { binaries: vault, seal: VaultSeal.shamir() },
  });

  const machines = [...stack.servers.pool.members, ...(stack.clients?.pool.members ?? [])];
  new HostRecords(dns, 'hosts', { machines, zone, reverseZones: [reverse] });
  const knownHosts = new KnownHosts(dns, 'known-hosts', { machines });
  new SshConfig(dns, 'ssh-config', {
    machines,
    knownHosts,
    user: 'ops',
    identityFile: site.operator.privateKey,
  });
  return stack;
}

const WEB_PORT = 8080;

/** Something to be found: a page by Python's own server. */
const web: GuestModule = {
  moduleName: 'web',
  bind(guest) {
    guest.addFile({ path: '/srv/web/index.html', content: `${guest.hostname}\n` });
    guest.addUnit({
      name: 'web.service',
      content: `[Unit]
Description=A page

[Service]
DynamicUser=yes
ExecStart=/usr/bin/python3 -m http.server --directory /srv/web ${WEB_PORT}
Restart=always

[Install]
WantedBy=multi-user.target
`,
    });
    guest.listen(WEB_PORT, { from: Peers.POOL });
  },
};

/** The program of this machine, which the mirror in the lab shows (`cloudless hashistack serve`). */
function labBinaries(address: string, name: HashiStackProgram): Binaries | undefined {
  const program = hashiStackProgram(name);
  if (program === undefined) return undefined;
  return Binaries.fromUrl(`http://${address}:${MIRROR_PORT}/${name}`, Digest.ofFile(program).toString());
}
