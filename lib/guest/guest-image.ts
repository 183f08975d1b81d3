/** How a guest is told what it is: the program that reads its configuration at first boot. */
export type GuestKind = 'cloud-init' | 'ignition';

/** What a guest must know of the image it is made from; the facts of an image catalog are such. */
export interface GuestImage {
  readonly imageName: string;
  /** Distribution, for example `debian-12`, `fedora-coreos-42`, `flatcar-4230`. */
  readonly os: string;
  /** Name to version of every package in the image, as far as it is known. */
  readonly packages: Readonly<Record<string, string>>;
  /** @default 'cloud-init' */
  readonly kind?: GuestKind;
  /** Newest Ignition specification that the image reads; for kind `ignition`. */
  readonly ignitionSpec?: string;
}

/** Families of distributions, where they differ for a guest. */
export enum GuestOs {
  /** Debian and what is like it: a package manager, a `/usr` that can be written. */
  DEBIAN = 'debian',
  /** Fedora CoreOS: `/usr` is read-only, NetworkManager, SELinux. */
  FEDORA_COREOS = 'fedora-coreos',
  /** Flatcar Container Linux: `/usr` is read-only, systemd-networkd. */
  FLATCAR = 'flatcar',
}

export function guestOs({ os }: Pick<GuestImage, 'os'>): GuestOs {
  if (/^(fedora-)?coreos|^fcos/.test(os)) return GuestOs.FEDORA_COREOS;
  return os.startsWith('flatcar') ? GuestOs.FLATCAR : GuestOs.DEBIAN;
}

/** True where the system itself comes as a whole and only `/etc` and `/var` can be written. */
export function isImmutable(image: Pick<GuestImage, 'os'>): boolean {
  return guestOs(image) !== GuestOs.DEBIAN;
}
