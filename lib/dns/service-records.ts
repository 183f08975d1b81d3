import { Construct } from 'constructs';
import { CloudlessStack } from '../core/cloudless-stack';
import type { Duration } from '../core/duration';
import { ServiceScope } from '../guest';
import type { IVirtualMachine } from '../vm';
import { RecordSet } from './record-set';
import type { IZone } from './zone';

export interface ServiceRecordsProps {
  /** Machines whose services are named; those of one service belong into one of these constructs. */
  readonly machines: readonly IVirtualMachine[];
  readonly zone: IZone;
  /** @default Duration.seconds(60) */
  readonly ttl?: Duration;
}

/** One machine that offers a service. */
interface Offer {
  readonly machine: IVirtualMachine;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/**
 * The names of what machines offer: for each service the addresses of its machines (A, AAAA) and where exactly it listens
 * (SRV, RFC 2782). They follow from the model alone, so they can be there before the machines: put them into a stack that
 * is applied first when members find each other by such a name.
 */
export class ServiceRecords extends Construct {
  constructor(scope: Construct, id: string, props: ServiceRecordsProps) {
    super(scope, id);
    const { zone, ttl } = props;
    const domain = CloudlessStack.of(this).environment.domain.absolute;
    const addresses = new Map<string, Set<IVirtualMachine>>();
    const offers = new Map<string, Offer[]>();
    for (const machine of props.machines)
      for (const {
        name,
        port,
        protocol = 'tcp',
        priority = 0,
        weight = 100,
        scope: where,
      } of machine.services) {
        const base = where === ServiceScope.POOL ? `${machine.poolName}.${domain}` : domain;
        const host = `${name}.${base}`;
        addresses.set(host, (addresses.get(host) ?? new Set()).add(machine));
        const service = `_${name}._${protocol}.${base}`;
        offers.set(service, [...(offers.get(service) ?? []), { machine, port, priority, weight }]);
      }
    for (const [name, machines] of addresses) {
      const at = new Construct(this, name.slice(0, -1));
      for (const type of ['A', 'AAAA'] as const) {
        const records = [...machines].flatMap(({ address, address6 }) =>
          [address, address6].filter((each) => each?.version === (type === 'A' ? 4 : 6)).map(String),
        );
        if (records.length > 0) new RecordSet(at, type, { zone, name, type, ttl, records });
      }
    }
    for (const [name, found] of offers)
      new RecordSet(this, name.slice(0, -1), {
        zone,
        name,
        type: 'SRV',
        ttl,
        records: found.map(
          ({ machine, port, priority, weight }) => `${priority} ${weight} ${port} ${machine.fqdn.absolute}`,
        ),
      });
  }
}
