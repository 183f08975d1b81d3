import type { Environment } from './environment';

/** 32 secret bytes in base64, for one purpose: the gossip key of a cluster, for example. */
export function derivedKey(environment: Environment, purpose: string, ...names: readonly string[]): string {
  return environment.siteKey.derive(purpose, environment.environmentName, ...names).toString('base64');
}

/**
 * A UUID that follows from the site key: secret enough for a token (122 bits that nobody can guess), and the same at every
 * synth. As RFC 9562 version 8 ("custom"), which says that the bits are the maker's own.
 */
export function derivedUuid(environment: Environment, purpose: string, ...names: readonly string[]): string {
  const bytes = environment.siteKey.derive(purpose, environment.environmentName, ...names).subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
