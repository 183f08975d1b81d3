import {
  computed,
  defineDataSource,
  defineEphemeralResource,
  defineFunction,
  defineResource,
  FunctionError,
  kinds,
  optional,
  parameter,
  ProviderError,
  required,
  UNKNOWN,
} from '../../../../provider/framework';
import type { Shelf } from './shelf';

const crateAttributes = {
  id: computed(kinds.string, { description: 'Identifier', useStateForUnknown: true }),
  name: required(kinds.string, { description: 'Name' }),
};

/** Takes boxes over. */
export const crateResource = defineResource<typeof crateAttributes, Shelf>({
  typeName: 'shelf_crate',
  schema: { description: 'A crate', attributes: crateAttributes },
  create: async (plan, { client }) => ({ ...plan, id: client.next('crate') }),
  read: async (state) => state,
  update: async (plan, prior) => ({ ...plan, id: prior.id }),
  delete: async () => undefined,
  moveState({ typeName, version, state }, { private: remembered }) {
    if (typeName !== 'shelf_box' || version !== 2) return undefined;
    remembered.set('was', typeName);
    return { id: String(state.id), name: String(state.name) };
  },
});

const liarAttributes = {
  defect: required(kinds.string, { description: 'What it does wrong' }),
  list: optional(kinds.list(kinds.string), { description: 'A list' }),
  token: optional(kinds.string, { description: 'A secret', sensitive: true }),
  result: computed(kinds.string, { description: 'A result' }),
};

/** Does wrong what a provider can do wrong. */
export const liarResource = defineResource<typeof liarAttributes, Shelf>({
  typeName: 'shelf_liar',
  schema: { description: 'A liar', attributes: liarAttributes },
  modifyPlan({ planned }) {
    if (planned.defect === 'plan') planned.list = ['planned'];
    if (planned.defect === 'crash in plan') throw new TypeError('x is not a function');
  },
  async create(plan) {
    const state = { ...plan, result: 'made' };
    if (plan.defect === 'apply') return { ...state, list: ['applied'] };
    if (plan.defect === 'sensitive') return { ...state, token: 'other' };
    if (plan.defect === 'unknown') return { ...state, result: UNKNOWN as unknown as string };
    if (plan.defect === 'crash') throw new TypeError('x is not a function');
    return state;
  },
  read: async (state) => state,
  update: async (plan) => ({ ...plan, result: 'made' }),
  delete: async () => undefined,
});

const contentAttributes = {
  id: required(kinds.string, { description: 'Identifier of the box' }),
  label: computed(kinds.string, { description: 'Its label' }),
  tags: computed(kinds.nestedList({ tag: computed(kinds.string, { description: 'Tag' }) }), {
    description: 'Its tags',
  }),
};

export const contentDataSource = defineDataSource<typeof contentAttributes, Shelf>({
  typeName: 'shelf_content',
  schema: { description: 'What is in a box', attributes: contentAttributes },
  async read({ id }, { client }) {
    const box = client.boxes.get(id);
    if (!box) throw new ProviderError(`There is no box ${id}`, 'Look at the shelf.', ['id']);
    return { id, label: box.label, tags: box.tags?.map((tag) => ({ tag })) ?? null };
  },
});

const keyAttributes = {
  box: required(kinds.string, { description: 'Name of the box' }),
  seconds: optional(kinds.integer, { description: 'How long it is valid' }),
  value: computed(kinds.string, { description: 'The key', sensitive: true }),
};

export const keyEphemeral = defineEphemeralResource<typeof keyAttributes, Shelf>({
  typeName: 'shelf_key',
  schema: { description: 'A key of a box', attributes: keyAttributes },
  validate({ box }, diagnostics) {
    if (box === 'none') diagnostics.error('There is no key without a box', '', ['box']);
  },
  async open(config, { client, private: remembered }) {
    const { box, seconds } = config;
    const key = client.next('key');
    client.events.push(`open ${box}`);
    remembered.set('key', key);
    const renewAt = seconds === null ? undefined : new Date(Date.now() + seconds * 1_000);
    return { result: { ...config, value: `secret of ${box}` }, renewAt };
  },
  async renew({ client, private: remembered }) {
    client.events.push(`renew ${String(remembered.get('key')).replace(/\d/, 'N')}`);
    return undefined;
  },
  async close({ client, private: remembered }) {
    client.events.push(`close ${String(remembered.get('key')).replace(/\d/, 'N')}`);
  },
});

export const functions = [
  defineFunction({
    name: 'sign',
    summary: 'Text of a sign',
    description: 'Joins words.',
    parameters: [
      parameter('times', kinds.integer, { description: 'How often' }),
      parameter('end', kinds.string, { description: 'What stands behind', allowNull: true }),
    ],
    variadicParameter: parameter('words', kinds.string, { description: 'The words' }),
    returns: kinds.string,
    run(times, end, ...words) {
      if (times < 1) throw new FunctionError('it has to be said at least once', 0);
      const empty = words.findIndex((word) => word === '');
      if (empty >= 0) throw new FunctionError('a word is empty', empty + 2);
      return `${Array(times).fill(words.join(' ')).join(', ')}${end ?? ''}`;
    },
  }),
  defineFunction({
    name: 'measure',
    summary: 'Measures of a box',
    description: 'Reads `2x3`.',
    parameters: [parameter('text', kinds.string, { description: 'Measures' })],
    returns: kinds.object({ width: kinds.number, height: kinds.number }),
    run(text) {
      const [width, height] = text.split('x').map(Number);
      if (width === undefined || height === undefined) throw new TypeError('split failed');
      return { width, height };
    },
  }),
];
