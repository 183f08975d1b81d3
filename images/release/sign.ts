import { run } from '../../lib/core/command';
import { OperationError } from '../../lib/core/errors';
import type { CatalogEntry } from '../../catalog/catalog-file';
import { releaseStatement, SIGNATURE_NAMESPACE, signatureOfText } from '../../catalog/image-signature';

/**
 * Signs an entry with an ed25519 SSH key, through ssh-keygen: the key may have a passphrase or be in an agent.
 *
 * @param keyFile private key, or the public half of one that an agent holds
 * @throws OperationError when the key cannot be used
 */
export async function signEntry(
  imageName: string,
  entry: CatalogEntry,
  keyFile: string,
): Promise<CatalogEntry> {
  const { stdout } = await run('ssh-keygen', ['-Y', 'sign', '-q', '-f', keyFile, '-n', SIGNATURE_NAMESPACE], {
    input: releaseStatement(imageName, entry),
  }).catch((error: unknown) => {
    throw new OperationError(
      `the release cannot be signed with ${keyFile}: ${
        String((error as Error).message)
          .split('\n')
          .at(-1) ?? ''
      }`,
      'give an ed25519 key: ssh-keygen -t ed25519',
    );
  });
  const signature = signatureOfText(stdout);
  if (!Buffer.from(signature, 'base64').includes('ssh-ed25519'))
    throw new OperationError(`${keyFile} is not an ed25519 key`, 'make one with: ssh-keygen -t ed25519');
  return { ...entry, signature };
}
