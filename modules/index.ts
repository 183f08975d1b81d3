export * from './binaries';
export * from './consul';
export type { ConfigObject, ConfigValue } from './hashistack/merge-config';
export * from './node-exporter';
export * from './nomad';
export * from './vault';
