import type { Protocol } from './listening-port';
import { portProblems } from './listening-port';

/** Below which name a service is found. */
export enum ServiceScope {
  /** The environment's domain: `consul.lab.internal`. Machines of all pools that offer it answer together. */
  ENVIRONMENT = 'environment',
  /** The pool's name in that domain: `consul.servers.lab.internal`. */
  POOL = 'pool',
}

/**
 * A service that is found by its name in the DNS: an SRV record `_<name>._<protocol>` (RFC 2782) and address records
 * `<name>`, with one entry for every machine that offers it.
 */
export interface ServiceEndpoint {
  /** One label, for example `consul`. */
  readonly name: string;
  readonly port: number;
  /** @default Protocol.TCP */
  readonly protocol?: Protocol;
  /** Lower is asked first. @default 0 */
  readonly priority?: number;
  /** Share of the requests among those of one priority. @default 100 */
  readonly weight?: number;
  /** @default ServiceScope.ENVIRONMENT */
  readonly scope?: ServiceScope;
}

/** What is wrong with a service, each as the end of a sentence. */
export function serviceEndpointProblems(service: ServiceEndpoint): string[] {
  const problems = portProblems(service.port);
  // RFC 6335 section 5.1, with 63 characters as for any label: the name is also that of address records.
  if (!/^(?!-)[a-z0-9-]{1,63}(?<!-)$/.test(service.name))
    problems.push(
      `has a bad name: one label of lower case letters, digits and '-'; write for example 'consul'`,
    );
  for (const [what, value] of [
    ['priority', service.priority],
    ['weight', service.weight],
  ] as const)
    if (value !== undefined && !(Number.isInteger(value) && value >= 0 && value <= 65535))
      problems.push(`has the ${what} ${value}, which is no whole number from 0 to 65535; leave it out`);
  return problems;
}
