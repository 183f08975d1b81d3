import { Digest, Size, formatImageRecord, imageRecordIn, type ImageFacts } from '../../lib';

const image: ImageFacts = {
  imageName: 'debian-12',
  version: '1.4.0',
  digest: Digest.ofBytes('image'),
  format: 'qcow2',
  virtualSize: Size.gib(1),
  os: 'debian-12',
  packages: {},
  commit: 'a'.repeat(40),
  builtAt: '2026-11-01T00:00:00Z',
  definition: Digest.ofBytes('definition'),
  sbomDigest: Digest.ofBytes('sbom'),
};
const escaped = (text: string): string =>
  text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

it('says which image it is, where it comes from and what is in it', () => {
  expect(formatImageRecord(image)).toBe(
    `<cloudless:image xmlns:cloudless="urn:cloudless:image:1" name="debian-12" version="1.4.0" digest="${image.digest.toString()}" commit="${'a'.repeat(40)}" built="2026-11-01T00:00:00Z" definition="${String(image.definition)}" sbom="${String(image.sbomDigest)}"/>`,
  );
});

it.each<[string, (record: string) => string]>([
  ['the description', (record) => `<domain><description>${escaped(record)}</description></domain>`],
  ['the metadata', (record) => `<domain><metadata>${record.replace(/"/g, "'")}</metadata></domain>`],
  [
    'the metadata, whatever the description says',
    (record) => `<domain><description>web</description><metadata>\n  ${record}\n</metadata></domain>`,
  ],
])('is read from %s of a domain', (_, xml) => {
  expect(imageRecordIn(xml(formatImageRecord(image)))).toEqual({
    name: 'debian-12',
    version: '1.4.0',
    digest: image.digest.toString(),
    commit: 'a'.repeat(40),
    built: '2026-11-01T00:00:00Z',
    definition: String(image.definition),
    sbom: String(image.sbomDigest),
  });
});

it('survives every character', () => {
  const strange = { ...image, imageName: `a"b'<c>&amp;` };
  const xml = `<domain><description>${escaped(formatImageRecord(strange))}</description></domain>`;
  expect(imageRecordIn(xml)?.name).toBe(strange.imageName);
});

it('is not there where nothing says all of name, version and digest', () => {
  expect(imageRecordIn('<domain><description>a web server</description></domain>')).toBeUndefined();
  expect(imageRecordIn('<domain><metadata><cloudless:image name="a"/></metadata></domain>')).toBeUndefined();
  // A disk may be named like anything.
  expect(imageRecordIn(`<domain><devices>${formatImageRecord(image)}</devices></domain>`)).toBeUndefined();
});
