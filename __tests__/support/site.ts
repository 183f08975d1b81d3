import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'cdktf';
import {
  Accelerator,
  BaseImage,
  Cidr,
  CloudlessStack,
  Environment,
  Fqdn,
  Hypervisor,
  ImageCatalog,
  LibvirtUri,
  LockChanges,
  LockFile,
  NatNetwork,
  Size,
  SshKeyPair,
  StoragePool,
  type HypervisorProps,
  type MachineProps,
} from '../../lib';

/** JSON of one stack, as Terraform reads it. */
export interface TerraformJson {
  readonly resource?: Record<string, Record<string, Record<string, unknown>>>;
  readonly provider?: Record<string, Record<string, unknown>[]>;
  readonly terraform?: Record<string, unknown>;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'cloudless-test-'));
}

/** A catalog with one image; the constructs read its size and digest only, so its file is a small one. */
export function writeTestCatalog(directory: string, packages?: Record<string, string>): string {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'debian-12.qcow2'), 'the bytes of an image');
  return writeCatalogOf(directory, 'debian-12', {
    version: '1.0.0-0a1b2c3d',
    virtualSize: Size.gib(1),
    packages,
  });
}

/** A catalog beside the one image that is in it, `NAME.qcow2`. */
export function writeCatalogOf(
  directory: string,
  name: string,
  image: {
    version: string;
    virtualSize: Size;
    os?: string;
    packages?: Record<string, string>;
    kind?: string;
    ignitionSpec?: string;
  },
): string {
  const content = readFileSync(join(directory, `${name}.qcow2`));
  const entry = {
    version: image.version,
    digest: `sha256:${createHash('sha256').update(content).digest('hex')}`,
    file: `${name}.qcow2`,
    format: 'qcow2',
    size: content.length,
    virtualSize: image.virtualSize.toBytes(),
    definition: `sha256:${'0'.repeat(64)}`,
    os: image.os ?? name,
    ...(image.kind !== undefined && { kind: image.kind, ignitionSpec: image.ignitionSpec }),
    architecture: 'x86_64',
    // What the firewall of a machine needs.
    packages: image.packages ?? { nftables: '1.0.6-2+deb12u2' },
  };
  const path = join(directory, 'catalog.json');
  writeFileSync(path, JSON.stringify({ formatVersion: 1, images: { [name]: [entry] } }));
  return path;
}

/** An environment in a directory of its own, with a hypervisor, an image and a network to build machines on. */
export class TestSite {
  readonly app: App;
  readonly environment: Environment;
  readonly hypervisor: Hypervisor;
  readonly base: CloudlessStack;
  readonly image: BaseImage;
  readonly network: NatNetwork;

  constructor(
    readonly directory = temporaryDirectory(),
    options: { readonly hypervisor?: Partial<HypervisorProps>; readonly cidr?: string } = {},
  ) {
    this.app = new App({ outdir: join(directory, 'cdktf.out') });
    this.environment = new Environment(this.app, 'test', {
      domain: Fqdn.of('test.internal'),
      lockFile: join(directory, 'test.lock.json'),
      siteKeyFile: join(directory, 'site.key'),
      lockChanges: LockChanges.WRITE, // also where the tests themselves run in a pipeline
    });
    this.hypervisor = new Hypervisor(this.environment, 'kvm1', {
      uri: LibvirtUri.local(),
      accelerator: Accelerator.TCG,
      ...options.hypervisor,
    });
    this.base = new CloudlessStack(this.environment, 'base');
    const storagePool = new StoragePool(this.base, 'default', {
      hypervisor: this.hypervisor,
      path: '/var/lib/libvirt/images',
    });
    this.image = new BaseImage(this.base, 'debian', {
      release: ImageCatalog.load(writeTestCatalog(join(directory, 'images'))).release('debian-12'),
      storagePool,
    });
    this.network = new NatNetwork(this.base, 'lan', {
      hypervisor: this.hypervisor,
      cidr: Cidr.of(options.cidr ?? '10.20.0.0/24'),
    });
  }

  stack(id: string): CloudlessStack {
    return new CloudlessStack(this.environment, id);
  }

  /** What a machine needs at least. */
  get machine(): MachineProps {
    const { publicKey } = SshKeyPair.ed25519FromSeed(Buffer.alloc(32, 1), 'operator');
    return {
      image: this.image,
      network: this.network,
      memory: Size.mib(256),
      administrators: [{ name: 'ops', sshAuthorizedKeys: [publicKey] }],
    };
  }

  /** Writes everything out; the lock file too. */
  synth(): this {
    this.app.synth();
    return this;
  }

  folder(stack: string): string {
    return join(this.directory, 'cdktf.out', 'stacks', `test-${stack}`);
  }

  json(stack: string): TerraformJson {
    return JSON.parse(readFileSync(join(this.folder(stack), 'cdk.tf.json'), 'utf8')) as TerraformJson;
  }

  resources(stack: string, type: string): Record<string, unknown>[] {
    return Object.values(this.json(stack).resource?.[type] ?? {});
  }

  /** Terraform addresses of all resources of a stack, sorted. */
  addresses(stack: string): string[] {
    return Object.entries(this.json(stack).resource ?? {})
      .flatMap(([type, resources]) => Object.keys(resources).map((name) => `${type}.${name}`))
      .sort();
  }

  /** The lock file as it lies there. */
  get lock(): LockFile {
    return LockFile.open(join(this.directory, 'test.lock.json'));
  }
}
