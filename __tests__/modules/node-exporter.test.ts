import { Peers } from '../../lib/guest';
import { NodeExporter } from '../../modules';
import { emptyGuest } from '../guest/fixtures';

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

test('refuses collectors that are none or contradict each other', () => {
  expect(() => new NodeExporter({ collectors: ['--x', 'wifi'], withoutCollectors: ['wifi'] })).toThrow(
    /collector '--x' is no name of a collector.*\n.*collector 'wifi' is turned on and off/,
  );
});
