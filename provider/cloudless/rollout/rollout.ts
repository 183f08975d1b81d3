/** `cloudless_rollout`: which of many members may be replaced in this apply. */
import { randomUUID } from 'node:crypto';
import { defineResource, isUnknown, knownOr, parseDuration, ProviderError, UNKNOWN } from '../../framework';
import type { Diagnostics, PrivateData, ResourceContext } from '../../framework';
import { validateProbe } from '../probe/probe-attributes';
import { decide, inOrder, isSame } from './decide';
import type { Decision, Payload, Situation } from './decide';
import { examine } from './health';
import { rolloutAttributes } from './rollout-attributes';
import type {
  RolloutAttributes,
  RolloutConfig,
  RolloutKnownPlan,
  RolloutPlan,
  RolloutState,
} from './rollout-attributes';

function validate(config: RolloutConfig, diagnostics: Diagnostics): void {
  const { members, order, batch_size: size, batch_share: share } = config;
  if (size !== null && share !== null)
    diagnostics.error('The batch has two sizes', 'Take out batch_size or batch_share.', ['batch_share']);
  if (isUnknown(members)) return;
  for (const [name, member] of Object.entries(members)) {
    if (isUnknown(member) || member.probes === null || isUnknown(member.probes)) continue;
    for (const [key, probe] of Object.entries(member.probes))
      validateProbe(probe, ['members', { key: name }, 'probes', { key }], diagnostics);
  }
  if (order === null || isUnknown(order)) return;
  order.forEach((name, index) => {
    if (isUnknown(name) || Object.hasOwn(members, name)) return;
    const known = inOrder(Object.keys(members), []).join(', ');
    diagnostics.warning(`'${name}' is no member`, `There are ${known || 'none'}.`, ['order', index]);
  });
}

/** What was seen of the members when the state was refreshed. Plan and apply decide by it alone, and so alike. */
interface Seen {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Why members are not healthy. */
  readonly failing: Readonly<Record<string, string>>;
}

const SEEN = 'seen';
const MOVED_AT = 'movedAt';

const seenIn = (remembered: PrivateData) => remembered.get(SEEN) as Seen | undefined;

/** Undefined while a part of it is known only after apply. */
function known(payload: unknown): Payload | undefined {
  if (isUnknown(payload) || typeof payload !== 'object' || payload === null) return undefined;
  return Object.values(payload).some(isUnknown) ? undefined : (payload as Payload);
}

type PlannedMember = Exclude<RolloutPlan['members'], typeof UNKNOWN>[string];

/** @throws ProviderError while it is not even known who they are */
function membersOf(planned: RolloutPlan): Readonly<Record<string, PlannedMember>> {
  if (!isUnknown(planned.members)) return planned.members as Readonly<Record<string, PlannedMember>>;
  throw new ProviderError(
    'The members of the rollout have to be known at plan',
    'Which members there are depends on something that is made in this apply. Their payloads may, their names may not: make that first.',
    ['members'],
  );
}

const payloadOf = (member: PlannedMember | undefined): unknown =>
  member === undefined || isUnknown(member) ? UNKNOWN : member.payload;

function limitOf(planned: RolloutPlan, members: number): number {
  const whole = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
  const share = whole(planned.batch_share);
  const batch =
    whole(planned.batch_size) ?? (share === undefined ? 1 : Math.max(1, Math.floor((members * share) / 100)));
  return Math.min(batch, whole(planned.max_unavailable) ?? batch);
}

function situationOf(
  planned: RolloutPlan,
  prior: RolloutState,
  members: Readonly<Record<string, PlannedMember>>,
  remembered: PrivateData,
): Situation {
  const seen = seenIn(remembered);
  const movedAt = remembered.get(MOVED_AT);
  const pauseMs = typeof planned.pause === 'string' ? parseDuration(planned.pause) : 0;
  const { order } = planned;
  return {
    target: new Map(Object.entries(members).map(([name, member]) => [name, known(payloadOf(member))])),
    assigned: new Map(Object.entries(prior.assigned ?? {})),
    priorTarget: new Map(Object.entries(prior.members).map(([name, { payload }]) => [name, payload])),
    failing: seen && new Map(Object.entries(seen.failing)),
    order: order === null || isUnknown(order) ? [] : order.filter((name) => typeof name === 'string'),
    limit: limitOf(planned, Object.keys(members).length),
    canaries: typeof planned.canary === 'number' ? planned.canary : 0,
    isPaused: typeof movedAt === 'number' && seen !== undefined && seen.at < movedAt + pauseMs,
  };
}

/** Says at plan why somebody waits, and who is moved although it fails. */
function tell(decision: Decision, { failing }: Situation, pause: unknown, diagnostics: Diagnostics): void {
  const { obstacle, waiting, moving } = decision;
  const some = (names: readonly string[]): string =>
    names.length > 8 ? `${names.slice(0, 8).join(', ')} and ${names.length - 8} more` : names.join(', ');
  const problems = (names: readonly string[]): string =>
    names.map((name) => `  ${name}: ${failing?.get(name) ?? ''}`).join('\n');
  const left = `Still to be moved: ${some(waiting)}.`;
  if (obstacle?.kind === 'failing') {
    const { members } = obstacle;
    diagnostics.warning(
      `The rollout waits: ${some(members)} ${members.length === 1 ? 'is' : 'are'} not healthy`,
      `${problems(members)}\nNobody is moved while a member fails that has its target. ${left} To go on, mend what fails; to go back, set the old target again: what fails is then replaced first.`,
      ['members'],
    );
  } else if (obstacle?.kind === 'unseen') {
    diagnostics.warning(
      'The rollout waits: nobody has looked at the members',
      `They are asked when the state is refreshed, so not with -refresh=false. ${left}`,
      ['members'],
    );
  } else if (obstacle?.kind === 'paused') {
    diagnostics.warning(
      'The rollout pauses',
      `The last batch was moved less than ${String(pause)} ago. ${left}`,
      ['pause'],
    );
  } else if (moving.some((name) => failing?.has(name))) {
    const broken = moving.filter((name) => failing?.has(name));
    diagnostics.warning(
      `${some(broken)} ${broken.length === 1 ? 'is' : 'are'} not healthy and moved first`,
      problems(broken),
      ['members'],
    );
  }
}

/** Members that are asked: those that were there at the last apply, in what they have been given. */
function patientsOf({ members, assigned }: RolloutState) {
  return Object.entries(members).map(([name, { probes }]) => ({
    name,
    probes: probes ?? {},
    payload: assigned?.[name] ?? {},
  }));
}

/** What the members have after the apply, everything known. */
function settled(plan: RolloutKnownPlan): Pick<RolloutState, 'assigned' | 'moving' | 'pending'> {
  const planned = isUnknown(plan.assigned) ? {} : (plan.assigned ?? {});
  const assigned = Object.fromEntries(
    Object.entries(plan.members).map(([name, { payload }]) => [name, known(planned[name]) ?? payload]),
  );
  const waiting = Object.entries(plan.members).filter(
    ([name, { payload }]) => !isSame(assigned[name], payload),
  );
  return { assigned, moving: knownOr(plan.moving, () => []), pending: waiting.length };
}

export const rolloutResource = defineResource<RolloutAttributes, null>({
  typeName: 'cloudless_rollout',
  schema: {
    description:
      'Decides which of many members are replaced in this apply: one batch, and only while all the others are healthy. Members are made of what it assigns to them, so the plan ' +
      'shows exactly what will be replaced. Applying again moves the next batch.',
    attributes: rolloutAttributes,
  },
  validate,

  modifyPlan({ prior, planned, changed }, { diagnostics, private: remembered }: ResourceContext<null>) {
    const members = membersOf(planned);
    const target = (name: string) => payloadOf(members[name]) as Payload;
    if (!prior) {
      const all = Object.keys(members).map((name) => [name, target(name)]);
      planned.assigned = Object.fromEntries(all) as Record<string, Payload>;
      planned.moving = [];
      planned.pending = 0;
      return;
    }
    const situation = situationOf(planned, prior, members, remembered);
    const decision = decide(situation);
    tell(decision, situation, planned.pause, diagnostics);
    const targeted = new Set([...decision.added, ...decision.moving]);
    planned.assigned = Object.fromEntries(
      Object.keys(members).map((name) => [
        name,
        targeted.has(name) ? target(name) : (situation.assigned.get(name) ?? target(name)),
      ]),
    ) as Record<string, Payload>;
    const isSure = decision.waiting.every((name) => situation.target.get(name) !== undefined);
    planned.pending = isSure ? decision.waiting.length : UNKNOWN;
    // At rest it stays what it was, or a plan would never be empty.
    planned.moving = decision.moving.length > 0 ? [...decision.moving] : changed ? [] : (prior.moving ?? []);
  },

  create: (plan) => Promise.resolve({ ...plan, ...settled(plan), id: knownOr(plan.id, () => randomUUID()) }),

  async read(state, { private: remembered, signal }) {
    const failing = await examine(patientsOf(state), {
      attempts: state.attempts,
      attemptTimeoutMs: parseDuration(state.attempt_timeout),
      signal,
    });
    const seen = { at: Date.now(), failing: Object.fromEntries(failing) };
    remembered.set(SEEN, seen);
    return state;
  },

  update(plan, prior, { private: remembered }) {
    const result = settled(plan);
    const moved = Object.entries(result.assigned ?? {}).some(
      ([name, payload]) => prior.assigned?.[name] !== undefined && !isSame(payload, prior.assigned[name]),
    );
    if (moved) {
      remembered.set(MOVED_AT, Date.now());
      // What was seen before the move says nothing about after it.
      remembered.delete(SEEN);
    }
    return Promise.resolve({ ...plan, ...result, id: knownOr(plan.id, () => prior.id ?? randomUUID()) });
  },

  // It decides, and owns nothing.
  delete: () => Promise.resolve(),
});
