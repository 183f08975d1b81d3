import type { Duration } from '../lib/core/duration';
import { ValidationError } from '../lib/core/errors';
import { timeZoneProblems } from '../lib/guest/kernel-settings';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { guestOs, GuestOs } from '../lib/guest/guest-image';
import { uuidOfName } from './private/named-uuid';

/** What a restart of a machine means to others. */
export enum MachineRole {
  /** Others take over: it may restart whenever there is something new. */
  EXPENDABLE = 'expendable',
  /** Something depends on it: it restarts when that was agreed. */
  SERVER = 'server',
  /** A vote of a quorum: of its peers, one restarts at a time. */
  QUORUM = 'quorum',
}

export enum Weekday {
  MONDAY = 'Mon',
  TUESDAY = 'Tue',
  WEDNESDAY = 'Wed',
  THURSDAY = 'Thu',
  FRIDAY = 'Fri',
  SATURDAY = 'Sat',
  SUNDAY = 'Sun',
}

/** A time of the week in which a machine may restart. */
export interface UpdateWindow {
  readonly days: readonly Weekday[];
  /** `HH:MM`. */
  readonly start: string;
  /** Up to a day. */
  readonly length: Duration;
}

type Strategy =
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'immediate' }
  | { readonly kind: 'periodic'; readonly windows: readonly UpdateWindow[]; readonly timeZone?: string }
  | {
      readonly kind: 'staggered';
      readonly windows: Readonly<Record<string, readonly UpdateWindow[]>>;
      readonly timeZone?: string;
    }
  | { readonly kind: 'fleet_lock'; readonly url: string };

/** When a machine restarts into a new version of its system. */
export class UpdateStrategy {
  /** As soon as there is one: only for {@link MachineRole.EXPENDABLE}. */
  static immediate(): UpdateStrategy {
    return new UpdateStrategy({ kind: 'immediate' });
  }

  /**
   * In a time of the week, the same for all machines: not for {@link MachineRole.QUORUM}.
   *
   * @param timeZone of the IANA database. Default UTC, which has no change of the clocks
   */
  static periodic(windows: readonly UpdateWindow[], timeZone?: string): UpdateStrategy {
    return new UpdateStrategy({ kind: 'periodic', windows, timeZone }, [
      ...windowProblems(windows),
      ...zoneProblems(timeZone),
    ]);
  }

  /**
   * In a time of the week of each machine's own, none of which overlap: so that of a quorum one restarts at a time, without
   * a lock server.
   *
   * @param windows by the first label of the machine's name
   */
  static staggered(
    windows: Readonly<Record<string, readonly UpdateWindow[]>>,
    timeZone?: string,
  ): UpdateStrategy {
    return new UpdateStrategy({ kind: 'staggered', windows, timeZone }, [
      ...Object.values(windows).flatMap(windowProblems),
      ...zoneProblems(timeZone),
      ...overlapProblems(windows),
    ]);
  }

  /**
   * When a FleetLock server gives a slot of the machine's group. While the server is down nobody restarts.
   *
   * @param url for example `http://lock.example.org:8080/`
   */
  static fleetLock(url: string): UpdateStrategy {
    const fine = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) && !/["\\\s]/.test(url);
    return new UpdateStrategy(
      { kind: 'fleet_lock', url },
      fine ? [] : [`'${url}' is no http or https address; write for example 'http://lock.example.org:8080/'`],
    );
  }

  /** No updates by themselves. @param reason why that is right here, in words */
  static none(reason: string): UpdateStrategy {
    return new UpdateStrategy(
      { kind: 'none', reason },
      reason.trim().length < 10
        ? [`a machine that is never updated needs a reason in words, '${reason}' is none`]
        : [],
    );
  }

  /** @throws ValidationError with every problem of its windows or address */
  private constructor(
    readonly strategy: Strategy,
    problems: readonly string[] = [],
  ) {
    if (problems.length > 0) throw new ValidationError('update strategy', problems);
  }
}

export interface ZincatiProps {
  readonly strategy: UpdateStrategy;
  /** @default MachineRole.SERVER */
  readonly role?: MachineRole;
  /**
   * From 0 (a canary, among the first to get a release) to 1 (among the last).
   * @default - the update server decides anew each time
   */
  readonly wariness?: number;
  /** Group that shares the slots of a lock server. @default - the machine's pool */
  readonly group?: string;
}

const DIRECTORY = '/etc/zincati/config.d';

/** When Fedora CoreOS updates itself and restarts (Zincati). */
export class Zincati implements GuestModule {
  readonly moduleName = 'zincati';
  readonly supports = ['ignition'] as const;

  /** @throws ValidationError when the strategy does not fit the role, or a figure is out of its range */
  constructor(private readonly props: ZincatiProps) {
    const { strategy: kept, role = MachineRole.SERVER, wariness, group } = props;
    const { strategy } = kept;
    const problems: string[] = [];
    if (strategy.kind === 'immediate' && role !== MachineRole.EXPENDABLE)
      problems.push(
        `machines of role '${role}' would all restart at the moment of a release; use UpdateStrategy.periodic, staggered or fleetLock, or say MachineRole.EXPENDABLE`,
      );
    if (strategy.kind === 'periodic' && role === MachineRole.QUORUM)
      problems.push(
        `a quorum with one window for all may lose its majority in it; use UpdateStrategy.staggered or fleetLock`,
      );
    if (wariness !== undefined && !(wariness >= 0 && wariness <= 1))
      problems.push(
        `'wariness' is ${wariness}, which is not from 0 to 1; leave it out, or give for example 0.5`,
      );
    if (wariness !== undefined && wariness < 0.1 && role !== MachineRole.EXPENDABLE)
      problems.push(
        `'wariness' ${wariness} makes canaries of machines of role '${role}'; give at least 0.1, or say MachineRole.EXPENDABLE`,
      );
    if (group !== undefined && !GROUP.test(group))
      problems.push(
        `group '${group}' has a bad name: letters, digits, '.', '_' and '-'; write for example 'consul'`,
      );
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    if (guest.image && guestOs(guest.image) !== GuestOs.FEDORA_COREOS)
      throw new ValidationError(
        `${guest.fqdn.toString()}: ${this.moduleName}`,
        `image '${guest.image.imageName}' is '${guest.image.os}', and only Fedora CoreOS has Zincati; leave the module out`,
      );
    const { wariness, group = guest.poolName } = this.props;
    guest.addFile({
      path: `${DIRECTORY}/50-identity.toml`,
      // By the name and not, as else, by what is new in every machine: a replaced one still owns its slot.
      content: `[identity]\ngroup = "${group}"\nnode_uuid = "${uuidOfName(guest.fqdn.toString())}"\n`,
    });
    if (wariness !== undefined)
      guest.addFile({
        path: `${DIRECTORY}/51-rollout-wariness.toml`,
        content: `[identity]\nrollout_wariness = ${Number.isInteger(wariness) ? `${wariness}.0` : wariness}\n`,
      });
    guest.addFile({ path: `${DIRECTORY}/55-updates-strategy.toml`, content: this.updates(guest) });
  }

  private updates(guest: GuestConfig): string {
    const { strategy } = this.props.strategy;
    switch (strategy.kind) {
      case 'none':
        return `# ${strategy.reason.replace(/\s+/g, ' ')}\n[updates]\nenabled = false\n`;
      case 'immediate':
        return `[updates]\nstrategy = "immediate"\n`;
      case 'fleet_lock':
        return `[updates]\nstrategy = "fleet_lock"\n\n[updates.fleet_lock]\nbase_url = "${strategy.url}"\n`;
      case 'periodic':
        return periodic(strategy.windows, strategy.timeZone);
      case 'staggered': {
        const own = strategy.windows[guest.hostname];
        if (!own)
          throw new ValidationError(
            `${guest.fqdn.toString()}: ${this.moduleName}`,
            `'${guest.hostname}' has no window of its own; add one, the others have ${Object.keys(strategy.windows).join(', ')}`,
          );
        return periodic(own, strategy.timeZone);
      }
    }
  }
}

const GROUP = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const DAY = 24 * 60;

function periodic(windows: readonly UpdateWindow[], timeZone: string | undefined): string {
  const zone = timeZone === undefined ? '' : `\n[updates.periodic]\ntime_zone = "${timeZone}"\n`;
  const entries = windows.map(
    ({ days, start, length }) => `
[[updates.periodic.window]]
days = [ ${days.map((day) => `"${day}"`).join(', ')} ]
start_time = "${start}"
length_minutes = ${minutesOf(length)}
`,
  );
  return `[updates]\nstrategy = "periodic"\n${zone}${entries.join('')}`;
}

function minutesOf(length: Duration): number {
  return length.toMilliseconds() / 60_000;
}

function windowProblems(windows: readonly UpdateWindow[]): string[] {
  if (windows.length === 0) return [`there is no window, so nothing would ever be updated; give one`];
  return windows.flatMap(({ days, start, length }) => {
    const problems: string[] = [];
    if (days.length === 0)
      problems.push(`the window at ${start} is on no day; give days, for example Weekday.SUNDAY`);
    if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(start))
      problems.push(`'${start}' is no time of a day; write for example '03:30'`);
    const minutes = minutesOf(length);
    if (!Number.isInteger(minutes) || minutes < 1 || minutes > DAY)
      problems.push(
        `the window at ${start} is ${length.toString()} long; give whole minutes, from one to a day's`,
      );
    return problems;
  });
}

function zoneProblems(timeZone: string | undefined): string[] {
  if (timeZone === undefined) return [];
  return timeZoneProblems(timeZone).map((problem) => `time zone '${timeZone}' ${problem}`);
}

/** Windows of two machines that have a minute of the week in common. */
function overlapProblems(windows: Readonly<Record<string, readonly UpdateWindow[]>>): string[] {
  const order = Object.values(Weekday);
  const minutes = Object.entries(windows).map(([machine, list]) => {
    const taken = new Set<number>();
    for (const { days, start, length } of list) {
      const [hours = 0, rest = 0] = start.split(':').map(Number);
      for (const day of days)
        for (let minute = 0; minute < Math.min(minutesOf(length), DAY); minute++)
          taken.add((order.indexOf(day) * DAY + hours * 60 + rest + minute) % (7 * DAY));
    }
    return { machine, taken };
  });
  return minutes.flatMap(({ machine, taken }, index) =>
    minutes
      .slice(index + 1)
      .filter((other) => [...other.taken].some((minute) => taken.has(minute)))
      .map((other) => `the windows of '${machine}' and '${other.machine}' overlap; move one`),
  );
}
