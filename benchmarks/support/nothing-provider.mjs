// A provider that does nothing, with the attributes of `powerdns_record`: what a run costs through our framework alone.
import { computed, defineProvider, defineResource, kinds, required, serve } from '../../provider/framework';

const attributes = {
  id: computed(kinds.string, { description: 'Name and type.', useStateForUnknown: true }),
  zone: required(kinds.string, { description: 'Zone.' }),
  name: required(kinds.string, { description: 'Name.' }),
  type: required(kinds.string, { description: 'Type.' }),
  ttl: required(kinds.integer, { description: 'Time to live.' }),
  records: required(kinds.set(kinds.string), { description: 'Contents.' }),
};

const record = defineResource({
  typeName: 'nothing_record',
  schema: { description: 'Nothing.', attributes },
  create: async (plan) => ({ ...plan, id: `${plan.name}:::${plan.type}` }),
  read: async (state) => state,
  update: async (plan, prior) => ({ ...plan, id: prior.id }),
  delete: async () => undefined,
});

void serve(
  defineProvider({
    address: 'registry.terraform.io/cloudless/nothing',
    version: '0.1.0',
    schema: { description: 'Does nothing.', attributes: {} },
    configure: () => null,
    resources: [record],
  }),
);
