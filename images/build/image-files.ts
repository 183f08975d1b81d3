import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ImageFile } from '../definition';

/** Writes a file of a definition into an unpacked root. */
export function writeImageFile(root: string, { path, content, mode = '0644' }: ImageFile): void {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
  rmSync(file, { force: true }); // never through a symbolic link, which may lead out of the root
  writeFileSync(file, content);
  chmodSync(file, Number.parseInt(mode, 8));
}
