export * from './virtual-machine';
export * from './vm-pool';
