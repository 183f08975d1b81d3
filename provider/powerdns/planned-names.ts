/** What one run plans for the names of a server, so that what cannot be beside each other is told before apply. */
import { ProviderError } from '../framework';
import type { PowerDnsClient } from './client';

/** Types by zone and name. A client lives as long as one run of plan or apply. */
const planned = new WeakMap<PowerDnsClient, Map<string, Set<string>>>();

/** Types that stand alone at a name (RFC 1034, 3.6.2). */
const ALONE = 'CNAME';
/** Types that may stand beside a CNAME: they are about the name itself (RFC 4034, RFC 2181). */
const BESIDE_ALIAS = ['NSEC', 'RRSIG', 'KEY'];

/**
 * Notes that a run plans an RRset; resources that are deleted are not noted. Names are canonical, the type is in capital
 * letters.
 *
 * @throws ProviderError when another RRset of the run excludes it
 */
export function planName(
  client: PowerDnsClient | undefined,
  { zone, name, type }: { readonly zone: string; readonly name: string; readonly type: string },
): void {
  if (!client || BESIDE_ALIAS.includes(type)) return;
  const names = planned.get(client) ?? new Map<string, Set<string>>();
  planned.set(client, names);
  const key = `${zone} ${name}`;
  const types = names.get(key) ?? new Set<string>();
  names.set(key, types.add(type));
  if (!types.has(ALONE) || types.size === 1) return;
  const others = [...types].filter((other) => other !== ALONE);
  throw new ProviderError(
    'A CNAME stands alone at its name',
    `'${name}' is planned as CNAME and as ${others.join(', ')} in one configuration (RFC 1034). Take one of them out.`,
    ['name'],
  );
}
