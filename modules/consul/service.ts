import { Duration } from '../../lib/core/duration';
import type { IpAddress } from '../../lib/core/ip-address';
import type { ConfigObject } from '../hashistack/merge-config';

/** A service of a machine that others find through Consul, at `<name>.service.<domain>`. */
export interface ConsulService {
  /** One label, for example `web`. */
  readonly name: string;
  /** The module that runs it declares who may reach it. */
  readonly port: number;
  /** @default - none */
  readonly tags?: readonly string[];
  /**
   * How the agent finds out that it works; while it does not, it is not in answers.
   * @default - the port accepts connections (TCP)
   */
  readonly check?: { readonly httpPath: string };
  /** @default Duration.seconds(10) */
  readonly checkInterval?: Duration;
}

/** Service definition of an agent (developer.hashicorp.com/consul/docs/services/configuration). */
export function serviceDefinition(service: ConsulService, address: IpAddress): ConfigObject {
  const at = address.version === 4 ? address.toString() : `[${address}]`;
  const { check, checkInterval = Duration.seconds(10) } = service;
  return {
    service: {
      name: service.name,
      port: service.port,
      address: address.toString(),
      ...(service.tags && { tags: service.tags }),
      check: {
        name: check ? `http ${check.httpPath}` : 'tcp',
        ...(check
          ? { http: `http://${at}:${service.port}${check.httpPath}` }
          : { tcp: `${at}:${service.port}` }),
        interval: checkInterval.toString(),
        timeout: '5s',
      },
    },
  };
}
