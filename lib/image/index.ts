export * from './base-image';
export * from './catalog';
export { CatalogImage, type ReleaseChoice } from './catalog-image';
export * from './image-record';
export * from './replicated-image';
export type { ImageChannel, ImageKind } from '../../catalog/catalog-file';
