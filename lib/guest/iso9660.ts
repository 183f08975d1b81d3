import { BoundedCache } from '../core/bounded-cache';
import { ValidationError } from '../core/errors';

const SECTOR = 2048;
/** First sector after the system area; the volume descriptors begin there (ECMA-119 6.2.1). */
const PRIMARY_DESCRIPTOR = 16;
const TERMINATOR = 17;
const PATH_TABLE_LITTLE_ENDIAN = 18;
const PATH_TABLE_BIG_ENDIAN = 19;
const ROOT_DIRECTORY = 20;
const DIRECTORY_FLAG = 0x02;
/** The date of everything in an image, so that equal content gives equal bytes: 2000-01-01 00:00:00 UTC. */
const RECORD_DATE = Buffer.from([100, 1, 1, 0, 0, 0, 0]);
const VOLUME_DATE = Buffer.from('2000010100000000\0');
const NO_DATE = Buffer.from('0000000000000000\0');
/** Longest name whose entry stays within one directory record of 255 bytes. */
const MAXIMUM_NAME_LENGTH = 150;

export interface IsoFile {
  /** Name as the guest sees it, for example `user-data`. */
  readonly name: string;
  readonly content: Uint8Array;
}

/**
 * An ISO 9660 image (ECMA-119, level 1) with files in its root directory. Their names are kept by Rock Ridge
 * (IEEE P1282), which Linux and the BSDs read; the names below it are of the 8.3 kind. Equal input gives equal bytes.
 *
 * @param label volume label, at most 32 characters, in the letters given: blkid compares them exactly
 * @throws ValidationError for a label or name that does not fit, or two files of one name
 */
export function isoImage(label: string, files: readonly IsoFile[]): Buffer {
  const { bytes, sectorsOfFiles, size } = layoutOf(
    label,
    files.map(({ name, content }) => ({ name, length: content.length })),
  );
  const image = Buffer.alloc(size);
  image.set(bytes);
  files.forEach(({ content }, index) => image.set(content, (sectorsOfFiles[index] ?? 0) * SECTOR));
  return image;
}

/** All of an image but what is in its files. */
interface Layout {
  /** Everything before the first file. */
  readonly bytes: Buffer;
  /** Where each file begins, in the order given. */
  readonly sectorsOfFiles: readonly number[];
  /** Bytes. */
  readonly size: number;
}

interface FileEntry {
  readonly name: string;
  /** Bytes. */
  readonly length: number;
}

/** Machines of a pool have seeds of one layout. */
const LAYOUTS = new BoundedCache<Layout>(50);

function layoutOf(label: string, files: readonly FileEntry[]): Layout {
  return LAYOUTS.get(JSON.stringify([label, files]), () => makeLayout(label, files));
}

function makeLayout(label: string, files: readonly FileEntry[]): Layout {
  checkNames(label, files);
  const entries = shortNames(files.map((file) => file.name))
    .map((shortName, index) => ({ shortName, file: files[index] as FileEntry }))
    .sort((a, b) => (a.shortName < b.shortName ? -1 : 1)); // ECMA-119 9.3

  // Two passes: the size of the directory decides where the files begin, and does not depend on it.
  const directorySize = rootDirectory(
    entries.map((entry) => ({ ...entry, sector: 0 })),
    SECTOR,
  ).length;
  const first = ROOT_DIRECTORY + directorySize / SECTOR;
  let next = first;
  const placed = entries.map((entry) => {
    const sector = next;
    next += Math.max(1, sectors(entry.file.length)); // an empty file gets a place within the image, too
    return { ...entry, sector };
  });

  const bytes = Buffer.alloc(first * SECTOR);
  const put = (sector: number, content: Uint8Array): void => bytes.set(content, sector * SECTOR);
  put(PRIMARY_DESCRIPTOR, primaryDescriptor(label, next, directorySize));
  put(TERMINATOR, Buffer.from('\xffCD001\x01', 'latin1'));
  put(PATH_TABLE_LITTLE_ENDIAN, pathTable(false));
  put(PATH_TABLE_BIG_ENDIAN, pathTable(true));
  put(ROOT_DIRECTORY, rootDirectory(placed, directorySize));
  const sectorsOfFiles = files.map((file) => placed.find((each) => each.file === file)?.sector ?? 0);
  return { bytes, sectorsOfFiles, size: next * SECTOR };
}

interface PlacedFile {
  readonly shortName: string;
  readonly file: FileEntry;
  readonly sector: number;
}

function checkNames(label: string, files: readonly FileEntry[]): void {
  const problems: string[] = [];
  if (!/^[A-Za-z0-9_-]{1,32}$/.test(label)) {
    problems.push(
      `volume label '${label}' must be 1 to 32 letters, digits, '-' and '_'; write for example 'cidata'`,
    );
  }
  const names = files.map((file) => file.name);
  for (const name of names) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || name.length > MAXIMUM_NAME_LENGTH) {
      problems.push(
        `file name '${name}' must be 1 to ${MAXIMUM_NAME_LENGTH} letters, digits, '.', '-' and '_'; rename it`,
      );
    }
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.push(`file name '${twice}' is there twice; rename one`);
  if (problems.length > 0) throw new ValidationError('', problems);
}

/** A name of level 1 for each file: 8 upper case letters, digits and underscores, numbered where they would clash. */
function shortNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const base = name
      .toUpperCase()
      .replaceAll(/[^A-Z0-9_]/g, '_')
      .slice(0, 8);
    let candidate = base;
    for (let number = 1; taken.has(candidate); number++) {
      candidate = `${base.slice(0, 8 - `${number}`.length)}${number}`;
    }
    taken.add(candidate);
    return `${candidate}.;1`;
  });
}

function sectors(length: number): number {
  return Math.ceil(length / SECTOR);
}

/** The volume descriptor (ECMA-119 8.4). */
function primaryDescriptor(label: string, totalSectors: number, directorySize: number): Buffer {
  const blanks = (length: number): Buffer => Buffer.alloc(length, ' ');
  const descriptor = Buffer.concat([
    Buffer.from('\x01CD001\x01\x00', 'latin1'),
    blanks(32), // system
    Buffer.from(label.padEnd(32)),
    Buffer.alloc(8),
    both32(totalSectors),
    Buffer.alloc(32),
    both16(1), // volumes in the set
    both16(1), // number of this volume
    both16(SECTOR),
    both32(pathTable(false).length),
    little32(PATH_TABLE_LITTLE_ENDIAN),
    little32(0),
    big32(PATH_TABLE_BIG_ENDIAN),
    big32(0),
    directoryRecord(Buffer.from([0]), ROOT_DIRECTORY, directorySize, DIRECTORY_FLAG),
    blanks(128), // volume set
    blanks(128), // publisher
    blanks(128), // data preparer
    blanks(128), // application
    blanks(37 * 3), // copyright, abstract and bibliographic file
    VOLUME_DATE, // created
    VOLUME_DATE, // modified
    NO_DATE, // expires
    VOLUME_DATE, // effective
    Buffer.from([1, 0]), // version of the structure
  ]);
  return Buffer.concat([descriptor], SECTOR);
}

/** The path table (ECMA-119 9.4) of an image whose only directory is the root, its own parent. */
function pathTable(bigEndian: boolean): Buffer {
  const [sector, parent] = bigEndian ? [big32(ROOT_DIRECTORY), [0, 1]] : [little32(ROOT_DIRECTORY), [1, 0]];
  return Buffer.concat([Buffer.from([1, 0]), sector, Buffer.from(parent), Buffer.from([0, 0])]);
}

/** Records of the root directory, itself and its parent first. A record never crosses a sector (ECMA-119 6.8.1.1). */
function rootDirectory(files: readonly PlacedFile[], size: number): Buffer {
  const own = Buffer.concat([sharingProtocol(), posixAttributes(0o40755, 2), extensionsReference()]);
  const records = [
    directoryRecord(Buffer.from([0]), ROOT_DIRECTORY, size, DIRECTORY_FLAG, own),
    directoryRecord(Buffer.from([1]), ROOT_DIRECTORY, size, DIRECTORY_FLAG, posixAttributes(0o40755, 2)),
    ...files.map(({ shortName, file, sector }) =>
      directoryRecord(
        Buffer.from(shortName),
        sector,
        file.length,
        0,
        // Only root reads the seed in the guest: user-data carries the private host key.
        Buffer.concat([posixAttributes(0o100400, 1), alternateName(file.name)]),
      ),
    ),
  ];
  const parts: Buffer[] = [];
  let used = 0;
  for (const record of records) {
    const free = SECTOR - (used % SECTOR);
    if (record.length > free) {
      parts.push(Buffer.alloc(free));
      used += free;
    }
    parts.push(record);
    used += record.length;
  }
  return Buffer.concat(parts, sectors(used) * SECTOR);
}

/** ECMA-119 9.1; `systemUse` holds the Rock Ridge entries. */
function directoryRecord(
  identifier: Buffer,
  sector: number,
  length: number,
  flags: number,
  systemUse: Buffer = Buffer.alloc(0),
): Buffer {
  const padding = Buffer.alloc(identifier.length % 2 === 0 ? 1 : 0);
  const body = Buffer.concat([
    both32(sector),
    both32(length),
    RECORD_DATE,
    Buffer.from([flags, 0, 0]),
    both16(1),
    Buffer.from([identifier.length]),
    identifier,
    padding,
    systemUse,
    Buffer.alloc(systemUse.length % 2),
  ]);
  return Buffer.concat([Buffer.from([body.length + 2, 0]), body]);
}

/** SP: says that system use areas hold entries of this kind (SUSP 5.3). */
function sharingProtocol(): Buffer {
  return susp('SP', Buffer.from([0xbe, 0xef, 0]));
}

/** ER: names the extension that is used (SUSP 5.5). */
function extensionsReference(): Buffer {
  const identifier = Buffer.from('RRIP_1991A');
  return susp('ER', Buffer.concat([Buffer.from([identifier.length, 0, 0, 1]), identifier]));
}

/** PX: mode and link count; user and group are root (RRIP 4.1.1). */
function posixAttributes(mode: number, links: number): Buffer {
  return susp('PX', Buffer.concat([both32(mode), both32(links), both32(0), both32(0)]));
}

/** NM: the real name (RRIP 4.1.4). */
function alternateName(name: string): Buffer {
  return susp('NM', Buffer.from(`\0${name}`));
}

function susp(signature: string, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(signature), Buffer.from([data.length + 4, 1]), data]);
}

function little32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function big32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Little endian, then big endian (ECMA-119 7.3.3). */
function both32(value: number): Buffer {
  return Buffer.concat([little32(value), big32(value)]);
}

function both16(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16LE(value, 0);
  bytes.writeUInt16BE(value, 2);
  return bytes;
}
