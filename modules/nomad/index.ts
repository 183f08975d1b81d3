export { NomadClient, NomadServer, type NomadClientProps } from './agent';
export { NomadCluster, type NomadClusterProps } from './cluster';
export type { NomadHostVolume } from './config';
export { NomadDriver } from './drivers';
export { NOMAD_DYNAMIC_PORTS, NomadPort } from './ports';
