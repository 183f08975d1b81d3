import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCatalog, writeCatalog } from '../../../../catalog/catalog-file';
import type { CatalogEntry, CatalogFile } from '../../../../catalog/catalog-file';
import { signEntry } from '../../../../catalog/sign-entry';

export const sha256 = (content: string | Buffer) =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;

/** The smallest file that says it is a qcow2 disk of 1 GiB; `more` makes another disk of it. */
export function qcow2(more = '', backing?: string): Buffer {
  const header = Buffer.alloc(512);
  header.write('QFI\xfb', 'latin1');
  header.writeUInt32BE(3, 4);
  if (backing !== undefined) {
    header.writeBigUInt64BE(200n, 8);
    header.writeUInt32BE(backing.length, 16);
    header.write(backing, 200);
  }
  header.writeBigUInt64BE(2n ** 30n, 24);
  return Buffer.concat([header, Buffer.from(more)]);
}

/** A directory with a catalog, a store and keys. */
export class CatalogFixture {
  readonly directory = mkdtempSync(join(tmpdir(), 'provider-catalog-'));
  readonly catalog = join(this.directory, 'images/catalog.json');

  constructor() {
    mkdirSync(join(this.directory, 'images'));
    mkdirSync(join(this.directory, 'store'));
  }

  /** A file in the directory; its path. */
  file(name: string, content: string | Buffer): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  get contents(): CatalogFile {
    return readCatalog(this.catalog);
  }

  entryOf(version: string): CatalogEntry | undefined {
    return this.contents.images['debian-12']?.find((each) => each.version === version);
  }

  /** A key pair; the line of the signer that it makes. */
  key(name = 'key'): { readonly file: string; readonly signer: string } {
    const file = join(this.directory, name);
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'release', '-f', file]);
    return { file, signer: `release@example.org ${readFileSync(`${file}.pub`, 'utf8')}` };
  }

  allow(text: string): void {
    writeFileSync(join(this.directory, 'images/allowed_signers'), text);
  }

  /** Releases of `debian-12` with their files in the store. */
  async releases(entries: readonly Partial<CatalogEntry>[], keyFile?: string): Promise<void> {
    const all: CatalogEntry[] = [];
    for (const more of entries) {
      const entry = releaseEntry(more);
      writeFileSync(join(this.directory, 'store', entry.file), qcow2(entry.version));
      all.push(keyFile === undefined ? entry : await signEntry('debian-12', entry, keyFile));
    }
    this.write({ formatVersion: 1, store: '../store', images: { 'debian-12': all } });
  }

  write(contents: CatalogFile): void {
    writeCatalog(this.catalog, contents);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function releaseEntry({ version = '1.0.0', ...more }: Partial<CatalogEntry>): CatalogEntry {
  const content = qcow2(version);
  return {
    version,
    digest: sha256(content),
    file: `debian-12-${version}.qcow2`,
    format: 'qcow2',
    size: content.length,
    virtualSize: 2 ** 30,
    definition: sha256('definition'),
    os: 'debian-12',
    architecture: 'x86_64',
    packages: { bash: '5.2' },
    channel: 'testing',
    release: {
      tag: `debian-12-v${version}`,
      commit: 'a'.repeat(40),
      builtAt: '2026-11-01T00:00:00Z',
      releasedAt: '2026-11-01T00:00:00Z',
    },
    ...more,
  };
}
