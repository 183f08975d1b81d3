import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { persistentFiles } from '../../hosts/private/persistence';
import type { HostFacts } from '../../hosts/host-facts';
import { planPreparation } from '../../hosts/host-plan';
import type { HostRequest } from '../../hosts/host-request';
import { parseFacts } from '../../hosts/private/read-facts';
import { creation, type Resolved } from '../../hosts/private/creation';

const CLOUDLESS = resolve('bin', 'cloudless');
const NETWORKD = '/usr/lib/systemd/systemd-networkd';
/** A host of its own: three cards, one with an address and the default route; no manager, nothing of the real host. */
const HOST = `set -e
mount -t sysfs cloudless /sys; mount -t tmpfs cloudless /run
mkdir -p /run/networkd /run/network; mount --bind /run/networkd /etc/systemd
[ ! -d /etc/network ] || mount --bind /run/network /etc/network
ip link set lo up
for card in 0 1 2; do
  ip link add eth$card type veth peer name far$card; ip link set eth$card up; ip link set far$card up
done
ip address add 10.99.0.1/24 dev eth0; ip route add default via 10.99.0.254
`;

/** Runs a script on such a host and returns what it says on both streams. */
function onHost(script: string, environment: Record<string, string> = {}) {
  const { status, stdout } = spawnSync(
    'unshare',
    ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', `${HOST}${script}`],
    { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 },
  );
  return { status, output: String(stdout) };
}

const prepare = (...args: string[]) => `${CLOUDLESS} host prepare --local ${args.join(' ')} 2>&1`;

/** Facts of a host on which everything is still to be made. */
function emptyHost(manager: HostFacts['manager']): HostFacts {
  return { ...parseFacts(''), manager };
}

describe('host prepare on a real host', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cloudless-prepare-'));

  afterAll(() => rmSync(directory, { recursive: true }));

  it('makes a bridge once, and takes it away again', () => {
    const { output } = onHost(`
      ${prepare('--bridge br0 --uplink eth1 --mtu 1400 --yes')}
      ${prepare('--bridge br0 --uplink eth1 --mtu 1400 --yes')}
      ip -o link show br0; ip -o link show eth1
      ${prepare('--bridge br0 --undo --yes')}
      ip -o link show br0 2>&1 || true; ip -o link show eth1`);
    expect(output).toContain("'br0' is ready");
    expect(output).toContain("'br0' is there, nothing to do");
    expect(output).toMatch(/br0: <.*UP.*> mtu 1400/);
    expect(output).toMatch(/eth1@far1: .* master br0/);
    expect(output).toContain("'br0' is gone");
    expect(output).toContain('Device "br0" does not exist');
    expect(output.slice(output.indexOf('does not exist'))).not.toContain('master');
  });

  it('refuses the card that carries the SSH session, also under sudo and a bridge', () => {
    const session = { SSH_CONNECTION: '10.99.0.7 40000 10.99.0.1 22' };
    const { output } = onHost(
      `
      env -u SSH_CONNECTION ${prepare('--bridge br0 --uplink eth0 --yes')} || true
      ip route delete default
      ip link add br9 type bridge; ip link set br9 up; ip link set eth0 master br9
      ip address delete 10.99.0.1/24 dev eth0; ip address add 10.99.0.1/24 dev br9
      ${prepare('--bridge br0 --uplink eth0 --yes')} || true
      ${prepare('--bridge br9 --uplink eth1 --yes')}; ${prepare('--bridge br9 --undo --yes')}
      ip -o link show type bridge`,
      session,
    );
    expect(output).toMatch(/'eth0' carries your own SSH session from 10\.99\.0\.7; as a port of 'br0'/);
    expect(output).toContain("'eth0' carries the default route;");
    expect(output).toContain("'eth0' carries your own SSH session from 10.99.0.7 (through br9)");
    expect(output).toContain("bridge 'br9' exists (ports: eth0) and was not made by cloudless");
    expect(output).toContain("'br9' was not made by cloudless; it is left as it is");
    expect(output.trim().split('\n').at(-1)).toContain('br9');
    expect(output).not.toContain('is ready');
  });

  it('says which peers it has no way to, and which names it cannot use', () => {
    const { output } = onHost(`
      ip route delete default
      ${prepare('--vxlan seg --vni 7 --peers 192.0.2.1,10.99.0.2 --yes')} || true
      ${prepare('--bridge far0 --uplink eth1 --yes')} || true
      ${prepare('--ovs o1')} || true
      ip link add tunnel type vxlan id 7 dstport 4789 local 10.99.0.1
      ${prepare('--vxlan seg --vni 7 --peers 10.99.0.2 --yes')} || true`);
    expect(output).toContain('there is no route to peer 192.0.2.1');
    expect(output).toContain("'far0' is the name of an interface (veth) already; choose another");
    expect(output).toContain('Open vSwitch does not run; install and start it');
    expect(output).toContain("VXLAN network identifier 7 is used by 'tunnel'; choose another");
  });

  const wishes: [HostRequest, Resolved][] = [
    [
      { kind: 'bridge', name: 'br0', uplink: 'eth1', mtu: 1400 },
      { kind: 'bridge', name: 'br0', uplink: 'eth1', mtu: 1400 },
    ],
    [
      { kind: 'vxlan', name: 'seg', vni: 7, peers: ['10.99.0.2', '10.99.0.3'] },
      {
        kind: 'vxlan',
        name: 'seg',
        device: 'vx7',
        vni: 7,
        peers: ['10.99.0.2', '10.99.0.3'],
        local: '10.99.0.1',
        mtu: 1450,
      },
    ],
  ];
  /** What is left for a host to which its files have brought things back. */
  const left = (output: string): string[] => {
    const facts = parseFacts(output.slice(output.indexOf('\n=== name')));
    return wishes.flatMap(([request]) => {
      const { steps } = planPreparation({ ...facts, manager: 'none', files: OURS }, request);
      return steps.flatMap((step) => ('run' in step ? [step.run.join(' ')] : []));
    });
  };
  const OURS = {
    '/etc/network/interfaces.d/cloudless-br0': '',
    '/etc/network/interfaces.d/cloudless-seg': '',
  };
  /** The mark that `ip link` shows does not outlive a reboot, and need not. */
  const marks = ['br0', 'seg', 'vx7'].map((name) => `ip link set ${name} alias cloudless`);
  const facts = join(directory, 'facts.sh');

  beforeAll(async () => {
    const { readFacts } = await import('../../hosts/private/read-facts');
    const request = wishes[1]![0];
    // The very script with which hosts are asked.
    await readFacts({ target: '', run: async (script) => (writeFileSync(facts, script), '') }, request);
  });

  (existsSync(NETWORKD) ? it : it.skip)(
    'is brought back by systemd-networkd from its files',
    () => {
      for (const [, resolved] of wishes)
        for (const [path, content] of Object.entries(persistentFiles(resolved, emptyHost('networkd'), [])))
          writeFileSync(join(directory, path.slice(path.lastIndexOf('/') + 1)), content);
      const { output } = onHost(`
      mkdir -p /etc/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
      chown -R systemd-network: /run/systemd/netif
      cp ${directory}/05-* /etc/systemd/network/; ip link set eth1 down
      # As in a container: there is no udev to ask.
      mount -o remount,ro /sys
      ${NETWORKD} >/dev/null 2>&1 & for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        sleep 0.5; ip -o link show vx7 2>/dev/null | grep -q 'master seg' && ip -o link show eth1 | grep -q 'master br0' && break; done
      sleep 1; kill $!
      sh ${facts}`);
      expect(left(output)).toEqual(marks);
    },
    30_000,
  );

  it('is brought back by the commands that ifupdown runs, however often', () => {
    const commands = wishes.flatMap(([, resolved]) => {
      const host = emptyHost('ifupdown');
      const [content = ''] = Object.values(persistentFiles(resolved, host, creation(resolved, host)));
      return [...content.matchAll(/^ {2}pre-up (.*)$/gm)].map(([, command]) => command);
    });
    const script = join(directory, 'ifup.sh');
    writeFileSync(script, `set -e\n${commands.join('\n')}\n`);
    const { status, output } = onHost(`sh ${script}; sh ${script} 2>/dev/null; sh ${facts}`);
    expect(status).toBe(0);
    expect(left(output)).toEqual([]);
  });
});
