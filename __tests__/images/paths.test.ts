import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseListing } from '../../images/build/image-contents';
import { parseDpkgStatus } from '../../images/build/installed-packages';
import { matchingPaths, pathPattern } from '../../images/build/path-pattern';

test('a star stands for anything within one part of a path', () => {
  expect(pathPattern('/etc/ssh/ssh_host_*').test('/etc/ssh/ssh_host_rsa_key')).toBe(true);
  expect(pathPattern('/etc/*-').test('/etc/ssl/certs-')).toBe(false);
  expect(pathPattern('/etc/a.conf').test('/etc/aXconf')).toBe(false);
});

test('paths of an unpacked root are found by pattern, absolute links in it are not left through', () => {
  const root = mkdtempSync(join(tmpdir(), 'cloudless-root-'));
  mkdirSync(join(root, 'etc/rc2.d'), { recursive: true });
  for (const name of ['etc/passwd-', 'etc/passwd', 'etc/rc2.d/S01ssh']) writeFileSync(join(root, name), '');
  symlinkSync('/nowhere', join(root, 'etc/dangling-'));

  expect(matchingPaths(root, '/etc/*-')).toEqual(['/etc/dangling-', '/etc/passwd-']);
  expect(matchingPaths(root, '/etc/rc*.d/*')).toEqual(['/etc/rc2.d/S01ssh']);
  expect(matchingPaths(root, '/missing/*')).toEqual([]);
});

test('the listing of debugfs becomes full paths with their modes', () => {
  const output = `debugfs: ls -p "/etc"
/12/040755/0/0/.//
/2/040755/0/0/..//
/13/100640/0/42/shadow/518/
debugfs: ls -p "/"
/14/120777/0/0/bin/7/
`;

  expect([...parseListing(output, ['/etc', '/'])]).toEqual([
    ['/etc/shadow', { mode: 0o100640, user: 0, group: 42, size: 518 }],
    ['/bin', { mode: 0o120777, user: 0, group: 0, size: 7 }],
  ]);
});

test('packages that were removed are not installed', () => {
  const status = `Package: zlib1g
Status: install ok installed
Version: 1:1.2

Package: gone
Status: deinstall ok config-files
Version: 1

Package: bash
Status: install ok installed
Version: 5.2
`;

  expect(Object.entries(parseDpkgStatus(status))).toEqual([
    ['bash', '5.2'],
    ['zlib1g', '1:1.2'],
  ]);
});
