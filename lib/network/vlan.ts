import { Construct } from 'constructs';
import { vlanIdProblems } from '../core/address-plan';
import { ClaimKind, Claims } from '../core/claims';
import { ValidationError } from '../core/errors';
import { environmentOf } from './private/environment-of';

/** A VLAN, or the id of one that nothing else is said about. */
export type VlanReference = Vlan | number;

export interface VlanProps {
  /** Id on the wire, 1 to 4094 (IEEE 802.1Q). */
  readonly id: number;
  /**
   * Switches that share ids and names. Give environments on the same switches the same one.
   * @default - those of the environment
   */
  readonly fabric?: string;
}

export interface TrunkOptions {
  /** VLAN of frames without a tag, one of the trunk's. */
  readonly native: VlanReference;
}

/** How a machine's card is connected to VLANs. Made by {@link Vlan.access} and {@link Vlan.trunk}. */
export interface VlanPort {
  readonly mode: 'access' | 'trunk';
  /** VLAN of the frames that machines send without a tag, on which their addresses are. */
  readonly untagged: VlanReference;
  /** All of the port's VLANs. */
  readonly vlans: readonly VlanReference[];
}

/**
 * A VLAN of the site's switches. One object for all networks and hypervisors that mean it: its id and its name (the
 * construct's id) are claimed once, and a second VLAN with either is an error.
 */
export class Vlan extends Construct {
  /**
   * A port whose frames are in one VLAN and bear no tag.
   *
   * @throws ValidationError when the id is none
   */
  static access(vlan: VlanReference): VlanPort {
    return checked({ mode: 'access', untagged: vlan, vlans: [vlan] });
  }

  /**
   * A port for several VLANs, whose frames bear tags except for those of the native one.
   *
   * @throws ValidationError when an id is none or is there twice, or the native VLAN is not among them
   */
  static trunk(vlans: readonly VlanReference[], { native }: TrunkOptions): VlanPort {
    return checked({ mode: 'trunk', untagged: native, vlans });
  }

  readonly vlanName: string;
  readonly vlanId: number;

  /** @param scope an environment, or anything in it */
  constructor(scope: Construct, id: string, props: VlanProps) {
    super(scope, id);
    this.vlanName = id;
    this.vlanId = props.id;
    const problems = vlanIdProblems(props.id);
    if (problems.length) throw new ValidationError(this, problems);
    const fabric = fabricLabel(props.fabric ?? environmentOf(this).environmentName);
    const hint = 'choose a free one, or use the Vlan that is there';
    Claims.of(this).claim(this, ClaimKind.VLAN_ID, `${this.vlanId}`, fabric, hint);
    Claims.of(this).claim(this, ClaimKind.VLAN_NAME, this.vlanName, fabric, hint);
  }
}

/** The id of a VLAN. */
export function vlanIdOf(vlan: VlanReference): number {
  return typeof vlan === 'number' ? vlan : vlan.vlanId;
}

/** Claims a VLAN that is given by its number alone for the network that is on it. */
export function claimBareVlan(network: Construct, vlan: VlanReference): void {
  if (typeof vlan !== 'number') return;
  Claims.of(network).claim(
    network,
    ClaimKind.VLAN_ID,
    `${vlan}`,
    fabricLabel(environmentOf(network).environmentName),
    'choose a free one; if both mean the same VLAN, make it a Vlan and give that to both',
  );
}

function fabricLabel(fabric: string): string {
  return `switches of '${fabric}'`;
}

function checked(port: VlanPort): VlanPort {
  const ids = port.vlans.map(vlanIdOf);
  const problems = ids.flatMap(vlanIdProblems);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (ids.length === 0) problems.push('a trunk has no VLAN; name at least one');
  if (twice !== undefined) problems.push(`VLAN ${twice} is in the trunk twice; name it once`);
  const native = vlanIdOf(port.untagged);
  if (port.mode === 'trunk' && !ids.includes(native))
    problems.push(`native VLAN ${native} is not among those of the trunk (${ids.join(', ')}); add it`);
  if (problems.length) throw new ValidationError('', problems);
  return port;
}
