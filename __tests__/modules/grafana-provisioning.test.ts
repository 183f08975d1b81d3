import { parse } from 'yaml';
import { ContainerImage, GrafanaProvisioning, PodmanApp } from '../../modules';
import { COREOS, machineWith, textOf } from './support/machines';

const site = { name: 'Site', uid: 'site', url: 'http://mon-0.lab.internal:9090' };

test('writes data sources and dashboards where Grafana reads them', () => {
  const guest = machineWith(
    new GrafanaProvisioning({ datasources: [site], dashboards: [GrafanaProvisioning.nodes('site')] }),
  );
  expect(guest.validate()).toEqual([]);
  expect(parse(textOf(guest, '/etc/grafana/provisioning/datasources/cloudless.yaml'))).toMatchObject({
    apiVersion: 1,
    datasources: [{ uid: 'site', type: 'prometheus', isDefault: true, editable: false }],
  });
  expect(parse(textOf(guest, '/etc/grafana/provisioning/dashboards/cloudless.yaml'))).toMatchObject({
    providers: [{ folder: 'Cloudless', options: { path: '/etc/grafana/cloudless-dashboards' } }],
  });
  const dashboard = JSON.parse(
    textOf(guest, '/etc/grafana/cloudless-dashboards/cloudless-nodes.json'),
  ) as Record<string, unknown>;
  expect(dashboard).toMatchObject({ id: null, uid: 'cloudless-nodes', title: 'Machines' });
});

test('is mounted by a container with Grafana', () => {
  const grafana = new PodmanApp({
    name: 'grafana',
    image: ContainerImage.of(`docker.io/grafana/grafana@sha256:${'b'.repeat(64)}`),
    mounts: GrafanaProvisioning.mounts,
  });
  const guest = machineWith([new GrafanaProvisioning({ datasources: [site] }), grafana], COREOS);
  expect(guest.validate()).toEqual([]);
  expect(textOf(guest, '/etc/containers/systemd/grafana.container')).toContain(
    'Volume=/etc/grafana/provisioning:/etc/grafana/provisioning:ro,z\n',
  );
});

test('refuses dashboards that read from what is not there, and identifiers that Grafana refuses', () => {
  const dashboard = (uid: string, datasource: string) => ({
    uid,
    title: 'x',
    model: { panels: [{ datasource: { uid: datasource } }] },
  });
  expect(
    () => new GrafanaProvisioning({ datasources: [site], dashboards: [dashboard('a', 'other')] }),
  ).toThrow("dashboard 'a' reads from 'other', and there are site; correct its uid");
  expect(
    () => new GrafanaProvisioning({ datasources: [site], dashboards: [dashboard('a', '${ds}')] }),
  ).not.toThrow();
  expect(
    () =>
      new GrafanaProvisioning({
        datasources: [site, { ...site, url: 'http://u:p@x' }],
        dashboards: [dashboard('x'.repeat(41), 'site')],
        folder: 'a/b',
      }),
  ).toThrow(/'site' is there twice.*\n.*has a bad uid.*\n.*without password.*\n.*'folder' is 'a\/b'/);
});
