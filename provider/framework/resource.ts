import type { AttributePath, Diagnostics } from './diagnostics';
import type { Attributes, ConfigOf, KnownPlanOf, PlanOf, Schema, StateOf } from './schema/schema';
import type { ObjectValue } from './values/value';
import type { JsonObject } from './values/wire';

/** What a resource gets beside its values. */
export interface Context<Client> {
  /** What `configure` of the provider returned. */
  readonly client: Client;
  /** Aborted when the user asks Terraform to stop. */
  readonly signal: AbortSignal;
  /** For warnings, and for errors that shall not stop the others from being found. */
  readonly diagnostics: Diagnostics;
}

export interface ApplyContext<A extends Attributes, Client> extends Context<Client> {
  /**
   * Remembers what is done so far: if the rest fails, this is stored. A resource whose creation failed halfway
   * is tainted by Terraform, and replaced next time.
   */
  keepState(state: StateOf<A>): void;
}

/** A change that is being planned. */
export interface PlannedResource<A extends Attributes> {
  readonly config: ConfigOf<A>;
  /** Null when the resource is created. */
  readonly prior: StateOf<A> | null;
  /** May be changed, but not where the configuration sets a value. */
  readonly planned: PlanOf<A>;
  /** May be added to. */
  readonly requiresReplace: AttributePath[];
}

/**
 * A kind of thing the provider manages. Values spelled differently by the server are kept as the user wrote
 * them where the attribute says that both mean the same, so the methods may return what the server reports.
 */
export interface Resource<A extends Attributes, Client> {
  /** Its name in a configuration, with the provider's prefix: `powerdns_zone`. */
  readonly typeName: string;
  readonly schema: Schema<A>;
  /** Checks what attributes cannot check alone. Everything may be unknown. */
  validate?(config: ConfigOf<A>, diagnostics: Diagnostics): void;
  /** Called for creation and change, not for deletion. */
  modifyPlan?(change: PlannedResource<A>, context: Context<Client>): void | Promise<void>;
  create(plan: KnownPlanOf<A>, context: ApplyContext<A, Client>): Promise<StateOf<A>>;
  /** Returns what there is; null only when it is certain that it is gone. */
  read(state: StateOf<A>, context: Context<Client>): Promise<StateOf<A> | null>;
  update(plan: KnownPlanOf<A>, prior: StateOf<A>, context: ApplyContext<A, Client>): Promise<StateOf<A>>;
  /** Succeeds when it is gone already. */
  delete(state: StateOf<A>, context: Context<Client>): Promise<void>;
  /** Finds what exists by the identifier a user gave. @default - the resource cannot be imported */
  importState?(id: string, context: Context<Client>): Promise<StateOf<A>>;
  /** By stored version: makes state of the next version of it. @default - there is only one version */
  readonly upgradeState?: Readonly<Record<number, (old: JsonObject) => JsonObject>>;
}

/** A resource whose value types are no longer told apart, so that a provider can hold a list of them. */
export interface AnyResource<Client> {
  readonly typeName: string;
  readonly schema: Schema<Attributes>;
  validate?(config: ObjectValue, diagnostics: Diagnostics): void;
  modifyPlan?(
    change: {
      readonly config: ObjectValue;
      readonly prior: ObjectValue | null;
      readonly planned: ObjectValue;
      readonly requiresReplace: AttributePath[];
    },
    context: Context<Client>,
  ): void | Promise<void>;
  create(plan: ObjectValue, context: AnyApplyContext<Client>): Promise<ObjectValue>;
  read(state: ObjectValue, context: Context<Client>): Promise<ObjectValue | null>;
  update(plan: ObjectValue, prior: ObjectValue, context: AnyApplyContext<Client>): Promise<ObjectValue>;
  delete(state: ObjectValue, context: Context<Client>): Promise<void>;
  importState?(id: string, context: Context<Client>): Promise<ObjectValue>;
  readonly upgradeState?: Readonly<Record<number, (old: JsonObject) => JsonObject>>;
}

export interface AnyApplyContext<Client> extends Context<Client> {
  keepState(state: ObjectValue): void;
}

/**
 * Defines a resource. Here the value types are forgotten; what is passed to the methods was decoded by the
 * very schema that the types come from.
 */
export function defineResource<A extends Attributes, Client>(
  resource: Resource<A, Client>,
): AnyResource<Client> {
  return resource as unknown as AnyResource<Client>;
}
