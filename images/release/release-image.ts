import { join } from 'node:path';
import { Digest } from '../../lib/core/digest';
import { OperationError } from '../../lib/core/errors';
import { asStep, type Progress } from '../../lib/core/progress';
import type { CatalogEntry, ImageChannel } from '../../catalog/catalog-file';
import { AllowedSigners } from '../../catalog/image-signature';
import { requireBuildHost } from '../build/host-requirements';
import { makeImage } from '../build/make-image';
import { verifySealWithin } from '../build/verify-seal';
import { inWorkspace } from '../build/workspace';
import type { ImageDefinition } from '../definition';
import { PackageLock } from '../lock/package-lock';
import { FURTHER_FORMATS, type FurtherFormat } from './formats';
import type { ReleaseCatalog } from './release-catalog';
import { releasedAlready } from './release-catalog';
import { signEntry } from '../../catalog/sign-entry';
import { taggedTree } from './tagged-tree';

export interface ReleaseOptions {
  /** Working tree that the tag is in. */
  readonly directory: string;
  readonly catalog: ReleaseCatalog;
  /** SSH key (ed25519) to sign with. @default - not signed */
  readonly keyFile?: string;
  /** @default 'testing' */
  readonly channel?: ImageChannel;
  /** Formats beside qcow2. @default - all */
  readonly formats?: readonly FurtherFormat[];
  /** @default - `images/NAME.lock.json` in the tree */
  readonly lockFile?: string;
}

/**
 * Makes a release: builds the image from a clean, tagged tree with the locked packages, in every format, signs it and
 * adds it to the catalog.
 *
 * @throws OperationError when the tree is not clean or not tagged, the lock is missing or outdated, the version exists, or the parent
 * is no release or revoked; nothing is added then
 */
export async function releaseImage(
  definition: ImageDefinition,
  progress: Progress,
  options: ReleaseOptions,
): Promise<CatalogEntry> {
  const { catalog, directory, keyFile, channel = 'testing', formats = FURTHER_FORMATS } = options;
  const { name, version } = definition;
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw new OperationError(
      `version '${version}' of '${name}' is not X.Y.Z`,
      'a release has such a version',
    );
  const { tag, commit, builtAt, allowedSigners } = await taggedTree(name, version, directory);
  if (allowedSigners === undefined)
    progress.note(`no allowed_signers is configured: the signature of tag ${tag} was not checked`);
  if (catalog.find(name, version)) throw releasedAlready(name, version);
  checkParent(definition, catalog);
  const lockFile = options.lockFile ?? join(directory, 'images', `${name}.lock.json`);
  const lock = PackageLock.of(definition, lockFile);
  if (!lock)
    throw new OperationError(
      `a release needs locked packages, and there is no ${lockFile}`,
      `write it with: cloudless image update ${name} --write, commit, and tag that`,
    );
  const signers = AllowedSigners.read(join(catalog.path, '..', 'allowed_signers'));
  if (signers && keyFile === undefined)
    throw new OperationError(
      `${signers.path} asks for signed releases`,
      'give the key to sign with: --key <file>',
    );
  requireBuildHost();
  return inWorkspace((workspace) =>
    makeImage({
      ...{ definition, lock, progress, workspace, formats, tag, target: catalog },
      identity: { version, commit, builtAt },
      force: false,
      complete: async (entry) => {
        const record = { tag, commit, builtAt, releasedAt: new Date().toISOString() };
        const release: CatalogEntry = { ...entry, release: record, channel };
        const signed = keyFile === undefined ? release : await signEntry(name, release, keyFile);
        signers?.verify(name, signed);
        return signed;
      },
    }),
  );
}

/** @throws OperationError unless the parent is in the catalog, as the definition has it, and not revoked */
function checkParent({ name, parent }: ImageDefinition, catalog: ReleaseCatalog): void {
  if (!parent) return;
  const released = catalog.find(parent.name, parent.version);
  const what = `parent '${parent.name}' ${parent.version} of '${name}'`;
  if (!released)
    throw new OperationError(
      `${what} is not released`,
      `release it first: cloudless image release ${parent.name}`,
    );
  if (released.revoked)
    throw new OperationError(
      `${what} was revoked: ${released.revoked.reason}`,
      `release a newer version of '${parent.name}' first`,
    );
  if (released.definition !== parent.definition)
    throw new OperationError(
      `${what} was released from another definition`,
      `raise the version of '${parent.name}' and release it first`,
    );
}

/**
 * Puts a release into a channel after checking that its file is the release: digest, signature, seal and the stamp
 * inside. A development build fails here whatever the catalog says about it.
 */
export async function promoteRelease(
  imageName: string,
  version: string,
  channel: ImageChannel,
  catalog: ReleaseCatalog,
  progress: Progress,
): Promise<void> {
  const entry = catalog.get(imageName, version);
  const { release, revoked } = entry;
  if (!release)
    throw new OperationError(
      `'${imageName}' ${version} is a development build and can never be promoted`,
      'release a tag',
    );
  if (revoked)
    throw new OperationError(
      `'${imageName}' ${version} was revoked: ${revoked.reason}`,
      'release a newer version',
    );
  AllowedSigners.read(join(catalog.path, '..', 'allowed_signers'))?.verify(imageName, entry);
  const file = catalog.pathOf(entry);
  await asStep(progress, `${imageName} ${version}: digest and stamp`, async () => {
    const actual = Digest.ofFile(file).toString();
    if (actual !== entry.digest)
      throw new OperationError(
        `${file} is ${actual}, the catalog says ${entry.digest}`,
        'restore it from a copy',
      );
    await verifySealWithin(file, { name: imageName, version, commit: release.commit });
  });
  catalog.setChannel(imageName, version, channel);
}
