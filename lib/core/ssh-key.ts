import { createHash, createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { ValidationError } from './errors';
import type { Fqdn } from './fqdn';
import type { SiteKey } from './site-key';

const ED25519 = 'ssh-ed25519';
/** Key types of authorized_keys that are still considered safe, with the rule for those that are not. */
const TYPES = [
  ED25519,
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];
const MINIMUM_RSA_BITS = 3072;

/** The public half of an SSH key, as one line of authorized_keys without options (sshd(8)). */
export class SshPublicKey {
  /**
   * Reads `ssh-ed25519 AAAA… comment`.
   *
   * @throws ValidationError for anything else: a private key, options before the key, several lines, DSA, RSA of less
   * than 3072 bits, a line that was cut
   */
  static of(line: string): SshPublicKey {
    const text = line.trim();
    if (text.includes('PRIVATE KEY')) {
      throw new ValidationError(
        '',
        `a private key was given where a public key belongs; give the line of the '.pub' file`,
      );
    }
    const shown = `SSH public key '${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`;
    const fail = (problem: string): never => {
      throw new ValidationError('', `${shown} ${problem}`);
    };
    if (/[\r\n]/.test(text)) fail('has several lines; give one key per entry');
    const [type = '', base64 = '', ...comment] = text.split(/[ \t]+/);
    if (type === 'ssh-dss')
      fail('is a DSA key, which OpenSSH no longer accepts; make one with: ssh-keygen -t ed25519');
    if (!TYPES.includes(type))
      fail(`must begin with one of ${TYPES.join(', ')}; give the line of the '.pub' file`);
    const blob = Buffer.from(base64, 'base64');
    if (blob.length === 0 || blob.toString('base64') !== base64)
      fail(`is not whole: its second word is no base64; copy it again`);
    const fields = readStrings(blob) ?? fail('is not whole: its data ends early; copy it again');
    const inner = fields[0]?.toString('latin1') ?? '';
    if (inner !== type) fail(`says ${type} but holds a key of type '${inner}'; copy it again`);
    if (type === ED25519 && fields[1]?.length !== 32) fail('does not hold 32 bytes of key; copy it again');
    if (type === 'ssh-rsa') {
      const modulus = fields[2] ?? Buffer.alloc(0);
      const bits = modulus.toString('hex').replace(/^(00)+/, '').length * 4;
      if (bits < MINIMUM_RSA_BITS) {
        fail(`has ${bits} bits, RSA needs ${MINIMUM_RSA_BITS}; make one with: ssh-keygen -t ed25519`);
      }
    }
    return new SshPublicKey(type, blob, comment.join(' '));
  }

  /** Reads the first line of a `.pub` file. @throws ValidationError as {@link SshPublicKey.of}, or when it is missing */
  static fromFile(path: string): SshPublicKey {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch {
      throw new ValidationError(
        '',
        `SSH public key '${path}' cannot be read; check the path, or make one with: ssh-keygen -t ed25519`,
      );
    }
    return SshPublicKey.of(text);
  }

  /**
   * The public half of a key pair that was made here: as {@link SshPublicKey.of} reads it, without writing and reading it.
   *
   * @param blob type and key as SSH encodes them
   */
  static ofEd25519(blob: Buffer, comment: string): SshPublicKey {
    return new SshPublicKey(
      ED25519,
      blob,
      comment
        .trimEnd()
        .replace(/[ \t]+/g, ' ')
        .replace(/^ /, ''),
    );
  }

  private constructor(
    /** For example `ssh-ed25519`. */
    readonly type: string,
    private readonly blob: Buffer,
    readonly comment: string,
  ) {}

  /** As `ssh-keygen -l` shows it: `SHA256:` and base64 without padding. */
  get fingerprint(): string {
    return fingerprint(this.blob);
  }

  /** Type and key without the comment: what `known_hosts` holds behind the host names. */
  get keyText(): string {
    return `${this.type} ${this.blob.toString('base64')}`;
  }

  equals(other: SshPublicKey | undefined): boolean {
    return this.keyText === other?.keyText;
  }

  /** The line of authorized_keys. */
  toString(): string {
    return this.comment ? `${this.keyText} ${this.comment}` : this.keyText;
  }

  toJSON(): string {
    return this.toString();
  }
}

/** An Ed25519 key pair. Printing it shows the public half only. */
export class SshKeyPair {
  /**
   * The key pair that belongs to 32 secret bytes (RFC 8032 5.1.5): the same every time.
   *
   * @throws ValidationError unless `seed` is 32 bytes and `comment` is one line
   */
  static ed25519FromSeed(seed: Uint8Array, comment: string): SshKeyPair {
    if (seed.length !== 32) {
      throw new ValidationError(
        '',
        `a seed of ${seed.length} bytes was given, Ed25519 takes 32; derive it from the site key`,
      );
    }
    if (/[\r\n]/.test(comment))
      throw new ValidationError('', `key comment '${comment}' has several lines; use one`);
    const d = Buffer.from(seed).toString('base64url');
    // As JWK it is read eight times faster than as DER; the public half given is not looked at, but made from the seed.
    const key = createPrivateKey({ key: { kty: 'OKP', crv: 'Ed25519', d, x: d }, format: 'jwk' });
    const publicBytes = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
    const blob = Buffer.concat([sshString(ED25519), sshString(publicBytes)]);
    return new SshKeyPair(
      SshPublicKey.ofEd25519(blob, comment),
      blob,
      openSshPrivateKey(blob, Buffer.concat([seed, publicBytes]), publicBytes, comment),
    );
  }

  readonly #blob: Buffer;
  readonly #privateKey: string;

  private constructor(
    readonly publicKey: SshPublicKey,
    blob: Buffer,
    privateKey: string,
  ) {
    this.#blob = blob;
    this.#privateKey = privateKey;
  }

  /** The private half as OpenSSH's own unencrypted file format. A secret: for files of mode 0600 only. */
  get privateKey(): string {
    return this.#privateKey;
  }

  /** `SHA256:` and base64 without padding, as `ssh-keygen -l` shows it. */
  get fingerprint(): string {
    return this.publicKey.fingerprint;
  }

  /** Data of the SSHFP record: algorithm 4 (Ed25519), type 2 (SHA-256), digest (RFC 4255, 6594, 7479). */
  get sshfp(): string {
    return `4 2 ${createHash('sha256').update(this.#blob).digest('hex')}`;
  }

  toString(): string {
    return this.publicKey.toString();
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return `SshKeyPair(${this.fingerprint})`;
  }
}

/**
 * The host key of one machine: follows from site, environment and name, so a replaced machine keeps it.
 *
 * @param identity what the key is derived from. Default: `fqdn`; another one for a machine that was renamed and keeps its key
 */
export function sshHostKey(
  siteKey: SiteKey,
  environment: string,
  fqdn: Fqdn,
  identity = `${fqdn}`,
): SshKeyPair {
  return SshKeyPair.ed25519FromSeed(siteKey.derive('ssh-host-key-ed25519', environment, identity), `${fqdn}`);
}

/** File format `openssh-key-v1` with one key, no cipher (PROTOCOL.key of OpenSSH). */
function openSshPrivateKey(blob: Buffer, secret: Buffer, publicBytes: Buffer, comment: string): string {
  // Two equal numbers that tell a reader whether it decrypted right; ssh-keygen draws them, here they must not vary.
  const check = createHash('sha256').update(blob).digest().subarray(0, 4);
  const fields = [
    check,
    check,
    sshString(ED25519),
    sshString(publicBytes),
    sshString(secret),
    sshString(comment),
  ];
  const unpadded = Buffer.concat(fields);
  const padding = Buffer.from(Array.from({ length: (8 - (unpadded.length % 8)) % 8 }, (_, i) => i + 1));
  const file = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    sshString('none'),
    sshString('none'),
    sshString(''),
    Buffer.from([0, 0, 0, 1]),
    sshString(blob),
    sshString(Buffer.concat([unpadded, padding])),
  ]);
  const lines = file.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN OPENSSH PRIVATE KEY-----', ...lines, '-----END OPENSSH PRIVATE KEY-----', ''].join(
    '\n',
  );
}

/** A `string` of the SSH protocol: length and bytes (RFC 4251 section 5). */
function sshString(value: string | Buffer): Buffer {
  const length = Buffer.byteLength(value);
  const bytes = Buffer.alloc(4 + length);
  bytes.writeUInt32BE(length);
  if (typeof value === 'string') bytes.write(value, 4);
  else bytes.set(value, 4);
  return bytes;
}

/** All strings of a key blob; undefined when it ends inside one. Security keys end in a flags-free string as well. */
function readStrings(blob: Buffer): Buffer[] | undefined {
  const strings: Buffer[] = [];
  for (let at = 0; at < blob.length;) {
    if (at + 4 > blob.length) return undefined;
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) return undefined;
    strings.push(blob.subarray(at + 4, end));
    at = end;
  }
  return strings;
}

function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}
