import type { Size } from '../lib/core/size';

/** What a base image is made of. Data only: equal definitions (and an equal recipe) have equal digests. */
export interface ImageDefinition {
  /** Name in the catalog, for example `debian-12`. */
  readonly name: string;
  /** Version of the definition, semantic versioning; a release carries it with the start of the definition's digest. */
  readonly version: string;
  /** How a guest is told what it is: the program that reads its seed or configuration at first boot. */
  readonly kind: 'cloud-init' | 'ignition';
  /** Newest version of the Ignition specification that the image reads; for kind `ignition` only. */
  readonly ignitionSpec?: string;
  /** The image that this one is a further stage of. @default - none */
  readonly parent?: ParentImage;
  /** Distribution and release, as the catalog records it. */
  readonly os: string;
  readonly architecture: 'x86_64';
  /** Code name of the distribution's release, for example `bookworm`. */
  readonly suite: string;
  /** Every time stamp in the image is this one or older (SOURCE_DATE_EPOCH), ISO 8601. */
  readonly sourceDate: string;
  /** Size of the root file system; a guest's first boot grows it to the size of its root disk. */
  readonly rootSize: Size;
  /** Packages asked for; what they depend on follows, what they recommend does not. */
  readonly packages: readonly string[];
  /** Path patterns that dpkg leaves out (dpkg.cfg `path-exclude`), and exceptions to them. */
  readonly paths: { readonly excluded: readonly string[]; readonly included: readonly string[] };
  readonly kernel: KernelDefinition;
  /** udev rules that are not read, by file name (udev(7)). */
  readonly maskedUdevRules: readonly string[];
  /** Paths to remove from what the packages brought; `*` stands for any characters but a slash. */
  readonly removed: readonly string[];
  readonly files: readonly ImageFile[];
  /** Permissions that differ from what the packages brought. @default - none */
  readonly permissions?: readonly PathPermissions[];
  readonly units: UnitChanges;
  /** Users of services, made after files and units. Who logs in comes from the seed. @default - none but the packages' */
  readonly users?: readonly ServiceUser[];
  /** What runs in the image when packages, files and units are in place, in this order. @default - nothing */
  readonly provisioners?: readonly Provisioner[];
  /** Parts that hold for certain versions of a package only. */
  readonly conditional: readonly ConditionalPart[];
}

/** The stage before: what it was is recorded with the image, and a revoked release of it stops a release. */
export interface ParentImage {
  readonly name: string;
  readonly version: string;
  /** Digest of the parent's definition, `sha256:<hex>`. */
  readonly definition: string;
}

/** A user that a service runs as: no password, no login, a group of the same name. */
export interface ServiceUser {
  readonly name: string;
  /** Number of user and group, below 1000. @default - the next that is free */
  readonly id?: number;
  /** Home directory; it is not made. @default '/nonexistent' */
  readonly home?: string;
}

/** Permissions of paths; a path that is not there is left out. */
export interface PathPermissions {
  /** Absolute; `*` stands for any characters but a slash. */
  readonly path: string;
  /** Octal, for example `0750`. */
  readonly mode: string;
}

/** Runs inside the unpacked image, without network; its text is part of the definition's digest. */
export type Provisioner = ShellProvisioner | FilesProvisioner | AnsibleProvisioner;

export interface ShellProvisioner {
  readonly type: 'shell';
  /** Run by `/bin/sh -eu` in the image. */
  readonly script: string;
}

export interface FilesProvisioner {
  readonly type: 'files';
  readonly files: readonly ImageFile[];
}

/** A playbook for the host `image`. Run twice: the second run must report no change. */
export interface AnsibleProvisioner {
  readonly type: 'ansible';
  /** YAML of the playbook. The image needs Python, the build host `ansible-core`. */
  readonly playbook: string;
  /** Files beside the playbook (templates, roles): relative path to content. @default - none */
  readonly files?: Readonly<Record<string, string>>;
}

export interface KernelDefinition {
  /** Arguments beside `root=` and `rw` (kernel-parameters.txt). */
  readonly arguments: readonly string[];
  /** Modules the initial RAM disk loads, in this order, with what they depend on; those built in are left out. */
  readonly initrdModules: readonly string[];
  /** Directories and modules below `/lib/modules/<release>/kernel` that a virtual machine never needs. */
  readonly removedModules: readonly string[];
  /** Exceptions to `removedModules`. */
  readonly keptModules: readonly string[];
}

/** A file written over whatever the packages put there; owned by root. */
export interface ImageFile {
  readonly path: string;
  readonly content: string;
  /** @default '0644' */
  readonly mode?: '0644' | '0600' | '0755';
}

/** systemd units as the image leaves them, with `systemctl`'s words. */
export interface UnitChanges {
  readonly enabled: readonly string[];
  readonly disabled: readonly string[];
  readonly masked: readonly string[];
  /** Generators that never run (systemd.generator(7)). */
  readonly maskedGenerators: readonly string[];
  /** Units started by a target without an `[Install]` section of their own: target to units. */
  readonly wants: Readonly<Record<string, readonly string[]>>;
}

/** Applied when the installed version of `package` starts with `version`; otherwise the stock behaviour remains. */
export interface ConditionalPart {
  readonly package: string;
  readonly version: string;
  readonly files: readonly ImageFile[];
}
