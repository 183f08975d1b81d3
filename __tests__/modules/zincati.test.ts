import { Duration } from '../../lib/core/duration';
import {
  MachineRole,
  UpdateStrategy,
  Weekday,
  Zincati,
  type UpdateWindow,
  type ZincatiProps,
} from '../../modules';
import { uuidOfName } from '../../modules/private/named-uuid';
import { COREOS, DEBIAN_12, DEBIAN_IGNITION, machineWith, runOn, textOf } from './support/machines';

const window = (day: Weekday, start: string, length = Duration.hours(1)): UpdateWindow => ({
  days: [day],
  start,
  length,
});
const updates = (props: ZincatiProps): string =>
  textOf(machineWith(new Zincati(props), COREOS), '/etc/zincati/config.d/55-updates-strategy.toml');

test('a machine of the lock server is known by its name, which a replaced one has again', () => {
  expect(
    textOf(
      machineWith(new Zincati({ strategy: UpdateStrategy.fleetLock('http://lock:8080/') }), COREOS),
      '/etc/zincati/config.d/50-identity.toml',
    ),
  ).toBe(`[identity]\ngroup = "web"\nnode_uuid = "${uuidOfName('web-0.lab.internal')}"\n`);
});

test('the identifier of a name is that of RFC 9562', () => {
  expect(uuidOfName('www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

test('writes each strategy as TOML that a parser reads', () => {
  const windows = [window(Weekday.SUNDAY, '23:30'), window(Weekday.WEDNESDAY, '01:00', Duration.minutes(30))];
  const read = (text: string): unknown =>
    JSON.parse(
      runOn({ 'x.toml': text }, (directory) => [
        'python3',
        '-c',
        `import json, tomllib; print(json.dumps(tomllib.load(open("${directory}/x.toml", "rb"))))`,
      ]).output,
    );
  expect(read(updates({ strategy: UpdateStrategy.periodic(windows, 'Europe/Berlin') }))).toEqual({
    updates: {
      strategy: 'periodic',
      periodic: {
        time_zone: 'Europe/Berlin',
        window: [
          { days: ['Sun'], start_time: '23:30', length_minutes: 60 },
          { days: ['Wed'], start_time: '01:00', length_minutes: 30 },
        ],
      },
    },
  });
  expect(read(updates({ strategy: UpdateStrategy.fleetLock('https://lock/') }))).toEqual({
    updates: { strategy: 'fleet_lock', fleet_lock: { base_url: 'https://lock/' } },
  });
  expect(read(updates({ strategy: UpdateStrategy.none('rebuilt every night anyway') }))).toEqual({
    updates: { enabled: false },
  });
  expect(read(updates({ strategy: UpdateStrategy.immediate(), role: MachineRole.EXPENDABLE }))).toEqual({
    updates: { strategy: 'immediate' },
  });
});

test('writes wariness as a number with a point, and only when there is one', () => {
  const strategy = UpdateStrategy.fleetLock('http://lock/');
  const path = '/etc/zincati/config.d/51-rollout-wariness.toml';
  expect(textOf(machineWith(new Zincati({ strategy, wariness: 1 }), COREOS), path)).toContain('= 1.0\n');
  expect(() => textOf(machineWith(new Zincati({ strategy }), COREOS), path)).toThrow('no file');
});

test.each([MachineRole.SERVER, MachineRole.QUORUM, undefined])(
  'machines of role %s do not restart at the moment of a release',
  (role) => {
    expect(() => new Zincati({ strategy: UpdateStrategy.immediate(), role })).toThrow(
      'would all restart at the moment of a release',
    );
  },
);

describe('a quorum', () => {
  const role = MachineRole.QUORUM;

  test('has no window that is the same for all', () => {
    const strategy = UpdateStrategy.periodic([window(Weekday.SUNDAY, '03:00')]);
    expect(() => new Zincati({ strategy, role })).toThrow('may lose its majority in it');
  });

  test('has a window for each of its machines, none of which overlap', () => {
    const strategy = UpdateStrategy.staggered({
      'web-0': [window(Weekday.SUNDAY, '03:00')],
      'web-1': [window(Weekday.SUNDAY, '04:00')],
    });
    expect(updates({ strategy, role })).toContain('start_time = "03:00"');
    expect(() =>
      UpdateStrategy.staggered({
        'web-0': [window(Weekday.SUNDAY, '23:30')],
        'web-1': [window(Weekday.MONDAY, '00:15')],
        'web-2': [window(Weekday.TUESDAY, '00:15')],
      }),
    ).toThrow("the windows of 'web-0' and 'web-1' overlap; move one");
  });

  test('has no machine without a window', () => {
    const strategy = UpdateStrategy.staggered({ 'db-0': [window(Weekday.SUNDAY, '03:00')] });
    expect(() => machineWith(new Zincati({ strategy, role }), COREOS)).toThrow(
      "'web-0' has no window of its own; add one, the others have db-0",
    );
  });
});

test('refuses windows, zones and addresses that are none', () => {
  const bad = { days: [], start: '3:00', length: Duration.seconds(90) };
  expect(() => UpdateStrategy.periodic([bad], 'Berlin')).toThrow(
    /is on no day.*\n.*'3:00' is no time.*\n.*is 1m30s long.*\n.*time zone 'Berlin' is no time zone/,
  );
  expect(() => UpdateStrategy.periodic([])).toThrow('there is no window');
  expect(() => UpdateStrategy.fleetLock('lock:8080')).toThrow('is no http or https address');
  expect(() => UpdateStrategy.none('no')).toThrow('needs a reason in words');
});

test('refuses canaries among servers, and wariness out of range', () => {
  const strategy = UpdateStrategy.fleetLock('http://lock/');
  expect(() => new Zincati({ strategy, wariness: 2, group: 'a b' })).toThrow(/is 2.*\n.*group 'a b'/);
  expect(() => new Zincati({ strategy, wariness: 0 })).toThrow('makes canaries of machines');
});

test('is for Fedora CoreOS only', () => {
  const module = new Zincati({ strategy: UpdateStrategy.fleetLock('http://lock/') });
  expect(() => machineWith(module, DEBIAN_12)).toThrow('only Fedora CoreOS has Zincati');
  expect(() => machineWith(module, DEBIAN_IGNITION)).toThrow('only Fedora CoreOS has Zincati');
});
