import { Construct } from 'constructs';
import type { Duration } from '../core/duration';
import { ValidationError } from '../core/errors';
import type { IVirtualMachine } from '../vm';
import { RecordSet } from './record-set';
import type { IZone, ReverseZone } from './zone';

export interface HostRecordsProps {
  readonly machines: readonly IVirtualMachine[];
  /** Zone of the machines' names. */
  readonly zone: IZone;
  /** Zones of the machines' addresses; each address must be in one of them. */
  readonly reverseZones: readonly ReverseZone[];
  /** @default Duration.seconds(60) */
  readonly ttl?: Duration;
}

/** The names of machines: an address record for each of IPv4 and IPv6, and the way back from address to name. */
export class HostRecords extends Construct {
  constructor(scope: Construct, id: string, props: HostRecordsProps) {
    super(scope, id);
    const { zone, ttl } = props;
    for (const machine of props.machines) {
      const host = new Construct(this, machine.machineName);
      const name = machine.fqdn.absolute;
      for (const [address, suffix] of [
        [machine.address, ''],
        [machine.address6, '6'],
      ] as const) {
        if (!address) continue;
        const type = address.version === 4 ? 'A' : 'AAAA';
        new RecordSet(host, `address${suffix}`, { zone, name, type, ttl, records: [address.toString()] });
        const reverse = props.reverseZones.find((candidate) => candidate.cidr.contains(address));
        if (!reverse)
          throw new ValidationError(
            host,
            `address ${address.toString()} is in none of the reverse zones; add a ReverseZone for its network`,
          );
        new RecordSet(host, `pointer${suffix}`, {
          zone: reverse,
          name: address.reverseName(),
          type: 'PTR',
          ttl,
          records: [name],
        });
      }
    }
  }
}
