/** What `https` connections trust and show: read from files or text when the provider is configured. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { ProviderError } from '../framework';

/** As Node.js takes them. */
export interface TlsOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly rejectUnauthorized?: boolean;
}

/** As a user gives them. */
export interface TlsSettings {
  /** Certificates (PEM) of the authorities to trust, or the file that holds them. @default - those of Node.js */
  readonly caCertificate?: string;
  /** File with the certificate (PEM) to show. @default - none is shown */
  readonly clientCertFile?: string;
  /** File with its key (PEM). */
  readonly clientCertKeyFile?: string;
  /** Believe any certificate. @default false */
  readonly insecureHttps?: boolean;
}

/** Reads what the settings name. @throws ProviderError that points at the attribute; it never holds a key */
export function loadTlsOptions(settings: TlsSettings): TlsOptions {
  const { caCertificate, clientCertFile, clientCertKeyFile, insecureHttps } = settings;
  if ((clientCertFile === undefined) !== (clientCertKeyFile === undefined)) {
    const [given, missing] =
      clientCertFile === undefined
        ? ['client_cert_key_file', 'client_cert_file']
        : ['client_cert_file', 'client_cert_key_file'];
    throw new ProviderError(
      'A client certificate needs its key',
      `${given} is set and ${missing} is not; set both or neither.`,
      [given],
    );
  }
  const ca = caCertificate === undefined ? undefined : textOrFile(caCertificate);
  if (ca !== undefined) checkCertificates(ca, 'ca_certificate');
  const cert = clientCertFile === undefined ? undefined : fileOf(clientCertFile, 'client_cert_file');
  if (cert !== undefined) checkCertificates(cert, 'client_cert_file');
  const key = clientCertKeyFile === undefined ? undefined : fileOf(clientCertKeyFile, 'client_cert_key_file');
  if (key !== undefined) checkKey(cert, key);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(insecureHttps ? { rejectUnauthorized: false } : {}),
  };
}

function textOrFile(value: string): string {
  return value.includes('-----BEGIN') ? value : fileOf(value, 'ca_certificate');
}

function fileOf(path: string, attribute: string): string {
  const file = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error);
    throw new ProviderError(`The file of ${attribute} cannot be read`, `${file}: ${reason}.`, [attribute]);
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

function checkCertificates(pem: string, attribute: string): void {
  try {
    const blocks = pem.match(CERTIFICATE);
    if (!blocks) throw new Error('there is no certificate in it');
    for (const block of blocks) new X509Certificate(block);
  } catch (error) {
    throw unusable(attribute, 'a certificate, or several,', error);
  }
}

function checkKey(cert: string | undefined, key: string): void {
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw unusable('client_cert_key_file', 'the key of client_cert_file', error);
  }
}

function unusable(attribute: string, what: string, error: unknown): ProviderError {
  const reason = error instanceof Error ? error.message : 'it cannot be read';
  return new ProviderError(`${attribute} cannot be used`, `It has to be ${what} in PEM: ${reason}.`, [
    attribute,
  ]);
}
