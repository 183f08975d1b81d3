import { createHash, createPublicKey, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { ValidationError } from '../lib/core/errors';
import type { CatalogEntry } from './catalog-file';

/** What release signatures are made for: a signature of git or of a file does not count (ssh-keygen(1), `-n`). */
export const SIGNATURE_NAMESPACE = 'cloudless-image';

/** What stands before the 32 bytes of an Ed25519 public key in its X.509 form (RFC 8410 section 4). */
const SPKI_ED25519_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

interface Signer {
  readonly principals: string;
  readonly namespaces: readonly string[] | undefined;
  /** Public key in SSH's wire format. */
  readonly key: Buffer;
}

/**
 * What the signature of an entry is made over: the whole entry but what changes later. JSON with sorted keys.
 */
export function releaseStatement(imageName: string, entry: CatalogEntry): string {
  const { channel: _channel, revoked: _revoked, signature: _signature, ...fixed } = entry;
  return JSON.stringify(sorted({ imageName, ...fixed }));
}

/** The keys that may sign releases: a file in the format that git and ssh-keygen read (ssh-keygen(1), ALLOWED SIGNERS). */
export class AllowedSigners {
  /** @returns undefined when there is no such file: then signatures are not asked for */
  static read(path: string): AllowedSigners | undefined {
    if (!existsSync(path)) return undefined;
    return AllowedSigners.parse(readFileSync(path, 'utf8'), path);
  }

  /**
   * @param path where the text came from, for messages
   * @throws ValidationError naming the line that is no signer
   */
  static parse(text: string, path: string): AllowedSigners {
    return new AllowedSigners(path, parseSigners(text, path));
  }

  private constructor(
    readonly path: string,
    private readonly signers: readonly Signer[],
  ) {}

  /**
   * Checks the signature of a release.
   *
   * @returns the signer's principals, for example `release@example.org`
   * @throws ValidationError when it is missing, made by another key, or made over something else
   */
  verify(imageName: string, entry: CatalogEntry): string {
    const fail = (problem: string): never => {
      throw new ValidationError('', `image '${imageName}' ${entry.version}: ${problem}`);
    };
    if (entry.signature === undefined)
      return fail(`is not signed, and ${this.path} says who must have; sign it with: cloudless image sign`);
    const { key, namespace, hash, signature } =
      parseSignature(entry.signature) ?? fail('its signature is damaged');
    const signer = this.signers.find((each) => each.key.equals(key));
    if (!signer) return fail(`it is signed by a key that is not in ${this.path}`);
    if (namespace !== SIGNATURE_NAMESPACE || !(signer.namespaces ?? [namespace]).includes(namespace))
      return fail(`its signature is for '${namespace}', not for '${SIGNATURE_NAMESPACE}'`);
    const message = Buffer.from(releaseStatement(imageName, entry));
    const digest = createHash(hash).update(message).digest();
    const signed = Buffer.concat([Buffer.from('SSHSIG'), ...[namespace, '', hash, digest].map(sshString)]);
    const [type, raw = Buffer.alloc(0)] = strings(key);
    if (type?.toString() !== 'ssh-ed25519') return fail('its signature is not of type ssh-ed25519');
    const publicKey = createPublicKey({
      key: Buffer.concat([SPKI_ED25519_PREFIX, raw]),
      format: 'der',
      type: 'spki',
    });
    if (!verify(null, signed, publicKey, signature))
      return fail('its signature does not match: the entry was changed after it was signed');
    return signer.principals;
  }
}

/** Binary part of the text form that `ssh-keygen -Y sign` prints, as the catalog holds it. */
export function signatureOfText(text: string): string {
  const match = /-----BEGIN SSH SIGNATURE-----([\s\S]+)-----END SSH SIGNATURE-----/.exec(text);
  if (!match?.[1]) throw new ValidationError('', 'ssh-keygen printed no signature');
  return match[1].replace(/\s+/g, '');
}

function parseSigners(text: string, path: string): Signer[] {
  return text.split('\n').flatMap((line, index) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const match = /^(\S+)\s+(?:(\S.*?)\s+)?(ssh-ed25519)\s+([A-Za-z0-9+/=]+)/.exec(line.trim());
    const [, principals = '', options = '', , key = ''] = match ?? [];
    if (!match || /cert-authority/i.test(options))
      throw new ValidationError(
        path,
        `line ${index + 1} is no signer with an ed25519 key; write: name@example.org ssh-ed25519 AAAA…`,
      );
    const namespaces = /namespaces="([^"]*)"/i.exec(options)?.[1]?.split(',');
    return [{ principals, namespaces, key: Buffer.from(key, 'base64') }];
  });
}

/** The binary form of an SSH signature (PROTOCOL.sshsig of OpenSSH); undefined when it is none. */
function parseSignature(
  base64: string,
): { key: Buffer; namespace: string; hash: string; signature: Buffer } | undefined {
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('latin1', 0, 6) !== 'SSHSIG' || blob.length < 10 || blob.readUInt32BE(6) !== 1)
    return undefined;
  const [key, namespace, , hash, signature] = strings(blob.subarray(10));
  if (!key || !namespace || !hash || !signature || !['sha256', 'sha512'].includes(hash.toString()))
    return undefined;
  const [, raw] = strings(signature);
  return raw && { key, namespace: namespace.toString(), hash: hash.toString(), signature: raw };
}

/** A `string` of the SSH protocol: length and bytes (RFC 4251 section 5). */
function sshString(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function strings(blob: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length;) {
    const end = at + 4 + blob.readUInt32BE(at);
    if (end > blob.length) break;
    found.push(blob.subarray(at + 4, end));
    at = end;
  }
  return found;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]),
  );
}
