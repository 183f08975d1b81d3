export * from './disks';
export * from './storage-pool';
