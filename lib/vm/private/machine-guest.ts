import type { Fqdn } from '../../core/fqdn';
import { Firewall, GuestConfig, Sudo, type GuestImage, type GuestInterface } from '../../guest';
import type { MachineProps } from '../machine-props';

export interface MachineGuestFacts {
  readonly fqdn: Fqdn;
  readonly poolName: string;
  /** All network cards, that of the machine's name first. */
  readonly interfaces: readonly GuestInterface[];
  readonly image: GuestImage;
}

/** What a machine is to be from the inside, with all that its modules add. */
export function machineGuest(props: MachineProps, facts: MachineGuestFacts): GuestConfig {
  const guest = new GuestConfig({
    ...facts,
    firewall: {
      firewall: props.firewall ?? Firewall.declaredPorts(),
      pool: facts.interfaces.flatMap(({ addresses = [] }) =>
        addresses.map(({ network }) => network.toString()),
      ),
      monitoring: props.monitoredFrom?.map(String),
    },
  });
  for (const administrator of props.administrators)
    guest.addUser({ ...administrator, sudo: Sudo.PASSWORDLESS });
  props.dataDisks?.forEach((disk, index) =>
    guest.addDataMount({ disk: index, label: disk.name, mountPoint: disk.mountPath, size: disk.size }),
  );
  for (const module of props.modules ?? []) guest.use(module);
  return guest;
}
