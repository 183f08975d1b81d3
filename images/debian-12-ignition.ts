import { debian12 } from './debian-12';
import type { ImageDefinition } from './definition';
import { IGNITION_INIT, ignitionFiles } from './guest/ignition-first-boot';
import { resolverBehindSsh } from './guest/resolver';

const NOT_CLOUD_INIT = /cloud-init|\/cloud\//;

/** Debian 12 that is configured by Ignition 2.14 (specification up to 3.3.0), given through QEMU's fw_cfg. */
export const debian12Ignition: ImageDefinition = {
  ...debian12,
  name: 'debian-12-ignition',
  version: '1.0.0',
  kind: 'ignition',
  ignitionSpec: '3.3.0',
  packages: [...debian12.packages.filter((name) => name !== 'cloud-init'), 'ignition'].sort(),
  kernel: { ...debian12.kernel, arguments: [...debian12.kernel.arguments, `init=${IGNITION_INIT}`] },
  files: [...debian12.files.filter(({ path }) => !NOT_CLOUD_INIT.test(path)), ...ignitionFiles],
  units: {
    ...debian12.units,
    enabled: [
      ...debian12.units.enabled,
      'cloudless-grow-root.service',
      'cloudless-host-key.service',
      'systemd-networkd-wait-online.service',
    ],
    wants: {},
  },
  conditional: [resolverBehindSsh],
};
