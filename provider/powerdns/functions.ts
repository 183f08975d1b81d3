/** Functions of the provider: names of hosts, addresses and networks, computed without a server. */
import { defineFunction, FunctionError, kinds, parameter } from '../framework';
import { canonicalName, isInZone, problemWithOwnerName, problemWithTargetName } from './names';
import { problemWithAddress } from './addresses';
import { problemWithNetwork, ptrName, reverseNetwork } from './reverse-names';

function refuse(problem: string | undefined, argument: number): void {
  if (problem !== undefined) throw new FunctionError(problem, argument);
}

export const fqdnFunction = defineFunction({
  name: 'fqdn',
  summary: 'The full name of a host in a zone',
  description:
    'The name with the zone behind it, in lower case, with the final dot. `@` and an empty name are the zone itself. A ' +
    'name that ends with a dot is full already; it has to be in the zone.',
  parameters: [
    parameter('name', kinds.string, {
      description: 'Name below the zone, for example `www`, `@`, or a full name.',
    }),
    parameter('zone', kinds.string, {
      description: 'Name of the zone, for example `lab.internal.`; the final dot may be left out.',
    }),
  ],
  returns: kinds.string,
  run(name, zone) {
    const outer = zone.endsWith('.') ? zone : `${zone}.`;
    refuse(zone === '' ? 'a zone has a name' : problemWithOwnerName(outer), 1);
    if (name === '' || name === '@') return canonicalName(outer);
    const full = name.endsWith('.') ? name : outer === '.' ? `${name}.` : `${name}.${outer}`;
    refuse(problemWithTargetName(full), 0);
    if (!isInZone(full, outer)) {
      throw new FunctionError(
        `'${name}' is a full name outside '${outer}'; take out the final dot to put it below`,
        0,
      );
    }
    return canonicalName(full);
  },
});

export const ptrNameFunction = defineFunction({
  name: 'ptr_name',
  summary: 'The name of the PTR record of an address',
  description:
    'For IPv4 as RFC 1035 has it (`7.2.0.192.in-addr.arpa.`), for IPv6 as RFC 3596 has it (32 digits and `ip6.arpa.`).',
  parameters: [
    parameter('address', kinds.string, { description: 'IPv4 or IPv6 address, without a prefix length.' }),
  ],
  returns: kinds.string,
  run(address) {
    refuse(problemWithAddress(address), 0);
    return ptrName(address);
  },
});

export const reverseZoneNameFunction = defineFunction({
  name: 'reverse_zone_name',
  summary: 'The name of the reverse zone of a network',
  description:
    'For IPv4 of /8, /16 and /24 the usual one, for a longer prefix as RFC 2317 has it (`0/26.2.0.192.in-addr.arpa.`), ' +
    'for IPv6 of a multiple of four bits.',
  parameters: [
    parameter('cidr', kinds.string, {
      description: 'The network, for example `10.20.0.0/16` or `2001:db8::/32`.',
    }),
  ],
  returns: kinds.string,
  run(cidr) {
    refuse(problemWithNetwork(cidr), 0);
    return reverseNetwork(cidr).zone;
  },
});
