import { Peers, ScrapeJob, VmPool, type GuestModule } from '../../lib';
import { NodeExporter } from '../../modules';
import { TestSite } from '../support/site';

function pool(site: TestSite) {
  return new VmPool(site.stack('web'), 'web', { ...site.machine, count: 2, modules: [new NodeExporter()] })
    .members;
}

it('writes one target for each machine, with the labels that people filter by', () => {
  const site = new TestSite();
  const machines = pool(site);
  new ScrapeJob(site.stack('monitoring'), 'web', {
    jobName: 'node',
    machines,
    targetsDirectory: '/srv/targets',
    labels: { site: 'home' },
  });
  site.synth();
  const [file] = site.resources('monitoring', 'local_file');
  expect(file!.filename).toBe('/srv/targets/node_test_web.json');
  expect(JSON.parse(file!.content as string)).toEqual(
    [0, 1].map((index) => ({
      targets: [`10.20.0.1${index}:9100`],
      labels: {
        job: 'node',
        instance: `web-${index}.test.internal`,
        pool: 'web',
        hypervisor: 'kvm1',
        environment: 'test',
        os: 'debian-12',
        site: 'home',
      },
    })),
  );
});

it('says how a page of metrics is asked for, where that is not plain', () => {
  const site = new TestSite();
  const asked: GuestModule = {
    moduleName: 'asked',
    bind(guest) {
      guest.listen(8501, { from: Peers.MONITORING });
      guest.addScrapeEndpoint({
        job: 'asked',
        port: 8501,
        scheme: 'https',
        path: '/v1/metrics',
        parameters: { format: 'prometheus' },
      });
    },
  };
  const { members } = new VmPool(site.stack('web'), 'web', { ...site.machine, count: 1, modules: [asked] });
  const job = new ScrapeJob(site.stack('monitoring'), 'asked', {
    machines: members,
    targetsDirectory: '/srv/targets',
  });
  expect(job.targetGroups[0]?.labels).toMatchObject({
    __scheme__: 'https',
    __metrics_path__: '/v1/metrics',
    __param_format: 'prometheus',
  });
});

it('leaves out machines that do not offer the job', () => {
  const site = new TestSite();
  const job = new ScrapeJob(site.stack('monitoring'), 'consul', {
    machines: pool(site),
    targetsDirectory: '/srv/targets',
  });
  expect(job.targetGroups).toEqual([]);
});

it('fails when a label is one that Prometheus refuses', () => {
  const site = new TestSite();
  const props = { machines: pool(site), targetsDirectory: 'targets', labels: { 'my-label': 'x', job: 'y' } };
  expect(() => new ScrapeJob(site.stack('monitoring'), 'node', props)).toThrow(
    /label 'my-label' must be letters(.|\n)*label 'job' must be(.|\n)*'targetsDirectory' is 'targets'; give an absolute path/,
  );
});
