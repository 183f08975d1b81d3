import type { AlertRule } from './alert-rule';
import type { DataMount } from './data-mount';
import type { DataNeed } from './data-need';
import { RemoteSource } from './file-content';
import type { GuestDirectory, GuestFile, GuestLink } from './guest-file';
import type { GuestUser } from './guest-user';
import type { HealthCheck } from './health-check';
import type { Sysctl } from './kernel-settings';
import type { ListeningPort } from './listening-port';
import type { ScrapeEndpoint } from './scrape-endpoint';
import type { ServiceEndpoint } from './service-endpoint';
import type { SystemdUnit } from './systemd-unit';

/** Contributor of what was not added by a module. */
export const MACHINE = 'the machine';

/** A program and its arguments, or a line for /bin/sh. */
export type FirstBootCommand = readonly string[] | string;

/** A contribution and who made it. */
export interface Entry<T> {
  readonly item: T;
  readonly by: string;
}

/** Everything that was added to one machine, in order, with who added it. */
export class Contributions {
  readonly modules: Entry<{ readonly name: string; readonly supports?: readonly string[] }>[] = [];
  readonly users: Entry<GuestUser>[] = [];
  readonly files: Entry<GuestFile>[] = [];
  readonly directories: Entry<GuestDirectory>[] = [];
  readonly links: Entry<GuestLink>[] = [];
  readonly units: Entry<SystemdUnit>[] = [];
  /** Names of units that are there without being part of the configuration. */
  readonly expectedUnits: Entry<string>[] = [];
  readonly packages: Entry<string>[] = [];
  readonly commands: Entry<FirstBootCommand>[] = [];
  readonly dataMounts: Entry<DataMount>[] = [];
  readonly dataNeeds: Entry<DataNeed>[] = [];
  readonly sysctls: Entry<Sysctl>[] = [];
  readonly kernelArguments: Entry<string>[] = [];
  readonly timeZones: Entry<string>[] = [];
  readonly ports: Entry<ListeningPort>[] = [];
  readonly services: Entry<ServiceEndpoint>[] = [];
  readonly scrapeEndpoints: Entry<ScrapeEndpoint>[] = [];
  readonly healthChecks: Entry<HealthCheck>[] = [];
  readonly alertRules: Entry<AlertRule>[] = [];
}

/**
 * All contributions as text: equal for machines that differ only in who they are, as those of a pool mostly do.
 *
 * @returns undefined when a file has bytes, which are slow to compare, or a secret, which has no place in a cache
 */
export function contributionsText(book: Contributions): string | undefined {
  const isText = ({ item: { content } }: Entry<GuestFile>): boolean =>
    typeof content === 'string' || content instanceof RemoteSource;
  return book.files.every(isText) ? JSON.stringify(book) : undefined;
}

export function items<T>(entries: readonly Entry<T>[]): readonly T[] {
  return entries.map(({ item }) => item);
}

/** ` of consul`; nothing for what the machine itself has. */
export function of(by: string): string {
  return by === MACHINE ? '' : ` of ${by}`;
}

/** Checks each contribution by itself. @param check ends of sentences that begin with the name */
export function problemsOf<T>(
  entries: readonly Entry<T>[],
  name: (item: T) => string,
  check: (item: T) => string[],
): string[] {
  return entries.flatMap(({ item, by }) => check(item).map((problem) => `${name(item)}${of(by)} ${problem}`));
}

/** Things of one name that were added more than once. */
export function duplicates<T>(
  entries: readonly Entry<T>[],
  name: (item: T) => string,
  fix: string,
): string[] {
  return claimedTwice(entries, name).map(([thing, group]) => `${thing} ${whoClaims(group)}; ${fix}`);
}

/** Things of one name that were added more than once, with a different meaning. */
export function contradictions<T>(
  entries: readonly Entry<T>[],
  name: (item: T) => string,
  meaning: (item: T) => string,
  fix: string,
): string[] {
  return claimedTwice(entries, name).flatMap(([thing, group]) => {
    const meanings = new Map(group.map(({ item, by }) => [meaning(item), by]));
    if (meanings.size < 2) return [];
    const said = [...meanings].map(([text, by]) => `'${text}' by ${by}`).join(' and ');
    return [`${thing} is said to be ${said}; ${fix}`];
  });
}

function claimedTwice<T>(entries: readonly Entry<T>[], name: (item: T) => string): [string, Entry<T>[]][] {
  if (entries.length < 2) return [];
  const groups = new Map<string, Entry<T>[]>();
  for (const entry of entries) {
    const key = name(entry.item);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return [...groups].filter(([, group]) => group.length > 1);
}

function whoClaims(group: readonly Entry<unknown>[]): string {
  const by = group.map((entry) => entry.by);
  return by.every((owner) => owner === MACHINE)
    ? `is there ${by.length} times`
    : `is claimed by ${by.join(' and ')}`;
}
