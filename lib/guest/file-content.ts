import { inspect } from 'node:util';
import { ValidationError } from '../core/errors';

/** What a file holds: text, written as it is (`${…}` means nothing here), bytes, a secret, or something to fetch. */
export type FileContent = string | Buffer | SecretContent | RemoteSource;

/**
 * Content that nobody else may see. It travels in the seed or in the native Ignition document, which are files of mode
 * 0600, and never through Terraform's state. Printing it shows its length only.
 */
export class SecretContent {
  /** @throws ValidationError when it is empty */
  static of(content: string | Buffer): SecretContent {
    if (content.length === 0)
      throw new ValidationError('', 'a secret of no bytes was given; check where it is read from');
    return new SecretContent(content);
  }

  readonly #content: string | Buffer;

  private constructor(content: string | Buffer) {
    this.#content = content;
  }

  /** The secret itself: for files of mode 0600 only. */
  reveal(): string | Buffer {
    return this.#content;
  }

  toString(): string {
    return `secret of ${Buffer.byteLength(this.#content)} bytes`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return `SecretContent(${this.toString()})`;
  }
}

export interface RemoteSourceProps {
  /** `https://…` or `http://…`, without user and password: the digest says what is right, not the server. */
  readonly url: string;
  /** `sha256:` or `sha512:` and the hexadecimal digits that sha256sum(1) or sha512sum(1) show. */
  readonly digest: string;
}

const DIGITS = { sha256: 64, sha512: 128 } as const;

/** Something that the machine fetches at its first boot, and uses only if it is what was meant. */
export class RemoteSource {
  /** @throws ValidationError for another scheme, a URL with a password, and a digest that is none or of another kind */
  static of(props: RemoteSourceProps): RemoteSource {
    const problems: string[] = [];
    const shown = `remote source '${props.url.replace(/\/\/[^/@]*@/, '//…@')}'`;
    const url = URL.canParse(props.url) ? new URL(props.url) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || /\s/.test(props.url))
      problems.push(
        `${shown} is no https or http URL; write for example 'https://mirror.example.org/consul'`,
      );
    else if (url.username !== '' || url.password !== '')
      problems.push(`${shown} has a user in it, which would be readable in the machine; remove it`);
    const given: unknown = props.digest;
    const [, algorithm, hex] = /^(sha256|sha512):([0-9a-fA-F]+)$/.exec(String(given ?? '')) ?? [];
    if (algorithm === undefined || hex === undefined)
      problems.push(
        `${shown} has the digest '${String(given ?? '')}'; give 'sha256:<hex>' or 'sha512:<hex>' of what it must be`,
      );
    else if (hex.length !== DIGITS[algorithm as keyof typeof DIGITS])
      problems.push(
        `${shown} has a ${algorithm} digest of ${hex.length} digits instead of ${DIGITS[algorithm as keyof typeof DIGITS]}; copy the output of ${algorithm}sum`,
      );
    if (problems.length > 0) throw new ValidationError('', problems);
    return new RemoteSource(props.url, algorithm as keyof typeof DIGITS, (hex ?? '').toLowerCase());
  }

  private constructor(
    readonly url: string,
    readonly algorithm: 'sha256' | 'sha512',
    /** Lower case hexadecimal digits. */
    readonly hex: string,
  ) {}

  equals(other: FileContent | undefined): boolean {
    return other instanceof RemoteSource && other.url === this.url && other.hex === this.hex;
  }

  toString(): string {
    return `${this.url} (${this.algorithm}:${this.hex})`;
  }
}

/** The bytes of a content that is here. @throws Error for a remote source */
export function contentBytes(content: Exclude<FileContent, RemoteSource>): string | Buffer {
  return content instanceof SecretContent ? content.reveal() : content;
}
