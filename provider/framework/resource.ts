import type { ResourceContext } from './context';
import type { AttributePath, Diagnostics } from './diagnostics';
import type {
  Attributes,
  ConfigOf,
  KnownConfigOf,
  KnownPlanOf,
  PlanOf,
  Schema,
  StateOf,
} from './schema/attribute';
import type { JsonObject } from './values/json';
import type { ObjectValue } from './values/value';

export interface ApplyContext<A extends Attributes, Client> extends ResourceContext<Client> {
  /** As configured, with what is write-only. */
  readonly config: KnownConfigOf<A>;
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
  /** Something differs from the prior state already. */
  readonly changed: boolean;
  /** May be changed, but not where the configuration sets a value. */
  readonly planned: PlanOf<A>;
  /** May be added to. */
  readonly requiresReplace: AttributePath[];
}

/** State of another resource, of this provider or of another, that a `moved` block gives to a resource of ours. */
export interface MovedResource {
  /** Source address with the registry's host. */
  readonly providerAddress: string;
  readonly typeName: string;
  /** Schema version of the state. */
  readonly version: number;
  readonly state: JsonObject;
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
  /** Called at every plan but that of a deletion, also when nothing has changed. */
  modifyPlan?(change: PlannedResource<A>, context: ResourceContext<Client>): void | Promise<void>;
  /** Called when a deletion is planned: for warnings and refusals. Not for the deleting half of a replacement. */
  planDelete?(state: StateOf<A>, context: ResourceContext<Client>): void | Promise<void>;
  create(plan: KnownPlanOf<A>, context: ApplyContext<A, Client>): Promise<StateOf<A>>;
  /** Returns what there is; null only when it is certain that it is gone. */
  read(state: StateOf<A>, context: ResourceContext<Client>): Promise<StateOf<A> | null>;
  update(plan: KnownPlanOf<A>, prior: StateOf<A>, context: ApplyContext<A, Client>): Promise<StateOf<A>>;
  /** Succeeds when it is gone already. */
  delete(state: StateOf<A>, context: ResourceContext<Client>): Promise<void>;
  /** Finds what exists by the identifier a user gave. @default - the resource cannot be imported */
  importState?(id: string, context: ResourceContext<Client>): Promise<StateOf<A>>;
  /** By stored version: makes state of the next version of it. @default - there is only one version */
  readonly upgradeState?: Readonly<Record<number, (old: JsonObject) => JsonObject>>;
  /**
   * Makes state from that of another type of resource (`moved` block, Terraform 1.8); undefined when that type
   * cannot become this one. @default - none can
   */
  moveState?(
    source: MovedResource,
    context: Pick<ResourceContext<Client>, 'diagnostics' | 'private'>,
  ): StateOf<A> | undefined | Promise<StateOf<A> | undefined>;
}

/** A resource whose value types are no longer told apart, so that a provider can hold a list of them. */
export interface AnyResource<Client> {
  readonly typeName: string;
  readonly schema: Schema<Attributes>;
  validate?(config: ObjectValue, diagnostics: Diagnostics): void;
  modifyPlan?(change: AnyPlannedResource, context: ResourceContext<Client>): void | Promise<void>;
  planDelete?(state: ObjectValue, context: ResourceContext<Client>): void | Promise<void>;
  create(plan: ObjectValue, context: AnyApplyContext<Client>): Promise<ObjectValue>;
  read(state: ObjectValue, context: ResourceContext<Client>): Promise<ObjectValue | null>;
  update(plan: ObjectValue, prior: ObjectValue, context: AnyApplyContext<Client>): Promise<ObjectValue>;
  delete(state: ObjectValue, context: ResourceContext<Client>): Promise<void>;
  importState?(id: string, context: ResourceContext<Client>): Promise<ObjectValue>;
  readonly upgradeState?: Readonly<Record<number, (old: JsonObject) => JsonObject>>;
  moveState?(
    source: MovedResource,
    context: Pick<ResourceContext<Client>, 'diagnostics' | 'private'>,
  ): ObjectValue | undefined | Promise<ObjectValue | undefined>;
}

export interface AnyPlannedResource {
  readonly config: ObjectValue;
  readonly prior: ObjectValue | null;
  readonly changed: boolean;
  readonly planned: ObjectValue;
  readonly requiresReplace: AttributePath[];
}

export interface AnyApplyContext<Client> extends ResourceContext<Client> {
  readonly config: ObjectValue;
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
