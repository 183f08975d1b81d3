/**
 * What Terraform demands of a planned state, and what its own Go framework does by default, at every depth:
 * - a value of the configuration is planned as it is, or as the prior state spells it when both mean the same;
 * - an attribute with a default gets it when the configuration sets none;
 * - a computed attribute is "known after apply" when anything in the resource changes, and keeps its value when
 *   nothing does or when it never changes after creation;
 * - what is write-only is null;
 * - an attribute may demand that a change of it replaces the resource.
 */
import type { AttributePath } from '../diagnostics';
import type { AnyAttribute, Attributes, PlanModifier, PlannedValue } from '../schema/attribute';
import { valuesEqual } from '../values/equality';
import { UNKNOWN } from '../values/value';
import type { ObjectValue, TerraformType, Value } from '../values/value';
import { mapObjects, sameMeaning } from './correlate';
import type { Step } from './correlate';
import { requiresReplace, useStateForUnknown } from './plan-modifiers';

export interface PlannedChange {
  readonly planned: ObjectValue;
  /** False when the resource exists and stays as it is. */
  readonly changed: boolean;
  /** The attributes whose change replaces the resource. */
  readonly requiresReplace: AttributePath[];
}

/** Derives the planned state of a resource that is created (no prior state) or kept. */
export function planChange(
  attributes: Attributes,
  config: ObjectValue,
  prior: ObjectValue | null,
): PlannedChange {
  const proposed = propose(attributes, config, prior);
  const differs = (planned: ObjectValue) =>
    prior === null ||
    Object.entries(attributes).some(
      ([name, { kind }]) => !valuesEqual(kind.type, planned[name] ?? null, prior[name] ?? null),
    );
  const run: Run = { changed: differs(proposed), resourceIsNew: prior === null, replacing: [] };
  const planned = modify(attributes, proposed, config, prior, [], run);
  return { planned, changed: differs(planned), requiresReplace: run.replacing };
}

const isWriteOnly = ({ mode }: AnyAttribute) => mode === 'write-only' || mode === 'required-write-only';

/** The configuration, completed by defaults and by the prior values of what is computed. */
function propose(attributes: Attributes, config: ObjectValue, prior: ObjectValue | null): ObjectValue {
  const proposed: ObjectValue = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    const configured = config[name] ?? null;
    const before = prior?.[name] ?? null;
    if (isWriteOnly(attribute)) proposed[name] = null;
    else if (configured === null) proposed[name] = valueWithoutConfig(attribute, before);
    else if (!attribute.kind.nested) proposed[name] = configured;
    else {
      const { nested } = attribute.kind;
      proposed[name] = mapObjects(nested, configured, [before], (object, [old]) =>
        propose(nested.attributes, object, old ?? null),
      );
    }
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    const before = prior?.[name] ?? null;
    if (before !== null && sameMeaning(attribute, before, proposed[name] ?? null, proposed)) {
      proposed[name] = before;
    }
  }
  return proposed;
}

function valueWithoutConfig({ mode, ...attribute }: AnyAttribute, before: Value): Value {
  if (mode === 'defaulted') return attribute.default as Value;
  return mode === 'computed' || mode === 'optional-computed' ? before : null;
}

interface Run {
  readonly changed: boolean;
  readonly resourceIsNew: boolean;
  readonly replacing: AttributePath[];
}

/** Makes unknown what is known after apply, and lets the plan modifiers of each attribute have their say. */
function modify(
  attributes: Attributes,
  proposed: ObjectValue,
  config: ObjectValue,
  prior: ObjectValue | null,
  path: AttributePath,
  run: Run,
): ObjectValue {
  const planned: ObjectValue = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    const { kind, mode } = attribute;
    const configured = config[name] ?? null;
    const leftToProvider = mode === 'computed' || (mode === 'optional-computed' && configured === null);
    const value = new AttributePlan(
      kind.type,
      [...path, name],
      configured,
      prior?.[name] ?? null,
      prior === null,
      run.changed && leftToProvider ? UNKNOWN : (proposed[name] ?? null),
    );
    for (const modifier of modifiersOf(attribute)) modifier(value);
    if (value.requiresReplace && !run.resourceIsNew) run.replacing.push(value.path);
    const { nested } = kind;
    planned[name] =
      nested && configured !== null
        ? mapObjects(
            nested,
            value.planned,
            [configured, value.prior],
            (object, [configuredObject, old], step) =>
              modify(
                nested.attributes,
                object,
                configuredObject ?? {},
                old ?? null,
                pathTo(value.path, step),
                run,
              ),
          )
        : value.planned;
  }
  return planned;
}

const pathTo = (path: AttributePath, step: Step): AttributePath =>
  step === undefined ? path : [...path, step];

function modifiersOf(attribute: AnyAttribute): PlanModifier[] {
  return [
    ...(attribute.useStateForUnknown ? [useStateForUnknown] : []),
    ...(attribute.requiresReplace ? [requiresReplace] : []),
    // The values that are passed were decoded by the kind that the types of the modifiers come from.
    ...((attribute.planModifiers ?? []) as readonly PlanModifier[]),
  ];
}

class AttributePlan implements PlannedValue<{
  state: Value;
  plan: Value;
  config: Value;
  knownPlan: Value;
  knownConfig: Value;
}> {
  requiresReplace = false;

  constructor(
    private readonly type: TerraformType,
    readonly path: AttributePath,
    readonly config: Value,
    readonly prior: Value,
    readonly isNew: boolean,
    public planned: Value,
  ) {}

  get changed(): boolean {
    return !valuesEqual(this.type, this.prior, this.planned);
  }
}
