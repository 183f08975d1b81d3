import { Peers } from '../../lib/guest';
import { NodeExporter, Prometheus } from '../../modules';
import { emptyGuest } from '../guest/fixtures';
import { DEBIAN_12, machineWith, runOn, testWith, textOf } from './support/machines';

test('runs the exporter of Debian and has its figures scraped', () => {
  const guest = emptyGuest();
  guest.use(new NodeExporter());
  expect(guest.validate()).toEqual([]);
  expect(guest.packages).toEqual(['prometheus-node-exporter']);
  expect(guest.units).toEqual([{ name: 'prometheus-node-exporter.service' }]);
  expect(guest.ports).toEqual([
    { first: 9100, last: 9100, protocol: 'tcp', from: [Peers.MONITORING], owner: 'node-exporter' },
  ]);
  expect(guest.scrapeEndpoints).toEqual([{ job: 'node', port: 9100, labels: undefined }]);
  expect(guest.healthChecks).toEqual([{ kind: 'http', port: 9100, path: '/', status: 200 }]);
  expect(guest.files).toEqual([]);
});

test('passes port and collectors on to the service', () => {
  const guest = emptyGuest();
  guest.use(
    new NodeExporter({
      port: 9200,
      collectors: ['systemd'],
      withoutCollectors: ['wifi'],
      labels: { role: 'web' },
    }),
  );
  expect(guest.validate()).toEqual([]);
  expect(guest.files).toEqual([
    {
      path: '/etc/default/prometheus-node-exporter',
      content: 'ARGS="--web.listen-address=:9200 --collector.systemd --no-collector.wifi"\n',
    },
  ]);
  expect(guest.scrapeEndpoints[0]).toMatchObject({ port: 9200, labels: { role: 'web' } });
});

test('is watched for a machine that is down and disks that fill up', () => {
  const names = machineWith(new NodeExporter()).alertRules.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['HostDown', 'HostDiskFull', 'HostDiskFillsUp']));
  expect(names).not.toContain('HostUnitFailed');
});

test('is watched for failed units when it tells of units', () => {
  const { alertRules } = machineWith(new NodeExporter({ collectors: ['systemd'] }));
  expect(alertRules.map(({ name }) => name)).toContain('HostUnitFailed');
});

testWith('/usr/bin/promtool')('its rules fire for what they are there for, and not before', () => {
  const { alertRules } = machineWith(new NodeExporter());
  const server = machineWith(new Prometheus({ alertRules }), DEBIAN_12, '/var/lib/prometheus/metrics2');
  const disk = 'job="node",instance="web-0",fstype="ext4",mountpoint="/"';
  const { status, output } = runOn(
    {
      'rules.yml': textOf(server, '/etc/prometheus/rules/cloudless.yml'),
      'test.yml': `rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'up{job="node",instance="web-0"}', values: '1x9 0x30'}
      - {series: 'node_filesystem_avail_bytes{${disk}}', values: '9x60'}
      - {series: 'node_filesystem_size_bytes{${disk}}', values: '100x60'}
      - {series: 'node_filesystem_readonly{${disk}}', values: '0x60'}
    alert_rule_test:
      - {eval_time: 12m, alertname: HostDown, exp_alerts: []}
      - eval_time: 16m
        alertname: HostDown
        exp_alerts:
          - exp_labels: {severity: critical, job: node, instance: web-0}
            exp_annotations: {summary: web-0 has not answered for five minutes}
      - {eval_time: 14m, alertname: HostDiskFull, exp_alerts: []}
      - eval_time: 16m
        alertname: HostDiskFull
        exp_alerts:
          - exp_labels: {severity: critical, job: node, instance: web-0, fstype: ext4, mountpoint: /}
            exp_annotations: {summary: / of web-0 has less than a tenth left}
`,
    },
    (directory) => ['/usr/bin/promtool', 'test', 'rules', `${directory}/test.yml`],
  );
  expect({ status, output }).toMatchObject({ status: 0 });
});

test('refuses collectors that are none or contradict each other', () => {
  expect(() => new NodeExporter({ collectors: ['--x', 'wifi'], withoutCollectors: ['wifi'] })).toThrow(
    /collector '--x' is no name of a collector.*\n.*collector 'wifi' is turned on and off/,
  );
});
