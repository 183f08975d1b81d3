export * from './base-image';
export * from './catalog';
export * from './replicated-image';
export type { ImageChannel, ImageKind } from '../../catalog/catalog-file';
