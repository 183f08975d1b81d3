import type { IpAddress } from '../../core/ip-address';
import type { GuestFile } from '../guest-file';
import type { GuestInterface } from '../guest-identity';
import { GuestOs } from '../guest-image';

/** The network configuration of a machine, as files of what manages the network there. */
export function networkFiles(interfaces: readonly GuestInterface[], os: GuestOs): GuestFile[] {
  return interfaces.map((card) =>
    os === GuestOs.FEDORA_COREOS
      ? {
          path: `/etc/NetworkManager/system-connections/${card.name}.nmconnection`,
          content: keyfile(card),
          // NetworkManager ignores a profile that others may read.
          mode: '0600',
        }
      : { path: `/etc/systemd/network/10-cloudless-${card.name}.network`, content: networkdFile(card) },
  );
}

/** systemd.network(5). Every address is known: no router may announce another one. */
function networkdFile({
  macAddress,
  addresses = [],
  nameservers = [],
  searchDomains = [],
  mtu,
}: GuestInterface): string {
  const lines = [
    '[Match]',
    `MACAddress=${macAddress}`,
    ...(mtu === undefined ? [] : ['', '[Link]', `MTUBytes=${mtu}`]),
    '',
    '[Network]',
    'DHCP=no',
    'IPv6AcceptRA=no',
    ...addresses.flatMap(({ address, network, gateway }) => [
      `Address=${address}/${network.prefixLength}`,
      ...(gateway ? [`Gateway=${gateway}`] : []),
    ]),
    ...nameservers.map((server) => `DNS=${server}`),
    ...(searchDomains.length > 0 ? [`Domains=${searchDomains.join(' ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** nm-settings-keyfile(5). */
function keyfile(card: GuestInterface): string {
  const { name, macAddress, mtu } = card;
  const lines = [
    '[connection]',
    `id=${name}`,
    'type=ethernet',
    '',
    '[ethernet]',
    `mac-address=${`${macAddress}`.toUpperCase()}`,
    ...(mtu === undefined ? [] : [`mtu=${mtu}`]),
    ...family(card, 4),
    ...family(card, 6),
  ];
  return `${lines.join('\n')}\n`;
}

function family(
  { addresses = [], nameservers = [], searchDomains = [] }: GuestInterface,
  version: 4 | 6,
): string[] {
  const own = addresses.filter(({ address }) => address.version === version);
  const none = version === 4 ? 'disabled' : 'link-local';
  if (own.length === 0) return ['', `[ipv${version}]`, `method=${none}`];
  const gateway = own.find((each) => each.gateway)?.gateway;
  const list = (values: readonly IpAddress[]): string => values.map((value) => `${value};`).join('');
  const servers = nameservers.filter((server) => server.version === version);
  return [
    '',
    `[ipv${version}]`,
    'method=manual',
    ...own.map(({ address, network }, index) => `address${index + 1}=${address}/${network.prefixLength}`),
    ...(gateway ? [`gateway=${gateway}`] : []),
    ...(servers.length > 0 ? [`dns=${list(servers)}`] : []),
    ...(searchDomains.length > 0
      ? [`dns-search=${searchDomains.map((domain) => `${domain};`).join('')}`]
      : []),
  ];
}
