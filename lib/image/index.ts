export * from './base-image';
export * from './catalog';
export type { ImageChannel, ImageKind } from './catalog-file';
