import { Construct } from 'constructs';
import { powerdnsRecord } from '../bindings/powerdns';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { Duration } from '../core/duration';
import { ValidationError } from '../core/errors';
import type { IZone } from './zone';

export interface RecordSetProps {
  readonly zone: IZone;
  /** Absolute name, with the final dot. */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'SRV' | 'TXT' | 'SSHFP';
  /** Contents, in the canonical form of their type. */
  readonly records: readonly string[];
  /** @default Duration.seconds(60) */
  readonly ttl?: Duration;
}

/** All records of one name and type (an RRset). */
export class RecordSet extends Construct {
  constructor(scope: Construct, id: string, props: RecordSetProps) {
    super(scope, id);
    const { zone, name, type, records } = props;
    const problems: string[] = [];
    if (name !== zone.zoneName && !name.endsWith(`.${zone.zoneName}`))
      problems.push(
        `record name '${name}' is not in zone '${zone.zoneName}'; use the zone that it belongs to`,
      );
    if (records.length === 0) problems.push(`record set '${name}' ${type} has no records; remove it instead`);
    if (problems.length) throw new ValidationError(this, problems);
    Claims.of(this).claim(
      this,
      ClaimKind.RRSET,
      `${name} ${type}`,
      `server ${zone.server.apiUrl}`,
      'choose another name',
    );
    powerdnsRecord(this, 'Resource', {
      provider: zone.server.providerFor(CloudlessStack.of(this)),
      zone: zone.zoneName,
      name,
      type,
      ttl: (props.ttl ?? Duration.seconds(60)).toSeconds(),
      records: [...records].sort(),
      dependsOn: zone instanceof Construct ? zone.node.defaultChild : undefined,
    });
  }
}
