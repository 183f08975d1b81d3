import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ValidationError } from '../lib/core/errors';
import { RemoteSource } from '../lib/guest/file-content';
import type { GuestConfig } from '../lib/guest/guest-config';

/** Can be written on every system, and what is in a `bin` below `/opt` may be run where SELinux decides. */
const PROGRAMS = '/opt/cloudless/bin';

export interface MirrorFile {
  /** Directory of the mirror here, where the program is synthesised: the file is read, and its digest checked. */
  readonly directory: string;
  /** Where machines see that directory, for example `http://mirror.example.org/hashicorp`. */
  readonly url: string;
  /** Path of the program's file below both, for example `consul/1.20.1/linux_amd64/consul`. */
  readonly path: string;
  /** `sha256:<hex>` or `sha512:<hex>`, as the maker publishes it. */
  readonly digest: string;
}

/**
 * Where a machine gets a program from. A program is one executable file, not an archive. Whatever the way, it is the one that was
 * meant: there is no source without a digest but the image, whose own digest is known.
 */
export class Binaries {
  /**
   * Fetched by each machine at its first boot, and used only if its digest is right.
   *
   * @param digest `sha256:<hex>` or `sha512:<hex>` of the executable
   * @throws ValidationError as `RemoteSource.of`, and for an archive
   */
  static fromUrl(url: string, digest: string): Binaries {
    if (/\.(zip|tar|tgz|gz|xz|zst|bz2)$/.test(url.replace(/[?#].*$/, '')))
      throw new ValidationError(
        '',
        `'${url}' is an archive, which a machine does not unpack; put the executable itself on a mirror`,
      );
    return new Binaries(RemoteSource.of({ url, digest }));
  }

  /**
   * Fetched like {@link Binaries.fromUrl} from a mirror of yours, whose directory is at hand when the program is synthesised: a
   * mirror that holds something else is found before any machine is made.
   *
   * @throws ValidationError when the file is missing or has another digest
   */
  static fromMirror({ directory, url, path, digest }: MirrorFile): Binaries {
    const binaries = Binaries.fromUrl(`${url.replace(/\/$/, '')}/${path}`, digest);
    const [algorithm = '', wanted = ''] = digest.toLowerCase().split(':');
    const file = join(directory, path);
    let found: string;
    try {
      found = createHash(algorithm).update(readFileSync(file)).digest('hex');
    } catch {
      throw new ValidationError('', `mirror '${directory}' has no file '${path}'; put the program there`);
    }
    if (found !== wanted)
      throw new ValidationError(
        '',
        `'${file}' has the digest ${algorithm}:${found}, and not ${digest}; get the program anew, or correct the digest`,
      );
    return binaries;
  }

  /** Part of the image already. @param path absolute, of the executable */
  static inImage(path: string): Binaries {
    if (!/^\/[A-Za-z0-9._/-]+$/.test(path))
      throw new ValidationError(
        '',
        `'${path}' is no absolute path of a program; write for example '/usr/bin/consul'`,
      );
    return new Binaries(path);
  }

  private constructor(private readonly source: RemoteSource | string) {}

  /** What is fetched; undefined for a program of the image. */
  get remote(): RemoteSource | undefined {
    return this.source instanceof RemoteSource ? this.source : undefined;
  }

  /**
   * Adds the program to a machine.
   *
   * @param name file name, for example `consul`
   * @param directory where it is put. Default `/opt/cloudless/bin`
   * @returns its path there
   */
  install(guest: GuestConfig, name: string, directory = PROGRAMS): string {
    if (!(this.source instanceof RemoteSource)) return this.source;
    const path = `${directory}/${name}`;
    guest.addFile({ path, content: this.source, mode: '0755' });
    return path;
  }
}
