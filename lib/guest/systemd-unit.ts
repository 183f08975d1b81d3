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
  if (unit.content !== undefined) problems.push(...contentProblems('its content', unit.content));
  const names = new Set<string>();
  for (const dropIn of unit.dropIns ?? []) {
    if (!/^[A-Za-z0-9:_.-]+\.conf$/.test(dropIn.name)) {
      problems.push(
        `has the drop-in '${dropIn.name}', whose name does not end in '.conf'; write for example '10-limits.conf'`,
      );
    }
    if (names.has(dropIn.name)) problems.push(`has the drop-in '${dropIn.name}' twice; join them`);
    names.add(dropIn.name);
    problems.push(...contentProblems(`drop-in '${dropIn.name}'`, dropIn.content));
  }
  return problems;
}

function contentProblems(what: string, content: string): string[] {
  return /^\[[A-Za-z-]+\]$/m.test(content)
    ? []
    : [`needs a section in ${what}, there is none; begin with for example '[Service]'`];
}
