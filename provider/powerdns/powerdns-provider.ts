import { defineProvider, isUnknown, kinds, optional, ProviderError } from '../framework';
import type { AnyProvider, ConfigOf } from '../framework';
import { PowerDnsClient } from './client';
import type { PowerDnsClientOptions } from './client';
import type { Connection } from './connection';
import { cryptokeyResource } from './cryptokey';
import { recordDataSource, zoneDataSource, zonesDataSource } from './data-sources';
import { fqdnFunction, ptrNameFunction, reverseZoneNameFunction } from './functions';
import { ptrRecordResource } from './ptr-record';
import { recordResource } from './record';
import { soaResource } from './record-soa';
import { reverseZoneResource } from './reverse-zone';
import { loadTlsOptions } from './tls-options';
import type { TlsSettings } from './tls-options';
import { tsigkeyEphemeralResource, tsigkeyResource } from './tsigkey';
import { zoneResource } from './zone';
import { zoneMetadataResource } from './zone-metadata';

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
  ca_certificate: optional(kinds.string, {
    description:
      'Certificates (PEM) of the authorities that may have signed the certificate of the server, or the path of a file ' +
      'that holds them. Without it those that Node.js trusts. Also from the environment: `PDNS_CACERT`.',
  }),
  client_cert_file: optional(kinds.string, {
    description:
      'Path of a file with the certificate (PEM) to show to the server, or to the proxy before it. Also from the ' +
      'environment: `PDNS_CLIENT_CERT_FILE`.',
  }),
  client_cert_key_file: optional(kinds.string, {
    description:
      'Path of a file with the key (PEM) of `client_cert_file`. Also from the environment: `PDNS_CLIENT_CERT_KEY_FILE`.',
  }),
  insecure_https: optional(kinds.bool, {
    description:
      'Believe any certificate of the server: whoever sits in between reads the key. Each run warns. Also from the ' +
      'environment: `PDNS_INSECURE_HTTPS`. Name the authority in `ca_certificate` instead.',
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
  /** Where `PDNS_SERVER_URL`, `PDNS_API_KEY` and so on are looked up. @default process.env */
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
    configure(config, diagnostics) {
      const environment = options.environment ?? process.env;
      const tls = tlsSettingsOf(config, environment);
      if (isUnknown(config.server_url) || isUnknown(config.api_key) || tls === undefined) return undefined;
      const serverUrl = config.server_url ?? environment.PDNS_SERVER_URL;
      if (!serverUrl) {
        throw new ProviderError(
          'The PowerDNS server is not given',
          'Set server_url of the provider, or PDNS_SERVER_URL in the environment, for example http://127.0.0.1:8081.',
          ['server_url'],
        );
      }
      const url = parseServerUrlOrThrow(serverUrl);
      if (tls.insecureHttps && url.protocol === 'https:') {
        diagnostics.warning(
          'The certificate of the PowerDNS server is not checked',
          `insecure_https is set: whoever sits between here and ${url.host} can read the API key and change every zone. ` +
            'Name the authority that signed the certificate in ca_certificate instead.',
          ['insecure_https'],
        );
      }
      return new PowerDnsClient({
        serverUrl: url,
        tls: loadTlsOptions(tls),
        // An empty variable is as good as none.
        apiKey: config.api_key ?? (environment.PDNS_API_KEY || undefined),
        apiKeySource: config.api_key === null ? 'PDNS_API_KEY in the environment' : 'api_key of the provider',
        retry: options.retry,
        timeoutMs: options.timeoutMs,
      });
    },
    resources: [
      zoneResource,
      recordResource,
      soaResource,
      ptrRecordResource,
      reverseZoneResource,
      zoneMetadataResource,
      cryptokeyResource,
      tsigkeyResource,
    ],
    dataSources: [zoneDataSource, recordDataSource, zonesDataSource],
    ephemeralResources: [tsigkeyEphemeralResource],
    functions: [fqdnFunction, ptrNameFunction, reverseZoneNameFunction],
  });
}

/** Undefined while one of them is not known yet. @throws ProviderError */
function tlsSettingsOf(
  config: ConfigOf<typeof attributes>,
  environment: Readonly<Record<string, string | undefined>>,
): TlsSettings | undefined {
  const { ca_certificate, client_cert_file, client_cert_key_file, insecure_https } = config;
  if (
    isUnknown(ca_certificate) ||
    isUnknown(client_cert_file) ||
    isUnknown(client_cert_key_file) ||
    isUnknown(insecure_https)
  )
    return undefined;
  // An empty variable is as good as none.
  return {
    caCertificate: ca_certificate || environment.PDNS_CACERT || undefined,
    clientCertFile: client_cert_file || environment.PDNS_CLIENT_CERT_FILE || undefined,
    clientCertKeyFile: client_cert_key_file || environment.PDNS_CLIENT_CERT_KEY_FILE || undefined,
    insecureHttps: insecure_https ?? truthOf('PDNS_INSECURE_HTTPS', environment.PDNS_INSECURE_HTTPS),
  };
}

/** The words that Go takes for truth values, as mmianl/powerdns does. @throws ProviderError */
function truthOf(name: string, text: string | undefined): boolean {
  if (!text) return false;
  if (['1', 't', 'true'].includes(text.toLowerCase())) return true;
  if (['0', 'f', 'false'].includes(text.toLowerCase())) return false;
  throw new ProviderError(`${name} is neither true nor false`, `In the environment it is '${text}'.`);
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
