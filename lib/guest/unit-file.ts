import { BoundedCache } from '../core/bounded-cache';

/** An assignment in a unit file (systemd.syntax(7)). */
export interface UnitSetting {
  readonly section: string;
  readonly key: string;
  /** With continued lines joined. */
  readonly value: string;
}

export interface UnitFile {
  readonly settings: readonly UnitSetting[];
  readonly sections: readonly string[];
  /** What systemd would say, each as the end of a sentence after the name of the file. */
  readonly problems: readonly string[];
}

/** Sections that systemd reads, besides those that begin with `X-`. */
const SECTIONS = 'Unit Install Service Socket Timer Path Mount Automount Swap Slice Scope Target'.split(' ');

/** Settings that systemd reads in one section only, and ignores, with a line in the journal, in another one. */
const HOME_OF = new Map<string, string>([
  ...'Description Documentation Wants Requires Requisite BindsTo PartOf Upholds Conflicts Before After OnFailure OnSuccess RequiresMountsFor DefaultDependencies StartLimitIntervalSec StartLimitInterval StartLimitBurst StartLimitAction StopWhenUnneeded RefuseManualStart AllowIsolate ConditionPathExists ConditionFirstBoot ConditionHost ConditionKernelCommandLine AssertPathExists'
    .split(' ')
    .map((key) => [key, 'Unit'] as const),
  ...'WantedBy RequiredBy UpheldBy Also Alias DefaultInstance'
    .split(' ')
    .map((key) => [key, 'Install'] as const),
  // Not 'Type', which mounts and target-like units have too.
  ...'ExecStart Restart RestartSec RemainAfterExit PIDFile BusName'
    .split(' ')
    .map((key) => [key, 'Service'] as const),
  ...'OnCalendar OnBootSec OnUnitActiveSec Persistent RandomizedDelaySec'
    .split(' ')
    .map((key) => [key, 'Timer'] as const),
  ...'ListenStream ListenDatagram Accept'.split(' ').map((key) => [key, 'Socket'] as const),
  ...'What Where'.split(' ').map((key) => [key, 'Mount'] as const),
]);

/** Machines of a pool have the same units. */
const READ = new BoundedCache<UnitFile>(500);

/** Reads a unit file, or a drop-in, as systemd does. */
export function readUnitFile(text: string): UnitFile {
  return READ.get(text, () => read(text));
}

function read(text: string): UnitFile {
  const settings: UnitSetting[] = [];
  const sections: string[] = [];
  const problems: string[] = [];
  let section: string | undefined;
  for (const line of logicalLines(text)) {
    const header = /^\[([^\]]*)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      section = header;
      sections.push(header);
      if (!SECTIONS.includes(header) && !header.startsWith('X-'))
        problems.push(
          `has the section '[${header}]', which systemd does not read; use one of ${SECTIONS.join(', ')}`,
        );
      continue;
    }
    const equals = line.indexOf('=');
    if (equals < 1) {
      problems.push(`has the line '${line}', which is neither a section nor 'Key=value'; correct it`);
      continue;
    }
    const [key, value] = [line.slice(0, equals).trim(), line.slice(equals + 1).trim()];
    if (section === undefined) {
      problems.push(`has '${key}=' before any section; put it below for example '[Service]'`);
      continue;
    }
    settings.push({ section, key, value });
    const home = HOME_OF.get(key);
    const mounts = home === 'Mount' && ['Automount', 'Swap'].includes(section);
    if (home !== undefined && home !== section && SECTIONS.includes(section) && !mounts)
      problems.push(`has '${key}=' in '[${section}]', where systemd ignores it; move it to '[${home}]'`);
  }
  if (sections.length === 0 && problems.length === 0)
    problems.push(`has no section; begin with for example '[Service]'`);
  return { settings, sections, problems };
}

/** Lines without comments and empty ones; a backslash at the end joins the next line (systemd.syntax(7)). */
function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let open: string | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (/^[#;]/.test(line) || (line === '' && open === undefined)) continue;
    const whole = open === undefined ? line : `${open} ${line}`;
    if (whole.endsWith('\\')) {
      open = whole.slice(0, -1).trim();
      continue;
    }
    open = undefined;
    lines.push(whole);
  }
  if (open !== undefined) lines.push(open);
  return lines;
}
