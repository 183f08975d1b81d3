import { GuestOs, guestOs } from '../../lib/guest/guest-image';
import type { GuestConfig } from '../../lib/guest/guest-config';
import type { Binaries } from '../binaries';
import type { ConfigObject } from '../hashistack/merge-config';

export const PLUGINS = '/opt/cloudless/nomad/plugins';

/**
 * A way in which a Nomad client runs tasks. A driver brings all that it needs: its configuration cannot be there without its
 * plugin.
 */
export abstract class NomadDriver {
  /** Programs of the machine in a chroot and cgroup of their own. Part of Nomad. */
  static exec(): NomadDriver {
    return new ExecDriver();
  }

  /** Containers by podman. @param plugin the program `nomad-driver-podman` */
  static podman(plugin: Binaries): NomadDriver {
    return new PodmanDriver(plugin);
  }

  /** As jobs name it. */
  abstract readonly name: string;
  /** Entry of `plugin` in Nomad's configuration; undefined for a driver that is part of Nomad. */
  abstract readonly plugin: ConfigObject | undefined;
  /** Adds what it needs to a machine. */
  abstract bind(guest: GuestConfig): void;
}

class ExecDriver extends NomadDriver {
  readonly name = 'exec';
  readonly plugin = undefined;

  bind(): void {
    // Nothing: it is part of Nomad, which runs as root.
  }
}

class PodmanDriver extends NomadDriver {
  readonly name = 'podman';
  readonly plugin = {
    'nomad-driver-podman': {
      config: { socket_path: 'unix:///run/podman/podman.sock', volumes: { enabled: false } },
    },
  };

  constructor(private readonly binaries: Binaries) {
    super();
  }

  bind(guest: GuestConfig): void {
    this.binaries.install(guest, 'nomad-driver-podman', PLUGINS);
    if (guest.image === undefined || guestOs(guest.image) === GuestOs.DEBIAN) guest.addPackages('podman');
    guest.expectUnits('podman.socket');
    guest.addUnit({ name: 'podman.socket' });
    // Containers have addresses of their own.
    guest.allowForwarding();
  }
}
