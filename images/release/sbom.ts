import { namedUuid } from '../build/names';
import { dpkgStanzas } from '../build/installed-packages';

/** What a bill of materials is about. */
export interface SbomSubject {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the image file, hexadecimal. */
  readonly sha256: string;
  /** For example `debian-12`. */
  readonly os: string;
  /** ISO 8601. */
  readonly time: string;
}

/** A CycloneDX 1.5 document (cyclonedx.org/docs/1.5/json), as far as it is written here. */
export interface CycloneDx {
  readonly bomFormat: 'CycloneDX';
  readonly specVersion: '1.5';
  readonly serialNumber: string;
  readonly version: number;
  readonly metadata: {
    readonly timestamp: string;
    readonly tools: { readonly components: readonly CycloneDxComponent[] };
    readonly component: CycloneDxComponent;
  };
  readonly components: readonly CycloneDxComponent[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

export interface CycloneDxComponent {
  readonly type: 'operating-system' | 'library' | 'application';
  readonly 'bom-ref'?: string;
  readonly name: string;
  readonly version?: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: 'SHA-256'; readonly content: string }[];
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}

/**
 * Software bill of materials out of dpkg's status file: what is installed, not what was asked for. The same packages
 * in the same image give the same document.
 */
export function softwareBillOfMaterials(subject: SbomSubject, dpkgStatus: string): CycloneDx {
  const packages = dpkgStanzas(dpkgStatus)
    .filter(({ Status }) => Status?.endsWith(' installed'))
    .sort((a, b) => ((a.Package ?? '') < (b.Package ?? '') ? -1 : 1));
  const reference = (each: Stanza): string => packageUrl(each, subject.os);
  const byName = new Map<string, Stanza>();
  for (const each of packages)
    for (const name of [...relationNames(each.Provides), each.Package ?? ''])
      if (!byName.has(name) || name === each.Package) byName.set(name, each);
  const imageReference = `${subject.name}@${subject.version}`;
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: `urn:uuid:${namedUuid('sbom', subject.name, subject.version, subject.sha256)}`,
    version: 1,
    metadata: {
      timestamp: subject.time,
      tools: { components: [{ type: 'application', name: 'cloudless' }] },
      component: {
        type: 'operating-system',
        'bom-ref': imageReference,
        name: subject.name,
        version: subject.version,
        hashes: [{ alg: 'SHA-256', content: subject.sha256 }],
      },
    },
    components: packages.map((each) => ({
      type: 'library',
      'bom-ref': reference(each),
      name: each.Package ?? '',
      version: each.Version ?? '',
      purl: reference(each),
      properties: [
        { name: 'cloudless:debian:source', value: (each.Source ?? each.Package ?? '').split(' ')[0] ?? '' },
      ],
    })),
    dependencies: [
      { ref: imageReference, dependsOn: packages.map(reference) },
      ...packages.map((each) => ({
        ref: reference(each),
        dependsOn: dependencies(each, byName).map(reference),
      })),
    ],
  };
}

type Stanza = Readonly<Record<string, string>>;

/** Package URL of type `deb` (github.com/package-url/purl-spec); an epoch's colon is percent-encoded. */
export function packageUrl({ Package = '', Version = '', Architecture = '' }: Stanza, os: string): string {
  const encoded = (value: string): string => encodeURIComponent(value).replaceAll('%7E', '~');
  return `pkg:deb/debian/${encoded(Package)}@${encoded(Version)}?arch=${Architecture}&distro=${os}`;
}

/** What is installed for `Depends` and `Pre-Depends`: of alternatives the first that is there. */
function dependencies(stanza: Stanza, byName: ReadonlyMap<string, Stanza>): Stanza[] {
  const clauses = [stanza['Pre-Depends'], stanza.Depends].flatMap((field) => (field ?? '').split(','));
  const found = clauses.flatMap((clause) => {
    const name = relationNames(clause.replaceAll('|', ',')).find((each) => byName.has(each));
    const dependency = name === undefined ? undefined : byName.get(name);
    return dependency && dependency !== stanza ? [dependency] : [];
  });
  return [...new Set(found)].sort((a, b) => ((a.Package ?? '') < (b.Package ?? '') ? -1 : 1));
}

/** Names in a relationship field, without versions and architectures (deb-control(5)). */
function relationNames(field = ''): string[] {
  return field
    .split(',')
    .map((each) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(each)?.[1] ?? '')
    .filter(Boolean);
}
