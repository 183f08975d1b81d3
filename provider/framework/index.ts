/** What the author of a provider imports. */
export { ProviderError } from './diagnostics';
export type { AttributePath, Diagnostic, Diagnostics } from './diagnostics';
export { log } from './log';
export { defineProvider } from './provider';
export type { AnyProvider, Provider } from './provider';
export { defineResource } from './resource';
export type { ApplyContext, Context, PlannedResource, Resource } from './resource';
export * as kinds from './schema/kind';
export { computed, defaulted, optional, optionalComputed, required } from './schema/schema';
export type { ConfigOf, KnownPlanOf, PlanOf, Schema, StateOf } from './schema/schema';
export { serve } from './serve/serve';
export { Decimal, isUnknown, UNKNOWN } from './values/value';
export type { TerraformNumber, Unknown } from './values/value';
