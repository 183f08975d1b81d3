export * from './host-records';
export * from './power-dns';
export * from './record-set';
export * from './zone';
