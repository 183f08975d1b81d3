export { AlertSeverity, type AlertRule } from './alert-rule';
export * from './cloud-init';
export type { FirstBootCommand } from './contributions';
export { Filesystem, type DataMount } from './data-mount';
export type { DataNeed } from './data-need';
export { RemoteSource, SecretContent, type FileContent, type RemoteSourceProps } from './file-content';
export type { FileMode } from './file-mode';
export { Firewall, type DeclaredPortsOptions, type FirewallRanges } from './firewall';
export { GuestConfig, type GuestConfigProps, type GuestFirewall, type GuestModule } from './guest-config';
export type { GuestDirectory, GuestFile, GuestLink } from './guest-file';
export type { GuestAddress, GuestIdentity, GuestInterface } from './guest-identity';
export { guestOs, GuestOs, isImmutable, type GuestImage, type GuestKind } from './guest-image';
export { Sudo, UserKind, type GuestUser } from './guest-user';
export { HealthCheck, type HttpHealthCheck, type TcpHealthCheck } from './health-check';
export type { Sysctl } from './kernel-settings';
export { Protocol, type ListeningPort, type ListenOptions, type PortRange } from './listening-port';
export { Peers, type PeerNetwork } from './peers';
export type { ScrapeEndpoint } from './scrape-endpoint';
export * from './seed-image';
export { ServiceScope, type ServiceEndpoint } from './service-endpoint';
export { UnitActivation, type SystemdUnit, type UnitDropIn } from './systemd-unit';
export { hasSpec, ignitionSpec, type IgnitionSpec } from './ignition/ignition-spec';
export { fwCfgName } from './ignition/fw-cfg';
export type {
  IgnitionConfig,
  IgnitionDirectory,
  IgnitionFile,
  IgnitionFilesystem,
  IgnitionLink,
  IgnitionUnit,
  IgnitionUser,
} from './ignition/ignition-config';
export {
  ignitionConfig,
  ignitionSecrets,
  renderIgnition,
  type IgnitionOptions,
} from './ignition/render-ignition';
