import { of, type Contributions } from './contributions';
import { formatUnitName, mountUnitName } from './data-mount-units';
import { FIREWALL_UNIT } from './firewall';
import { guestOs, type GuestImage } from './guest-image';
import { IMAGE_UNITS, isSystemUnit, quadletUnit, templateOf, unitReferences } from './unit-references';

/**
 * References of units to units that nobody has: systemd ignores them, and the order or the need that was meant is not
 * there. Known are the machine's own units, quadlets, what a package is named like, systemd's, and what modules expect.
 */
export function unknownUnitProblems(book: Contributions, image?: GuestImage): string[] {
  // What every system has needs no further look.
  const named = book.units.flatMap(({ item: unit, by }) =>
    unitReferences(unit)
      .filter(({ name }) => !isSystemUnit(name))
      .map((reference) => ({ ...reference, unit, by })),
  );
  if (named.length === 0) return [];
  const known = new Set([
    FIREWALL_UNIT,
    'cloudless-first-boot.service',
    ...book.units.map(({ item }) => item.name),
    ...book.expectedUnits.map(({ item }) => item),
    ...book.files.flatMap(({ item }) => quadletUnit(item.path) ?? []),
    ...book.files.flatMap(({ item }) => /^\/etc\/systemd\/system\/([^/]+)$/.exec(item.path)?.[1] ?? []),
    ...book.dataMounts.flatMap(({ item }) => [mountUnitName(item), formatUnitName(item)]),
    ...(image ? (IMAGE_UNITS[guestOs(image)] ?? []) : Object.values(IMAGE_UNITS).flat()),
  ]);
  const packages = [...book.packages.map(({ item }) => item), ...Object.keys(image?.packages ?? {})];
  const stems = new Set(packages);
  const exists = (name: string): boolean =>
    known.has(name) || known.has(templateOf(name)) || stems.has(name.replace(/(@.*)?\.[a-z]+$/, ''));
  return named
    .filter(({ name }) => !exists(name))
    .map(
      ({ key, name, unit, by }) =>
        `unit '${unit.name}'${of(by)} has '${key}=${name}', a unit that nobody has; add it, correct the name, or say expectUnits('${name}') when the image or a package brings it`,
    );
}
