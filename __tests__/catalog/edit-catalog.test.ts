import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCatalog } from '../../catalog/catalog-file';
import { editCatalog, withVersions } from '../../catalog/edit-catalog';

let catalog: string;
beforeEach(() => {
  catalog = join(mkdtempSync(join(tmpdir(), 'catalog-')), 'images/catalog.json');
});

test('makes the file and lets go of it', () => {
  editCatalog(catalog, (contents) => withVersions(contents, 'debian-12', (entries) => entries));
  expect(readCatalog(catalog).images).toEqual({ 'debian-12': [] });
  expect(existsSync(`${catalog}.lock`)).toBe(false);
});

test('leaves the file as it was when the change fails, or would make no catalog of it', () => {
  editCatalog(catalog, (contents) => contents);
  editCatalog(catalog, (contents) => withVersions(contents, 'a', () => []));
  const before = readFileSync(catalog, 'utf8');
  expect(() =>
    editCatalog(catalog, () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(() => editCatalog(catalog, (contents) => withVersions(contents, '../x', () => []))).toThrow(
    /is no name of an image/,
  );
  expect(readFileSync(catalog, 'utf8')).toBe(before);
  expect(existsSync(`${catalog}.lock`)).toBe(false);
});

test('takes the lock of a process that is gone, and waits for one that is there', () => {
  editCatalog(catalog, (contents) => contents);
  const ended = execFileSync('/bin/sh', ['-c', 'echo $$'], { encoding: 'utf8' }).trim();
  writeFileSync(`${catalog}.lock`, ended);
  editCatalog(catalog, (contents) => withVersions(contents, 'a', () => []));
  expect(readCatalog(catalog).images).toEqual({ a: [] });

  // One that lets go soon: a shell that removes the lock while this process waits.
  writeFileSync(`${catalog}.lock`, String(process.pid));
  execFileSync('/bin/sh', ['-c', `(sleep 0.3; rm "$1") >/dev/null 2>&1 &`, 'sh', `${catalog}.lock`]);
  editCatalog(catalog, (contents) => withVersions(contents, 'b', () => []));
  expect(Object.keys(readCatalog(catalog).images)).toEqual(['a', 'b']);
});
