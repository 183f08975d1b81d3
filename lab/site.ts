import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../lib/core/cache';
import { ValidationError } from '../lib/core/errors';

/** The facts of a lab that an environment is written against; also the content of `lab.json`. */
export interface LabSite {
  /** Name of the lab, `default` unless chosen. */
  readonly name: string;
  /** What QEMU runs guests with: the processor's virtualisation, or QEMU's own translation (TCG). */
  readonly accelerator: LabAccelerator;
  /** The lab's hypervisors; `kvm1` is the one in whose network the operator stands. */
  readonly hypervisors: readonly [LabHypervisor, ...LabHypervisor[]];
  /** What joins the hypervisors. */
  readonly fabric: LabFabric;
  readonly dns: LabDns;
  readonly prometheus: LabPrometheus;
  /** Path of the site key; the file is made by the library, not by the lab. */
  readonly siteKey: string;
  /** SSH key pair of the person who operates the lab. */
  readonly operator: { readonly privateKey: string; readonly publicKey: string };
}

export type LabAccelerator = 'kvm' | 'tcg';

export interface LabHypervisor {
  readonly name: string;
  /** libvirt connection URI, valid in the operator's view. */
  readonly uri: string;
  /** Directory below which storage pools are made, on that hypervisor. */
  readonly storage: string;
  /** Its IPv4 address in the fabric. */
  readonly address: string;
  /** Its IPv6 address in the fabric. */
  readonly address6: string;
  /** Ranges that the fabric routes to this hypervisor: the ones to take routed networks from. */
  readonly routed: { readonly ipv4: string; readonly ipv6: string };
  /** How it is reached by SSH. @default - not at all, its libvirt answers on a socket */
  readonly ssh?: LabSsh;
}

export interface LabSsh {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Path of the private key that opens it, the operator's. */
  readonly key: string;
  /** Path of the file that holds its host key, and those of no other machines. */
  readonly knownHosts: string;
}

/**
 * Three switches that pass on every frame, tagged or not. Each hypervisor has one card in each: `eth0` with its
 * address, `eth1` as uplink of its Open vSwitch bridge, `eth2` for what a user makes of it.
 */
export interface LabFabric {
  /** The hypervisors' own network. */
  readonly ipv4: string;
  readonly ipv6: string;
  /** Largest packet, in bytes. */
  readonly mtu: number;
  /** Card with the hypervisor's address. */
  readonly management: string;
  /** Open vSwitch bridge that every hypervisor has. */
  readonly ovsBridge: string;
  /** Card through which that bridge reaches the others. */
  readonly uplink: string;
  /** Card that nothing uses. */
  readonly spare: string;
  /** VLANs that the switches pass on, first and last. */
  readonly vlans: { readonly first: number; readonly last: number };
}

export interface LabDns {
  readonly address: string;
  readonly port: number;
  /** Where guests reach the same server, through the gateway of their network. */
  readonly guestAddress: string;
  /** Base address of the HTTP API; its key is given to commands as `PDNS_API_KEY`. */
  readonly api: string;
  /** Zone in which the lab's names live. */
  readonly zone: string;
}

export interface LabPrometheus {
  readonly url: string;
  /** Directory whose `*.json` files (file_sd) say what is scraped. */
  readonly targets: string;
}

/** How many hypervisors a lab has unless it is started with fewer. */
export const HYPERVISORS = 3;

/** Names of labs are short: they become part of paths and of prompts. */
const NAME = /^[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?$/;

/**
 * The facts of a lab, whether it runs or not; makes its directory (mode 0700) when there is none.
 *
 * @param name default: the environment variable `CLOUDLESS_LAB`, else `default`
 * @throws ValidationError when the name is not usable or `lab.json` is damaged
 */
export function labSite(name = labName()): LabSite {
  const directory = labDirectory(name);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Nearly all of it follows from the name, so that a lab that never ran can be synthesised for.
  const { accelerator, hypervisors } = recorded(join(directory, 'lab.json'));
  return siteFacts(name, directory, accelerator, hypervisors);
}

/** Name of the lab to work with. */
export function labName(): string {
  return process.env.CLOUDLESS_LAB || 'default';
}

/**
 * Directory of everything that belongs to a lab.
 *
 * @throws ValidationError when the name is not usable
 */
export function labDirectory(name: string): string {
  if (!NAME.test(name)) {
    throw new ValidationError(
      '',
      `lab name '${name}' must be 1 to 31 of a-z, 0-9 and '-', and neither begin nor end with '-'; choose another with --name`,
    );
  }
  return cacheDirectory('labs', name);
}

export function siteFacts(
  name: string,
  directory: string,
  accelerator: LabAccelerator,
  hypervisors = HYPERVISORS,
): LabSite {
  const further = Array.from({ length: hypervisors - 1 }, (_, index) =>
    hypervisorFacts(directory, index + 2),
  );
  return {
    name,
    accelerator,
    hypervisors: [hypervisorFacts(directory, 1), ...further],
    fabric: {
      ipv4: '10.255.0.0/24',
      ipv6: 'fd42:c10d::/64',
      mtu: 1500,
      management: 'eth0',
      ovsBridge: 'ovsbr0',
      uplink: 'eth1',
      spare: 'eth2',
      vlans: { first: 1, last: 4094 },
    },
    dns: {
      address: '127.0.0.1',
      port: 53,
      guestAddress: '10.255.53.53',
      api: 'http://127.0.0.1:8081',
      zone: 'lab.internal',
    },
    prometheus: { url: 'http://127.0.0.1:9090', targets: '/run/cloudless/prometheus/targets' },
    siteKey: join(directory, 'site.key'),
    operator: { privateKey: join(directory, 'operator'), publicKey: join(directory, 'operator.pub') },
  };
}

function hypervisorFacts(directory: string, number: number): LabHypervisor {
  const name = `kvm${number}`;
  const facts = {
    name,
    uri: `qemu:///system?socket=/run/cloudless/${name}/libvirt-sock`,
    storage: '/var/lib/libvirt/cloudless',
    address: `10.255.0.${number}`,
    address6: `fd42:c10d::${number}`,
    routed: { ipv4: `10.10${number}.0.0/16`, ipv6: `fd42:c10d:${number}::/48` },
  };
  // One of them is reached as most hypervisors are.
  if (number !== HYPERVISORS) return facts;
  const ssh: LabSsh = {
    host: facts.address,
    port: 22,
    user: 'root',
    key: join(directory, 'operator'),
    knownHosts: join(directory, 'known_hosts'),
  };
  return { ...facts, uri: sshUri(ssh), ssh };
}

/** As the Terraform provider wants it; virsh takes `keyfile` from it, and the host key from the operator's view. */
function sshUri({ user, host, key, knownHosts }: LabSsh): string {
  const query = new URLSearchParams({ sshauth: 'privkey', keyfile: key, knownhosts: knownHosts });
  return `qemu+ssh://${user}@${host}/system?${query.toString().replaceAll('%2F', '/')}`;
}

/** What was found when the lab was first started; before that, what works everywhere. */
function recorded(file: string): { accelerator: LabAccelerator; hypervisors: number } {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      return { accelerator: 'tcg', hypervisors: HYPERVISORS };
    throw error;
  }
  try {
    const { accelerator, hypervisors, fabric } = JSON.parse(text) as Record<string, unknown>;
    // Without a fabric it is the lab of an earlier version, which could have no more than one.
    const count = fabric && Array.isArray(hypervisors) ? hypervisors.length : HYPERVISORS;
    if ((accelerator === 'kvm' || accelerator === 'tcg') && count >= 1 && count <= HYPERVISORS)
      return { accelerator, hypervisors: count };
  } catch {
    // said below
  }
  throw new ValidationError(
    '',
    `'${file}' is damaged: it must be JSON whose 'accelerator' is kvm or tcg; remove it and run: cloudless lab up`,
  );
}
