export * from './host-records';
export * from './power-dns';
export * from './power-dns-provider';
export * from './record-set';
export * from './service-records';
export * from './zone';
