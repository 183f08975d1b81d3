import { Construct } from 'constructs';
import type { Duration } from '../core/duration';
import { Protocol, ServiceScope, type ServiceEndpoint } from '../guest';
import type { IVirtualMachine } from '../vm';
import { RecordSet } from './record-set';
import type { IZone } from './zone';

export interface ServiceRecordsProps {
  /** Machines whose guest modules offer services; the others are left out. */
  readonly machines: readonly IVirtualMachine[];
  /** Zone of the machines' names. */
  readonly zone: IZone;
  /** @default Duration.seconds(60) */
  readonly ttl?: Duration;
}

interface Offer {
  readonly machine: IVirtualMachine;
  readonly service: ServiceEndpoint;
}

/**
 * The names of services: for each an SRV record with port and machine (RFC 2782), and address records of all machines
 * that offer it. They follow from the model, so that they can be there before the machines are.
 */
export class ServiceRecords extends Construct {
  constructor(scope: Construct, id: string, props: ServiceRecordsProps) {
    super(scope, id);
    const { zone, ttl } = props;
    const offers = props.machines.flatMap((machine) =>
      machine.services.map((service) => ({ machine, service })),
    );
    for (const [name, group] of groupBy(offers, hostName)) {
      const addresses = group.flatMap(({ machine }) => [machine.address, machine.address6 ?? []].flat());
      for (const [type, version] of [
        ['A', 4],
        ['AAAA', 6],
      ] as const) {
        const records = [
          ...new Set(addresses.filter((each) => each.version === version).map((each) => each.toString())),
        ];
        if (records.length > 0)
          new RecordSet(this, `${name} ${type}`, { zone, name: `${name}.`, type, ttl, records });
      }
    }
    for (const [name, group] of groupBy(offers, serviceName))
      new RecordSet(this, `${name} SRV`, {
        zone,
        name: `${name}.`,
        type: 'SRV',
        ttl,
        records: group.map(
          ({ machine, service: { priority = 0, weight = 100, port } }) =>
            `${priority} ${weight} ${port} ${machine.fqdn.absolute}`,
        ),
      });
  }
}

/** `consul.lab.internal`, or `consul.servers.lab.internal` for a service of one pool. */
function hostName({ machine, service }: Offer): string {
  const pool = service.scope === ServiceScope.POOL ? `${machine.poolName}.` : '';
  return `${service.name}.${pool}${machine.fqdn.domain.toString()}`;
}

function serviceName(offer: Offer): string {
  const { name, protocol = Protocol.TCP } = offer.service;
  return hostName(offer).replace(name, `_${name}._${protocol}`);
}

function groupBy(offers: readonly Offer[], key: (offer: Offer) => string): [string, Offer[]][] {
  const groups = new Map<string, Offer[]>();
  for (const offer of offers) groups.set(key(offer), [...(groups.get(key(offer)) ?? []), offer]);
  return [...groups];
}
