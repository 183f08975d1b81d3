import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CertificateAuthority,
  Quorum,
  renderIgnition,
  sshHostKey,
  type GuestConfig,
  type GuestImage,
} from '../../lib';
import {
  Binaries,
  ConsulClient,
  ConsulServer,
  NomadClient,
  NomadCluster,
  NomadDriver,
  NomadServer,
  VaultCluster,
  VaultSeal,
  VaultServer,
} from '../../modules';
import { COREOS, DEBIAN, FLATCAR } from '../guest/ignition/machines';
import { temporaryDirectory } from '../support/site';
import { consulCluster, environmentIn, machineOf } from './support/stack-fixture';

/** A server and a client, of the modules as they are for cloud-init. */
function machines(image: GuestImage): GuestConfig[] {
  const environment = environmentIn();
  const authority = new CertificateAuthority(environment, 'ca');
  // SHA-512: Ignition knows SHA-256 only since 3.4.0.
  const binaries = (name: string) =>
    Binaries.fromUrl(`https://mirror.example.org/${name}`, `sha512:${'ab'.repeat(64)}`);
  const own = { environment, authority, quorum: Quorum.of(3), serverPool: 'servers' };
  const consul = consulCluster(environment, {
    authority,
    binaries: binaries('consul'),
    tokens: (access) => [access.nomadServers, access.nomadClients],
  });
  const nomad = new NomadCluster('nomad', { ...own, binaries: binaries('nomad'), consul });
  const vault = new VaultCluster('vault', { ...own, binaries: binaries('vault'), seal: VaultSeal.shamir() });
  const driver = image === DEBIAN ? NomadDriver.exec() : NomadDriver.podman(binaries('nomad-driver-podman'));
  return [
    machineOf(
      'servers',
      0,
      [new ConsulServer(consul), new NomadServer(nomad), new VaultServer(vault)],
      undefined,
      image,
    ),
    machineOf(
      'clients',
      0,
      [new ConsulClient(consul), new NomadClient(nomad, { drivers: [driver] })],
      [],
      image,
    ),
  ];
}

test.each([DEBIAN, COREOS, FLATCAR])('$imageName takes the servers and clients as they are', (image) => {
  const { siteKey } = environmentIn();
  for (const guest of machines(image)) {
    expect(guest.validate()).toEqual([]);
    const document = renderIgnition(guest, {
      interfaces: guest.interfaces,
      hostKey: sshHostKey(siteKey, 'test', guest.fqdn),
    });
    const file = join(temporaryDirectory(), 'config.ign');
    // ignition-validate of Debian 12 knows the specification up to 3.3.0.
    writeFileSync(file, document.replace('"version":"3.5.0"', '"version":"3.3.0"'));
    const { status, stdout, stderr } = spawnSync('ignition-validate', [file], { encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  }
});
