import type { Cidr } from '../core/cidr';
import type { IpAddress } from '../core/ip-address';
import type { Size } from '../core/size';
import type { SshPublicKey } from '../core/ssh-key';
import type { Firewall, GuestModule } from '../guest';
import type { IHypervisor, Placement } from '../hypervisor';
import type { IMachineImage } from '../image';
import type { INetwork } from '../network';
import type { DataDisk, RootDisk } from '../storage';
import type { DataDiskMove } from './data-disk-move';
import type { HostKeyOrigin } from './host-key-origin';
import type { NetworkAttachment } from './network-attachment';

/** Somebody who logs in with an SSH key and may become root. */
export interface Administrator {
  readonly name: string;
  readonly sshAuthorizedKeys: readonly SshPublicKey[];
}

/** What machines of a pool have in common. */
export interface MachineProps {
  /** Image that the root disk is an overlay of; one of the hypervisors that have it runs the machine. */
  readonly image: IMachineImage;
  /**
   * Network of a machine with one card. Its networks must all be on the machine's hypervisor.
   * @default - `networks`
   */
  readonly network?: INetwork;
  /**
   * Networks of a machine with several cards, in the order of the cards; one may be there twice.
   * @default - `network` alone
   */
  readonly networks?: readonly (INetwork | NetworkAttachment)[];
  /**
   * Which of the networks leads to everywhere else.
   * @default - the first one with a gateway, for IPv4 and IPv6 each
   */
  readonly defaultRoute?: INetwork;
  /**
   * Which of the networks the machine's name stands for: its address there is the one in the DNS, in inventories and for
   * monitoring.
   * @default - the first one
   */
  readonly namedBy?: INetwork;
  /**
   * On which of the possible hypervisors the machine goes, when it is not on record with one.
   * @default Placement.spread()
   */
  readonly placement?: Placement;
  /**
   * The hypervisor that these machines were all on before there were several: there they keep the Terraform addresses
   * that they have. Once given, it must not be changed.
   * @default - the image's: its only hypervisor, if it was made for one
   */
  readonly home?: IHypervisor;
  /**
   * What becomes of data disks when a machine goes to another hypervisor.
   * @default - it is an error
   */
  readonly dataDiskMove?: DataDiskMove;
  readonly memory: Size;
  /** @default 1 */
  readonly vcpus?: number;
  /** @default - as large as the image */
  readonly rootDisk?: RootDisk;
  /** @default - none */
  readonly dataDisks?: readonly DataDisk[];
  /** At least one: nobody can log in with a password. */
  readonly administrators: readonly Administrator[];
  /**
   * What the machine is made to run.
   * @default - nothing beyond the image
   */
  readonly modules?: readonly GuestModule[];
  /**
   * Where the SSH host keys come from.
   * @default HostKeyOrigin.SITE_KEY
   */
  readonly hostKeyOrigin?: HostKeyOrigin;
  /**
   * What can be reached from outside. By default SSH and what modules declare, each from where they declare it for.
   * @default Firewall.declaredPorts()
   */
  readonly firewall?: Firewall;
  /**
   * Servers that read the machine's metrics, or their networks: what `Peers.MONITORING` means.
   * @default - everybody in the machine's own networks
   */
  readonly monitoredFrom?: readonly (IpAddress | Cidr)[];
}
