import {
  computed,
  defineProvider,
  defineResource,
  kinds,
  listBlock,
  optional,
  required,
  writeOnly,
} from '../../../provider/framework';
import { checkProvider } from '../../../provider/framework/service/check-provider';
import type { Attributes } from '../../../provider/framework/schema/attribute';
import { Shelf } from './support/shelf';
import { shelfProvider } from './support/shelf-provider';

const description = '';

/** What is said of a provider with one resource with these attributes. */
function problems(
  attributes: Attributes,
  typeName = 'test_thing',
  address = 'example.net/test/test',
): string {
  const none = () => Promise.reject(new Error('not called'));
  const resource = defineResource({
    typeName,
    schema: { description, attributes },
    create: none,
    read: none,
    update: none,
    delete: none,
  });
  const schema = { description, attributes: {} };
  const provider = defineProvider({
    address,
    version: '0.0.1',
    schema,
    configure: () => undefined,
    resources: [resource],
  });
  try {
    checkProvider(provider);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

test('a provider that uses everything there is is usable', () => {
  expect(() => checkProvider(shelfProvider(new Shelf()))).not.toThrow();
});

test.each<[string, Attributes]>([
  ['resource test_thing.Name: a name has small letters', { Name: required(kinds.string, { description }) }],
  [
    'resource test_thing.count: the name belongs to Terraform',
    { count: computed(kinds.integer, { description }) },
  ],
  [
    'resource test_thing.all: elements of a collection have one type',
    { all: optional(kinds.list(kinds.dynamic), { description }) },
  ],
  [
    'resource test_thing.one.secret: what is write-only cannot be in a set',
    { one: optional(kinds.nestedSet({ secret: writeOnly(kinds.string, { description }) }), { description }) },
  ],
  [
    'resource test_thing.one.rule: a block cannot be in a nested attribute',
    { one: optional(kinds.nested({ rule: listBlock({}, { description }) }), { description }) },
  ],
])('%s', (problem, attributes) => expect(problems(attributes)).toContain(problem));

test('names of types begin with the name of the provider, which has a whole address', () => {
  expect(problems({}, 'other_thing')).toContain('resource other_thing: its name has to begin with test_');
  expect(problems({}, 'test_thing', 'test')).toContain("'test' has to be HOST/NAMESPACE/TYPE");
});
