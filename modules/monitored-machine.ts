import type { Fqdn } from '../lib/core/fqdn';
import type { IpAddress } from '../lib/core/ip-address';
import type { AlertRule } from '../lib/guest/alert-rule';
import type { HealthCheck } from '../lib/guest/health-check';
import type { ScrapeEndpoint } from '../lib/guest/scrape-endpoint';

/** What monitoring needs to know of a machine; every virtual machine of the library is one. */
export interface MonitoredMachine {
  readonly fqdn: Fqdn;
  readonly address: IpAddress;
  readonly poolName: string;
  readonly scrapeEndpoints: readonly ScrapeEndpoint[];
  readonly healthChecks: readonly HealthCheck[];
  readonly alertRules: readonly AlertRule[];
}

/** `10.20.0.7:9100`, or `[fd00::7]:9100`. */
export function hostPort(address: IpAddress, port: number): string {
  return address.version === 6 ? `[${address.toString()}]:${port}` : `${address.toString()}:${port}`;
}
