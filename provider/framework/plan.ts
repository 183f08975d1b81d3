/**
 * What Terraform demands of a planned state, and what its own Go framework does by default:
 * - a value of the configuration is planned as it is, or as the prior state spells it when both mean the same;
 * - an attribute with a default gets it when the configuration sets none;
 * - a computed attribute is "known after apply" when anything else changes, and keeps its value when nothing does
 *   or when it never changes after creation;
 * - an attribute may demand that a change of it replaces the resource.
 */
import type { AttributePath } from './diagnostics';
import type { AnyAttribute, Attributes } from './schema/schema';
import { valuesEqual } from './values/equality';
import { isWhollyKnown, UNKNOWN } from './values/value';
import type { ObjectValue, Value } from './values/value';

export interface PlannedChange {
  readonly planned: ObjectValue;
  /** False when the resource exists and stays as it is. */
  readonly changed: boolean;
}

/** Derives the planned state of a resource that is created (no prior state) or kept. */
export function planChange(
  attributes: Attributes,
  config: ObjectValue,
  prior: ObjectValue | null,
  proposed: ObjectValue,
): PlannedChange {
  const planned: ObjectValue = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    planned[name] =
      (config[name] ?? null) === null
        ? valueWithoutConfig(attribute, proposed[name] ?? null)
        : keepIfEquivalent(attribute, prior?.[name] ?? null, proposed[name] ?? null, proposed);
  }
  const changed =
    prior === null ||
    Object.entries(attributes).some(
      ([name, { kind }]) => !valuesEqual(kind.type, planned[name] ?? null, prior[name] ?? null),
    );
  if (changed) {
    for (const [name, attribute] of Object.entries(attributes)) {
      if (!isLeftToProvider(attribute, config[name] ?? null)) continue;
      if (prior === null || !attribute.useStateForUnknown) planned[name] = UNKNOWN;
    }
  }
  return { planned, changed };
}

function isLeftToProvider({ mode }: AnyAttribute, configured: Value): boolean {
  return mode === 'computed' || (mode === 'optional-computed' && configured === null);
}

function valueWithoutConfig(attribute: AnyAttribute, proposed: Value): Value {
  return attribute.mode === 'defaulted' ? (attribute.default as Value) : proposed;
}

/** The attributes whose change replaces the resource. */
export function replacingAttributes(
  attributes: Attributes,
  prior: ObjectValue,
  planned: ObjectValue,
): AttributePath[] {
  return Object.entries(attributes)
    .filter(
      ([name, { kind, requiresReplace }]) =>
        requiresReplace && !valuesEqual(kind.type, prior[name] ?? null, planned[name] ?? null),
    )
    .map(([name]) => [name]);
}

/** The state the server reported, with each value spelled as in `known` where both mean the same. */
export function keepSpelling(attributes: Attributes, known: ObjectValue, reported: ObjectValue): ObjectValue {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, attribute]) => [
      name,
      keepIfEquivalent(attribute, known[name] ?? null, reported[name] ?? null, reported),
    ]),
  );
}

function keepIfEquivalent(
  attribute: AnyAttribute,
  before: Value,
  after: Value,
  siblings: ObjectValue,
): Value {
  if (before === null || after === null || !isWhollyKnown(before) || !isWhollyKnown(after)) return after;
  const same =
    valuesEqual(attribute.kind.type, before, after) ||
    (attribute.equivalent?.(before as never, after as never, siblings) ?? false);
  return same ? before : after;
}
