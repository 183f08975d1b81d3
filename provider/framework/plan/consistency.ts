/** Terraform's own rules for what a provider may answer, checked before it does, so that the message can name the attribute. */
import type { AttributePath, Diagnostics } from '../diagnostics';
import { formatPath } from '../diagnostics';
import type { AnyAttribute, Attributes } from '../schema/attribute';
import { conforms, valuesIdentical } from '../values/equality';
import { describeValue } from '../values/describe';
import { isUnknown, UNKNOWN } from '../values/value';
import type { ObjectValue, Value } from '../values/value';
import { mapObjects } from './correlate';

/** Reports where a plan does not have what the configuration sets. It may keep the prior spelling of a value. */
export function checkPlan(
  attributes: Attributes,
  config: ObjectValue,
  prior: ObjectValue | null,
  planned: ObjectValue,
  diagnostics: Diagnostics,
  path: AttributePath = [],
): void {
  for (const [name, attribute] of Object.entries(attributes)) {
    const at = [...path, name];
    const configured = config[name] ?? null;
    const plan = planned[name] ?? null;
    const { nested, type } = attribute.kind;
    const isComputed = ['computed', 'optional-computed', 'defaulted'].includes(attribute.mode);
    const writeOnly = attribute.mode === 'write-only' || attribute.mode === 'required-write-only';
    if (configured === null && isComputed) continue;
    if (writeOnly ? plan === null : valuesIdentical(type, configured, plan)) continue;
    const before = prior?.[name] ?? null;
    if (!writeOnly && before !== null && valuesIdentical(type, before, plan)) continue;
    if (!writeOnly && nested && sameShape(configured, plan)) {
      mapObjects(nested, plan, [configured, before], (object, [configuredObject, old], step) => {
        if (!configuredObject) {
          report(attribute, at, 'what the configuration does not hold', object, diagnostics);
        } else {
          const to = step === undefined ? at : [...at, step];
          checkPlan(nested.attributes, configuredObject, old ?? null, object, diagnostics, to);
        }
        return object;
      });
      continue;
    }
    const given = writeOnly ? 'a write-only value' : describe(attribute, configured);
    report(attribute, at, `${given} of the configuration is planned as`, plan, diagnostics);
  }
}

function report(
  attribute: AnyAttribute,
  path: AttributePath,
  what: string,
  value: Value,
  diagnostics: Diagnostics,
): void {
  diagnostics.error(
    'The provider planned something else than was configured',
    `Attribute ${formatPath(path)}: ${what} ${describe(attribute, value)}. This is a defect of the provider; nothing was changed.`,
    path,
  );
}

const describe = (attribute: AnyAttribute, value: Value) =>
  attribute.sensitive ? 'a sensitive value' : describeValue(withoutSecrets(attribute, value));

function withoutSecrets({ kind, sensitive }: AnyAttribute, value: Value): Value {
  if (sensitive && value !== null && !isUnknown(value)) return '(sensitive)';
  const { nested } = kind;
  if (!nested) return value;
  return mapObjects(nested, value, [], (object) =>
    Object.fromEntries(
      Object.entries(nested.attributes).map(([name, attribute]) => [
        name,
        withoutSecrets(attribute, object[name] ?? null),
      ]),
    ),
  );
}

function sameShape(left: Value, right: Value): boolean {
  if (left === null || right === null || isUnknown(left) || isUnknown(right)) return false;
  if (Array.isArray(left) || Array.isArray(right)) {
    return Array.isArray(left) && Array.isArray(right) && left.length === right.length;
  }
  return Object.keys(left).length === Object.keys(right).length;
}

/** Reports where an applied state is not what was planned. */
export function checkApplied(
  typeName: string,
  attributes: Attributes,
  planned: ObjectValue,
  applied: ObjectValue,
  diagnostics: Diagnostics,
  path: AttributePath = [],
): void {
  for (const [name, attribute] of Object.entries(attributes)) {
    const plan = planned[name] ?? null;
    const result = applied[name] ?? null;
    const { nested, type } = attribute.kind;
    if (conforms(type, plan, result)) continue;
    const at = [...path, name];
    const reportHere = () =>
      diagnostics.error(
        'The provider applied something else than was planned',
        `${typeName} planned ${describe(attribute, plan)} for attribute ${formatPath(at)} and answered with ` +
          `${describe(attribute, result)}. This is a defect of the provider; the resource exists as the state now says.`,
        at,
      );
    if (!nested || nested.nesting === 'set' || !sameShape(plan, result)) {
      reportHere();
      continue;
    }
    mapObjects(nested, result, [plan], (object, [planObject], step) => {
      const to = step === undefined ? at : [...at, step];
      if (planObject) checkApplied(typeName, nested.attributes, planObject, object, diagnostics, to);
      else reportHere();
      return object;
    });
  }
}

/** The state as it can be stored: what is unknown of it is null, and is reported unless an error explains it already. */
export function storable(
  typeName: string,
  attributes: Attributes,
  state: ObjectValue,
  diagnostics: Diagnostics,
): ObjectValue {
  return Object.fromEntries(
    Object.keys(attributes).map((name) => {
      const value = state[name] ?? null;
      const known = withoutUnknowns(value);
      if (known !== value && !diagnostics.hasErrors) {
        diagnostics.error(
          'The provider left a value unknown',
          `${typeName} left "${name}" unknown after apply. This is a defect of the provider.`,
          [name],
        );
      }
      return [name, known];
    }),
  );
}

function withoutUnknowns(value: Value): Value {
  if (value === UNKNOWN || isUnknown(value)) return null;
  if (Array.isArray(value)) {
    const known = value.map(withoutUnknowns);
    return known.every((element, index) => element === value[index]) ? value : known;
  }
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  const entries = Object.entries(value as ObjectValue).map(([key, inner]) => [key, withoutUnknowns(inner)]);
  const known = Object.fromEntries(entries) as ObjectValue;
  return Object.keys(known).every((key) => known[key] === (value as ObjectValue)[key]) ? value : known;
}
