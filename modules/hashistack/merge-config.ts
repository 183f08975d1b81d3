import { ValidationError } from '../../lib/core/errors';

/** A value of JSON. */
export type ConfigValue = string | number | boolean | null | readonly ConfigValue[] | ConfigObject;
export interface ConfigObject {
  readonly [key: string]: ConfigValue | undefined;
}

/**
 * Further settings over those of a module: objects are joined, all else is replaced.
 *
 * @param guarded paths such as `acl.enabled` that a module stands for: what it says there cannot be said otherwise, and where
 * it says nothing, nothing can be said
 * @throws ValidationError with every setting that would change one of them
 */
export function mergeConfig(
  module: string,
  own: ConfigObject,
  extra: ConfigObject,
  guarded: Readonly<Record<string, string>>,
): ConfigObject {
  const problems = Object.entries(guarded).flatMap(([path, why]) => {
    const keys = path.split('.');
    const wanted = at(extra, keys);
    return wanted === undefined || JSON.stringify(wanted) === JSON.stringify(at(own, keys))
      ? []
      : [`extraConfig sets '${path}' to ${JSON.stringify(wanted)}: ${why}; remove it`];
  });
  if (problems.length > 0) throw new ValidationError(module, problems);
  return merge(own, extra);
}

function at(config: ConfigObject, keys: readonly string[]): ConfigValue | undefined {
  let value: ConfigValue | undefined = config;
  for (const key of keys) {
    if (!isObject(value)) return undefined;
    value = value[key];
  }
  return value;
}

function merge(own: ConfigObject, extra: ConfigObject): ConfigObject {
  const merged: Record<string, ConfigValue | undefined> = { ...own };
  for (const [key, value] of Object.entries(extra)) {
    const before = merged[key];
    merged[key] = isObject(before) && isObject(value) ? merge(before, value) : value;
  }
  return merged;
}

function isObject(value: ConfigValue | undefined): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text of a configuration file. */
export function configText(config: ConfigObject): string {
  return `${JSON.stringify(config, null, 2)}\n`;
}
