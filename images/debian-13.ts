import { debian12 } from './debian-12';
import type { ImageDefinition } from './definition';

/**
 * Debian 13 (trixie), made as Debian 12 is. Its cloud-init runs the stages in one process by itself, and its systemd
 * has the order of units that Debian 12 is given here.
 */
export const debian13: ImageDefinition = {
  ...debian12,
  name: 'debian-13',
  version: '1.0.0',
  os: 'debian-13',
  suite: 'trixie',
  conditional: [],
};
