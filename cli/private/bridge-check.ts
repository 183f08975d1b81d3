import { resolve } from 'node:path';
import { missingBridges, shellOfThisHost, type WantedBridge } from '../../hosts/check-bridges';
import { sshShell, type HostShell } from '../../hosts/host-shell';
import { Virsh } from '../../images/fleet/virsh';
import type { StackFolder } from './site-facts';
import { readStackJson } from './stack-json';

interface NetworkJson {
  readonly name: string;
  readonly mode?: string;
  readonly bridge?: string;
  readonly provider?: string;
  readonly xml?: { readonly xslt?: string } | readonly { readonly xslt?: string }[];
}

/** What one hypervisor shall have. */
interface Wish {
  readonly uri: string;
  /** That relative paths in the URI are relative to. */
  readonly directory: string;
  readonly bridges: readonly WantedBridge[];
}

export interface BridgeReport {
  /** Bridges that are as the networks want them. */
  readonly found: number;
  readonly problems: readonly string[];
  /** Hypervisors that could not be asked, with the reason. */
  readonly unasked: readonly string[];
}

/** Looks on every hypervisor for the bridges that its synthesised networks are to be on. */
export async function checkBridges(stacks: readonly StackFolder[]): Promise<BridgeReport> {
  let found = 0;
  const [problems, unasked]: [string[], string[]] = [[], []];
  for (const { uri, directory, bridges } of stacks.flatMap(wishesOf)) {
    const shell = await shellFor(uri, directory);
    if (!shell) {
      unasked.push(`${uri} is not reached by SSH and is no libvirt of this machine; run this there`);
      continue;
    }
    const missing = await missingBridges(shell, bridges);
    found += bridges.length - missing.length;
    problems.push(...missing);
  }
  return { found, problems, unasked };
}

function wishesOf({ directory }: StackFolder): Wish[] {
  const { provider, resource } = readStackJson<NetworkJson>(directory);
  return (provider?.libvirt ?? []).flatMap(({ alias = '', uri = '' }) => {
    const bridges = Object.values(resource?.libvirt_network ?? {}).flatMap((network) =>
      network.provider === `libvirt.${alias}` ? (wantedBridge(network) ?? []) : [],
    );
    return bridges.length === 0 ? [] : [{ uri, directory, bridges }];
  });
}

/** The bridge of a network that does not make its own. */
function wantedBridge({ name, mode, bridge, xml }: NetworkJson): WantedBridge | undefined {
  if (mode !== 'bridge' || bridge === undefined) return undefined;
  const isOvs = JSON.stringify(xml ?? '').includes('openvswitch');
  return { network: name, bridge, kind: isOvs ? 'ovs' : 'bridge' };
}

/** @returns undefined for a libvirt on a socket that is another machine's, as in the lab */
async function shellFor(uri: string, directory: string): Promise<HostShell | undefined> {
  if (!uri.startsWith('qemu+ssh:'))
    return shellOfThisHost((await new Virsh(uri, directory).run('hostname')).trim());
  const query = new URL(uri).searchParams;
  const file = (name: string) => {
    const path = query.get(name) ?? undefined;
    return path === undefined || path.startsWith('~') ? path : resolve(directory, path);
  };
  return sshShell(uri, { key: file('keyfile'), knownHosts: file('knownhosts') });
}
