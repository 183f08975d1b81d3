export { VaultCluster, type VaultClusterProps } from './cluster';
export { VaultPort } from './ports';
export { VaultProduct, VaultSeal, type StaticSealProps, type TransitSealProps } from './seal';
export { VaultServer } from './server';
