export * from './base-image';
export * from './catalog';
