import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { ValidationError } from './errors';

/** A SHA-256 digest, written `sha256:` and 64 hexadecimal digits as OCI images do. */
export class Digest {
  /** @throws ValidationError unless `hex` is 64 hexadecimal digits */
  static sha256(hex: string): Digest {
    if (!/^[0-9a-fA-F]{64}$/.test(hex)) {
      throw new ValidationError(
        '',
        `'${hex}' is not a SHA-256 digest: it has ${hex.length} characters instead of 64 hexadecimal digits; copy the output of sha256sum`,
      );
    }
    return new Digest(hex.toLowerCase());
  }

  /** Reads `sha256:<64 hexadecimal digits>`. @throws ValidationError for anything else, other algorithms included */
  static of(text: string): Digest {
    if (!text.startsWith('sha256:')) {
      throw new ValidationError(
        '',
        `'${text}' is not a digest: it must begin with 'sha256:'; write 'sha256:<hex>'`,
      );
    }
    return Digest.sha256(text.slice('sha256:'.length));
  }

  static ofBytes(bytes: Uint8Array | string): Digest {
    return new Digest(createHash('sha256').update(bytes).digest('hex'));
  }

  /** Digest of a list: `['ab', 'c']` and `['a', 'bc']` differ (see {@link encodeParts}). */
  static ofParts(...parts: readonly (Uint8Array | string)[]): Digest {
    // As encodeParts has it, without a copy of all parts.
    const hash = createHash('sha256');
    for (const part of parts) hash.update(lengthOf(part)).update(part);
    return new Digest(hash.digest('hex'));
  }

  /** Digest of a file's content, read in pieces. @throws the error of the file system when it cannot be read */
  static ofFile(path: string): Digest {
    const hash = createHash('sha256');
    const file = openSync(path, 'r');
    try {
      const piece = Buffer.allocUnsafe(1 << 20);
      for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) {
        hash.update(piece.subarray(0, length));
      }
    } finally {
      closeSync(file);
    }
    return new Digest(hash.digest('hex'));
  }

  private constructor(
    /** 64 lower case hexadecimal digits. */
    readonly hex: string,
  ) {}

  /** First 12 hexadecimal digits, 48 bits: enough to tell apart what one site holds, for names. */
  get short(): string {
    return this.hex.slice(0, 12);
  }

  equals(other: Digest | undefined): boolean {
    return this.hex === other?.hex;
  }

  toString(): string {
    return `sha256:${this.hex}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * One byte string for a list: each part behind its length (4 bytes, big endian), so that no two lists give the same
 * bytes. Input of everything that is hashed or derived; changing it changes every derived key and address.
 */
export function encodeParts(parts: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => [lengthOf(part), Buffer.from(part)]));
}

function lengthOf(part: Uint8Array | string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(part));
  return length;
}
