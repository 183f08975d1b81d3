import { ValidationError } from '../lib/core/errors';
import { Size } from '../lib/core/size';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { HealthCheck } from '../lib/guest/health-check';
import { Peers } from '../lib/guest/peers';
import { renderYaml } from '../lib/guest/yaml';
import type { ContainerImage } from './container-image';
import { PodmanApp } from './podman-app';

export interface FleetLockServerProps {
  /** heathcliff26/fleetlock by digest, for example `ghcr.io/heathcliff26/fleetlock:v1.9.1@sha256:…`. */
  readonly image: ContainerImage;
  /** How many machines of a group may restart at once, by the group's name; other groups get nothing. */
  readonly groups: Readonly<Record<string, number>>;
  /**
   * Machines of the groups that are a quorum, for example `{ consul: 3 }`: so many may restart that a majority stays.
   * @default - none
   */
  readonly quorums?: Readonly<Record<string, number>>;
  /** Who may ask for a slot. @default Peers.POOL */
  readonly from?: Peers | readonly Peers[];
  /** @default 8080 */
  readonly port?: number;
  /** Where the slots are kept: the mount point of a data disk. @default '/var/lib/fleet-lock' */
  readonly mountPoint?: string;
}

/** The image runs as nobody, a number that no service of the machine may have. */
const USER = { name: 'fleet-lock', id: 8080 };

/**
 * A FleetLock server (heathcliff26/fleetlock): machines ask it before they restart into a new version. While it is down nobody
 * restarts.
 */
export class FleetLockServer implements GuestModule {
  readonly moduleName = 'fleet-lock';
  private readonly app: PodmanApp;

  /** @throws ValidationError without groups, and for slots that a quorum does not survive */
  constructor(private readonly props: FleetLockServerProps) {
    const { image, groups, quorums = {}, from = Peers.POOL, port = 8080 } = props;
    const { mountPoint = '/var/lib/fleet-lock' } = props;
    const problems: string[] = [];
    if (Object.keys(groups).length === 0) problems.push(`'groups' is empty; name at least one`);
    for (const [group, slots] of Object.entries(groups)) {
      if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(group))
        problems.push(`group '${group}' has a bad name: letters, digits, '.', '_' and '-'; rename it`);
      if (!Number.isInteger(slots) || slots < 1)
        problems.push(`group '${group}' has ${slots} slots; give a whole number of at least 1`);
    }
    for (const [group, members] of Object.entries(quorums)) {
      const slots = groups[group];
      const most = Math.floor((members - 1) / 2);
      if (slots === undefined)
        problems.push(`'quorums' names the group '${group}', which has no slots; add it to 'groups'`);
      else if (slots > most)
        problems.push(
          `group '${group}' has ${slots} slots and ${members} members, of which ${most} may be away; lower its slots`,
        );
    }
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
    this.app = new PodmanApp({
      name: 'fleet-lock',
      image,
      command: ['--config', '/config/config.yaml'],
      user: USER,
      files: [{ path: '/config/config.yaml', content: renderYaml(configuration(groups, port)) }],
      volumes: [{ mountPoint, path: '/data', size: Size.mib(64) }],
      ports: [{ port, from }],
      service: { name: 'fleet-lock', port },
      healthCheck: HealthCheck.tcp(port),
      memory: Size.mib(128),
    });
  }

  bind(guest: GuestConfig): void {
    guest.use(this.app);
  }
}

function configuration(groups: Readonly<Record<string, number>>, port: number): object {
  return {
    logLevel: 'info',
    server: { listen: `:${port}` },
    storage: { type: 'sqlite', sqlite: { file: '/data/fleetlock.db' } },
    groups: Object.fromEntries(Object.entries(groups).map(([group, slots]) => [group, { slots }])),
  };
}
