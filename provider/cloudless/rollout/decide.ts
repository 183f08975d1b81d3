/** What a member is made of, by names: hashes, versions, sizes. */
export type Payload = Readonly<Record<string, string>>;

/** All that the next step of a rollout depends on: the same gives the same. */
export interface Situation {
  /** What each member shall have in the end; undefined while it is known only after apply. */
  readonly target: ReadonlyMap<string, Payload | undefined>;
  /** What each member has been given. */
  readonly assigned: ReadonlyMap<string, Payload>;
  /** The target of the last apply. */
  readonly priorTarget: ReadonlyMap<string, Payload>;
  /** Why members are not healthy, by name; undefined when nobody looked. */
  readonly failing: ReadonlyMap<string, string> | undefined;
  /** Who goes first; the others follow by name. */
  readonly order: readonly string[];
  /** How many may be moved at once. */
  readonly limit: number;
  /** How many go alone, before any other is moved; 0 for none. */
  readonly canaries: number;
  /** The pause after the last batch is not over. */
  readonly isPaused: boolean;
}

/** Why members wait that are not on their target. */
export type Obstacle =
  { readonly kind: 'failing'; readonly members: readonly string[] } | { readonly kind: 'unseen' | 'paused' };

export interface Decision {
  /** Members that are given their target now, in order; new ones are not among them. */
  readonly moving: readonly string[];
  /** Members that are new, and have their target from the beginning. */
  readonly added: readonly string[];
  /** Members that keep what they have, although their target is another. */
  readonly waiting: readonly string[];
  readonly obstacle?: Obstacle;
}

/**
 * Decides one step of a rollout.
 *
 * - New members have their target from the beginning; removed ones are of no interest any more.
 * - A member that fails although it is on its target stops everything: what it was given may be the reason.
 * - Members that fail and are not on their target go first, and alone: they serve nobody, and a target that was set back heals them.
 * - Healthy members move only while nobody fails.
 * - Never more than the limit at once.
 */
export function decide(situation: Situation): Decision {
  const { target, assigned, failing, limit } = situation;
  const members = inOrder([...target.keys()], situation.order);
  const added = members.filter((name) => !assigned.has(name));
  const existing = members.filter((name) => assigned.has(name));
  const outdated = existing.filter((name) => !isSame(target.get(name), assigned.get(name)));
  const wait = (obstacle: Obstacle): Decision => ({ moving: [], added, waiting: outdated, obstacle });

  if (outdated.length === 0) return { moving: [], added, waiting: [] };
  if (!failing) return wait({ kind: 'unseen' });
  const stuck = existing.filter((name) => failing.has(name) && !outdated.includes(name));
  if (stuck.length > 0) return wait({ kind: 'failing', members: stuck });
  const broken = outdated.filter((name) => failing.has(name));
  if (broken.length === 0 && situation.isPaused) return wait({ kind: 'paused' });
  const candidates = broken.length > 0 ? broken : healthyCandidates(situation, existing, outdated);
  const moving = candidates.slice(0, limit);
  return { moving, added, waiting: outdated.filter((name) => !moving.includes(name)) };
}

/**
 * Who may move when all are healthy. Those that the last target has not reached come first: a rollout is finished before it
 * begins again, and a target that is still unknown at plan leads to the same choice when it turns out to be the old one.
 */
function healthyCandidates(
  { assigned, priorTarget, target, canaries }: Situation,
  existing: readonly string[],
  outdated: readonly string[],
): readonly string[] {
  const isBehind = (name: string): boolean =>
    priorTarget.has(name) && !isSame(priorTarget.get(name), assigned.get(name));
  const behind = outdated.filter(isBehind);
  const first = existing
    .slice(0, canaries)
    .filter((name) => outdated.includes(name) && (target.get(name) !== undefined || behind.length === 0));
  if (first.length > 0) return first;
  return [...behind, ...outdated.filter((name) => !isBehind(name))];
}

/** What is unknown is another one. */
export function isSame(left: Payload | undefined, right: Payload | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  const names = Object.keys(left);
  return names.length === Object.keys(right).length && names.every((name) => left[name] === right[name]);
}

/** Those that are listed first, then the others by name, with numbers in it by their value: `web-2` before `web-10`. */
export function inOrder(names: readonly string[], order: readonly string[]): string[] {
  const rank = (name: string): number => {
    const index = order.indexOf(name);
    return index < 0 ? order.length : index;
  };
  return [...names].sort((a, b) => rank(a) - rank(b) || byName.compare(a, b) || (a < b ? -1 : 1));
}

/** Of no language, so that every machine sorts alike. */
const byName = new Intl.Collator('en', { numeric: true });
