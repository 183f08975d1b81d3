const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LEVELS)[number];

/** The lowest level that is wanted, by `TF_LOG_PROVIDER` or `TF_LOG` as Terraform reads them; undefined for none. */
function wantedLevel(): number | undefined {
  const wanted = (process.env.TF_LOG_PROVIDER || process.env.TF_LOG || 'off').toLowerCase();
  if (wanted === 'off') return undefined;
  const level = LEVELS.findIndex((name) => name === wanted);
  return Math.max(level, 0); // any other word, as JSON, means all
}

/**
 * Writes one line to Terraform's log: JSON on standard error in the form of go-plugin, when `TF_LOG` or
 * `TF_LOG_PROVIDER` asks for the level. Never a secret.
 */
export function log(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
  const wanted = wantedLevel();
  if (wanted === undefined || LEVELS.indexOf(level) < wanted) return;
  const line = {
    '@level': level,
    '@message': message,
    '@module': 'provider',
    // Exactly six digits of a second, or Terraform does not recognise the line.
    '@timestamp': new Date().toISOString().replace('Z', '000Z'),
    ...fields,
  };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}
