import { hostname } from '../../core/names';
import { Size } from '../../core/size';
import type { IHypervisor } from '../../hypervisor';
import type { MachineProps } from '../machine-props';
import { attachmentsOf, cardProblems } from './network-cards';

const SMALLEST_MEMORY = Size.mib(64);
const LARGEST_UNDECLARED_MEMORY = Size.gib(256);

/** What is wrong with the wishes for a machine, before anything is known of its place. */
export function machineProblems(props: MachineProps, name: string): string[] {
  const problems: string[] = [];
  try {
    hostname(name);
  } catch (error) {
    problems.push((error as Error).message);
  }
  problems.push(...memoryProblems(props));
  const vcpus = props.vcpus ?? 1;
  if (!Number.isInteger(vcpus) || vcpus < 1 || vcpus > 256)
    problems.push(`vcpus is ${vcpus}; give a whole number from 1 to 256`);
  const { release } = props.image;
  if (props.rootDisk?.size?.isLessThan(release.virtualSize))
    problems.push(
      `root disk of ${props.rootDisk.size.toString()} is smaller than image '${release.imageName}' ${release.version} (${release.virtualSize.toString()}); give at least that, or leave 'size' out`,
    );
  const keys = props.administrators.flatMap((administrator) => administrator.sshAuthorizedKeys);
  if (keys.length === 0) problems.push("nobody could log in: give 'administrators' at least one SSH key");
  problems.push(...cardProblems(props));
  const { image } = props;
  const networks = attachmentsOf(props).map(({ network }) => network);
  const apart = networks.find(
    (network) => !image.hypervisors.some((each) => network.hypervisors.includes(each)),
  );
  if (apart)
    problems.push(
      `network '${apart.networkName}' is on ${namesOf(apart.hypervisors)}, the image on ${namesOf(image.hypervisors)}; one hypervisor must have both`,
    );
  else if (!image.hypervisors.some((each) => networks.every((network) => network.hypervisors.includes(each))))
    problems.push(
      `no hypervisor has the image and all of the machine's networks (${networks.map(({ networkName, hypervisors }) => `'${networkName}' is on ${namesOf(hypervisors)}`).join('; ')}); one must have them all`,
    );
  const names = (props.dataDisks ?? []).map((disk) => disk.name);
  const twice = names.find((each, index) => names.indexOf(each) !== index);
  if (twice !== undefined) problems.push(`two data disks are named '${twice}'; rename one`);
  const reserved = names.find((each) => /^(root|seed|spec|on-.*)$/.test(each));
  if (reserved !== undefined) problems.push(`a data disk cannot be named '${reserved}'; rename it`);
  return problems;
}

function namesOf(hypervisors: readonly IHypervisor[]): string {
  return `hypervisor ${hypervisors.map(({ hypervisorName }) => `'${hypervisorName}'`).join(', ') || '(none)'}`;
}

function memoryProblems({ memory, image }: MachineProps): string[] {
  const bytes = memory.toBytes();
  const given = `memory is ${memory.toString()}`;
  if (memory.isLessThan(SMALLEST_MEMORY))
    return [
      `${given}; a machine needs at least ${SMALLEST_MEMORY.toString()}: check the unit, for example Size.mib(512)`,
    ];
  if (bytes % Size.mib(1).toBytes() !== 0)
    return [`${given}; give whole mebibytes, for example Size.mib(512)`];
  if (image.hypervisors.some((each) => each.memory && !memory.isMoreThan(each.memory))) return [];
  const largest = [...image.hypervisors].sort((a, b) =>
    (b.memory ?? Size.ZERO).compareTo(a.memory ?? Size.ZERO),
  )[0];
  if (largest?.memory && image.hypervisors.every((each) => each.memory))
    return [
      `${given}, more than hypervisor '${largest.hypervisorName}' has for guests (${largest.memory.toString()}): check the unit, or use a larger hypervisor`,
    ];
  if (memory.isMoreThan(LARGEST_UNDECLARED_MEMORY))
    return [
      `${given}, more than ${LARGEST_UNDECLARED_MEMORY.toString()}: check the unit; if it is meant, declare 'memory' of ${namesOf(image.hypervisors)}`,
    ];
  return [];
}
