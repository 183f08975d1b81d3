import type { IConstruct } from 'constructs';
import { ValidationError } from '../../core/errors';

/** Versions of the specification that this library writes, oldest first. */
const SPECS = ['3.0.0', '3.1.0', '3.2.0', '3.3.0', '3.4.0', '3.5.0'] as const;
export type IgnitionSpec = (typeof SPECS)[number];

/**
 * The newest version that an image reads and this library writes. A document of a newer one would stop the machine's boot.
 *
 * @param ceiling newest version that the image reads, for example `3.3.0`
 * @param where what a message begins with
 * @throws ValidationError when it is none, or older than 3.0.0 (which is another format)
 */
export function ignitionSpec(ceiling: string | undefined, where: IConstruct | string = ''): IgnitionSpec {
  const given = /^3\.(\d+)\.\d+$/.exec(ceiling ?? '')?.[1];
  if (given === undefined)
    throw new ValidationError(
      where,
      `'${ceiling ?? ''}' is no version of the Ignition specification from 3.0.0 on; give the newest one that the image reads, for example '3.3.0'`,
    );
  return SPECS[Math.min(Number(given), SPECS.length - 1)] ?? '3.0.0';
}

/** True when `spec` is `needed` or newer. */
export function hasSpec(spec: IgnitionSpec, needed: IgnitionSpec): boolean {
  return SPECS.indexOf(spec) >= SPECS.indexOf(needed);
}
