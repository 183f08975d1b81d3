export * from './data-disk-move';
export * from './host-key-origin';
export * from './machine-props';
export * from './network-attachment';
export * from './virtual-machine';
export * from './vm-pool';
