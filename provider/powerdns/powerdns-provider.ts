import { defineProvider, isUnknown, kinds, optional, ProviderError } from '../framework';
import type { AnyProvider } from '../framework';
import { PowerDnsClient } from './client';
import type { PowerDnsClientOptions } from './client';
import type { Connection } from './connection';
import { recordResource } from './record';
import { soaResource } from './record-soa';
import { zoneResource } from './zone';

const attributes = {
  server_url: optional(kinds.string, {
    description:
      'Base URL of the API, for example `http://127.0.0.1:8081`; without a scheme it is https. Also from the ' +
      'environment: `PDNS_SERVER_URL`.',
    validate: (value) => {
      try {
        parseServerUrl(value);
        return undefined;
      } catch (error) {
        return error instanceof Error ? error.message : String(error);
      }
    },
  }),
  api_key: optional(kinds.string, {
    description: 'Key of the API (`api-key` of the server). Also from the environment: `PDNS_API_KEY`.',
    sensitive: true,
  }),
};

/** @throws Error that says what is wrong, without credentials that may be in it */
function parseServerUrl(value: string): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `https://${value}`;
  if (!URL.canParse(text)) throw new Error('it is no URL; write for example http://127.0.0.1:8081');
  const url = new URL(text);
  if (!['http:', 'https:'].includes(url.protocol)) {
    throw new Error(`its scheme is '${url.protocol.slice(0, -1)}'; it has to be http or https`);
  }
  if (url.username || url.password)
    throw new Error('it holds a user name or password; the API takes a key only, see api_key');
  return url;
}

export interface PowerDnsProviderOptions extends Pick<PowerDnsClientOptions, 'retry' | 'timeoutMs'> {
  /** Where `PDNS_SERVER_URL` and `PDNS_API_KEY` are looked up. @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** The provider `cloudless/powerdns`: zones and records of a PowerDNS Authoritative Server. */
export function powerDnsProvider(options: PowerDnsProviderOptions = {}): AnyProvider {
  return defineProvider<typeof attributes, Connection>({
    address: 'registry.terraform.io/cloudless/powerdns',
    version: '0.1.0',
    schema: {
      description: 'Manages zones and records of a PowerDNS Authoritative Server through its HTTP API.',
      attributes,
    },
    configure(config) {
      if (isUnknown(config.server_url) || isUnknown(config.api_key)) return undefined;
      const environment = options.environment ?? process.env;
      const serverUrl = config.server_url ?? environment.PDNS_SERVER_URL;
      if (!serverUrl) {
        throw new ProviderError(
          'The PowerDNS server is not given',
          'Set server_url of the provider, or PDNS_SERVER_URL in the environment, for example http://127.0.0.1:8081.',
          ['server_url'],
        );
      }
      return new PowerDnsClient({
        serverUrl: parseServerUrlOrThrow(serverUrl),
        // An empty variable is as good as none.
        apiKey: config.api_key ?? (environment.PDNS_API_KEY || undefined),
        apiKeySource: config.api_key === null ? 'PDNS_API_KEY in the environment' : 'api_key of the provider',
        retry: options.retry,
        timeoutMs: options.timeoutMs,
      });
    },
    resources: [zoneResource, recordResource, soaResource],
  });
}

function parseServerUrlOrThrow(value: string): URL {
  try {
    return parseServerUrl(value);
  } catch (error) {
    throw new ProviderError(
      'The URL of the PowerDNS server cannot be used',
      error instanceof Error ? error.message : '',
      ['server_url'],
    );
  }
}
