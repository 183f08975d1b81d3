import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App } from 'cdktf';
import {
  Accelerator,
  Cidr,
  Environment,
  Fqdn,
  Hypervisor,
  ImageCatalog,
  LibvirtUri,
  NatNetwork,
  Size,
  SshKeyPair,
  type HypervisorProps,
  type INetwork,
  type ReplicatedImage,
} from '../../lib';
import { BaseImages, VmPoolStack, type VmPoolStackProps } from '../../stacks';
import { temporaryDirectory, writeTestCatalog, type TerraformJson } from '../support/site';

export interface ClusterOptions {
  readonly directory?: string;
  /** Properties of each hypervisor, `kvm1` first. */
  readonly hypervisors?: readonly Partial<HypervisorProps>[];
}

/** A site of several hypervisors with an image on all and a network that spans them. */
export class Cluster {
  readonly directory: string;
  readonly app: App;
  readonly environment: Environment;
  readonly hypervisors: Hypervisor[];
  readonly images: BaseImages;
  readonly network: INetwork;

  constructor({ directory = temporaryDirectory(), hypervisors = [{}, {}, {}] }: ClusterOptions = {}) {
    this.directory = directory;
    this.app = new App({ outdir: join(directory, 'cdktf.out') });
    this.environment = new Environment(this.app, 'test', {
      domain: Fqdn.of('test.internal'),
      lockFile: join(directory, 'test.lock.json'),
      siteKeyFile: join(directory, 'site.key'),
    });
    this.hypervisors = hypervisors.map(
      (props, index) =>
        new Hypervisor(this.environment, `kvm${index + 1}`, {
          uri: LibvirtUri.socket(`/run/kvm${index + 1}/libvirt-sock`),
          accelerator: Accelerator.TCG,
          memory: Size.gib(8),
          ...props,
        }),
    );
    this.images = new BaseImages(this.environment, 'base-images', {
      hypervisors: this.hypervisors,
      storagePath: '/var/lib/libvirt/test',
      images: {
        debian: ImageCatalog.load(writeTestCatalog(join(directory, 'images'))).release('debian-12'),
      },
    });
    this.network = NatNetwork.fromAttributes({
      networkName: 'lan',
      hypervisors: this.hypervisors,
      cidr: Cidr.of('10.20.0.0/16'),
    });
  }

  get image(): ReplicatedImage {
    return this.images.image('debian');
  }

  /** A pool in a stack of its own. */
  pool(id: string, props: Partial<VmPoolStackProps> = {}): VmPoolStack {
    const { publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 1), 'operator');
    return new VmPoolStack(this.environment, id, {
      count: 3,
      image: this.image,
      network: this.network,
      memory: Size.gib(1),
      administrators: [{ name: 'ops', sshAuthorizedKeys: [publicKey] }],
      ...props,
    });
  }

  synth(): this {
    this.app.synth();
    return this;
  }

  json(stack: string): TerraformJson {
    const path = join(this.directory, 'cdktf.out', 'stacks', `test-${stack}`, 'cdk.tf.json');
    return JSON.parse(readFileSync(path, 'utf8')) as TerraformJson;
  }

  addresses(stack: string): string[] {
    return Object.entries(this.json(stack).resource ?? {})
      .flatMap(([type, resources]) => Object.keys(resources).map((name) => `${type}.${name}`))
      .sort();
  }

  /** What `cloudless placement` reads. */
  get placementFile(): string {
    return readFileSync(join(this.directory, 'cdktf.out', 'placement', 'test.json'), 'utf8');
  }
}

/** Hypervisor of each machine, by machine. */
export function placesOf(...stacks: readonly VmPoolStack[]): Record<string, string> {
  return Object.fromEntries(
    stacks.flatMap(({ pool }) =>
      pool.members.map(({ machineName, hypervisor }) => [machineName, hypervisor.hypervisorName]),
    ),
  );
}

/** The cluster again, as the next run of the program sees it. */
export function again(cluster: Cluster, options: Omit<ClusterOptions, 'directory'> = {}): Cluster {
  return new Cluster({ ...options, directory: cluster.directory });
}
