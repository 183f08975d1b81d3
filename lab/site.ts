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
  /** The lab's libvirt daemons, at least one. */
  readonly hypervisors: readonly [LabHypervisor, ...LabHypervisor[]];
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
  /** libvirt connection URI, valid inside the lab. */
  readonly uri: string;
  /** Directory below which storage pools are made. */
  readonly storage: string;
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
  // Everything but the accelerator follows from the name, so that a lab that never ran can be synthesised for.
  return siteFacts(name, directory, recordedAccelerator(join(directory, 'lab.json')));
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

export function siteFacts(name: string, directory: string, accelerator: LabAccelerator): LabSite {
  return {
    name,
    accelerator,
    hypervisors: [hypervisorFacts('kvm1')],
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

function hypervisorFacts(name: string): LabHypervisor {
  return {
    name,
    uri: `qemu:///system?socket=/run/cloudless/${name}/libvirt-sock`,
    storage: '/var/lib/libvirt/cloudless',
  };
}

/** The accelerator found when the lab was first started; `tcg`, which works everywhere, before that. */
function recordedAccelerator(file: string): LabAccelerator {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'tcg';
    throw error;
  }
  try {
    const { accelerator } = JSON.parse(text) as { accelerator?: unknown };
    if (accelerator === 'kvm' || accelerator === 'tcg') return accelerator;
  } catch {
    // said below
  }
  throw new ValidationError(
    '',
    `'${file}' is damaged: it must be JSON whose 'accelerator' is kvm or tcg; remove it and run: cloudless lab up`,
  );
}
