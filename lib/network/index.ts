export * from './nat-network';
export * from './network';
