import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { OperationError } from '../../lib/core/errors';

/**
 * Path of a keyring that gpgv(1) reads: the file itself, or a binary copy of an armoured one, which gpgv does not read.
 *
 * @param copy where the copy goes
 * @throws OperationError when there is no such file, or it is no keyring
 */
export function binaryKeyring(file: string, copy: string): string {
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (error) {
    throw new OperationError(
      `the keyring ${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`,
      'give the file of the keys that may sign',
    );
  }
  const text = content.toString('latin1');
  // RFC 9580 section 6.2; a file may hold several.
  const blocks = [
    ...text.matchAll(
      /-----BEGIN PGP PUBLIC KEY BLOCK-----\r?\n([\s\S]*?)-----END PGP PUBLIC KEY BLOCK-----/g,
    ),
  ];
  // The first byte of a binary one is that of a public key packet, in the old or the new format.
  if (blocks.length === 0 && ![0x98, 0x99, 0x9a, 0xc6].includes(content[0] ?? 0))
    throw new OperationError(`${file} is no keyring`, 'give an OpenPGP public key, binary or armoured');
  if (blocks.length === 0) return resolve(file);
  writeFileSync(copy, Buffer.concat(blocks.map(([, body]) => unarmoured(body ?? ''))));
  return copy;
}

/** The bytes between the headers and the checksum. */
function unarmoured(body: string): Buffer {
  const lines = body.split(/\r?\n/);
  const start = lines.findIndex((line) => line.trim() === '') + 1;
  return Buffer.from(
    lines
      .slice(start)
      .filter((line) => !line.startsWith('='))
      .join(''),
    'base64',
  );
}
