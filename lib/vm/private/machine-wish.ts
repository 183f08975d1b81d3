import type { Environment } from '../../core/environment';
import { Placement, type IHypervisor } from '../../hypervisor';
import type { MachineWish } from '../../hypervisor/placement-ledger';
import type { MachineProps } from '../machine-props';
import { attachmentsOf } from './network-cards';

const ANYWHERE = Placement.spread();

/** What a machine asks of a hypervisor. */
export function machineWish(
  { lock }: Environment,
  machine: string,
  pool: string,
  props: MachineProps,
): MachineWish {
  const { image, rootDisk, dataDisks = [] } = props;
  const networks = attachmentsOf(props).map(({ network }) => network);
  const home = props.home ?? image.home;
  const identity = lock.identityOf(machine);
  const disk = dataDisks
    .map(({ name }) => lock.dataDisk(identity, name))
    .find((record) => record !== undefined && !record.released);
  return {
    machine,
    pool,
    memory: props.memory,
    vcpus: props.vcpus ?? 1,
    dataDisks: dataDisks.map(({ name }) => name),
    placement: props.placement ?? ANYWHERE,
    // Its data says where it was; a machine that was there before placements were recorded was at home.
    before:
      disk?.hypervisor ??
      (networks.some(({ networkName }) => lock.networks[networkName]?.members[machine])
        ? home?.hypervisorName
        : undefined),
    obstacle(hypervisor: IHypervisor) {
      if (!image.hypervisors.includes(hypervisor)) return `does not have image '${image.release.imageName}'`;
      const missing = networks.find(({ hypervisors }) => !hypervisors.includes(hypervisor));
      if (missing) return `is not connected to network '${missing.networkName}'`;
      for (const { storagePool } of [rootDisk ?? {}, ...dataDisks])
        if (storagePool && storagePool.hypervisor !== hypervisor)
          return `does not have storage pool '${storagePool.storagePoolName}' of '${storagePool.hypervisor.hypervisorName}'`;
      return undefined;
    },
    storageOn(hypervisor: IHypervisor) {
      const { storagePoolName } = image.on(hypervisor).storagePool;
      const rootPool = rootDisk?.storagePool?.storagePoolName ?? storagePoolName;
      const bytes: Record<string, number> = {
        [rootPool]: (rootDisk?.size ?? image.release.virtualSize).toBytes(),
      };
      for (const { size, storagePool } of dataDisks) {
        const name = storagePool?.storagePoolName ?? storagePoolName;
        bytes[name] = (bytes[name] ?? 0) + size.toBytes();
      }
      return bytes;
    },
  };
}
