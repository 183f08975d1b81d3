import { Cidr } from '../../lib/core/cidr';
import { IpAddress } from '../../lib/core/ip-address';
import { Peers, SecretContent } from '../../lib/guest';
import { PowerDnsServer, type PowerDnsServerProps } from '../../modules';
import { DEBIAN_12, machineWith, openPorts, textOf, unitOf } from './support/machines';

const KEY = SecretContent.of('a-key-of-some-length');
const deployer = Peers.addresses(IpAddress.of('10.20.0.2'));
const monitoring = Peers.ranges(Cidr.of('10.9.0.0/24'));
const server = (props?: PowerDnsServerProps) =>
  machineWith(new PowerDnsServer(props), DEBIAN_12, '/var/lib/powerdns');

test('answers the pool, on the addresses of the machine, and copies zones to nobody', () => {
  const guest = server();
  expect(guest.validate()).toEqual([]);
  expect(openPorts(guest)).toEqual(['53/udp the pool', '53/tcp the pool']);
  const text = textOf(guest, '/etc/powerdns/pdns.conf');
  expect(text).toContain('local-address=127.0.0.1, 10.20.0.7, fd00:20::7\n');
  expect(text).toContain('disable-axfr=yes\n');
  expect(guest.files).toHaveLength(1);
});

test('the API is open to those who are named, in the firewall and in the server', () => {
  const guest = server({ api: { key: KEY, from: deployer }, metricsFrom: monitoring });
  expect(guest.validate()).toEqual([]);
  expect(openPorts(guest)).toContain('8081/tcp 10.20.0.2 and 10.9.0.0/24');
  expect(textOf(guest, '/etc/powerdns/cloudless.d/api.conf')).toContain(
    'webserver-allow-from=127.0.0.1, ::1, 10.20.0.2, 10.9.0.0/24\n',
  );
  expect(guest.scrapeEndpoints).toEqual([{ job: 'powerdns', port: 8081 }]);
});

test('the machine never has the key of the API, only a hash of it, in a file that nobody else reads', () => {
  const guest = server({ api: { key: KEY, from: deployer } });
  const file = guest.files.find(({ path }) => path.endsWith('/api.conf'));
  expect(file).toMatchObject({ mode: '0640', owner: 'root:pdns' });
  expect(file?.content).toBeInstanceOf(SecretContent);
  const text = textOf(guest, '/etc/powerdns/cloudless.d/api.conf');
  expect(text).not.toContain('a-key-of-some-length');
  expect(text).toMatch(/^api-key=\$scrypt\$ln=10,p=1,r=8\$/m);
});

test('secondaries are told of changes and may copy', () => {
  const guest = server({ secondaries: [IpAddress.of('10.30.0.9')] });
  expect(openPorts(guest)).toEqual(['53/udp the pool and 10.30.0.9', '53/tcp the pool and 10.30.0.9']);
  expect(textOf(guest, '/etc/powerdns/pdns.conf')).toMatch(
    /disable-axfr=no\nallow-axfr-ips=127\.0\.0\.1, ::1, 10\.30\.0\.9\nprimary=yes\n/,
  );
});

test('zones outlive the machine', () => {
  expect(machineWith(new PowerDnsServer()).validate()).toEqual([
    expect.stringContaining("powerdns has no data disk at '/var/lib/powerdns'"),
  ]);
  expect(unitOf(server(), 'pdns.service')).toContain('ExecStartPre=+/usr/bin/chown --recursive pdns:pdns');
});

test('refuses an API for anybody, a key that is short, and metrics without a server', () => {
  expect(
    () => new PowerDnsServer({ api: { key: SecretContent.of('short key'), from: Peers.ANYONE } }),
  ).toThrow(/'api.from' is anyone; name addresses.*\n.*has 9 characters.*\n.*has a space/);
  expect(() => new PowerDnsServer({ api: { key: KEY, from: Peers.POOL } })).toThrow("'api.from' is the pool");
  expect(() => new PowerDnsServer({ metricsFrom: monitoring })).toThrow("give 'api' too");
});
