import { ValidationError } from '../lib/core/errors';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { renderYaml } from '../lib/guest/yaml';
import type { AppMount } from './podman-app';

/** A Prometheus server that Grafana reads from. */
export interface GrafanaDatasource {
  /** What people see. */
  readonly name: string;
  /** What dashboards refer to: at most 40 letters, digits, `-` and `_`. */
  readonly uid: string;
  /** For example `http://mon-0.example.org:9090`. */
  readonly url: string;
}

/** A dashboard, as Grafana exports it. */
export interface GrafanaDashboard {
  /** At most 40 letters, digits, `-` and `_`. */
  readonly uid: string;
  readonly title: string;
  /** The rest of its JSON model; `id` is left out, `uid` and `title` are set. */
  readonly model: Readonly<Record<string, unknown>>;
}

export interface GrafanaProvisioningProps {
  /** The first is the default. */
  readonly datasources: readonly GrafanaDatasource[];
  /** @default - none */
  readonly dashboards?: readonly GrafanaDashboard[];
  /** Folder that the dashboards are in. @default 'Cloudless' */
  readonly folder?: string;
}

const PROVISIONING = '/etc/grafana/provisioning';
const DASHBOARDS = '/etc/grafana/cloudless-dashboards';

/**
 * Data sources and dashboards of a Grafana as files. Grafana itself is not part of it: Debian has none. Run it with
 * {@link PodmanApp} and {@link GrafanaProvisioning.mounts}, or from a repository of yours.
 */
export class GrafanaProvisioning implements GuestModule {
  /** What a container with Grafana mounts. */
  static readonly mounts: readonly AppMount[] = [PROVISIONING, DASHBOARDS].map((path) => ({
    source: path,
    path,
  }));

  /** A dashboard of the node exporter's figures: load, memory, disks and network of each machine. */
  static nodes(datasource: string): GrafanaDashboard {
    return nodesDashboard(datasource);
  }

  readonly moduleName = 'grafana-provisioning';

  /** @throws ValidationError for identifiers that are too long or there twice, and for data sources that do not exist */
  constructor(private readonly props: GrafanaProvisioningProps) {
    const { datasources, dashboards = [], folder } = props;
    const problems: string[] = [];
    if (datasources.length === 0) problems.push(`'datasources' is empty; give at least one`);
    for (const [what, list] of [
      ['data source', datasources],
      ['dashboard', dashboards],
    ] as const) {
      const uids = list.map(({ uid }) => uid);
      for (const uid of uids)
        if (!/^[A-Za-z0-9_-]{1,40}$/.test(uid))
          problems.push(`${what} '${uid}' has a bad uid: 1 to 40 letters, digits, '-' and '_'; shorten it`);
      for (const uid of new Set(uids.filter((each, index) => uids.indexOf(each) !== index)))
        problems.push(`${what} '${uid}' is there twice; give each a uid of its own`);
    }
    for (const { name, url } of datasources)
      if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol) || new URL(url).password !== '')
        problems.push(
          `data source '${name}' has no http or https address without password; write for example 'http://mon-0.example.org:9090'`,
        );
    for (const { uid, model } of dashboards)
      for (const used of datasourcesOf(model))
        if (!datasources.some((datasource) => datasource.uid === used))
          problems.push(
            `dashboard '${uid}' reads from '${used}', and there are ${datasources.map((each) => each.uid).join(', ')}; correct its uid`,
          );
    if (folder !== undefined && (folder.trim() === '' || /[\\/]/.test(folder)))
      problems.push(`'folder' is '${folder}'; give a name without slashes`);
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    const { datasources, dashboards = [], folder = 'Cloudless' } = this.props;
    guest.addFile({
      path: `${PROVISIONING}/datasources/cloudless.yaml`,
      content: renderYaml({
        apiVersion: 1,
        datasources: datasources.map(({ name, uid, url }, index) => ({
          name,
          uid,
          type: 'prometheus',
          access: 'proxy',
          url,
          isDefault: index === 0,
          editable: false,
        })),
      }),
    });
    guest.addFile({
      path: `${PROVISIONING}/dashboards/cloudless.yaml`,
      content: renderYaml({
        apiVersion: 1,
        providers: [
          {
            name: 'cloudless',
            folder,
            type: 'file',
            disableDeletion: true,
            allowUiUpdates: false,
            options: { path: DASHBOARDS },
          },
        ],
      }),
    });
    guest.addDirectory({ path: DASHBOARDS });
    for (const { uid, title, model } of dashboards)
      guest.addFile({
        path: `${DASHBOARDS}/${uid}.json`,
        content: `${JSON.stringify({ ...model, id: null, uid, title }, null, 2)}\n`,
      });
  }
}

/** Every `datasource.uid` in a model; those with a variable in them are chosen in the browser. */
function datasourcesOf(model: unknown): string[] {
  if (Array.isArray(model)) return model.flatMap(datasourcesOf);
  if (typeof model !== 'object' || model === null) return [];
  return Object.entries(model).flatMap(([key, value]) => {
    const uid: unknown =
      key === 'datasource' && typeof value === 'object' && value !== null
        ? (value as Record<string, unknown>)['uid']
        : undefined;
    return typeof uid === 'string' && !uid.startsWith('$') && !uid.startsWith('-- ')
      ? [uid]
      : datasourcesOf(value);
  });
}

function nodesDashboard(uid: string): GrafanaDashboard {
  const datasource = { type: 'prometheus', uid };
  const panel = (id: number, title: string, unit: string, expr: string): object => ({
    id,
    title,
    type: 'timeseries',
    datasource,
    gridPos: { h: 8, w: 12, x: ((id - 1) % 2) * 12, y: Math.floor((id - 1) / 2) * 8 },
    fieldConfig: { defaults: { unit }, overrides: [] },
    targets: [{ refId: 'A', datasource, expr, legendFormat: '{{instance}}' }],
  });
  return {
    uid: 'cloudless-nodes',
    title: 'Machines',
    model: {
      schemaVersion: 39,
      refresh: '1m',
      time: { from: 'now-6h', to: 'now' },
      panels: [
        panel(
          1,
          'Processor in use',
          'percentunit',
          '1 - avg by (instance) (rate(node_cpu_seconds_total{job="node",mode="idle"}[5m]))',
        ),
        panel(
          2,
          'Memory in use',
          'percentunit',
          '1 - node_memory_MemAvailable_bytes{job="node"} / node_memory_MemTotal_bytes{job="node"}',
        ),
        panel(
          3,
          'Fullest file system',
          'percentunit',
          'max by (instance) (1 - node_filesystem_avail_bytes{job="node",fstype!~"tmpfs|ramfs|overlay"} / node_filesystem_size_bytes{job="node",fstype!~"tmpfs|ramfs|overlay"})',
        ),
        panel(
          4,
          'Network',
          'Bps',
          'sum by (instance) (rate(node_network_receive_bytes_total{job="node",device!="lo"}[5m]) + rate(node_network_transmit_bytes_total{job="node",device!="lo"}[5m]))',
        ),
      ],
    },
  };
}
