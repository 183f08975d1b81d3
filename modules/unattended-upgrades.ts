import { createHash } from 'node:crypto';
import { Duration } from '../lib/core/duration';
import { ValidationError } from '../lib/core/errors';
import { AlertSeverity } from '../lib/guest/alert-rule';
import type { GuestConfig, GuestModule } from '../lib/guest/guest-config';
import { UnitActivation } from '../lib/guest/systemd-unit';

/** Packages that are upgraded by themselves. */
export enum UpgradeOrigin {
  /** Debian's security fixes. */
  SECURITY = 'security',
  /** What goes into a point release: corrected bugs too. */
  STABLE = 'stable',
}

/** Whether a machine restarts by itself when an upgrade needs it. */
export class UpgradeReboot {
  /** Never: the alert `HostNeedsReboot` says that somebody should. */
  static never(): UpgradeReboot {
    return new UpgradeReboot();
  }

  /**
   * At a time of the day, in the machine's time zone.
   *
   * @param time for example `03:30`
   * @param spread the machines restart within this time, each at a moment that follows from its name, and so not all at once
   * @throws ValidationError for a time that is none, and for a spread of a day or more
   */
  static at(time: string, spread: Duration = Duration.hours(1)): UpgradeReboot {
    const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(time) ?? [];
    if (hours === undefined || minutes === undefined)
      throw new ValidationError('', `'${time}' is no time of a day; write for example '03:30'`);
    if (spread.compareTo(Duration.days(1)) >= 0)
      throw new ValidationError('', `a spread of ${spread.toString()} is more than the day has; give less`);
    return new UpgradeReboot(Number(hours) * 60 + Number(minutes), spread);
  }

  private constructor(
    private readonly minute?: number,
    private readonly spread = Duration.seconds(0),
  ) {}

  /** `HH:MM` for a machine, undefined for never. */
  timeOf(machine: string): string | undefined {
    if (this.minute === undefined) return undefined;
    const width = Math.max(1, Math.floor(this.spread.toMilliseconds() / 60_000));
    const own = createHash('sha256').update(machine).digest().readUInt32BE(0) % width;
    const minute = (this.minute + own) % (24 * 60);
    const two = (number: number): string => String(number).padStart(2, '0');
    return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
  }
}

export interface UnattendedUpgradesProps {
  /** @default [UpgradeOrigin.SECURITY] */
  readonly origins?: readonly UpgradeOrigin[];
  /** Python regular expressions of packages that are never upgraded by themselves. @default - none */
  readonly excludedPackages?: readonly string[];
  /** @default UpgradeReboot.never() */
  readonly reboot?: UpgradeReboot;
  /** When upgrades are looked for: a time of systemd.time(7). @default 'daily' */
  readonly schedule?: string;
  /** Machines wait for up to this long, so that they do not all ask the mirror at once. @default 2 hours */
  readonly spread?: Duration;
}

const UNIT = 'cloudless-upgrades';
const METRICS = '/var/lib/prometheus/node-exporter';

/** What the textfile collector of the node exporter reads; written beside and renamed, so never half. */
const REPORT = `#!/bin/sh -eu
# Says to the node exporter how the last run of unattended-upgrades ended.
directory=${METRICS}
[ -d "$directory" ] || exit 0
cd "$directory"
reboot=0
[ -e /run/reboot-required ] && reboot=1
last=$(sed -n 's/^cloudless_upgrades_success_timestamp_seconds //p' cloudless_upgrades.prom 2>/dev/null || true)
[ "$SERVICE_RESULT" = success ] && last=$(date +%s)
cat > cloudless_upgrades.prom.new <<END
# HELP cloudless_upgrades_success_timestamp_seconds When unattended-upgrades last ended without an error.
# TYPE cloudless_upgrades_success_timestamp_seconds gauge
cloudless_upgrades_success_timestamp_seconds \${last:-0}
# HELP cloudless_reboot_required Whether an installed upgrade needs a restart of the machine.
# TYPE cloudless_reboot_required gauge
cloudless_reboot_required $reboot
END
chmod 0644 cloudless_upgrades.prom.new
mv cloudless_upgrades.prom.new cloudless_upgrades.prom
`;

/** Security upgrades of Debian by themselves, between two versions of the image. */
export class UnattendedUpgrades implements GuestModule {
  readonly moduleName = 'unattended-upgrades';

  /** @throws ValidationError for empty origins, and for a schedule or expression that would break its file */
  constructor(private readonly props: UnattendedUpgradesProps = {}) {
    const problems: string[] = [];
    if (props.origins?.length === 0)
      problems.push(`'origins' is empty, so nothing would be upgraded; leave the module out instead`);
    for (const pattern of props.excludedPackages ?? [])
      if (!/^[\x21-\x7e]+$/.test(pattern) || /["\\;]/.test(pattern))
        problems.push(
          `'${pattern}' in 'excludedPackages' has a character that apt.conf treats specially; write for example '^linux-image-'`,
        );
    if (props.schedule !== undefined && !/^[A-Za-z0-9*,.:/ ~-]+$/.test(props.schedule))
      problems.push(`'${props.schedule}' is no time of systemd.time(7); write for example 'Mon..Fri 04:00'`);
    if (problems.length > 0) throw new ValidationError(this.moduleName, problems);
  }

  bind(guest: GuestConfig): void {
    guest.addPackages('unattended-upgrades');
    guest.addFile({
      path: '/etc/apt/apt.conf.d/52cloudless-upgrades',
      content: this.aptConfiguration(guest.fqdn.toString()),
    });
    guest.addFile({ path: '/usr/local/lib/cloudless/report-upgrades', content: REPORT, mode: '0755' });
    // A timer of our own: images turn apt's off, so that nothing is fetched in the middle of a boot.
    guest.addUnit({
      name: `${UNIT}.service`,
      activation: UnitActivation.ON_DEMAND,
      content: `[Unit]
Description=Upgrades of packages
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
ExecStart=/usr/bin/apt-get --quiet --quiet update
ExecStart=/usr/bin/unattended-upgrade
ExecStopPost=/usr/local/lib/cloudless/report-upgrades
Nice=10
IOSchedulingClass=idle
`,
    });
    const spread = this.props.spread ?? Duration.hours(2);
    guest.addUnit({
      name: `${UNIT}.timer`,
      content: `[Unit]
Description=Upgrades of packages at their time

[Timer]
OnCalendar=${this.props.schedule ?? 'daily'}
RandomizedDelaySec=${spread.toSeconds()}
FixedRandomDelay=yes
Persistent=yes

[Install]
WantedBy=timers.target
`,
    });
    guest.addAlertRule({
      name: 'HostUpgradesFail',
      expression: 'time() - cloudless_upgrades_success_timestamp_seconds{job="node"} > 3 * 86400',
      for: Duration.hours(1),
      severity: AlertSeverity.WARNING,
      summary: '{{ $labels.instance }} has not been able to upgrade its packages for three days',
    });
    guest.addAlertRule({
      name: 'HostNeedsReboot',
      expression: 'cloudless_reboot_required{job="node"} == 1',
      for: Duration.days(2),
      severity: AlertSeverity.INFO,
      summary: '{{ $labels.instance }} runs something older than what is installed until it is restarted',
    });
  }

  private aptConfiguration(machine: string): string {
    const { origins = [UpgradeOrigin.SECURITY], excludedPackages = [], reboot } = this.props;
    const patterns = [...new Set(origins)].flatMap((origin) => PATTERNS[origin]);
    const time = reboot?.timeOf(machine);
    const list = (values: readonly string[]): string => values.map((value) => `  "${value}";\n`).join('');
    return `// The lists of the package are replaced, not added to.
#clear Unattended-Upgrade::Origins-Pattern;
#clear Unattended-Upgrade::Allowed-Origins;
#clear Unattended-Upgrade::Package-Blacklist;
Unattended-Upgrade::Origins-Pattern {
${list(patterns)}};
Unattended-Upgrade::Package-Blacklist {
${list(excludedPackages)}};
Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
Unattended-Upgrade::Automatic-Reboot "${String(time !== undefined)}";
Unattended-Upgrade::Automatic-Reboot-Time "${time ?? 'now'}";
Unattended-Upgrade::SyslogEnable "true";
Dpkg::Options { "--force-confdef"; "--force-confold"; };
`;
  }
}

const PATTERNS: Readonly<Record<UpgradeOrigin, readonly string[]>> = {
  [UpgradeOrigin.SECURITY]: [
    'origin=Debian,codename=${distro_codename}-security,label=Debian-Security',
    'origin=Debian,codename=${distro_codename},label=Debian-Security',
  ],
  [UpgradeOrigin.STABLE]: [
    'origin=Debian,codename=${distro_codename},label=Debian',
    'origin=Debian,codename=${distro_codename}-updates',
  ],
};
