import { Duration } from '../../lib/core/duration';
import { UnattendedUpgrades, UpgradeOrigin, UpgradeReboot } from '../../modules';
import { machineWith, runOn, testWith, textOf, unitOf } from './support/machines';

const APT = '/etc/apt/apt.conf.d/52cloudless-upgrades';
/** What the package brings, which must not add to ours. */
const PACKAGE = `Unattended-Upgrade::Origins-Pattern { "origin=Debian,codename=\${distro_codename},label=Debian"; };
Unattended-Upgrade::Automatic-Reboot "true";
`;

function apt(module: UnattendedUpgrades): string {
  const files = {
    '50unattended-upgrades': PACKAGE,
    '52cloudless-upgrades': textOf(machineWith(module), APT),
  };
  return runOn(files, (directory) => [
    'sh',
    '-c',
    `mkdir ${directory}/parts; mv ${directory}/5* ${directory}/parts; echo 'Dir::Etc::parts "${directory}/parts";' > ${directory}/main; APT_CONFIG=${directory}/main apt-config -o Dir::Etc::main=${directory}/main dump Unattended-Upgrade`,
  ]).output;
}

testWith('/usr/bin/apt-config')(
  'upgrades what is a security fix, and nothing that the package would add',
  () => {
    const dump = apt(new UnattendedUpgrades({ excludedPackages: ['^linux-image-'] }));
    expect(dump).toContain('label=Debian-Security');
    expect(dump).not.toContain('label=Debian"');
    expect(dump).toContain('Unattended-Upgrade::Package-Blacklist:: "^linux-image-"');
    expect(dump).toContain('Unattended-Upgrade::Automatic-Reboot "false"');
  },
);

testWith('/usr/bin/apt-config')('upgrades point releases and restarts when asked', () => {
  const dump = apt(
    new UnattendedUpgrades({
      origins: [UpgradeOrigin.SECURITY, UpgradeOrigin.STABLE],
      reboot: UpgradeReboot.at('03:30', Duration.seconds(0)),
    }),
  );
  expect(dump).toContain('label=Debian"');
  expect(dump).toContain('Unattended-Upgrade::Automatic-Reboot "true"');
  expect(dump).toContain('Unattended-Upgrade::Automatic-Reboot-Time "03:30"');
});

test('machines of a pool restart at different times, each always at the same', () => {
  const reboot = UpgradeReboot.at('23:30', Duration.hours(2));
  const times = Array.from({ length: 20 }, (_, index) => reboot.timeOf(`web-${index}.example.org`));
  expect(new Set(times).size).toBeGreaterThan(10);
  expect(reboot.timeOf('web-0.example.org')).toBe(times[0]);
  for (const time of times) expect(time).toMatch(/^(23:[345]|00:|01:[0-2])/);
});

test('runs by a timer of its own, since images turn off that of apt', () => {
  const guest = machineWith(new UnattendedUpgrades({ schedule: 'Sun 04:00', spread: Duration.minutes(30) }));
  expect(unitOf(guest, 'cloudless-upgrades.timer')).toContain(
    'OnCalendar=Sun 04:00\nRandomizedDelaySec=1800\n',
  );
  expect(unitOf(guest, 'cloudless-upgrades.service')).toContain('ExecStart=/usr/bin/unattended-upgrade\n');
});

test('tells the node exporter how it ended, and keeps the time of the last success', () => {
  const script = textOf(machineWith(new UnattendedUpgrades()), '/usr/local/lib/cloudless/report-upgrades');
  const report = (result: string) =>
    runOn({ script: script.replace('/var/lib/prometheus/node-exporter', '"$DIRECTORY"') }, (directory) => [
      'sh',
      '-ec',
      `export DIRECTORY=${directory}; SERVICE_RESULT=success sh -eu ${directory}/script; SERVICE_RESULT=${result} sh -eu ${directory}/script; cat ${directory}/*.prom`,
    ]).output;
  expect(report('success')).toMatch(/^cloudless_upgrades_success_timestamp_seconds \d{10}$/m);
  expect(report('exit-code')).toMatch(/^cloudless_upgrades_success_timestamp_seconds \d{10}$/m);
  expect(report('success')).toMatch(/^cloudless_reboot_required [01]$/m);
});

test('refuses what would break its files', () => {
  expect(() => new UnattendedUpgrades({ origins: [], excludedPackages: ['a";'], schedule: 'x\ny' })).toThrow(
    /'origins' is empty.*\n.*'a";' in 'excludedPackages'.*\n.*is no time of systemd\.time/s,
  );
  expect(() => UpgradeReboot.at('24:00')).toThrow("'24:00' is no time of a day");
  expect(() => UpgradeReboot.at('03:00', Duration.days(1))).toThrow('more than the day has');
});
