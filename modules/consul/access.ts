import type { Environment } from '../../lib/core/environment';
import { derivedUuid } from '../../lib/core/derived-secrets';
import type { ConfigObject } from '../hashistack/merge-config';

/** What a token may do, and the token: both follow from the cluster's description and the site key. */
export interface ConsulToken {
  /** Name of the policy, and description of the token. */
  readonly name: string;
  /** Rules of the policy, as JSON. */
  readonly rules: ConfigObject;
  /** Names the token without being secret. */
  readonly accessor: string;
  readonly secret: string;
}

const read = { policy: 'read' };
const write = { policy: 'write' };

/** Makes the tokens of a cluster. */
export class ConsulAccess {
  constructor(
    private readonly environment: Environment,
    private readonly cluster: string,
  ) {}

  /** May do everything. Only servers have it, which are as powerful anyway. */
  get management(): string {
    return this.uuid('consul-token', 'management');
  }

  /**
   * What the agents of a pool use: they register machines of the pool, and services that it is known to offer, and nothing
   * else.
   */
  pool(pool: string, services: readonly string[]): ConsulToken {
    return this.token(`cloudless-pool-${pool}`, {
      node: { [pool]: write },
      node_prefix: { '': read, [`${pool}-`]: write },
      agent_prefix: { [`${pool}-`]: read },
      service_prefix: { '': read },
      ...(services.length > 0 && {
        service: Object.fromEntries([...services].sort().map((name) => [name, write])),
      }),
    });
  }

  /** What answers to DNS questions are made with: which machines and services there are. */
  get dns(): ConsulToken {
    return this.token('cloudless-dns', {
      node_prefix: { '': read },
      service_prefix: { '': read },
      query_prefix: { '': read },
    });
  }

  /** For Prometheus: the figures of agents. */
  get metrics(): ConsulToken {
    return this.token('cloudless-metrics', { agent_prefix: { '': read } });
  }

  /** For Nomad's servers, which find each other in Consul and register themselves. */
  get nomadServers(): ConsulToken {
    return this.token('cloudless-nomad-servers', {
      agent_prefix: { '': read },
      node_prefix: { '': read },
      service_prefix: { '': write },
      acl: 'write',
    });
  }

  /** For Nomad's clients, which register what they run. */
  get nomadClients(): ConsulToken {
    return this.token('cloudless-nomad-clients', {
      agent_prefix: { '': read },
      node_prefix: { '': read },
      service_prefix: { '': write },
    });
  }

  private token(name: string, rules: ConfigObject): ConsulToken {
    return {
      name,
      rules,
      accessor: this.uuid('consul-accessor', name),
      secret: this.uuid('consul-token', name),
    };
  }

  private uuid(purpose: string, name: string): string {
    return derivedUuid(this.environment, purpose, this.cluster, name);
  }
}
