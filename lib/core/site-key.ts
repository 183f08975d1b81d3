import { createSecretKey, hkdfSync, randomBytes, type KeyObject } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { encodeParts } from './digest';
import { ValidationError } from './errors';

const HEADER = 'cloudless-site-key-v1';
const LENGTH = 32;

/**
 * The one secret of a site: 32 random bytes from which every SSH host key (and later every other derived secret) follows.
 * It lives in a file of its owner alone and is never printed; lose it and every machine gets a new identity.
 */
export class SiteKey {
  /**
   * Reads the key from its file.
   *
   * @throws ValidationError when the file is missing, is no site key, belongs to someone else or can be read by others
   */
  static fromFile(path: string): SiteKey {
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch (error) {
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      throw new ValidationError(
        '',
        missing
          ? `site key '${path}' does not exist; restore it from your copy, or create one with SiteKey.create if the site has no machines yet`
          : `site key '${path}' cannot be read (${(error as NodeJS.ErrnoException).code}); check its owner and directory`,
      );
    }
    try {
      // Checked on the open file, so that nobody can exchange it in between.
      const { mode, uid } = fstatSync(file);
      const problems: string[] = [];
      if (mode & 0o077) {
        const octal = (mode & 0o777).toString(8).padStart(4, '0');
        problems.push(
          `site key '${path}' has mode ${octal}, only its owner may have access; run: chmod 600 '${path}'`,
        );
      }
      const user = process.geteuid?.();
      if (user !== undefined && uid !== user) {
        problems.push(
          `site key '${path}' belongs to user ${uid}, you are ${user}; run: chown ${user} '${path}'`,
        );
      }
      if (problems.length > 0) throw new ValidationError('', problems);
      const [header, body, ...rest] = readFileSync(file, 'latin1').split('\n');
      const bytes = Buffer.from(body ?? '', 'base64');
      const whole =
        bytes.length === LENGTH && bytes.toString('base64') === body && rest.join('').trim() === '';
      if (header !== HEADER || !whole) {
        throw new ValidationError(
          '',
          `'${path}' is not a site key: a line '${HEADER}' and a line of ${LENGTH} bytes in base64; restore it from your copy`,
        );
      }
      return new SiteKey(bytes);
    } finally {
      closeSync(file);
    }
  }

  /**
   * Makes a new key and its file (mode 0600, its directory 0700 when missing). The file appears whole or not at all.
   *
   * @throws ValidationError when the file exists already: a key is never overwritten
   */
  static create(path: string): SiteKey {
    const key = new SiteKey(randomBytes(LENGTH));
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    const file = openSync(draft, 'wx', 0o600);
    try {
      writeSync(file, `${HEADER}\n${key.#bytes.toString('base64')}\n`);
      fsyncSync(file);
      linkSync(draft, path); // unlike rename, fails when the name is taken
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      throw new ValidationError(
        '',
        `site key '${path}' exists already and is never overwritten; use it, or move it away if the site is gone`,
      );
    } finally {
      closeSync(file);
      unlinkSync(draft);
    }
    return key;
  }

  static exists(path: string): boolean {
    return existsSync(path);
  }

  /** A key from bytes kept elsewhere, for example in a secret store. @throws ValidationError unless 32 bytes */
  static fromBytes(bytes: Uint8Array): SiteKey {
    if (bytes.length !== LENGTH) {
      throw new ValidationError(
        '',
        `a site key of ${bytes.length} bytes was given, it has ${LENGTH}; check its source`,
      );
    }
    return new SiteKey(Buffer.from(bytes));
  }

  readonly #bytes: Buffer;
  /** The same for node's functions, which else make it anew at each call. */
  readonly #key: KeyObject;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#key = createSecretKey(bytes);
  }

  /** Tells keys apart without revealing anything of them: `SHA256:` and base64 of a value derived for this alone. */
  get fingerprint(): string {
    return `SHA256:${this.derive('fingerprint').toString('base64').replace(/=+$/, '')}`;
  }

  /**
   * 32 secret bytes for one purpose and the thing it names, by HKDF-SHA256 (RFC 5869): the same every time, and of no
   * help in finding the site key or what is derived for anything else.
   */
  derive(purpose: string, ...names: readonly string[]): Buffer {
    const info = encodeParts([purpose, ...names]);
    return Buffer.from(hkdfSync('sha256', this.#key, HEADER, info, LENGTH));
  }

  equals(other: SiteKey | undefined): boolean {
    return this.fingerprint === other?.fingerprint;
  }

  toString(): string {
    return `SiteKey(${this.fingerprint})`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}
