export * from './cloud-init';
export { Filesystem, type DataMount } from './data-mount';
export {
  GuestConfig,
  Protocol,
  type FirstBootCommand,
  type GuestConfigProps,
  type GuestModule,
  type PortClaim,
} from './guest-config';
export type { GuestFile } from './guest-file';
export type { GuestAddress, GuestIdentity, GuestInterface } from './guest-identity';
export { Sudo, type GuestUser } from './guest-user';
export { HealthCheck, type HttpHealthCheck, type TcpHealthCheck } from './health-check';
export type { ScrapeEndpoint } from './scrape-endpoint';
export * from './seed-image';
export { UnitActivation, type SystemdUnit, type UnitDropIn } from './systemd-unit';
