import type { Context } from './context';
import type { Diagnostics } from './diagnostics';
import type { Attributes, ConfigOf, KnownConfigOf, Schema, StateOf } from './schema/attribute';
import type { ObjectValue } from './values/value';

/** Something that is looked up and not managed. */
export interface DataSource<A extends Attributes, Client> {
  /** Its name in a configuration, with the provider's prefix: `powerdns_zone`. */
  readonly typeName: string;
  readonly schema: Schema<A>;
  /** Checks what attributes cannot check alone. Everything may be unknown. */
  validate?(config: ConfigOf<A>, diagnostics: Diagnostics): void;
  /**
   * Looks it up. The configuration is wholly known: while it is not, Terraform waits until apply. Computed
   * attributes are null in it. What is not found is an error: throw a `ProviderError`.
   */
  read(config: KnownConfigOf<A>, context: Context<Client>): Promise<StateOf<A>>;
}

/** A data source whose value types are no longer told apart. */
export interface AnyDataSource<Client> {
  readonly typeName: string;
  readonly schema: Schema<Attributes>;
  validate?(config: ObjectValue, diagnostics: Diagnostics): void;
  read(config: ObjectValue, context: Context<Client>): Promise<ObjectValue>;
}

/** Defines a data source; see `defineResource` about the types. */
export function defineDataSource<A extends Attributes, Client>(
  dataSource: DataSource<A, Client>,
): AnyDataSource<Client> {
  return dataSource as unknown as AnyDataSource<Client>;
}
