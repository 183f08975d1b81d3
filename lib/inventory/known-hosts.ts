import { Construct } from 'constructs';
import { CloudlessStack } from '../core/cloudless-stack';
import { HostKeyOrigin, type IVirtualMachine } from '../vm';

export interface KnownHostsProps {
  readonly machines: readonly IVirtualMachine[];
}

/** The SSH host keys of machines (those that follow from the site key), known before they exist, as a `known_hosts` file (sshd(8)). */
export class KnownHosts extends Construct {
  /** Path of the file in the stack's folder. */
  readonly path: string;

  constructor(scope: Construct, id: string, props: KnownHostsProps) {
    super(scope, id);
    const pinned = props.machines.filter(({ hostKeyOrigin }) => hostKeyOrigin === HostKeyOrigin.SITE_KEY);
    const lines = pinned.map(
      (machine) =>
        `${machine.fqdn.toString()},${machine.machineName},${machine.address.toString()} ${machine.hostKey.toString().split(' ').slice(0, 2).join(' ')}\n`,
    );
    this.path = CloudlessStack.of(this).addFile('inventory/known_hosts', {
      content: lines.join(''),
      mode: 0o644,
    });
  }
}
