import { Cidr } from '../../lib/core/cidr';
import { DnsName, Fqdn } from '../../lib/core/fqdn';
import { IpAddress } from '../../lib/core/ip-address';
import { MacAddress } from '../../lib/core/mac-address';
import { SiteKey } from '../../lib/core/site-key';
import { sshHostKey, type SshKeyPair } from '../../lib/core/ssh-key';
import { GuestConfig, Sudo, UnitActivation, type GuestIdentity, type GuestInterface } from '../../lib/guest';
import { NodeExporter } from '../../modules';

export const FQDN = Fqdn.of('web-0.lab.internal');

export const HOST_KEY: SshKeyPair = sshHostKey(SiteKey.fromBytes(Buffer.alloc(32, 7)), 'lab', FQDN);

export const LAN: GuestInterface = {
  name: 'lan',
  macAddress: MacAddress.of('52:54:00:12:34:56'),
  addresses: [
    {
      address: IpAddress.of('10.20.0.7'),
      network: Cidr.of('10.20.0.0/24'),
      gateway: IpAddress.of('10.20.0.1'),
    },
    {
      address: IpAddress.of('fd00:20::7'),
      network: Cidr.of('fd00:20::/64'),
      gateway: IpAddress.of('fd00:20::1'),
    },
  ],
  nameservers: [IpAddress.of('10.255.53.53')],
  searchDomains: [DnsName.of('lab.internal')],
  mtu: 1450,
};

export const IDENTITY: GuestIdentity = { hostKey: HOST_KEY, interfaces: [LAN] };

/** Packages of the image in these tests. */
export const IMAGE = { imagePackages: ['prometheus-node-exporter'] };

export function emptyGuest(): GuestConfig {
  return new GuestConfig({ fqdn: FQDN });
}

/** A machine that uses everything a guest can have. */
export function fullGuest(): GuestConfig {
  const guest = emptyGuest();
  guest.use(new NodeExporter({ collectors: ['systemd'] }));
  guest.addUser({
    name: 'admin',
    sshAuthorizedKeys: [HOST_KEY.publicKey],
    sudo: Sudo.PASSWORDLESS,
    groups: ['adm', 'systemd-journal'],
  });
  guest.addUser({ name: 'deploy' });
  guest.addFile({ path: '/etc/motd', content: 'Hello ${USER}, %{x} costs $5\n\n  yes\n' });
  guest.addFile({
    path: '/srv/key.bin',
    content: Buffer.from([0, 1, 2, 255]),
    mode: '0600',
    owner: 'deploy',
  });
  guest.addUnit({
    name: 'backup.service',
    content: '[Service]\nExecStart=/bin/true\n',
    activation: UnitActivation.ON_DEMAND,
  });
  guest.addUnit({
    name: 'backup.timer',
    content: '[Timer]\nOnCalendar=daily\n\n[Install]\nWantedBy=timers.target\n',
  });
  guest.addUnit({
    name: 'ssh.service',
    dropIns: [{ name: '10-nice.conf', content: '[Service]\nNice=-5\n' }],
  });
  guest.addUnit({ name: 'apt-daily.timer', activation: UnitActivation.DISABLED });
  guest.addUnit({ name: 'man-db.timer', activation: UnitActivation.MASKED });
  guest.addDataMount({ disk: 0, label: 'data', mountPoint: '/srv/my-data' });
  guest.addFirstBootCommand(['install', '-d', "/srv/my-data/it's"]);
  guest.addFirstBootCommand('echo "$HOME" > /root/home');
  return guest;
}
