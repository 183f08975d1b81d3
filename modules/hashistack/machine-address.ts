import { ValidationError } from '../../lib/core/errors';
import type { IpAddress } from '../../lib/core/ip-address';
import type { GuestConfig } from '../../lib/guest/guest-config';

/**
 * The fixed address that the machine's name stands for: what a cluster's member binds to and tells others. Not the name of a
 * network interface, which differs from machine to machine.
 */
export function machineAddress(guest: GuestConfig, module: string): IpAddress {
  const [address] = guest.interfaces[0]?.addresses ?? [];
  if (address === undefined)
    throw new ValidationError(
      guest.fqdn.toString(),
      `${module} needs a fixed address, and the machine has none; give it a network with addresses`,
    );
  return address.address;
}
