export * from './base-image';
export * from './catalog';
export * from './replicated-image';
