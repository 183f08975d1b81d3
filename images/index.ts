import { debian12 } from './debian-12';
import { debian12Hardened } from './debian-12-hardened';
import { debian12Ignition } from './debian-12-ignition';
import { debian13 } from './debian-13';
import type { ImageDefinition } from './definition';

export type { ImageDefinition } from './definition';

/** Every image that `cloudless image build` can build. */
export const imageDefinitions: readonly ImageDefinition[] = [
  debian12,
  debian13,
  debian12Ignition,
  debian12Hardened,
];
