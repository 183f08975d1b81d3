import { ValidationError } from '../lib/core/errors';
import type { CatalogEntry, ImageChannel } from './catalog-file';
import { compareVersions } from './image-version';

/** Which version of an image is meant; without any field the newest that is not revoked. */
export interface EntrySelector {
  /** Exactly this one, for example `1.4.0`. */
  readonly version?: string;
  /** The newest release of a channel; `testing` has those of `stable` too. */
  readonly channel?: ImageChannel;
  /** Only releases that have been in the catalog for at least so many milliseconds. @default - any */
  readonly minimumAgeMs?: number;
  /** What the age is counted to. @default - now */
  readonly now?: Date;
}

/**
 * The entry that is meant.
 *
 * @param where the catalog, for messages
 * @throws ValidationError when there is none, or it was revoked
 */
export function selectEntry(
  imageName: string,
  entries: readonly CatalogEntry[],
  selector: EntrySelector,
  where: string,
): CatalogEntry {
  const entry = select(imageName, entries, selector, where);
  if (!entry.revoked) return entry;
  throw new ValidationError(
    '',
    `image '${imageName}' ${entry.version} was revoked on ${entry.revoked.at.slice(0, 10)}: ${entry.revoked.reason}; use another version`,
  );
}

function select(
  imageName: string,
  entries: readonly CatalogEntry[],
  { version, channel, minimumAgeMs, now = new Date() }: EntrySelector,
  where: string,
): CatalogEntry {
  const fail = (problem: string): never => {
    throw new ValidationError('', `image '${imageName}' has ${problem}`);
  };
  const all = entries.map((each) => each.version).join(', ');
  if (version !== undefined) {
    if (channel !== undefined) return fail('either a version or a channel to be chosen by; give one of them');
    return (
      entries.find((each) => each.version === version) ??
      fail(`no version '${version}' in the catalog ${where}; it has ${all}`)
    );
  }
  const usable = entries.filter((each) => !each.revoked);
  const newest = usable.at(-1);
  if (!newest) return fail(`only revoked versions in the catalog ${where}: ${all}`);
  if (channel === undefined && minimumAgeMs === undefined) return newest;
  const ofChannel = usable.filter((each) =>
    channel === undefined
      ? each.release !== undefined
      : each.channel === 'stable' || each.channel === channel,
  );
  if (ofChannel.length === 0)
    return fail(`no release in channel '${channel ?? 'testing'}' of the catalog ${where}; it has ${all}`);
  const age = (each: CatalogEntry): number => now.getTime() - Date.parse(each.release?.releasedAt ?? '');
  const oldEnough = ofChannel.filter((each) => minimumAgeMs === undefined || age(each) >= minimumAgeMs);
  return (
    [...oldEnough].sort((a, b) => compareVersions(a.version, b.version)).at(-1) ??
    fail(
      `no release that is ${Math.round((minimumAgeMs ?? 0) / 86_400_000)}d old; the oldest is ${ofChannel[0]?.version ?? 'none'}`,
    )
  );
}
