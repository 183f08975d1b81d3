import { computed, defaulted, kinds, optional, required, validators } from '../../framework';
import type { ConfigOf, KnownPlanOf, PlanOf, StateOf } from '../../framework';
import { problemWithDuration } from '../duration-text';
import { probeAttributes } from '../probe/probe-attributes';

const atLeastOne = validators.between(1, 100_000);

const member = {
  payload: required(kinds.map(kinds.string), {
    description:
      'What the member shall have in the end, by names: digests, versions, sizes. It is stored in the state: names and hashes, no secrets.',
  }),
  probes: optional(kinds.nestedMap(probeAttributes), {
    description:
      'How the member is asked whether it is healthy, as in `cloudless_online`. In any text of it `{{member}}` and `{{payload.NAME}}` stand for the ' +
      'name of the member and for what it is assigned, so that a probe can tell whether that is what runs. Without probes it counts as healthy.',
  }),
};

export const rolloutAttributes = {
  id: computed(kinds.string, { description: 'Made once.', useStateForUnknown: true }),
  members: required(kinds.nestedMap(member), {
    description:
      'Every member by its name, with its target. The names have to be known at plan, payloads need not be.',
  }),
  batch_size: optional(kinds.integer, {
    description: 'How many members one apply moves. Default: 1. Not with `batch_share`.',
    validate: atLeastOne,
  }),
  batch_share: optional(kinds.integer, {
    description:
      'How many members one apply moves, in percent of all, rounded down and at least one; 100 moves all at once. Not with `batch_size`.',
    validate: validators.between(1, 100),
  }),
  max_unavailable: optional(kinds.integer, {
    description:
      'How many members may be away at once, whatever the batch is. Default: as many as the batch has.',
    validate: atLeastOne,
  }),
  canary: defaulted(kinds.integer, 0, {
    description:
      'How many members, the first in order, go before the others: these move when the canaries have their target and are healthy. Default: 0, none.',
    validate: validators.between(0, 100_000),
  }),
  order: optional(kinds.list(kinds.string), {
    description: 'Names of those that go first. The others follow by name, `web-2` before `web-10`.',
    validate: (names) => {
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      return twice === undefined ? undefined : `'${twice}' is there twice`;
    },
  }),
  pause: optional(kinds.string, {
    description:
      'How long to wait after a batch, for example `10m`: an apply before that moves nobody. Default: none.',
    validate: problemWithDuration,
  }),
  attempts: defaulted(kinds.integer, 2, {
    description: 'How often a probe is asked before it counts as bad. Default: 2.',
    validate: validators.between(1, 100),
  }),
  attempt_timeout: defaulted(kinds.string, '5s', {
    description: 'How long one attempt of a probe may take. Default: `5s`.',
    validate: problemWithDuration,
  }),
  assigned: computed(kinds.map(kinds.map(kinds.string)), {
    description:
      'What each member is to have now, by name: its target, or what it had before. Make the machines of this.',
  }),
  moving: computed(kinds.list(kinds.string), {
    description: 'The members that this plan moves; afterwards those that were moved last.',
  }),
  pending: computed(kinds.integer, {
    description: 'How many members do not have their target after this apply. Apply again until it is 0.',
  }),
};
export type RolloutAttributes = typeof rolloutAttributes;
export type RolloutConfig = ConfigOf<RolloutAttributes>;
export type RolloutPlan = PlanOf<RolloutAttributes>;
export type RolloutKnownPlan = KnownPlanOf<RolloutAttributes>;
export type RolloutState = StateOf<RolloutAttributes>;
