import type { KindTypes, PlanModifier, PlannedValue } from '../schema/attribute';
import { isUnknown } from '../values/value';

/** A change of the attribute replaces the resource. */
export const requiresReplace: PlanModifier = (value) => {
  if (value.changed) value.requiresReplace = true;
};

/** A change of the attribute replaces the resource where the condition holds. */
export const requiresReplaceIf =
  <T extends KindTypes>(condition: (value: Readonly<PlannedValue<T>>) => boolean): PlanModifier<T> =>
  (value) => {
    if (value.changed && condition(value)) value.requiresReplace = true;
  };

/** A computed value that never changes after creation: the plan keeps it instead of "known after apply". */
export const useStateForUnknown: PlanModifier = (value) => {
  if (!value.isNew && value.config === null && isUnknown(value.planned)) value.planned = value.prior;
};
