import { Construct } from 'constructs';
import { libvirtPool } from '../bindings/libvirt';
import { ClaimKind, Claims } from '../core/claims';
import { CloudlessStack } from '../core/cloudless-stack';
import { ValidationError } from '../core/errors';
import { resourceName } from '../core/names';
import type { IHypervisor } from '../hypervisor';

/** A place on a hypervisor that holds volumes. */
export interface IStoragePool {
  readonly storagePoolName: string;
  readonly hypervisor: IHypervisor;
  /** Directory on the hypervisor, where it is known. */
  readonly path?: string;
}

export interface StoragePoolProps {
  readonly hypervisor: IHypervisor;
  /** Directory on the hypervisor; it is made when it does not exist. */
  readonly path: string;
  /**
   * Name in libvirt.
   * @default - the construct's id
   */
  readonly name?: string;
}

/** A directory of a hypervisor, used as libvirt storage pool. */
export class StoragePool extends Construct implements IStoragePool {
  /**
   * Uses a storage pool that exists already and is managed elsewhere.
   *
   * @param path its directory, needed only where a copied volume is taken over
   */
  static fromName(hypervisor: IHypervisor, storagePoolName: string, path?: string): IStoragePool {
    return { hypervisor, storagePoolName, path };
  }

  readonly storagePoolName: string;
  readonly hypervisor: IHypervisor;
  /** Directory on the hypervisor. */
  readonly path: string;

  constructor(scope: Construct, id: string, props: StoragePoolProps) {
    super(scope, id);
    if (!/^\/[\w./-]+[^/]$/.test(props.path) || props.path.includes('..'))
      throw new ValidationError(
        this,
        `path '${props.path}' is no absolute path of a directory; give one such as '/var/lib/libvirt/images'`,
      );
    this.hypervisor = props.hypervisor;
    this.storagePoolName = resourceName('storage pool', props.name ?? id);
    this.path = props.path;
    Claims.of(this).claim(
      this,
      ClaimKind.STORAGE_POOL,
      this.storagePoolName,
      `hypervisor ${this.hypervisor.hypervisorName}`,
    );
    libvirtPool(this, 'Resource', {
      provider: this.hypervisor.providerFor(CloudlessStack.of(this)),
      name: this.storagePoolName,
      path: this.path,
    });
  }
}
