export * from './base-images';
export * from './dns';
export * from './hashi-stack';
export * from './monitoring';
export * from './network';
export * from './vm-pool';
