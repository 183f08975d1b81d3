import { defineProvider } from '../framework';
import type { AnyProvider } from '../framework';
import { imageDataSource } from './image/image-data-source';
import { imageReleaseResource } from './image/image-release';
import { onlineResource } from './online/online';
import { rolloutResource } from './rollout/rollout';

const attributes = {};

/** The provider `cloudless/cloudless`: releases of images, and machines that are replaced in good order. */
export function cloudlessProvider(): AnyProvider {
  return defineProvider<typeof attributes, null>({
    address: 'registry.terraform.io/cloudless/cloudless',
    version: '0.1.0',
    schema: {
      description:
        'Looks up and releases images of machines, waits until a machine is really there, and replaces machines batch by batch. It needs no configuration.',
      attributes,
    },
    configure: () => null,
    resources: [imageReleaseResource, onlineResource, rolloutResource],
    dataSources: [imageDataSource],
  });
}
