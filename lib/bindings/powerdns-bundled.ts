import { PowerdnsProvider } from '../../.gen/providers/powerdns/provider';
import { Zone } from '../../.gen/providers/powerdns/zone';
import type { PowerDnsDialect } from './powerdns';

/** Dialect of `cloudless/powerdns`: the zone holds its name servers, which are there from its first moment. */
export const bundledPowerDns: PowerDnsDialect = {
  name: 'cloudless/powerdns',
  provider: (scope, id, config) => new PowerdnsProvider(scope, id, config),
  zone(scope, id, { preventDestroy, ...rest }) {
    return new Zone(scope, id, {
      ...rest,
      kind: 'Native',
      ...(preventDestroy && { lifecycle: { preventDestroy: true } }),
    });
  },
};
