import type { PackageLock } from '../lock/package-lock';
import { packageUrl } from './sbom';

/** What a provenance statement is made of. */
export interface ProvenanceFacts {
  readonly name: string;
  readonly version: string;
  readonly os: string;
  /** Files that were made, name to SHA-256 (hexadecimal). */
  readonly subjects: Readonly<Record<string, string>>;
  /** Digest of the definition, hexadecimal. */
  readonly definition: string;
  readonly recipeVersion: number;
  /** ISO 8601: every time in the image is this one or older. */
  readonly sourceDate: string;
  readonly lock: PackageLock | undefined;
  /** Installed packages; used where there is no lock. */
  readonly packages: Readonly<Record<string, string>>;
  readonly parent?: { readonly name: string; readonly version: string; readonly definition: string };
  /** Only of a release. */
  readonly source?: { readonly commit: string; readonly tag: string };
  readonly sbom: { readonly file: string; readonly sha256: string };
}

/** An in-toto statement (in-toto.io/Statement/v1) with a SLSA provenance predicate (slsa.dev/provenance/v1). */
export interface ProvenanceStatement {
  readonly _type: 'https://in-toto.io/Statement/v1';
  readonly subject: readonly ResourceDescriptor[];
  readonly predicateType: 'https://slsa.dev/provenance/v1';
  readonly predicate: {
    readonly buildDefinition: {
      readonly buildType: string;
      readonly externalParameters: Readonly<Record<string, unknown>>;
      readonly internalParameters: Readonly<Record<string, unknown>>;
      readonly resolvedDependencies: readonly ResourceDescriptor[];
    };
    readonly runDetails: {
      readonly builder: { readonly id: string };
      readonly metadata: Readonly<Record<string, string>>;
      readonly byproducts: readonly ResourceDescriptor[];
    };
  };
}

interface ResourceDescriptor {
  readonly name?: string;
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
}

/** Says what a file was made from and how. Without the time of the build: the same build gives the same statement. */
export function provenanceStatement(facts: ProvenanceFacts): ProvenanceStatement {
  const { name, version, os, source, parent, sbom } = facts;
  const locked = facts.lock?.file.packages;
  const packages: ResourceDescriptor[] = Object.entries(facts.packages).map(([Package, Version]) => {
    const each = locked?.[Package];
    const uri = packageUrl({ Package, Version, Architecture: each?.architecture ?? 'amd64' }, os);
    return each ? { uri, digest: { sha256: each.sha256 } } : { uri };
  });
  const parents: ResourceDescriptor[] = parent
    ? [
        {
          name: `${parent.name} ${parent.version}`,
          digest: { sha256: parent.definition.replace('sha256:', '') },
        },
      ]
    : [];
  const commit: ResourceDescriptor[] = source
    ? [{ name: source.tag, uri: `git+tag:${source.tag}`, digest: { gitCommit: source.commit } }]
    : [];
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: Object.entries(facts.subjects).map(([file, sha256]) => ({ name: file, digest: { sha256 } })),
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: `urn:cloudless:image-build:${facts.recipeVersion}`,
        externalParameters: { image: name, version, definition: { sha256: facts.definition } },
        internalParameters: {
          sourceDate: facts.sourceDate,
          lock: facts.lock ? { sha256: facts.lock.digest.hex } : null,
        },
        resolvedDependencies: [...commit, ...parents, ...packages],
      },
      runDetails: {
        builder: { id: 'urn:cloudless:image-builder' },
        metadata: source ? { invocationId: source.tag } : {},
        byproducts: [{ name: sbom.file, digest: { sha256: sbom.sha256 } }],
      },
    },
  };
}
