/** What the author of a provider imports. */
export type { Context, ResourceContext } from './context';
export { defineDataSource } from './data-source';
export type { AnyDataSource, DataSource } from './data-source';
export { formatPath, ProviderError } from './diagnostics';
export type { AttributePath, Diagnostic, Diagnostics } from './diagnostics';
export { defineEphemeralResource } from './ephemeral';
export type { AnyEphemeralResource, EphemeralResource, Opened } from './ephemeral';
export { defineFunction, FunctionError, parameter } from './function';
export type { AnyFunction, Parameter, ProviderFunction } from './function';
export { log } from './log';
export { requiresReplace, requiresReplaceIf, useStateForUnknown } from './plan/plan-modifiers';
export type { PrivateData } from './private-data';
export { defineProvider } from './provider';
export type { AnyProvider, Provider } from './provider';
export { defineResource } from './resource';
export type { AnyResource, ApplyContext, MovedResource, PlannedResource, Resource } from './resource';
export type {
  ConfigOf,
  Kind,
  KnownConfigOf,
  KnownPlanOf,
  PlanModifier,
  PlannedValue,
  PlanOf,
  Problem,
  Schema,
  StateOf,
  Validator,
} from './schema/attribute';
export { listBlock, requiredBlock, setBlock, singleBlock } from './schema/block';
export { parseDuration } from './schema/duration';
export * as kinds from './schema/kind';
export {
  computed,
  defaulted,
  optional,
  optionalComputed,
  required,
  requiredWriteOnly,
  writeOnly,
} from './schema/schema';
export { timeouts } from './schema/timeouts';
export * as validators from './schema/validators';
export { serve } from './serve/serve';
export { dynamicOf, jsonOf } from './values/dynamic';
export type { JsonObject, JsonValue } from './values/json';
export { Decimal, Dynamic, isUnknown, knownOr, Unknown, UNKNOWN } from './values/value';
export type { Refinement, TerraformNumber, TerraformType, Value } from './values/value';
