import { Size } from '../../../lib/core/size';
import {
  Firewall,
  GuestConfig,
  Peers,
  RemoteSource,
  Sudo,
  UnitActivation,
  UserKind,
  type GuestImage,
} from '../../../lib/guest';
import { NodeExporter } from '../../../modules';
import { FQDN, HOST_KEY, LAN } from '../fixtures';

export const DEBIAN: GuestImage = {
  imageName: 'debian-12-ignition',
  os: 'debian-12',
  kind: 'ignition',
  ignitionSpec: '3.3.0',
  packages: { nftables: '1.0.6', 'prometheus-node-exporter': '1.5.0' },
};
export const COREOS: GuestImage = {
  imageName: 'fedora-coreos',
  os: 'fedora-coreos-42',
  kind: 'ignition',
  ignitionSpec: '3.5.0',
  packages: {},
};
export const FLATCAR: GuestImage = {
  ...COREOS,
  imageName: 'flatcar',
  os: 'flatcar-4230',
  ignitionSpec: '3.3.0',
};

/** A guest that uses everything which every Ignition machine can have. */
export function machine(image: GuestImage): GuestConfig {
  const guest = new GuestConfig({
    fqdn: FQDN,
    image,
    interfaces: [LAN],
    firewall: { firewall: Firewall.declaredPorts(), pool: ['10.20.0.0/24', 'fd00:20::/64'] },
  });
  if (image === DEBIAN) guest.use(new NodeExporter({ collectors: ['systemd'] }));
  guest.addUser({
    name: 'ops',
    sshAuthorizedKeys: [HOST_KEY.publicKey],
    sudo: Sudo.PASSWORDLESS,
    groups: ['adm'],
  });
  guest.addUser({ name: 'app', kind: UserKind.SERVICE, id: 900, home: '/var/lib/app' });
  guest.setTimeZone('Europe/Berlin');
  guest.setSysctl('vm.swappiness', 1);
  guest.addFile({
    path: '/etc/app/config.json',
    content: '{"costs":"${5}","%{x}":1}\n',
    mode: '0640',
    owner: 'root:app',
  });
  guest.addFile({ path: '/etc/app/blob', content: Buffer.from([0, 1, 255]) });
  guest.addFile({
    path: '/opt/bin/app',
    content: RemoteSource.of({ url: 'https://mirror.example.org/app', digest: `sha512:${'ab'.repeat(64)}` }),
    mode: '0755',
  });
  guest.addDirectory({ path: '/etc/app', mode: '0750', owner: 'root:app' });
  guest.addDirectory({ path: '/srv/data/app', mode: '0700', owner: 'app' });
  guest.addLink({ path: '/etc/app/current', target: 'config.json' });
  guest.addUnit({
    name: 'app.service',
    content: `[Unit]
Description=Costs \${5}
After=network-online.target app-check.service
RequiresMountsFor=/srv/data
StartLimitBurst=3

[Service]
ExecStart=/opt/bin/app
User=app

[Install]
WantedBy=multi-user.target
`,
  });
  guest.addUnit({
    name: 'app-check.service',
    content: '[Service]\nType=oneshot\nExecStart=/bin/true\n',
    activation: UnitActivation.ON_DEMAND,
  });
  guest.addUnit({
    name: 'systemd-timesyncd.service',
    dropIns: [{ name: '10-nice.conf', content: '[Service]\nNice=-5\n' }],
    activation: UnitActivation.DISABLED,
  });
  guest.addUnit({ name: 'debug-shell.service', activation: UnitActivation.MASKED });
  guest.addDataMount({ disk: 0, label: 'data', mountPoint: '/srv/data', size: Size.gib(1) });
  guest.addFirstBootCommand(['/bin/touch', '/var/lib/first']);
  guest.listen(8080, { from: Peers.POOL });
  return guest;
}
