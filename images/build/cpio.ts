/** One member of an archive; directories have no content. */
export interface CpioEntry {
  readonly path: string;
  /** File type and permissions as in `stat`, for example `0o100644`. */
  readonly mode: number;
  readonly content?: Buffer;
}

/** Writes the `newc` format that the kernel unpacks as an initial RAM disk (cpio(5)); owned by root, fixed times. */
export function cpioArchive(entries: readonly CpioEntry[], epoch: number): Buffer {
  const pieces: Buffer[] = [];
  let length = 0;
  const add = (bytes: Buffer): void => {
    const padding = Buffer.alloc(-bytes.length & 3);
    pieces.push(bytes, padding);
    length += bytes.length + padding.length;
  };
  [...entries, { path: 'TRAILER!!!', mode: 0, content: undefined }].forEach((entry, index) => {
    const name = Buffer.from(`${entry.path}\0`);
    const time = entry.path === 'TRAILER!!!' ? 0 : epoch;
    // inode, mode, user, group, links, time, size, device (2), special device (2), length of the name, checksum
    const fields = [
      index + 1,
      entry.mode,
      0,
      0,
      1,
      time,
      entry.content?.length ?? 0,
      0,
      0,
      0,
      0,
      name.length,
      0,
    ];
    const header = fields.map((field) => field.toString(16).toUpperCase().padStart(8, '0')).join('');
    add(Buffer.concat([Buffer.from(`070701${header}`), name]));
    if (entry.content) add(entry.content);
  });
  return Buffer.concat([...pieces, Buffer.alloc(-length & 511)]);
}
