import { below } from '../../hosts/private/carriers';
import { MARKER } from '../../hosts/private/marks';
import { parseFacts } from '../../hosts/private/read-facts';

/** What a host would print: sections as the script writes them. */
function answer(sections: Record<string, string>): string {
  return Object.entries(sections)
    .map(([name, text]) => `\n=== ${name}\n${text}\n`)
    .join('');
}

const LINKS = JSON.stringify([
  {
    ifname: 'lo',
    flags: ['UP'],
    mtu: 65536,
    addr_info: [{ local: '127.0.0.1', prefixlen: 8, scope: 'host' }],
  },
  { ifname: 'eth0', altnames: ['enp1s0'], flags: ['UP'], mtu: 9000, master: 'bond0', addr_info: [] },
  { ifname: 'bond0', flags: ['UP'], mtu: 9000, linkinfo: { info_kind: 'bond' }, addr_info: [] },
  {
    ifname: 'bond0.7',
    link: 'bond0',
    flags: [],
    mtu: 1500,
    linkinfo: { info_kind: 'vlan' },
    addr_info: [
      { local: '10.0.0.1', prefixlen: 24, scope: 'global' },
      { local: 'fe80::1', prefixlen: 64, scope: 'link' },
    ],
  },
  {
    ifname: 'vx7',
    flags: [],
    mtu: 1450,
    linkinfo: { info_kind: 'vxlan', info_data: { id: 7 } },
    ifalias: 'cloudless',
  },
]);

describe('the facts of a host', () => {
  it('hold how interfaces are stacked, and the addresses that matter', () => {
    const facts = parseFacts(answer({ links: LINKS }));
    expect(facts.links.map(({ name, master, parent, kind }) => [name, master, parent, kind])).toEqual([
      ['lo', undefined, undefined, undefined],
      ['eth0', 'bond0', undefined, undefined],
      ['bond0', undefined, undefined, 'bond'],
      ['bond0.7', undefined, 'bond0', 'vlan'],
      ['vx7', undefined, undefined, 'vxlan'],
    ]);
    expect(facts.links.map(({ addresses }) => addresses)).toEqual([[], [], [], ['10.0.0.1/24'], []]);
    expect(facts.links[4]).toMatchObject({ vni: 7, alias: 'cloudless', isUp: false });
    expect([...below('bond0.7', facts)]).toEqual(['bond0.7', 'bond0', 'eth0']);
  });

  it('hold the way back to the administrator and the way in', () => {
    const facts = parseFacts(
      answer({
        links: LINKS,
        session: '192.0.2.9 50000 10.0.0.1 22',
        'session-route': '[{"dst":"192.0.2.9","gateway":"10.1.0.254","dev":"eth9","prefsrc":"10.1.0.1"}]',
        routes: '[{"dst":"default","nexthops":[{"dev":"eth9"},{"dev":"eth8"}]}]',
        routes6: '[{"dst":"default","dev":"eth7"}]',
      }),
    );
    expect(facts.sessions).toEqual([{ client: '192.0.2.9', interfaces: ['eth9', 'bond0.7'] }]);
    expect(facts.defaultRoutes).toEqual(['eth9', 'eth8', 'eth7']);
  });

  it('hold what Open vSwitch says, or that it does not answer', () => {
    const ovs = 'running\novsbr0  : eth1 vnet0\nours prepared :';
    expect(parseFacts(answer({ ovs, datapath: 'kernel' })).openVswitch).toEqual({
      hasKernelDatapath: true,
      bridges: [
        { name: 'ovsbr0', isOurs: false, ports: ['eth1', 'vnet0'] },
        { name: 'ours', isOurs: true, ports: [] },
      ],
    });
    expect(parseFacts(answer({ ovs: '' })).openVswitch).toBeUndefined();
  });

  it('hold what NetworkManager and ifupdown have in hand', () => {
    const facts = parseFacts(
      answer({
        networkmanager:
          'eth0:connected\neth1:unmanaged\neth2:connecting (getting IP)\nlo:connected (externally)',
        ifupdown:
          'source /etc/network/interfaces.d/*\nauto eth3\niface eth3 inet dhcp\niface eth4 inet manual',
      }),
    );
    expect(facts.networkManagerDevices).toEqual(['eth0', 'eth2', 'lo']);
    expect(facts.ifupdownInterfaces).toEqual(['eth3']);
    expect(facts.ifupdownIncludes).toBe(true);
    expect(parseFacts(answer({ ifupdown: '# source /etc/network/interfaces.d/*' })).ifupdownIncludes).toBe(
      false,
    );
  });

  it('hold our own files, and not one that somebody else has put in their place', () => {
    const ours = '/etc/systemd/network/05-cloudless-br0.netdev';
    const theirs = '/etc/systemd/network/05-cloudless-br1.netdev';
    const text = `=== === ${ours}\n${MARKER}[NetDev]\nName=br0\n=== === ${theirs}\n[NetDev]\nName=br1`;
    expect(
      parseFacts(answer({ files: text, 'peer 10.0.0.2': '[{"dev":"eth0","prefsrc":"10.0.0.1"}]' })),
    ).toMatchObject({
      files: { [ours]: `${MARKER}[NetDev]\nName=br0\n` },
      peerRoutes: { '10.0.0.2': { device: 'eth0', source: '10.0.0.1' } },
    });
    expect(Object.keys(parseFacts(answer({ files: text })).files)).toEqual([ours]);
  });
});
