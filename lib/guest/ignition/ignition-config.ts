// The parts of an Ignition configuration that a guest makes use of (coreos.github.io/ignition, specification 3.x). Names
// and order of keys are those of the specification; what is not needed is left out.

export interface IgnitionConfig {
  readonly ignition: { readonly version: string };
  readonly kernelArguments?: { readonly shouldExist: readonly string[] };
  readonly passwd?: { readonly users: readonly IgnitionUser[] };
  readonly storage?: {
    readonly directories?: readonly IgnitionDirectory[];
    readonly files?: readonly IgnitionFile[];
    readonly filesystems?: readonly IgnitionFilesystem[];
    readonly links?: readonly IgnitionLink[];
  };
  readonly systemd?: { readonly units: readonly IgnitionUnit[] };
}

export interface IgnitionUser {
  readonly name: string;
  readonly groups?: readonly string[];
  readonly homeDir?: string;
  readonly noCreateHome?: boolean;
  readonly shell?: string;
  readonly sshAuthorizedKeys?: readonly string[];
  readonly system?: boolean;
  readonly uid?: number;
}

interface IgnitionNode {
  readonly path: string;
  readonly group?: { readonly name: string };
  readonly overwrite?: boolean;
  readonly user?: { readonly name: string };
}

export interface IgnitionDirectory extends IgnitionNode {
  readonly mode: number;
}

export interface IgnitionFile extends IgnitionNode {
  readonly contents: {
    /** A `data:` URL, or where to fetch it. */
    readonly source: string;
    /** `sha256-<hex>` or `sha512-<hex>`. */
    readonly verification?: { readonly hash: string };
  };
  readonly mode: number;
}

export interface IgnitionLink extends IgnitionNode {
  readonly target: string;
}

export interface IgnitionFilesystem {
  readonly device: string;
  readonly format: string;
  readonly label: string;
  readonly path: string;
  /** Always false: a disk with anything on it is used as it is, or the machine does not start. */
  readonly wipeFilesystem: false;
}

export interface IgnitionUnit {
  readonly name: string;
  readonly contents?: string;
  readonly dropins?: readonly { readonly name: string; readonly contents: string }[];
  readonly enabled?: boolean;
  readonly mask?: boolean;
}
