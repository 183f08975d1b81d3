import type { Diagnostics } from './diagnostics';
import type { PrivateData } from './private-data';

/** What every operation gets beside its values. */
export interface Context<Client> {
  /** What `configure` of the provider returned. */
  readonly client: Client;
  /** Aborted when the user asks Terraform to stop, or when the time limit of the operation is over. */
  readonly signal: AbortSignal;
  /** For warnings, and for errors that shall not stop the others from being found. */
  readonly diagnostics: Diagnostics;
}

/** What operations on something that lives longer than one call get. */
export interface ResourceContext<Client> extends Context<Client> {
  /** What the provider wants to remember beside the state; users do not see it. */
  readonly private: PrivateData;
}
