import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LabStatus } from '../../lab/lab';
import { siteFacts } from '../../lab/site';

const CLOUDLESS = resolve('bin', 'cloudless');
const NAME = `hosts-${process.pid}`;
const cache = mkdtempSync(join(tmpdir(), 'cloudless-hosts-'));
const directory = join(cache, 'labs', NAME);
const environment = { ...process.env, CLOUDLESS_CACHE: cache, CLOUDLESS_LAB: NAME };
const { hypervisors, fabric } = siteFacts(NAME, directory, 'tcg');
const names = hypervisors.map(({ name }) => name);
const ssh = hypervisors[2]!.ssh!;
/** A machine without disks: its firmware finds nothing to start and waits. */
const MACHINE = `<domain type="qemu"><name>probe</name><memory unit="MiB">32</memory>
  <os><type arch="x86_64" machine="pc">hvm</type></os>
  <devices><interface type="bridge"><source bridge="${fabric.ovsBridge}"/><virtualport type="openvswitch"/>
  <vlan><tag id="7"/></vlan></interface></devices></domain>`;
/** Sends more than one packet to whoever connects, so that checksums and sizes matter. */
const SERVER = `require('net').createServer((s) => s.end('x'.repeat(100000))).listen(80, '::')`;

function cloudless(...args: string[]) {
  const result = spawnSync(CLOUDLESS, args, { env: environment, timeout: 90_000 });
  return { code: result.status, stdout: String(result.stdout), stderr: String(result.stderr) };
}

function on(host: string, ...command: string[]) {
  return cloudless('lab', 'exec', '--on', host, '--', ...command);
}

/** What a script prints on a hypervisor; fails when the script does. */
function script(host: string, text: string): string {
  const { code, stdout, stderr } = on(host, 'sh', '-ec', text);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim();
}

function status(): LabStatus {
  return JSON.parse(cloudless('lab', 'status', '--json').stdout) as LabStatus;
}

function pidOf(part: string): number | undefined {
  return status().parts.find(({ name }) => name === part)!.pid;
}

/** A network namespace on a hypervisor that stands for a machine: it has one card, whose other end is `port`. */
function machine(host: string, name: string, port: string, addresses: string[]): void {
  script(
    host,
    `ip netns add ${name}; ip link add ${port} type veth peer name eth0 netns ${name}; ip link set ${port} up
     ip -n ${name} link set lo up; ip -n ${name} link set eth0 up
     for a in ${addresses.join(' ')}; do ip -n ${name} address add $a dev eth0 $(case $a in *:*) echo nodad ;; esac); done
     setsid ip netns exec ${name} "$(command -v node)" -e "${SERVER}" </dev/null >/dev/null 2>&1 &`,
  );
}

/** Which of these addresses a machine reaches, by ICMP and by TCP. */
function reached(host: string, name: string, addresses: string[]): string[] {
  const ask = addresses.map((address) => {
    const url = address.includes(':') ? `[${address}]` : address;
    return `ip netns exec ${name} ping -c 1 -W 1 ${address} >/dev/null && echo "icmp ${address}"
      [ "$(ip netns exec ${name} curl -s --http0.9 --noproxy '*' --connect-timeout 1 --max-time 5 http://${url}/ | wc -c)" = 100000 ] && echo "tcp ${address}"`;
  });
  return script(host, `set +e\n${ask.join('\n')}\ntrue`)
    .split('\n')
    .filter(Boolean);
}

function both(...addresses: string[]): string[] {
  return addresses.flatMap((address) => [`icmp ${address}`, `tcp ${address}`]);
}

describe('the hypervisors of a lab', () => {
  beforeAll(() => {
    expect(cloudless('lab', 'up').stderr).toContain('kvm3/libvirtd');
  }, 60_000);

  afterAll(() => {
    cloudless('lab', 'down', '--purge');
    rmSync(cache, { recursive: true, force: true });
  });

  it('are reached from the view of the operator, each in its way, and are three different hosts', () => {
    const answers = hypervisors.map(({ uri }) =>
      cloudless('lab', 'exec', '--', 'virsh', '-q', '-c', uri, 'hostname').stdout.trim(),
    );
    expect(answers.slice(1)).toEqual(['kvm2', 'kvm3']);
    const uuid = /<host>\s*<uuid>(.*)<\/uuid>/;
    const uuids = hypervisors.map(
      ({ uri }) =>
        uuid.exec(cloudless('lab', 'exec', '--', 'virsh', '-q', '-c', uri, 'capabilities').stdout)?.[1],
    );
    expect(new Set(uuids).size).toBe(3);
    expect(uuids).not.toContain(undefined);
  });

  it('let nobody in by SSH who does not have the key, and are not believed without theirs', () => {
    const login = (...options: string[]) =>
      cloudless(
        ...['lab', 'exec', '--', 'ssh', '-F', 'none', '-o', 'BatchMode=yes', ...options],
        ...[`${ssh.user}@${ssh.host}`, 'cat /proc/sys/kernel/hostname'],
      );
    const hosts = ['-o', 'GlobalKnownHostsFile=/dev/null', '-o'];
    expect(login('-i', ssh.key, ...hosts, `UserKnownHostsFile=${ssh.knownHosts}`).stdout.trim()).toBe('kvm3');
    expect(login('-i', ssh.key, ...hosts, 'UserKnownHostsFile=/dev/null').stderr).toContain(
      'Host key verification failed',
    );
    expect(login('-i', '/dev/null', ...hosts, `UserKnownHostsFile=${ssh.knownHosts}`).stderr).toContain(
      'Permission denied (publickey)',
    );
  });

  it('have disks, networks and machines of their own', () => {
    script('kvm2', 'echo mine >/var/lib/libvirt/cloudless/disk');
    expect(on('kvm3', 'ls', '/var/lib/libvirt/cloudless').stdout).toBe('');
    expect(on('kvm1', 'ls', '/var/lib/libvirt/cloudless').stdout).toBe('');
    script('kvm2', 'ip link add same0 type bridge');
    expect(on('kvm3', 'ls', '/sys/class/net').stdout).not.toContain('same0');
    script('kvm2', 'ip link delete same0');
  });

  it('reach each other and the DNS server through the fabric', () => {
    for (const { address, address6 } of hypervisors) {
      for (const name of names) script(name, `ping -c 1 -W 2 ${address}; ping -c 1 -W 2 ${address6}`);
    }
    expect(script('kvm3', 'dig +short +tries=1 version.bind chaos txt')).toContain('PowerDNS');
  }, 40_000);

  it('pass VLANs on between their Open vSwitch bridges and keep them apart', () => {
    const vlan = { kvm1: 10, kvm2: 10, kvm3: 20 } as Record<string, number>;
    names.forEach((host, index) => {
      machine(host, 'guest', 'guest0', [`10.7.0.${index + 1}/24`, `fd07::${index + 1}/64`]);
      script(host, `ovs-vsctl add-port ${fabric.ovsBridge} guest0 tag=${vlan[host]}`);
    });
    machine('kvm3', 'other', 'other0', ['10.7.0.4/24', 'fd07::4/64']);
    script('kvm3', `ovs-vsctl add-port ${fabric.ovsBridge} other0 tag=10`);
    const first = ['10.7.0.1', '10.7.0.2', '10.7.0.4', 'fd07::1', 'fd07::2', 'fd07::4'];
    const all = [...first, '10.7.0.3', 'fd07::3'];
    expect(reached('kvm1', 'guest', all)).toEqual(both(...first));
    expect(reached('kvm3', 'other', all)).toEqual(both(...first));
    expect(reached('kvm3', 'guest', all)).toEqual(both('10.7.0.3', 'fd07::3'));
    const tags = script(
      'kvm2',
      `ip netns exec guest sh -c 'sleep 1; ping -q -c 2 10.7.0.1' >/dev/null &
       timeout 5 tcpdump -c 1 -nne -i ${fabric.uplink} vlan 10 and icmp 2>/dev/null`,
    );
    expect(tags).toMatch(/vlan 10,.*10\.7\.0\.[12] > 10\.7\.0\.[12]: ICMP echo/);
  }, 90_000);

  it('are joined by a VXLAN that the product prepares, with packets as large as it says', () => {
    const peers = hypervisors.map(({ address }) => address).join();
    hypervisors.forEach(({ name, uri }, index) => {
      const device = ['--vxlan', 'seg', '--vni', '100', '--peers', peers, '--yes'];
      const place = index === 2 ? [uri] : ['--local'];
      const prepared = on(index === 2 ? 'kvm1' : name, CLOUDLESS, 'host', 'prepare', ...place, ...device);
      expect(prepared.stdout).toContain(`'seg' is ready`);
      machine(name, 'far', 'far0', [`10.8.0.${index + 1}/24`, `fd08::${index + 1}/64`]);
      script(name, 'ip link set far0 master seg; ip -n far link set eth0 mtu $(cat /sys/class/net/seg/mtu)');
    });
    const all = ['10.8.0.1', '10.8.0.2', '10.8.0.3', 'fd08::1', 'fd08::2', 'fd08::3'];
    for (const name of names) expect(reached(name, 'far', all)).toEqual(both(...all));
    expect(script('kvm1', 'cat /sys/class/net/seg/mtu')).toBe(String(fabric.mtu - 50));
    // The largest packet of the segment goes through the fabric in one piece (RFC 1213: ipFragCreates).
    const fragments = () => /^Ip: ([\d ]+)$/m.exec(script('kvm1', 'cat /proc/net/snmp'))?.[1]?.split(' ')[18];
    const before = fragments();
    script('kvm1', `ip netns exec far ping -c 1 -W 2 -M do -s ${fabric.mtu - 50 - 28} 10.8.0.3`);
    expect([before, fragments()]).toEqual([expect.any(String), before]);
    const { uri } = hypervisors[2]!;
    const undo = [CLOUDLESS, 'host', 'prepare', uri, '--vxlan', 'seg', '--undo', '--yes'];
    expect(on('kvm1', ...undo).stdout).toContain(`'seg' is gone`);
    expect(reached('kvm1', 'far', all)).toEqual(both('10.8.0.1', '10.8.0.2', 'fd08::1', 'fd08::2'));
    expect(on('kvm1', ...undo).stdout).toContain('nothing to undo');
  }, 120_000);

  it('refuse to have the card taken from under the SSH session that asks for it', () => {
    const prepare = (...args: string[]) =>
      on('kvm1', CLOUDLESS, 'host', 'prepare', hypervisors[2]!.uri, ...args);
    const { code, stderr } = prepare('--bridge', 'br0', '--uplink', fabric.management, '--yes');
    expect(code).toBe(1);
    expect(stderr).toContain(`kvm3: 'eth0' carries your own SSH session from ${hypervisors[0].address}`);
    expect(stderr).toContain(`kvm3: 'eth0' carries the default route`);
    expect(prepare('--ovs', 'o1', '--uplink', fabric.uplink, '--yes').stderr).toContain(
      `'eth1' is a port of '${fabric.ovsBridge}' already`,
    );
    expect(prepare('--ovs', fabric.ovsBridge).stdout).toContain('it is left as it is');
    const spare = ['--bridge', 'br0', '--uplink', fabric.spare];
    expect(prepare(...spare).stderr).toContain('nobody is there to ask; say --yes, or only look with --plan');
    expect(prepare(...spare, '--plan').stdout).toContain('ip link set eth2 master br0');
    expect(script('kvm3', 'ls /sys/class/net')).not.toContain('br0\n');
    expect(prepare(...spare, '--yes').stdout).toContain("'br0' is ready");
    expect(prepare(...spare, '--yes').stdout).toContain("'br0' is there, nothing to do");
    expect(prepare(...spare, '--yes', '--undo').stdout).toContain("'br0' is gone");
    expect(prepare('--ovs', 'o1', '--uplink', fabric.spare, '--yes').stdout).toContain("'o1' is ready");
    expect(prepare('--ovs', 'o1', '--uplink', fabric.spare, '--yes').stdout).toContain('nothing to do');
    expect(prepare('--ovs', 'o1', '--undo', '--yes').stdout).toContain("'o1' is gone");
  }, 60_000);

  it('come back alone after their power was cut, and forget the ports of machines that died with it', () => {
    writeFileSync(join(cache, 'machine.xml'), MACHINE);
    for (const host of ['kvm2', 'kvm3'])
      expect(on(host, 'virsh', '-q', 'create', join(cache, 'machine.xml')).stderr).toBe('');
    expect(script('kvm2', `ovs-vsctl list-ports ${fabric.ovsBridge}`)).toContain('vnet');
    script('kvm2', 'echo mine >/var/lib/libvirt/cloudless/disk');
    const others = status().parts.filter(({ name }) => !name.startsWith('kvm2/'));
    process.kill(pidOf('kvm2/namespace')!, 'SIGKILL');
    expect(cloudless('lab', 'status').code).toBe(1);
    expect(on('kvm2', 'true').stderr).toContain(`hypervisor 'kvm2' of lab '${NAME}' does not run`);
    expect(on('kvm3', 'virsh', '-q', 'list', '--name').stdout.trim()).toBe('probe');
    expect(cloudless('lab', 'up').code).toBe(0);
    expect(status().up).toBe(true);
    expect(status().parts.filter(({ name }) => !name.startsWith('kvm2/'))).toEqual(others);
    expect(on('kvm2', 'virsh', '-q', 'list', '--name').stdout.trim()).toBe('');
    const ports = script('kvm2', `ovs-vsctl list-ports ${fabric.ovsBridge}`).split('\n');
    expect(ports).toContain(fabric.uplink);
    expect(ports.filter((port) => port.startsWith('vnet'))).toEqual([]);
    expect(script('kvm2', 'cat /var/lib/libvirt/cloudless/disk')).toBe('mine');
  }, 60_000);

  it('are as many as asked for, from then on', () => {
    expect(cloudless('lab', 'up', '--hypervisors', '4').stderr).toContain(
      'a lab has 1 to 3 hypervisors, not 4',
    );
    expect(cloudless('lab', 'up', '--hypervisors', '1').code).toBe(0);
    expect(pidOf('kvm1/libvirtd')).toBeDefined();
    expect(status().parts.map(({ name }) => name)).not.toContain('kvm2/libvirtd');
    expect(status().up).toBe(true);
    expect(cloudless('lab', 'up').stdout).toContain('nothing to do');
    expect(on('kvm2', 'true').stderr).toContain(`lab '${NAME}' has no hypervisor 'kvm2'; choose from kvm1`);
    const recorded = JSON.parse(readFileSync(join(directory, 'lab.json'), 'utf8')) as {
      hypervisors: unknown[];
    };
    expect(recorded.hypervisors).toHaveLength(1);
    expect(cloudless('lab', 'up', '--hypervisors', '3').code).toBe(0);
    expect(status().parts.map(({ name }) => name)).toContain('kvm3/sshd');
  }, 60_000);
});
