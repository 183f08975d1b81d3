import { Construct } from 'constructs';
import { CloudlessStack } from '../core/cloudless-stack';
import type { IVirtualMachine } from '../vm';
import type { KnownHosts } from './known-hosts';

export interface SshConfigProps {
  readonly machines: readonly IVirtualMachine[];
  readonly knownHosts: KnownHosts;
  /** User to log in as. */
  readonly user: string;
  /**
   * Path of the private key to log in with.
   * @default - what ssh tries by itself
   */
  readonly identityFile?: string;
}

/** A client configuration (ssh_config(5)) with which every machine is reached by its name, its key checked. */
export class SshConfig extends Construct {
  /** Path of the file in the stack's folder. */
  readonly path: string;

  constructor(scope: Construct, id: string, props: SshConfigProps) {
    super(scope, id);
    const blocks = props.machines.map((machine) => [
      `Host ${machine.machineName} ${machine.fqdn.toString()}`,
      `  HostName ${machine.fqdn.toString()}`,
      `  HostKeyAlias ${machine.fqdn.toString()}`,
    ]);
    // ssh takes a relative path from where it is called, so the file names its own place.
    const everywhere = (folder: string) => [
      'Host *',
      `  User ${props.user}`,
      ...(props.identityFile ? [`  IdentityFile ${props.identityFile}`, '  IdentitiesOnly yes'] : []),
      `  UserKnownHostsFile ${folder}/${props.knownHosts.path}`,
      '  GlobalKnownHostsFile none',
      '  StrictHostKeyChecking yes',
    ];
    this.path = CloudlessStack.of(this).addFile('inventory/ssh_config', {
      render: (folder) => [...blocks, everywhere(folder)].map((block) => `${block.join('\n')}\n`).join('\n'),
      mode: 0o644,
    });
  }
}
