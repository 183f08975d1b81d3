/** Texts that must never be part of Terraform JSON, where they would reach plans, states and logs. */
const SECRETS: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/ },
  { what: 'an age identity', pattern: /AGE-SECRET-KEY-1[0-9A-Z]{20,}/ },
  { what: 'a password hash', pattern: /(?:^|[\s"':])\$(?:1|2[aby]|5|6|y|gy|7)\$[^\s"':]{8,}/ },
  { what: 'a URL with a password', pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"]+:[^\s/@"]+@/i },
];

/** Each secret in a value, as the path to it and what it is; base64 is looked into. */
export function findSecrets(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value === 'string') {
    const texts = [value, ...decoded(value)];
    return SECRETS.filter(({ pattern }) => texts.some((text) => pattern.test(text))).map(
      ({ what }) => `${path.join('.')} holds ${what}`,
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => findSecrets(entry, [...path, key]));
}

function decoded(text: string): string[] {
  return text.length >= 64 && /^[A-Za-z0-9+/\s]+={0,2}$/.test(text)
    ? [Buffer.from(text, 'base64').toString('latin1')]
    : [];
}
