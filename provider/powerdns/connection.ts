import { ProviderError } from '../framework';
import type { PowerDnsClient } from './client';

/** Undefined while the server's address or key is known only after apply: it may be made in the same run. */
export type Connection = PowerDnsClient | undefined;

/** The client, where one is needed. @throws ProviderError when the server is not known yet */
export function connected(connection: Connection): PowerDnsClient {
  if (connection) return connection;
  throw new ProviderError(
    'The PowerDNS server is not known yet',
    'server_url or api_key of the provider depends on something that is not created yet. Apply that first.',
  );
}

/** The command that brings something that exists under management, on a line that Terraform does not wrap. */
export function importHint(typeName: string, id: string): string {
  return `\n\n  terraform import ${typeName}.NAME '${id}'`;
}
