import type { Construct } from 'constructs';
import type { IpAddress } from '../../core/ip-address';
import type { DnsName } from '../../core/fqdn';
import type { GuestAddress, GuestInterface } from '../../guest';
import type { INetwork } from '../../network';
import type { MachineProps } from '../machine-props';
import type { NetworkAttachment, NetworkCard } from '../network-attachment';

/** Cards that libvirt 0.8.3 and a PC of QEMU have room for. */
const MAXIMUM_CARDS = 16;

type Wish = Pick<MachineProps, 'network' | 'networks' | 'defaultRoute' | 'namedBy'>;

/** The networks that a machine asks for, in the order of its cards; empty when it asks for none. */
export function attachmentsOf({ network, networks = [] }: Wish): NetworkAttachment[] {
  const all = network ? [network, ...networks] : networks;
  return all.map((each) => ('network' in each ? each : { network: each }));
}

/** What is wrong with a machine's wishes for networks. */
export function cardProblems(wish: Wish): string[] {
  const attachments = attachmentsOf(wish);
  const problems: string[] = [];
  if (attachments.length === 0) problems.push("has no network; give 'network', or several in 'networks'");
  if (wish.network && wish.networks)
    problems.push("'network' and 'networks' are both given; put all of them into 'networks'");
  if (attachments.length > MAXIMUM_CARDS)
    problems.push(`${attachments.length} network cards are more than the ${MAXIMUM_CARDS} there is room for`);
  const names = attachments.map(({ network }) => network.networkName).join(', ');
  for (const [prop, network] of [
    ['defaultRoute', wish.defaultRoute],
    ['namedBy', wish.namedBy],
  ] as const)
    if (network && !attachments.some((each) => each.network === network))
      problems.push(
        `'${prop}' is network '${network.networkName}', and the machine is on ${names}; name one of these`,
      );
  const { defaultRoute } = wish;
  if (defaultRoute && !defaultRoute.gateway && !defaultRoute.gateway6)
    problems.push(
      `'defaultRoute' is network '${defaultRoute.networkName}', which has no gateway; give it one, or name another network`,
    );
  return problems;
}

/** Gives a machine its address and MAC in each of its networks. */
export function allocateCards(
  owner: Construct,
  member: string,
  attachments: readonly NetworkAttachment[],
): NetworkCard[] {
  const seen = new Map<INetwork, number>();
  return attachments.map(({ network, address, address6, mac }) => {
    const card = seen.get(network) ?? 0;
    seen.set(network, card + 1);
    const identity = network.allocate(owner, member, address, { card, pinned6: address6, mac });
    const name = network.networkName.replaceAll('.', '-');
    return { cardName: card === 0 ? name : `${name}-${card}`, network, ...identity };
  });
}

/** The cards as the guest configures them. @param domain the machine's own */
export function guestInterfaces(
  cards: readonly NetworkCard[],
  wish: Wish,
  domain: DnsName,
): GuestInterface[] {
  const leads = (network: INetwork, version: 4 | 6): IpAddress | undefined =>
    [network.gateway, network.gateway6].find((gateway) => gateway?.version === version);
  const leader = (version: 4 | 6): NetworkCard | undefined =>
    cards.find(({ network }) =>
      wish.defaultRoute ? network === wish.defaultRoute : leads(network, version) !== undefined,
    );
  const [leader4, leader6] = [leader(4), leader(6)];
  // The machine's own domain is searched where there is somebody to ask.
  const resolving = cards.find(({ network }) => network.nameservers.length > 0) ?? cards[0];
  return cards.map((card) => {
    const { network, address, address6, mac } = card;
    const of = (own: IpAddress, range: GuestAddress['network']): GuestAddress => ({
      address: own,
      network: range,
      gateway: card === (own.version === 4 ? leader4 : leader6) ? leads(network, own.version) : undefined,
    });
    return {
      name: card.cardName,
      macAddress: mac,
      addresses: [
        of(address, network.cidr),
        ...(address6 && network.cidr6 ? [of(address6, network.cidr6)] : []),
      ],
      nameservers: network.nameservers,
      searchDomains: [...(card === resolving ? [domain] : []), ...(network.searchDomains ?? [])],
      mtu: network.mtu,
    };
  });
}
