import { execFileSync, spawnSync } from 'node:child_process';
import { Cidr } from '../../lib/core/cidr';
import { IpAddress } from '../../lib/core/ip-address';
import { Firewall, GuestConfig, Peers, Protocol } from '../../lib/guest';
import { FQDN } from './fixtures';

const POOL = ['10.20.0.0/24', 'fd00:20::/64'];
const guestWith = (firewall: Firewall, monitoring?: string[]): GuestConfig => {
  const guest = new GuestConfig({
    fqdn: FQDN,
    image: { imageName: 'debian-12', os: 'debian-12', packages: { nftables: '1' } },
    firewall: { firewall, pool: POOL, monitoring },
  });
  const bind = (): void => {
    guest.listen(80, { from: Peers.ANYONE });
    guest.listen(8301, { from: Peers.POOL });
    guest.listen(8301, { from: Peers.POOL, protocol: Protocol.UDP });
    guest.listen(9100, { from: [Peers.MONITORING, Peers.addresses(IpAddress.of('192.0.2.7'))] });
    guest.listen(
      { first: 20000, last: 32000 },
      { from: Peers.ranges(Cidr.of('10.0.0.0/8'), Cidr.of('10.20.0.0/24')) },
    );
    guest.listen(8200, { from: Peers.NOBODY });
  };
  guest.use({ moduleName: 'app "one"', bind });
  return guest;
};
const rules = (text = ''): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.includes('dport'));

test('opens what is declared, to whom it is declared for, and nothing else', () => {
  expect(rules(guestWith(Firewall.declaredPorts(), ['10.99.0.5']).firewallRuleset)).toEqual([
    'tcp dport 22 accept comment "the machine"',
    'tcp dport 80 accept comment "app one"',
    'ip saddr { 10.20.0.0/24 } tcp dport 8301 accept comment "app one"',
    'ip6 saddr { fd00:20::/64 } tcp dport 8301 accept comment "app one"',
    'ip saddr { 10.20.0.0/24 } udp dport 8301 accept comment "app one"',
    'ip6 saddr { fd00:20::/64 } udp dport 8301 accept comment "app one"',
    'ip saddr { 10.99.0.5, 192.0.2.7 } tcp dport 9100 accept comment "app one"',
    'ip saddr { 10.0.0.0/8 } tcp dport 20000-32000 accept comment "app one"',
  ]);
});

test('the monitoring servers are the machine’s own networks unless they are named', () => {
  expect(rules(guestWith(Firewall.declaredPorts()).firewallRuleset)).toContain(
    'ip6 saddr { fd00:20::/64 } tcp dport 9100 accept comment "app one"',
  );
});

test('SSH can be for some only', () => {
  const firewall = Firewall.declaredPorts({ ssh: Peers.ranges(Cidr.of('10.1.0.0/16')) });
  expect(rules(guestWith(firewall).firewallRuleset)[0]).toBe(
    'ip saddr { 10.1.0.0/16 } tcp dport 22 accept comment "the machine"',
  );
});

test('a machine without one says why', () => {
  const router = guestWith(Firewall.none('a router: it filters by itself'));
  expect(router.firewallRuleset).toBeUndefined();
  expect(router.validate()).toEqual([]);
  expect(() => Firewall.none('no')).toThrow(
    "a machine without firewall needs a reason in words, 'no' is none",
  );
});

test('an image without nft is refused, not left open', () => {
  const guest = new GuestConfig({
    fqdn: FQDN,
    image: { imageName: 'old', os: 'debian-12', packages: {} },
    firewall: { firewall: Firewall.declaredPorts(), pool: POOL },
  });
  expect(guest.validate()).toEqual([
    "image 'old' has no package 'nftables' for the firewall; build a newer one, or say 'firewall: Firewall.none(…)' and why",
  ]);
});

const canTry = process.getuid?.() === 0 && spawnSync('unshare', ['-n', 'nft', 'list', 'tables']).status === 0;

// Needs nft and a network namespace, so root.
(canTry ? describe : describe.skip)('nft', () => {
  const load = (text: string): string =>
    execFileSync(
      'unshare',
      [
        '-n',
        'sh',
        '-c',
        'cat > /dev/shm/$$.nft; nft -f /dev/shm/$$.nft && nft -f /dev/shm/$$.nft; code=$?; rm /dev/shm/$$.nft; nft list ruleset; exit $code',
      ],
      {
        input: text,
        encoding: 'utf8',
      },
    );

  test('loads the ruleset, and loads it again over itself', () => {
    const listed = load(
      guestWith(Firewall.declaredPorts(), ['10.99.0.5', '10.99.0.0/24']).firewallRuleset ?? '',
    );
    expect(listed.match(/policy drop/g)).toHaveLength(2);
    expect(listed.match(/dport 80 accept/g)).toHaveLength(1);
  });

  test('leaves forwarding to others when a module passes packets on', () => {
    const guest = guestWith(Firewall.declaredPorts());
    guest.allowForwarding();
    expect(load(guest.firewallRuleset ?? '')).not.toContain('hook forward');
  });
});
