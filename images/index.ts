import { debian12 } from './debian-12';
import type { ImageDefinition } from './definition';

export type { ImageDefinition } from './definition';

/** Every image that `cloudless image build` can build. */
export const imageDefinitions: readonly ImageDefinition[] = [debian12];
