import { isUnknown } from '../../framework';
import type { AttributePath } from '../../framework';
import type { ReleasePlan, ReleaseState } from './release-attributes';

/** What is recorded, and signed, when a release is made. */
const FIXED = [
  'os',
  'commit',
  'built_at',
  'architecture',
  'kind',
  'ignition_spec',
  'source',
  'definition',
  'packages',
  'parent',
] as const;

/** What a plan would change of a release that there is. */
export function changesOfRelease(
  prior: ReleaseState,
  planned: Pick<ReleasePlan, (typeof FIXED)[number] | 'checksums'>,
): { readonly path: AttributePath; readonly problem: string }[] {
  const release = `'${prior.name}' ${prior.version}`;
  const values = FIXED.flatMap((name) => {
    const [before, after] = [prior[name], planned[name]];
    if (isUnknown(after) || same(before, after)) return [];
    return [{ path: [name], problem: `${name} of ${release} is ${shown(before)}, not ${shown(after)}.` }];
  });
  return [...values, ...changesOfFiles(prior, planned.checksums, release)];
}

function changesOfFiles(prior: ReleaseState, planned: ReleasePlan['checksums'], release: string) {
  if (isUnknown(planned)) return [];
  const [before, after] = [prior.checksums ?? {}, planned ?? {}];
  const roles = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...roles].flatMap((role) => {
    const [old, now] = [before[role], after[role]];
    if (isUnknown(now) || old === now) return [];
    const path: AttributePath = ['file', 'sbom', 'provenance'].includes(role)
      ? [role]
      : ['formats', ...(now === undefined ? [] : [{ key: role }])];
    return [{ path, problem: `${role} of ${release} is ${old ?? 'not there'}, not ${now ?? 'nothing'}.` }];
  });
}

function same(before: unknown, after: unknown): boolean {
  return canonical(before) === canonical(after);
}

/** An empty collection is as good as none. */
function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? 'null' : JSON.stringify(entries);
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'not set';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
