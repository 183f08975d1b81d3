import { packageUrl, softwareBillOfMaterials, type CycloneDx } from '../../images/release/sbom';
import { provenanceStatement } from '../../images/release/provenance';
import { PackageLock } from '../../images/lock/package-lock';

const STATUS = `Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2.15-2+b13
Depends: base-files (>= 2.1.12), debianutils (>= 5.6-0.1)
Pre-Depends: libc6 (>= 2.36), libtinfo6 (>= 6)

Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.36-9

Package: mawk
Status: install ok installed
Architecture: amd64
Version: 1:1.3.4~20200120-3.1
Provides: awk

Package: base-files
Status: install ok installed
Architecture: amd64
Version: 12.4
Pre-Depends: awk | gawk

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1
`;
const SUBJECT = {
  name: 'debian-12',
  version: '1.0.0',
  sha256: 'a'.repeat(64),
  os: 'debian-12',
  time: '2026-11-01T00:00:00Z',
};

/** The rules of the CycloneDX 1.5 schema that concern what is written here. */
export function brokenSchemaRules(bom: CycloneDx): string[] {
  const references = [bom.metadata.component, ...bom.components].map((each) => each['bom-ref'] ?? '');
  const known = new Set(references);
  const types = [
    'application',
    'framework',
    'library',
    'container',
    'platform',
    'operating-system',
    'device',
    'firmware',
    'file',
  ];
  return [
    ...(bom.bomFormat === 'CycloneDX' && bom.specVersion === '1.5' ? [] : ['format']),
    ...(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(bom.serialNumber)
      ? []
      : ['serialNumber']),
    ...(Number.isInteger(bom.version) && bom.version >= 1 ? [] : ['version']),
    ...(Number.isNaN(Date.parse(bom.metadata.timestamp)) ? ['timestamp'] : []),
    ...(known.size === references.length && !known.has('') ? [] : ['bom-ref not unique']),
    ...bom.components.flatMap(({ name, type, purl }) => [
      ...(name ? [] : ['component without a name']),
      ...(types.includes(type) ? [] : [`type ${type}`]),
      ...(/^pkg:[a-z]+\/[^?#]+@[^?#:]+\?[a-z]+=/.test(purl ?? '') ? [] : [`purl ${purl ?? ''}`]),
    ]),
    ...bom.dependencies.flatMap(({ ref, dependsOn }) => [
      ...[ref, ...dependsOn].filter((each) => !known.has(each)).map((each) => `no component ${each}`),
      ...(new Set(dependsOn).size === dependsOn.length ? [] : [`${ref} depends on something twice`]),
    ]),
  ];
}

describe('the software bill of materials', () => {
  const bom = softwareBillOfMaterials(SUBJECT, STATUS);
  const url = (name: string): string => bom.components.find((each) => each.name === name)?.purl ?? '';

  test('has every installed package, with the source it was built from', () => {
    expect(bom.components.map(({ name, version }) => `${name} ${version ?? ''}`)).toEqual([
      'base-files 12.4',
      'bash 5.2.15-2+b13',
      'libc6 2.36-9',
      'mawk 1:1.3.4~20200120-3.1',
    ]);
    expect(bom.components[2]?.properties).toEqual([{ name: 'cloudless:debian:source', value: 'glibc' }]);
    expect(url('mawk')).toBe('pkg:deb/debian/mawk@1%3A1.3.4~20200120-3.1?arch=amd64&distro=debian-12');
    expect(packageUrl({ Package: 'libstdc++6', Version: '1', Architecture: 'amd64' }, 'debian-12')).toContain(
      'libstdc%2B%2B6@',
    );
  });

  test('says what depends on what, provided packages too', () => {
    const dependsOn = (name: string): readonly string[] | undefined =>
      bom.dependencies.find(({ ref }) => ref === url(name))?.dependsOn;

    expect(dependsOn('bash')).toEqual([url('base-files'), url('libc6')]);
    expect(dependsOn('base-files')).toEqual([url('mawk')]);
  });

  test('is the same for the same image, and follows the schema', () => {
    expect(softwareBillOfMaterials(SUBJECT, STATUS)).toEqual(bom);
    expect(brokenSchemaRules(bom)).toEqual([]);
    expect(
      brokenSchemaRules({ ...bom, serialNumber: 'x', dependencies: [{ ref: 'y', dependsOn: [] }] }),
    ).toEqual(['serialNumber', 'no component y']);
  });
});

test('provenance names what was made, and what it was made from with digests', () => {
  const lock = new PackageLock({
    formatVersion: 1,
    image: 'debian-12',
    suite: 'bookworm',
    packages: { bash: { version: '5.2', architecture: 'amd64', suite: 'bookworm', sha256: 'b'.repeat(64) } },
  });
  const statement = provenanceStatement({
    ...SUBJECT,
    subjects: { 'debian-12.qcow2': 'a'.repeat(64) },
    definition: 'd'.repeat(64),
    recipeVersion: 2,
    sourceDate: '2026-11-01T00:00:00Z',
    lock,
    packages: { bash: '5.2' },
    parent: { name: 'base', version: '1.0.0', definition: `sha256:${'e'.repeat(64)}` },
    source: { commit: 'c'.repeat(40), tag: 'debian-12-v1.0.0' },
    sbom: { file: 'debian-12.cdx.json', sha256: 'f'.repeat(64) },
  });

  expect(statement).toMatchObject({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'debian-12.qcow2', digest: { sha256: 'a'.repeat(64) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
  });
  expect(statement.predicate.buildDefinition.resolvedDependencies).toEqual([
    { name: 'debian-12-v1.0.0', uri: 'git+tag:debian-12-v1.0.0', digest: { gitCommit: 'c'.repeat(40) } },
    { name: 'base 1.0.0', digest: { sha256: 'e'.repeat(64) } },
    { uri: 'pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12', digest: { sha256: 'b'.repeat(64) } },
  ]);
});
