import type { ResourceContext } from './context';
import type { Diagnostics } from './diagnostics';
import type { Attributes, ConfigOf, KnownConfigOf, Schema, StateOf } from './schema/attribute';
import type { ObjectValue } from './values/value';

/** What opening an ephemeral resource gives. */
export interface Opened<State> {
  readonly result: State;
  /** When it has to be renewed to stay valid. @default - never */
  readonly renewAt?: Date;
}

/** Something that exists only while Terraform runs, and is stored nowhere: a token, a tunnel (Terraform 1.10). */
export interface EphemeralResource<A extends Attributes, Client> {
  /** Its name in a configuration, with the provider's prefix. */
  readonly typeName: string;
  readonly schema: Schema<A>;
  /** Checks what attributes cannot check alone. Everything may be unknown. */
  validate?(config: ConfigOf<A>, diagnostics: Diagnostics): void;
  /** Called in each run that needs it, for plan and for apply. What `close` has to know goes into `private`. */
  open(config: KnownConfigOf<A>, context: ResourceContext<Client>): Promise<Opened<StateOf<A>>>;
  /** Keeps it valid; returns when to be called again. @default - it is never renewed */
  renew?(context: ResourceContext<Client>): Promise<Date | undefined>;
  /** Ends it. @default - nothing has to be done */
  close?(context: ResourceContext<Client>): Promise<void>;
}

/** An ephemeral resource whose value types are no longer told apart. */
export interface AnyEphemeralResource<Client> {
  readonly typeName: string;
  readonly schema: Schema<Attributes>;
  validate?(config: ObjectValue, diagnostics: Diagnostics): void;
  open(config: ObjectValue, context: ResourceContext<Client>): Promise<Opened<ObjectValue>>;
  renew?(context: ResourceContext<Client>): Promise<Date | undefined>;
  close?(context: ResourceContext<Client>): Promise<void>;
}

/** Defines an ephemeral resource; see `defineResource` about the types. */
export function defineEphemeralResource<A extends Attributes, Client>(
  resource: EphemeralResource<A, Client>,
): AnyEphemeralResource<Client> {
  return resource as unknown as AnyEphemeralResource<Client>;
}
