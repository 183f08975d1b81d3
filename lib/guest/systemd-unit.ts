import { readUnitFile } from './unit-file';

/** What becomes of a unit at the machine's first boot. */
export enum UnitActivation {
  /** Started now and at every boot. */
  ENABLED = 'enabled',
  /** Only there: another unit starts it. */
  ON_DEMAND = 'on-demand',
  /** Stopped, and not started at boot. */
  DISABLED = 'disabled',
  /** Stopped, and cannot be started by anything. */
  MASKED = 'masked',
}

/** A systemd unit: a new one, or one of the image that is enabled, changed or turned off (systemd.unit(5)). */
export interface SystemdUnit {
  /** With its suffix, for example `backup.timer`. */
  readonly name: string;
  /** The unit file. @default - the image or a package has one */
  readonly content?: string;
  /** Additions to the unit file, each with a name that ends in `.conf`. @default - none */
  readonly dropIns?: readonly UnitDropIn[];
  /** @default UnitActivation.ENABLED */
  readonly activation?: UnitActivation;
}

export interface UnitDropIn {
  /** For example `10-limits.conf`; drop-ins are read in the order of their names. */
  readonly name: string;
  readonly content: string;
}

const SUFFIXES = ['service', 'socket', 'timer', 'path', 'mount', 'automount', 'swap', 'target', 'slice'];
const NAME = new RegExp(`^[A-Za-z0-9:_.\\\\@-]+\\.(${SUFFIXES.join('|')})$`);

/** What is wrong with a unit, each as the end of a sentence. */
export function unitProblems(unit: SystemdUnit): string[] {
  const problems: string[] = [];
  if (!NAME.test(unit.name) || unit.name.length > 255) {
    const forgotten = /^[A-Za-z0-9:_@-]+$/.test(unit.name) ? `${unit.name}.service` : 'backup.timer';
    problems.push(
      `has a bad name: letters, digits and ':_.\\@-', and a suffix out of ${SUFFIXES.join(', ')}; write for example '${forgotten}'`,
    );
  }
  if (unit.content !== undefined) problems.push(...readUnitFile(unit.content).problems);
  const names = new Set<string>();
  for (const dropIn of unit.dropIns ?? []) {
    if (!/^[A-Za-z0-9:_.-]+\.conf$/.test(dropIn.name)) {
      problems.push(
        `has the drop-in '${dropIn.name}', whose name does not end in '.conf'; write for example '10-limits.conf'`,
      );
    }
    if (names.has(dropIn.name)) problems.push(`has the drop-in '${dropIn.name}' twice; join them`);
    names.add(dropIn.name);
    problems.push(
      ...readUnitFile(dropIn.content).problems.map((problem) => `${problem} (drop-in '${dropIn.name}')`),
    );
  }
  if (/@\.[a-z]+$/.test(unit.name) && isEnabled(unit))
    problems.push(
      `is a template and cannot be enabled; make it UnitActivation.ON_DEMAND, and add an instance such as '${unit.name.replace('@', '@one')}'`,
    );
  if (problems.length === 0 && isEnabled(unit) && unit.content !== undefined && !hasInstall(unit))
    problems.push(
      `is enabled and has no '[Install]' section with 'WantedBy=' or the like, so nothing would start it; add one, or make it UnitActivation.ON_DEMAND`,
    );
  return problems;
}

function isEnabled({ activation = UnitActivation.ENABLED }: SystemdUnit): boolean {
  return activation === UnitActivation.ENABLED;
}

/** Whether systemctl(1) `enable` would do something. */
function hasInstall({ content = '', dropIns = [] }: SystemdUnit): boolean {
  return [content, ...dropIns.map((dropIn) => dropIn.content)].some((text) =>
    readUnitFile(text).settings.some(({ section }) => section === 'Install'),
  );
}

/** Where a unit file of the machine's own lies. */
export function unitPath(name: string): string {
  return `/etc/systemd/system/${name}`;
}

export function dropInPath(unit: string, name: string): string {
  return `${unitPath(unit)}.d/${name}`;
}
