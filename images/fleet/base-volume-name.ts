/** A base volume as its name tells it: `debian-12-1.4.0-0123456789ab.qcow2`, see BaseImage. */
export interface BaseVolumeName {
  readonly imageName: string;
  readonly version: string;
  /** First 12 hexadecimal digits of the digest. */
  readonly digest: string;
}

const NAME = /([a-z0-9][a-z0-9.-]*?)-(\d+\.\d+\.\d+(?:-[0-9A-Za-z-]+?)?)-([0-9a-f]{12})\.qcow2/;

/** The first name of a base volume in a text, for example a path or a domain's XML. */
export function baseVolumeIn(text: string): BaseVolumeName | undefined {
  const match = NAME.exec(text);
  if (!match) return undefined;
  const [, imageName = '', version = '', digest = ''] = match;
  return { imageName, version, digest };
}
