import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageDefinitions } from '../../images';
import { debian12 } from '../../images/debian-12';
import { inWords, parseInstallations } from '../../images/lock/apt-resolver';
import { describeChanges, lockChanges } from '../../images/lock/lock-changes';
import { PackageLock, type LockedPackage } from '../../images/lock/package-lock';
import { LockOutdatedError } from '../../images/lock/lock-outdated-error';
import { imageVersion } from '../../images/build/recipe';

const locked = (version: string, suite = 'bookworm', sha256 = 'a'.repeat(64)): LockedPackage => ({
  version,
  architecture: 'amd64',
  suite,
  sha256,
});
const lock = (packages: Record<string, LockedPackage>): PackageLock =>
  new PackageLock({ formatVersion: 1, image: 'debian-12', suite: 'bookworm', packages });
const file = (): string => join(mkdtempSync(join(tmpdir(), 'cloudless-lock-')), 'debian-12.lock.json');

describe('a lock of packages', () => {
  test('is read as it was written, in the order of names', () => {
    const path = file();
    lock({ zlib1g: locked('1:1.2'), bash: locked('5.2') }).write(path);

    expect(PackageLock.readAny(path)?.versions).toEqual({ bash: '5.2', zlib1g: '1:1.2' });
    expect(readFileSync(path, 'utf8').indexOf('"bash"')).toBeLessThan(
      readFileSync(path, 'utf8').indexOf('"zlib1g"'),
    );
  });

  test('pins each version above whatever else there is', () => {
    expect(lock({ bash: locked('5.2') }).aptPreferences).toBe(
      'Package: bash\nPin: version 5.2\nPin-Priority: 1001\n',
    );
  });

  test('says what the mirror no longer has, and how to go on', () => {
    const differences = lock({ bash: locked('5.2'), curl: locked('7.1') }).differences({
      bash: '5.3',
      htop: '3',
    });

    expect(differences).toEqual([
      'bash 5.2 is locked, the mirror has 5.3',
      'curl 7.1 is locked, the mirror has none',
      'htop 3 is not in the lock',
    ]);
    expect(new LockOutdatedError('debian-12', differences).message).toBe(
      "image 'debian-12': the mirror no longer has the locked packages: bash 5.2 is locked, the mirror has 5.3; curl 7.1 is locked, the mirror has none; htop 3 is not in the lock; see what changed with: cloudless image update debian-12, and take it with --write",
    );
  });

  test('says which files are others under the same version, or in no list', () => {
    const held = lock({ bash: locked('5.2'), curl: locked('7.1') });
    const { sha256 } = locked('5.2');
    const bash = { name: 'bash', version: '5.2', sha256 };

    expect(held.otherFiles([bash, { ...bash, name: 'curl', version: '7.1' }])).toEqual([]);
    expect(
      held.otherFiles([
        { ...bash, sha256: 'f'.repeat(64) },
        { ...bash, name: 'htop' },
      ]),
    ).toEqual([
      `bash 5.2 is ${'f'.repeat(64)}, the lock says ${sha256}`,
      `curl 7.1 is in none of the lists, the lock says ${sha256}`,
    ]);
  });

  test('must hold what the definition asks for, and belong to it', () => {
    const path = file();
    lock({ bash: locked('5.2') }).write(path);
    expect(() => PackageLock.of(debian12, path)).toThrow(
      /does not hold what the definition asks for: ca-certificates/,
    );
    expect(() => PackageLock.of({ ...debian12, suite: 'trixie' }, path)).toThrow(
      /is the lock of image 'debian-12' with suite 'bookworm', the definition is 'debian-12' with 'trixie'/,
    );
    expect(PackageLock.of(debian12, `${path}.absent`)).toBeUndefined();
  });

  test.each([
    ['version', { bash: locked('5.2\nPin: release *') }, 'is none (deb-version(7))'],
    ['name', { 'bash evil': locked('5.2') }, "'bash evil' is no name of a package"],
    ['digest', { bash: locked('5.2', 'bookworm', 'abc') }, 'sha256 of bash is no SHA-256'],
  ])('that was edited into a wrong %s is refused', (_, packages, message) => {
    const path = file();
    writeFileSync(
      path,
      JSON.stringify({ formatVersion: 1, image: 'debian-12', suite: 'bookworm', packages }),
    );
    expect(() => PackageLock.readAny(path)).toThrow(message);
  });

  test('decides the version of an image', () => {
    const one = imageVersion(debian12, lock({ bash: locked('5.2') }).digest);

    expect(imageVersion(debian12, lock({ bash: locked('5.3') }).digest)).not.toBe(one);
    expect(imageVersion(debian12)).not.toBe(one);
  });

  test.each(imageDefinitions)('is there for $name, and holds its packages', (definition) => {
    expect(Object.keys(PackageLock.of(definition)?.versions ?? {}).length).toBeGreaterThan(100);
  });
});

test('an update marks what comes from the security suite, and shows it first', () => {
  const before = lock({ bash: locked('5.2'), gone: locked('1'), ssl: locked('3.0') });
  const after = lock({ bash: locked('5.3'), new: locked('1'), ssl: locked('3.1', 'bookworm-security') });

  expect(describeChanges(lockChanges(before, after)).map((line) => line.replace(/\s+/g, ' ').trim())).toEqual(
    ['security ssl 3.0 -> 3.1', 'bash 5.2 -> 5.3', 'gone gone, was 1', 'new new 1'],
  );
});

test("apt's answers are read, and its refusal is put into words", () => {
  expect(parseInstallations('Inst bash (5.2-1 Debian:12/oldstable [amd64])\nConf bash (5.2-1)\n')).toEqual([
    { name: 'bash', version: '5.2-1' },
  ]);
  expect(String(inWords(new Error('E: Unable to locate package htpo'), debian12))).toContain(
    "image 'debian-12': bookworm has no package 'htpo'; correct 'packages' in images/debian-12.ts",
  );
});
