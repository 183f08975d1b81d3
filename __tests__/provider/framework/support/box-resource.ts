import {
  computed,
  defaulted,
  defineResource,
  isUnknown,
  kinds,
  knownOr,
  listBlock,
  log,
  optional,
  optionalComputed,
  ProviderError,
  required,
  requiresReplaceIf,
  setBlock,
  singleBlock,
  timeouts,
  validators,
  writeOnly,
} from '../../../../provider/framework';
import type { KnownPlanOf, StateOf } from '../../../../provider/framework';
import type { Shelf } from './shelf';

const sameCase = (left: string, right: string) => left.toLowerCase() === right.toLowerCase();
const kept = { description: 'Set by the shelf, for good', useStateForUnknown: true };

export const boxAttributes = {
  id: computed(kinds.string, kept),
  name: required(kinds.string, {
    description: 'Name of the box',
    requiresReplace: true,
    validate: [
      validators.lengthBetween(1, 10),
      validators.matches(/^[a-z]/i, 'it has to begin with a letter'),
    ],
    equivalent: sameCase,
  }),
  label: optional(kinds.string, { description: 'What stands on it' }),
  color: defaulted(kinds.string, 'grey', { description: 'Color; grey if not told otherwise' }),
  size: optional(kinds.integer, {
    description: 'May grow, and not shrink',
    planModifiers: [
      requiresReplaceIf(
        ({ prior, planned }) => prior !== null && !isUnknown(planned) && (planned ?? 0) < prior,
      ),
    ],
  }),
  owner: optionalComputed(kinds.string, { description: 'Whose it is', useStateForUnknown: true }),
  revision: computed(kinds.integer, { description: 'How often it was changed' }),
  tags: optional(kinds.set(kinds.string), { description: 'Tags' }),
  weight: optional(kinds.number, { description: 'Exact weight' }),
  extra: optional(kinds.dynamic, { description: 'Anything' }),
  pair: optional(kinds.tuple(kinds.string, kinds.integer), { description: 'A text and a number' }),
  origin: optional(kinds.object({ country: kinds.string, zip: kinds.integer }), {
    description: 'From where',
  }),
  old_label: optional(kinds.string, { description: 'Label of old', deprecated: 'Use label.' }),
  secret: writeOnly(kinds.string, { description: 'Stored on the shelf only', sensitive: true }),
  secret_version: optional(kinds.integer, { description: 'Raise it when secret changes' }),
  slots: optional(
    kinds.nestedList({
      name: required(kinds.string, { description: 'Name', equivalent: sameCase }),
      capacity: defaulted(kinds.integer, 1, { description: 'Capacity', validate: validators.between(1, 9) }),
      serial: computed(kinds.string, kept),
      checked: computed(kinds.integer, { description: 'Revision at which it was looked at' }),
    }),
    { description: 'Slots in order' },
  ),
  stamps: optional(
    kinds.nestedSet({
      text: required(kinds.string, { description: 'Text', equivalent: sameCase }),
      ink: optional(kinds.string, { description: 'Ink' }),
      serial: computed(kinds.string, kept),
    }),
    { description: 'Stamps in no order' },
  ),
  places: optional(
    kinds.nestedMap({
      floor: required(kinds.integer, { description: 'Floor', validate: validators.between(0, 99) }),
      code: computed(kinds.string, kept),
    }),
    { description: 'Places by name' },
  ),
  lid: optional(
    kinds.nested({
      material: required(kinds.string, { description: 'Material', requiresReplace: true }),
      hinges: optionalComputed(kinds.integer, { description: 'Hinges', useStateForUnknown: true }),
    }),
    { description: 'The lid' },
  ),
  door: listBlock(
    {
      width: required(kinds.integer, { description: 'Width', validate: validators.between(1, 100) }),
      handle: computed(kinds.string, kept),
      lock: singleBlock(
        { keys: required(kinds.integer, { description: 'How many keys' }) },
        { description: 'Lock' },
      ),
    },
    { description: 'Doors in order', max: 2 },
  ),
  sticker: setBlock(
    {
      text: required(kinds.string, { description: 'Text', equivalent: sameCase }),
      serial: computed(kinds.string, kept),
    },
    { description: 'Stickers in no order' },
  ),
  timeouts: timeouts({ create: '20s', update: '20s' }),
};
export type BoxAttributes = typeof boxAttributes;

/** A plan with everything filled in that the shelf decides. */
function complete(
  shelf: Shelf,
  plan: KnownPlanOf<BoxAttributes>,
  id: string,
  revision: number,
): StateOf<BoxAttributes> {
  const serial = () => shelf.next('serial');
  return {
    ...plan,
    id,
    revision,
    owner: knownOr(plan.owner, () => 'nobody'),
    slots:
      plan.slots?.map((slot) => ({ ...slot, serial: knownOr(slot.serial, serial), checked: revision })) ??
      null,
    stamps: plan.stamps?.map((stamp) => ({ ...stamp, serial: knownOr(stamp.serial, serial) })) ?? null,
    places:
      plan.places &&
      Object.fromEntries(
        Object.entries(plan.places).map(([name, place]) => [
          name,
          { ...place, code: knownOr(place.code, () => `${name}/${place.floor}`) },
        ]),
      ),
    lid: plan.lid && { ...plan.lid, hinges: knownOr(plan.lid.hinges, () => 2) },
    door: plan.door.map((door) => ({ ...door, handle: knownOr(door.handle, serial) })),
    sticker: plan.sticker.map((sticker) => ({ ...sticker, serial: knownOr(sticker.serial, serial) })),
  };
}

function put(shelf: Shelf, state: StateOf<BoxAttributes>, secret: string | null): void {
  shelf.boxes.set(state.id ?? '', {
    name: state.name,
    label: state.label,
    tags: state.tags,
    weight: state.weight === null ? null : String(state.weight),
    revision: state.revision ?? 0,
    secret,
  });
}

export const boxResource = defineResource<BoxAttributes, Shelf>({
  typeName: 'shelf_box',
  schema: { description: 'A box', attributes: boxAttributes, version: 2 },

  validate({ label, old_label: old }, diagnostics) {
    if (label !== null && old !== null) diagnostics.error('Two labels', 'Take out old_label.', ['old_label']);
  },

  modifyPlan({ config, prior, planned }, { private: remembered }) {
    log('debug', 'planning a box', { secret: config.secret });
    if (prior && remembered.get('made') !== undefined) remembered.set('planned after', 'creation');
    if (planned.label === 'keep out') planned.owner = 'keeper';
  },

  planDelete(state, { diagnostics }) {
    if (state.label === 'precious') diagnostics.warning('A precious box goes', `${state.name} is precious.`);
  },

  async create(plan, { client: shelf, signal, config, keepState, private: remembered }) {
    const state = complete(shelf, plan, shelf.next('box'), 1);
    shelf.events.push(`create ${plan.name}`);
    remembered.set('made', { by: 'create', number: 1 });
    put(shelf, state, config.secret);
    if (plan.label === 'fragile') {
      keepState(state);
      throw new ProviderError('The box broke', 'It was fragile.', ['label']);
    }
    await shelf.enter('create', signal);
    return state;
  },

  async read(state, { client: shelf, private: remembered }) {
    const box = shelf.boxes.get(state.id ?? '');
    remembered.set('reads', Number(remembered.get('reads') ?? 0) + 1);
    return box
      ? { ...state, name: box.name.toUpperCase(), label: box.label, tags: box.tags, revision: box.revision }
      : null;
  },

  async update(plan, prior, { client: shelf, signal, config, private: remembered }) {
    const revision = (prior.revision ?? 0) + 1;
    shelf.events.push(`update ${plan.name}, made ${JSON.stringify(remembered.get('made'))}`);
    await shelf.enter('update', signal);
    const state = complete(shelf, plan, prior.id ?? '', revision);
    put(shelf, state, config.secret);
    return state;
  },

  async delete(state, { client: shelf, private: remembered }) {
    shelf.events.push(`delete ${state.name}, planned after ${String(remembered.get('planned after'))}`);
    shelf.boxes.delete(state.id ?? '');
  },

  async importState(id, { client: shelf, private: remembered }) {
    const box = shelf.boxes.get(id);
    if (!box) throw new ProviderError(`There is no box ${id}`);
    remembered.set('made', 'import');
    return emptyBox({ id, name: box.name, label: box.label, tags: box.tags, revision: box.revision });
  },

  upgradeState: {
    0: ({ title, ...rest }) => ({ ...rest, label: title ?? null }),
    1: ({ amount, ...rest }) => ({ ...rest, size: amount ?? null }),
  },
});

/** State of a box of which only a few things are known. */
export function emptyBox(
  known: Pick<StateOf<BoxAttributes>, 'name'> & Partial<StateOf<BoxAttributes>>,
): StateOf<BoxAttributes> {
  return {
    id: null,
    label: null,
    color: 'grey',
    size: null,
    owner: 'nobody',
    revision: 1,
    tags: null,
    weight: null,
    extra: null,
    pair: null,
    origin: null,
    old_label: null,
    secret: null,
    secret_version: null,
    slots: null,
    stamps: null,
    places: null,
    lid: null,
    door: [],
    sticker: [],
    timeouts: null,
    ...known,
  };
}
