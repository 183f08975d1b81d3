export { ConsulAccess, type ConsulToken } from './access';
export { ConsulClient, ConsulServer, type ConsulClientProps } from './agent';
export { ConsulCluster, type ConsulClusterProps } from './cluster';
export { ConsulPort } from './ports';
export type { ConsulService } from './service';
