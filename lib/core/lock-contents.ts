/** A data disk that exists or has existed: it outlives the machine it belongs to. */
export interface DataDiskRecord {
  /** Path of its construct, for example `lab-web/web/web-0/data`: the disk's address in Terraform follows from it. */
  readonly path: string;
  /** Name of the virtual machine. */
  readonly machine: string;
  /** Name of the disk within its machine. */
  readonly disk: string;
  readonly hypervisor: string;
  readonly storagePool: string;
  /** Bytes. */
  readonly size: number;
  /** Set by `cloudless disk release`: the disk may be destroyed. */
  readonly released?: true;
}

/** How a member came to its address, where that is not plain allocation. */
export interface IdentityRecord {
  readonly address: string;
  readonly mac: string;
  readonly address6?: string;
  /** The code asks for this very address. */
  readonly pinned?: true;
  /** It had been removed, and got back what it had. */
  readonly returned?: true;
  /** Name that the identity was recorded under before. */
  readonly formerly?: string;
}

/** The identity of a member that is gone (a tombstone). */
export interface ReleasedRecord extends IdentityRecord {
  /** Day on which it was found gone, `2026-11-21` in UTC; written once. */
  readonly since: string;
}

export interface NetworkRecord {
  readonly cidr: string;
  readonly cidr6?: string;
  /** Ranges that addresses are allocated from, as text. */
  readonly ranges?: readonly string[];
  /** Addresses that are never given out: range, and for whom and why. */
  readonly reserved?: Readonly<Record<string, string>>;
  /** By member: the name of a machine, with `#1` behind it for its second card on the network. */
  readonly members: Record<string, IdentityRecord>;
  /** Identities of members that are gone; kept so that a name that comes back gets what it had. */
  readonly released: Record<string, ReleasedRecord>;
}

/** What a machine takes of its hypervisor: kept so that nobody else is given its room. */
export interface PlacementNeeds {
  /** Bytes. */
  readonly memory: number;
  readonly vcpus: number;
  /** Bytes by storage pool. */
  readonly storage: Readonly<Record<string, number>>;
}

export interface MachineRecord {
  /** Where it was placed. */
  readonly hypervisor?: string;
  readonly needs?: PlacementNeeds;
  /** What its host key and data disks are named after, when that is not its present name. */
  readonly identity?: string;
  /** Day on which the machine was found gone. */
  readonly since?: string;
}

/** The release of an image that an environment has settled on. */
export interface ImagePin {
  readonly version: string;
  /** SHA-256 of the image's file, as `sha256:<hex>`. */
  readonly digest: string;
}

/** When a certificate was issued: what it holds follows from that, so that the same code gives the same certificate. */
export interface CertificateRecord {
  /** Day from which it is valid, `2026-11-21` in UTC. */
  readonly issued: string;
}

/** What a cluster was begun with. It stays as it is when the cluster grows. */
export interface ClusterRecord {
  /** Servers that had to be there before the first leader was elected. */
  readonly servers: number;
}

/** What a lock file says. */
export interface LockContents {
  environment: string;
  /** Fingerprint of the site key. */
  siteKey?: string;
  /** How long addresses of removed members are kept from others, as a duration. */
  tombstones?: string;
  readonly networks: Record<string, NetworkRecord>;
  readonly machines: Record<string, MachineRecord>;
  /** By what the code asks for: `debian-12/stable` for a channel, `debian-12/1.4.0` for a version. */
  readonly images: Record<string, ImagePin>;
  /** By `machine/disk`. */
  readonly dataDisks: Record<string, DataDiskRecord>;
  /** By `authority/name`; the authority's own is `authority/`. */
  readonly certificates: Record<string, CertificateRecord>;
  /** By name. */
  readonly clusters: Record<string, ClusterRecord>;
}

export function emptyContents(environment: string): LockContents {
  return {
    environment,
    networks: {},
    machines: {},
    images: {},
    dataDisks: {},
    certificates: {},
    clusters: {},
  };
}

/** Key of a member in a network's record. */
export function memberKey(machine: string, card = 0): string {
  return card === 0 ? machine : `${machine}#${card}`;
}

/** Name of the machine that a member's key belongs to. */
export function machineOf(key: string): string {
  return key.split('#', 1)[0] ?? key;
}
