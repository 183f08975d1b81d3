import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LabHypervisor, LabSite } from '../site';
import { dnsServerPart } from './dns-server';
import { writeIfChanged } from './files';
import { hypervisorDirectory, libvirtParts } from './hypervisor';
import { Namespace, type NamespacePlan } from './namespace';
import { hypervisorScript, NAMESPACE_SCRIPT } from './namespace-script';
import { openVswitchParts } from './open-vswitch';
import type { Part } from './part';
import { prometheusPart } from './prometheus';
import { sshServerParts } from './ssh-server';

/** A namespace and the parts that run in it. */
export interface Room extends Omit<NamespacePlan, 'parent'> {
  /** The hypervisor that the room is. */
  readonly hypervisor: string;
  /** Name under which its namespace is shown. */
  readonly name: string;
  /** Those of one stage do not need each other. */
  readonly stages: readonly (readonly Part[])[];
  /** Writes what its first process reads. */
  configure(): void;
}

/** The operator's view, which is hypervisor kvm1 as well. */
export function operatorRoom(directory: string, site: LabSite): Room {
  const [first] = site.hypervisors;
  const { early, late } = hypervisorStages(directory, site, first);
  return {
    hypervisor: first.name,
    name: 'namespace',
    title: 'the lab',
    directory,
    script: NAMESPACE_SCRIPT,
    log: join(directory, 'log', 'namespace.log'),
    stages: [
      [...early, dnsServerPart(directory, site.dns), prometheusPart(directory, site.prometheus)],
      late,
    ],
    configure: () => {
      const text = 'nameserver 127.0.0.1\noptions timeout:2 attempts:2\n';
      writeIfChanged(join(directory, 'resolv.conf'), text, 0o644);
    },
  };
}

/** The further hypervisors. */
export function hypervisorRooms(directory: string, site: LabSite): Room[] {
  return site.hypervisors.slice(1).map((hypervisor, index) => {
    const root = hypervisorDirectory(directory, hypervisor.name);
    const { early, late } = hypervisorStages(directory, site, hypervisor);
    return {
      hypervisor: hypervisor.name,
      name: `${hypervisor.name}/namespace`,
      title: hypervisor.name,
      directory: root,
      script: hypervisorScript(hypervisor.name, index + 2),
      log: join(directory, 'log', `${hypervisor.name}-namespace.log`),
      stages: [early, late],
      configure: () => {
        mkdirSync(root, { recursive: true, mode: 0o755 });
        const text = `nameserver ${site.dns.guestAddress}\noptions timeout:2 attempts:2\n`;
        writeIfChanged(join(root, 'resolv.conf'), text, 0o644);
      },
    };
  });
}

/** The namespace of a room, undefined when it does not run. */
export function findRoom(room: Room): Namespace | undefined {
  return Namespace.find(room.directory);
}

function hypervisorStages(
  directory: string,
  site: LabSite,
  hypervisor: LabHypervisor,
): { early: Part[]; late: Part[] } {
  const root = hypervisorDirectory(directory, hypervisor.name);
  const [virtlogd, libvirtd] = libvirtParts(root, hypervisor.name, hypervisor.uri);
  const [database, vswitch] = openVswitchParts(root, hypervisor.name, site.fabric);
  return { early: [virtlogd, database, ...sshServerParts(root, hypervisor)], late: [libvirtd, vswitch] };
}
