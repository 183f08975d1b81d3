import type { AnyDataSource } from './data-source';
import type { Diagnostics } from './diagnostics';
import type { AnyEphemeralResource } from './ephemeral';
import type { AnyFunction } from './function';
import type { AnyResource } from './resource';
import type { Attributes, ConfigOf, Schema } from './schema/attribute';
import type { ObjectValue } from './values/value';

interface Offered<Client> {
  /** Source address with the registry's host, for example `registry.terraform.io/cloudless/powerdns`. */
  readonly address: string;
  readonly version: string;
  readonly resources: readonly AnyResource<Client>[];
  /** @default - none */
  readonly dataSources?: readonly AnyDataSource<Client>[];
  /** @default - none */
  readonly ephemeralResources?: readonly AnyEphemeralResource<Client>[];
  /** @default - none */
  readonly functions?: readonly AnyFunction[];
}

/** A provider: its configuration and what it offers. */
export interface Provider<A extends Attributes, Client> extends Offered<Client> {
  readonly schema: Schema<A>;
  /** Checks what attributes cannot check alone. Everything may be unknown. */
  validate?(config: ConfigOf<A>, diagnostics: Diagnostics): void;
  /**
   * Makes what the resources work with. Everything may be unknown: the server may be created in the same run,
   * so nothing is connected to here.
   */
  configure(config: ConfigOf<A>, diagnostics: Diagnostics): Client;
}

/** A provider whose value types are no longer told apart. */
export interface AnyProvider<Client = unknown> extends Offered<Client> {
  readonly schema: Schema<Attributes>;
  validate?(config: ObjectValue, diagnostics: Diagnostics): void;
  configure(config: ObjectValue, diagnostics: Diagnostics): Client;
}

/** Defines a provider; see `defineResource` about the types. */
export function defineProvider<A extends Attributes, Client>(provider: Provider<A, Client>): AnyProvider {
  return provider as unknown as AnyProvider;
}
