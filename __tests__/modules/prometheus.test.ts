import { parse } from 'yaml';
import { Duration } from '../../lib/core/duration';
import { Fqdn } from '../../lib/core/fqdn';
import { IpAddress } from '../../lib/core/ip-address';
import { Size } from '../../lib/core/size';
import { AlertSeverity, Peers, SecretContent, type AlertRule } from '../../lib/guest';
import {
  BlackboxExporter,
  NodeExporter,
  Probe,
  Prometheus,
  PrometheusJob,
  type MonitoredMachine,
} from '../../modules';
import { DEBIAN_12, machineWith, openPorts, runOn, testWith, textOf, unitOf } from './support/machines';

const DATA = '/var/lib/prometheus/metrics2';
const CONFIGURATION = '/etc/prometheus/prometheus.yml';
const RULES = '/etc/prometheus/rules/cloudless.yml';
const rule: AlertRule = {
  name: 'AppSlow',
  expression: 'app_seconds > 1',
  severity: AlertSeverity.WARNING,
  summary: 'the app of {{ $labels.instance }} is slow',
};

/** A machine of the site, as its construct tells monitoring about it. */
function monitored(name: string, address: string, labels?: Record<string, string>): MonitoredMachine {
  const guest = machineWith(new NodeExporter({ labels }));
  return {
    fqdn: Fqdn.of(`${name}.lab.internal`),
    address: IpAddress.of(address),
    poolName: 'web',
    scrapeEndpoints: [...guest.scrapeEndpoints, { job: 'app', port: 8080, path: '/app/metrics' }],
    healthChecks: guest.healthChecks,
    alertRules: [...guest.alertRules, rule],
  };
}

const server = (props: ConstructorParameters<typeof Prometheus>[0] = {}) =>
  machineWith(new Prometheus(props), DEBIAN_12, DATA);
interface Configuration {
  readonly scrape_configs: readonly Record<string, unknown>[];
}
const configuration = (props: ConstructorParameters<typeof Prometheus>[0]): Configuration =>
  parse(textOf(server(props), CONFIGURATION)) as Configuration;

test('scrapes what the modules of the site declare, each target named by its machine', () => {
  const { scrape_configs: jobs } = configuration({
    machines: [monitored('web-0', '10.20.0.7'), monitored('web-1', 'fd00:20::8', { rack: 'a "b" ${c}' })],
  });
  expect(jobs.map((job) => job['job_name'])).toEqual(['app', 'node', 'prometheus']);
  expect(jobs[0]).toMatchObject({
    static_configs: [
      {
        targets: ['10.20.0.7:8080'],
        labels: { __metrics_path__: '/app/metrics', instance: 'web-0.lab.internal', pool: 'web' },
      },
      { targets: ['[fd00:20::8]:8080'] },
    ],
  });
  expect(jobs[1]).toMatchObject({
    static_configs: [{}, { targets: ['[fd00:20::8]:9100'], labels: { rack: 'a "b" ${c}' } }],
  });
});

test('scrapes what runs on the same machine without leaving it', () => {
  const guest = machineWith(
    [new NodeExporter(), new Prometheus({ machines: [monitored('web-1', '10.20.0.8')] })],
    DEBIAN_12,
    DATA,
  );
  const { scrape_configs: jobs } = parse(textOf(guest, CONFIGURATION)) as Configuration;
  expect(jobs.find((job) => job['job_name'] === 'node')).toMatchObject({
    static_configs: [
      { targets: ['127.0.0.1:9100'], labels: { instance: 'web-0.lab.internal' } },
      { targets: ['10.20.0.8:9100'], labels: { instance: 'web-1.lab.internal' } },
    ],
  });
  expect(textOf(guest, RULES)).toContain('HostDown');
  expect(() =>
    machineWith(
      [new NodeExporter(), new Prometheus({ jobs: [PrometheusJob.of('node', [{ targets: ['a:1'] }])] })],
      DEBIAN_12,
      DATA,
    ),
  ).toThrow("web-0.lab.internal: prometheus: scrape job 'node' is there twice");
});

testWith('/usr/bin/promtool')('promtool accepts configuration and rules with everything in them', () => {
  const blackbox = new BlackboxExporter({
    probes: [Probe.http('https://web-0.lab.internal/'), Probe.dns('10.20.0.9', 'lab.internal', 'SOA')],
  });
  const guest = server({
    machines: [monitored('web-0', '10.20.0.7'), monitored('web-1', '10.20.0.8')],
    jobs: [
      ...blackbox.jobs(),
      PrometheusJob.fromDns('other', ['_other._tcp.lab.internal'], {
        interval: Duration.minutes(1),
        timeout: Duration.seconds(20),
        scheme: 'https',
        bearerToken: SecretContent.of('t'),
      }),
    ],
    alertRules: [...blackbox.alertRules, rule],
    alertmanagers: ['alerts.lab.internal:9093'],
    externalLabels: { site: 'lab' },
  });
  const { status, output } = runOn(
    {
      'cloudless.yml': textOf(guest, RULES),
      'prometheus.yml': textOf(guest, CONFIGURATION)
        .replace(RULES, 'cloudless.yml')
        .replace('/etc/prometheus/cloudless-other.token', 'cloudless.yml'),
    },
    (directory) => ['/usr/bin/promtool', 'check', 'config', `${directory}/prometheus.yml`],
  );
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('rules found') as string });
});

test('is reached by nobody unless asked, and then has a name', () => {
  const closed = server();
  expect(openPorts(closed)).toEqual(['9090/tcp nobody']);
  expect(textOf(closed, '/etc/default/prometheus')).toContain('--web.listen-address=127.0.0.1:9090');
  expect(closed.services).toEqual([]);
  const open = server({ from: Peers.POOL });
  expect(openPorts(open)).toEqual(['9090/tcp the pool']);
  expect(textOf(open, '/etc/default/prometheus')).toContain('--web.listen-address=:9090');
  expect(open.services).toEqual([{ name: 'prometheus', port: 9090 }]);
  expect(open.validate()).toEqual([]);
});

test('keeps its figures on a data disk, and within it', () => {
  expect(machineWith(new Prometheus()).validate()).toEqual([
    expect.stringContaining(`prometheus has no data disk at '${DATA}'`),
  ]);
  const guest = server({ dataSize: Size.gib(10), retention: Duration.days(7) });
  expect(textOf(guest, '/etc/default/prometheus')).toContain(
    '--storage.tsdb.retention.time=604800s --storage.tsdb.retention.size=8192MB',
  );
  expect(unitOf(guest, 'prometheus.service')).toContain(`RequiresMountsFor=${DATA}\n`);
});

test('keeps tokens in files that only the server reads', () => {
  const token = SecretContent.of('s3cret');
  const guest = server({
    jobs: [PrometheusJob.of('nomad', [{ targets: ['a:4646'] }], { bearerToken: token })],
  });
  expect(guest.files).toContainEqual({
    path: '/etc/prometheus/cloudless-nomad.token',
    content: token,
    mode: '0640',
    owner: 'root:prometheus',
  });
  expect(textOf(guest, CONFIGURATION)).not.toContain('s3cret');
});

test('evaluates a rule that many machines declare once, and refuses two meanings of one name', () => {
  const machines = [monitored('web-0', '10.20.0.7'), monitored('web-1', '10.20.0.8')];
  const { groups } = parse(textOf(server({ machines }), RULES)) as {
    groups: [{ rules: { alert: string }[] }];
  };
  const names = groups[0].rules.map(({ alert }) => alert);
  expect(names.filter((name) => name === 'HostDown')).toHaveLength(1);
  expect(() => new Prometheus({ machines, alertRules: [{ ...rule, expression: '1' }] })).toThrow(
    "prometheus: alert rule 'AppSlow' is there with two meanings; rename one",
  );
});

test('refuses jobs of one name, times that do not fit, and targets that are none', () => {
  const job = PrometheusJob.of('app', [{ targets: ['a:1'] }], { timeout: Duration.minutes(1) });
  expect(() => new Prometheus({ jobs: [job, job], alertmanagers: ['http://x'] })).toThrow(
    /'app' waits 1m for an answer and asks every 30s[\s\S]*'http:\/\/x' is not host:port.*\n.*'app' is there twice/,
  );
  expect(() => PrometheusJob.of('a b', [{ targets: ['a'], labels: { job: 'x' } }])).toThrow(
    /is no name of a job.*\n.*target 'a' is not host:port.*\n.*label 'job'/,
  );
  expect(() => PrometheusJob.fromDns('a', ['lab.internal'])).toThrow('is no name of SRV records');
});
