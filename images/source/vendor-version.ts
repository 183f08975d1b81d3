/**
 * A vendor's version in three numbers, as the catalog's are, which keep their order. Fedora CoreOS has four
 * (`42.20250623.3.1`): the last two, stream and build of the day, become one.
 */
export function vendorVersion(version: string): string {
  const [first = '0', second = '0', third = '0', fourth] = version.split('.');
  return `${first}.${second}.${fourth === undefined ? third : Number(third) * 1000 + Number(fourth)}`;
}
