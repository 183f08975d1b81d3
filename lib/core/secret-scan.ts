/** Texts that must never be part of Terraform JSON, where they would reach plans, states and logs. */
const SECRETS: readonly {
  readonly what: string;
  /** Part of each such text, looked for first: it is quicker than the pattern. */
  readonly part: string;
  readonly pattern: RegExp;
}[] = [
  { what: 'a private key', part: '-----BEGIN', pattern: /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/ },
  { what: 'an age identity', part: 'AGE-SECRET-KEY-1', pattern: /AGE-SECRET-KEY-1[0-9A-Z]{20,}/ },
  {
    what: 'a password hash',
    part: '$',
    pattern: /(?:^|[\s"':])\$(?:1|2[aby]|5|6|y|gy|7)\$[^\s"':]{8,}/,
  },
  {
    what: 'a URL with a password',
    part: '://',
    pattern: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"]+:[^\s/@"]+@/i,
  },
];

/** Each secret in a value, as the path to it and what it is; base64 is looked into. */
export function findSecrets(value: unknown): string[] {
  const found: string[] = [];
  scan(value, [], found);
  return found;
}

/** @param path where `value` is; the same list for all, for there are many values and hardly a secret */
function scan(value: unknown, path: string[], found: string[]): void {
  if (typeof value === 'string') {
    for (const what of secretsIn(value)) found.push(`${path.join('.')} holds ${what}`);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  // Without a list of entries: there are hundreds of thousands of values.
  for (const key in value) {
    path.push(key);
    scan((value as Record<string, unknown>)[key], path, found);
    path.pop();
  }
}

function secretsIn(text: string): string[] {
  const texts = [text, ...decoded(text)];
  return SECRETS.filter(({ part, pattern }) =>
    texts.some((each) => each.includes(part) && pattern.test(each)),
  ).map(({ what }) => what);
}

function decoded(text: string): string[] {
  return text.length >= 64 && /^[A-Za-z0-9+/\s]+={0,2}$/.test(text)
    ? [Buffer.from(text, 'base64').toString('latin1')]
    : [];
}
