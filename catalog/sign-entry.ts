import { execFile } from 'node:child_process';
import { OperationError } from '../lib/core/errors';
import type { CatalogEntry } from './catalog-file';
import { releaseStatement, SIGNATURE_NAMESPACE, signatureOfText } from './image-signature';

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
  const text = await sign(keyFile, releaseStatement(imageName, entry));
  const signature = signatureOfText(text);
  if (!Buffer.from(signature, 'base64').includes('ssh-ed25519'))
    throw new OperationError(`${keyFile} is not an ed25519 key`, 'make one with: ssh-keygen -t ed25519');
  return { ...entry, signature };
}

function sign(keyFile: string, statement: string): Promise<string> {
  const args = ['-Y', 'sign', '-q', '-f', keyFile, '-n', SIGNATURE_NAMESPACE];
  return new Promise((resolve, reject) => {
    const child = execFile('ssh-keygen', args, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = stderr.trim() || error.message;
      reject(
        new OperationError(
          `the release cannot be signed with ${keyFile}: ${said.split('\n').at(-1) ?? ''}`,
          'give an ed25519 key: ssh-keygen -t ed25519',
        ),
      );
    });
    // A key that cannot be read ends ssh-keygen before it reads anything.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(statement);
  });
}
