import { parse } from 'yaml';
import { Fqdn } from '../../lib/core/fqdn';
import { IpAddress } from '../../lib/core/ip-address';
import { HealthCheck, Peers } from '../../lib/guest';
import { BlackboxExporter, Probe } from '../../modules';
import { machineWith, openPorts, textOf } from './support/machines';

const CONFIGURATION = '/etc/prometheus/cloudless-blackbox.yml';
const modules = (exporter: BlackboxExporter) =>
  (parse(textOf(machineWith(exporter), CONFIGURATION)) as { modules: Record<string, unknown> }).modules;

test('knows one kind of probe for all that are tried the same way', () => {
  const exporter = new BlackboxExporter({
    probes: [
      Probe.http('http://a/'),
      Probe.http('http://b/x'),
      Probe.http('http://c/', { status: 204 }),
      Probe.tcp('db:5432'),
    ],
  });
  expect(Object.keys(modules(exporter))).toEqual(['http_200', 'http_204', 'tcp']);
  expect(exporter.jobs('mon-0:9115')[0]?.configuration(undefined)).toEqual({
    job_name: 'probe_http_200',
    metrics_path: '/probe',
    params: { module: ['http_200'] },
    static_configs: [{ targets: ['http://a/'] }, { targets: ['http://b/x'] }],
    relabel_configs: [
      { source_labels: ['__address__'], target_label: '__param_target' },
      { source_labels: ['__param_target'], target_label: 'instance' },
      { target_label: '__address__', replacement: 'mon-0:9115' },
    ],
  });
});

test('tries what the health checks of machines say', () => {
  const probes = Probe.ofMachines([
    {
      fqdn: Fqdn.of('web-0.lab.internal'),
      address: IpAddress.of('10.20.0.7'),
      poolName: 'web',
      scrapeEndpoints: [],
      healthChecks: [HealthCheck.tcp(22), HealthCheck.http(80, '/ready', 204)],
      alertRules: [],
    },
  ]);
  expect(probes.map(({ module, target, machine }) => `${module} ${target} ${machine}`)).toEqual([
    'tcp 10.20.0.7:22 web-0.lab.internal',
    'http_204 http://10.20.0.7:80/ready web-0.lab.internal',
  ]);
});

test('looks for text as it is, not for what it would mean in an expression', () => {
  const exporter = new BlackboxExporter({ probes: [Probe.http('http://a/', { contains: 'v1.2 (ok)' })] });
  expect(Object.values(modules(exporter))).toMatchObject([
    { http: { fail_if_body_not_matches_regexp: ['v1\\.2 \\(ok\\)'] } },
  ]);
});

test('can be asked by monitoring only', () => {
  const probes = [Probe.ping('gw')];
  expect(openPorts(machineWith(new BlackboxExporter({ probes })))).toEqual([
    '9115/tcp the monitoring servers',
  ]);
  const closed = machineWith(new BlackboxExporter({ probes, from: Peers.NOBODY }));
  expect(closed.scrapeEndpoints).toEqual([]);
  expect(closed.validate()).toEqual([]);
});

test('refuses what cannot be tried, and kinds that would have one name', () => {
  expect(() => Probe.http('ftp://a')).toThrow('is no http or https address');
  expect(() => Probe.tcp('a')).toThrow("'a' is not host:port");
  expect(() => Probe.dns('a', 'b c')).toThrow('is no question');
  expect(() => new BlackboxExporter({ probes: [] })).toThrow("'probes' is empty");
  const text = (contains: string) => Probe.http('http://a/', { contains });
  expect(() => new BlackboxExporter({ probes: [text('a b'), text('a-b')] })).toThrow(
    "two kinds of probe would both be called 'http_200_a_b'",
  );
});
