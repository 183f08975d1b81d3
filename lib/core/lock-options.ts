import { Duration } from './duration';

/** What happens when a run finds that the lock file should say something else. */
export enum LockChanges {
  /** The file is written. */
  WRITE = 'write',
  /** It is an error that shows the change to commit: what a pipeline builds must have been reviewed. */
  REFUSE = 'refuse',
}

export interface LockFileOptions {
  /** @default LockChanges.WRITE */
  readonly changes?: LockChanges;
  /** How long the address of a removed member is kept from others. @default - what the file says, else 30 days */
  readonly tombstones?: Duration;
  /** Today, for tombstones: `2026-11-21`. @default - from SOURCE_DATE_EPOCH, else the clock; in UTC */
  readonly today?: string;
}

/** How long the address of a removed member is kept from others, unless said otherwise. */
export const DEFAULT_TOMBSTONES = Duration.days(30);

/** Today in UTC; a build that is repeated says with SOURCE_DATE_EPOCH which day it is (reproducible-builds.org). */
export function utcDay(): string {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  const now = epoch !== undefined && /^\d+$/.test(epoch) ? new Date(Number(epoch) * 1000) : new Date();
  return now.toISOString().slice(0, 10);
}
