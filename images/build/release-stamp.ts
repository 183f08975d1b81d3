import { specHash } from '../../lib/core/spec-hash';
import type { ImageDefinition } from '../definition';
import { definitionDigest, developmentIdentity, type BuildIdentity } from './recipe';

/** Where a guest finds what it was made from; also read by tests and by who logs in. */
export const STAMP_PATH = '/etc/cloudless-release';

/** The stamp's lines, `NAME="value"`: a file that a shell can source, as os-release(5) is. */
export function releaseStamp(
  definition: ImageDefinition,
  packages: Readonly<Record<string, string>>,
  identity: BuildIdentity = developmentIdentity(definition),
): string {
  const { parent } = definition;
  const fields = {
    NAME: definition.name,
    VERSION: identity.version,
    RELEASE: identity.commit === undefined ? 'no' : 'yes',
    KIND: definition.kind,
    DEFINITION: definitionDigest(definition).toString(),
    // Same definition, same packages: same build, wherever and whenever it was made.
    BUILD: specHash(packages).slice(0, 12),
    BUILD_EPOCH: identity.builtAt ?? definition.sourceDate,
    COMMIT: identity.commit,
    PARENT: parent && `${parent.name} ${parent.version}`,
  };
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${value ?? ''}"\n`)
    .join('');
}

/** Reads a stamp. */
export function parseReleaseStamp(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^([A-Z_]+)="([^"]*)"$/gm)].map((match) => [match[1] ?? '', match[2] ?? '']),
  );
}
