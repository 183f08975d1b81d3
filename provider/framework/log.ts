import { AsyncLocalStorage } from 'node:async_hooks';

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];

type Fields = Readonly<Record<string, unknown>>;

let providerName = '';
const fieldsOfRequest = new AsyncLocalStorage<Fields>();
const secrets = new Set<string>();

/** Tells the name by which `TF_LOG_PROVIDER_<NAME>` speaks of this provider. */
export function nameLog(name: string): void {
  providerName = name.toUpperCase().replace(/\W/g, '_');
}

/** Adds fields to every line that is logged in the course of a call. */
export function withLogFields<T>(fields: Fields, call: () => T): T {
  return fieldsOfRequest.run({ ...fieldsOfRequest.getStore(), ...fields }, call);
}

/** Makes a text disappear from every line from now on. */
export function hideInLog(secret: string): void {
  if (secret !== '' && isLogging()) secrets.add(secret);
}

/**
 * The lowest level that is wanted, by `TF_LOG_PROVIDER_<NAME>`, `TF_LOG_PROVIDER` or `TF_LOG` as Terraform reads
 * them; undefined for none.
 */
function wantedLevel(): number | undefined {
  const { env } = process;
  const own = providerName && env[`TF_LOG_PROVIDER_${providerName}`];
  const wanted = (own || env.TF_LOG_PROVIDER || env.TF_LOG || 'off').toLowerCase();
  if (wanted === 'off') return undefined;
  const level = LEVELS.findIndex((name) => name === wanted);
  return Math.max(level, 0); // any other word, as JSON, means all
}

/** Tells whether anything is logged at all. */
export const isLogging = () => wantedLevel() !== undefined;

/**
 * Writes one line to Terraform's log: JSON on standard error in the form of go-plugin, when `TF_LOG` or a more special
 * variable asks for the level. Values of sensitive attributes are left out wherever they appear.
 */
export function log(level: LogLevel, message: string, fields: Fields = {}): void {
  const wanted = wantedLevel();
  if (wanted === undefined || LEVELS.indexOf(level) < wanted) return;
  const line = {
    '@level': level,
    '@message': message,
    '@module': 'provider',
    // Exactly six digits of a second, or Terraform does not recognise the line.
    '@timestamp': new Date().toISOString().replace('Z', '000Z'),
    ...fieldsOfRequest.getStore(),
    ...fields,
  };
  process.stderr.write(`${JSON.stringify(line, (_name, value: unknown) => printable(value))}\n`);
}

function printable(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error) return withoutSecrets(value.message);
  return typeof value === 'string' ? withoutSecrets(value) : value;
}

function withoutSecrets(text: string): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, '***');
  return clean;
}
