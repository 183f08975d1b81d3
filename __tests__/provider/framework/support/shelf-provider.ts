import { defineProvider, isUnknown, kinds, log, optional } from '../../../../provider/framework';
import type { AnyProvider } from '../../../../provider/framework';
import { boxResource } from './box-resource';
import { contentDataSource, crateResource, functions, keyEphemeral, liarResource } from './other-resources';
import type { Shelf } from './shelf';

const attributes = {
  password: optional(kinds.string, { description: 'Of the shelf', sensitive: true }),
};

/** A provider that exists for the tests of the framework: it uses everything there is. */
export function shelfProvider(shelf: Shelf): AnyProvider {
  return defineProvider<typeof attributes, Shelf>({
    address: 'registry.terraform.io/test/shelf',
    version: '0.0.1',
    schema: { description: 'A shelf', attributes },
    configure({ password }) {
      if (!isUnknown(password)) log('info', 'password given', { password });
      return shelf;
    },
    resources: [boxResource, crateResource, liarResource],
    dataSources: [contentDataSource],
    ephemeralResources: [keyEphemeral],
    functions,
  });
}
